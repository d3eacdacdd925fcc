//! The person is asked: what runs after which answer, what is remembered, what stops a question, what
//! the log has of it and what the page learns.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests fail by panicking"
)]

mod answers;
mod generated;
mod stopped;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use serde_json::{Value, json};
use sidegate::app::{AppDirectories, AppId};
use sidegate::audit::{Entry, Reader, verify};
use sidegate::capabilities::Origin;
use sidegate::confirm::{Answer, Question};
use sidegate::{Broker, Builder, Call, Command, HandlerError, NoArgs, Peer, Resource};
use tempfile::TempDir;
use tokio::sync::Notify;

const POLICY: &str = r#"
version = 1
[[capability]]
id = "work"
windows = ["editor", "preview"]
allow = [
  { commands = ["work.each"], key = ["*"], ask = "each call" },
  { commands = ["work.text"], ask = "each call", audit = { redact = ["/pin"] } },
  { commands = ["work.session"], key = ["*"], ask = { when = "each session", text = "do the work" } },
  { commands = ["work.once"], key = ["*"], ask = "once" },
  { commands = ["work.free"] },
  { commands = ["work.denied"], ask = "once" },
]
deny = [{ commands = ["work.denied"] }]
"#;

/// What a person does when they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Say(Answer),
    Panic,
    /// Nothing, for ever.
    Wait,
}

/// The person, who does as was laid down, and says no after that.
#[derive(Default)]
struct Person {
    script: Mutex<VecDeque<Does>>,
    asked: Mutex<Vec<Question>>,
    /// Told when a question has come.
    hears: Notify,
    /// How many questions are before them.
    open: AtomicUsize,
}

/// A question that is before the person, until it is withdrawn or answered.
struct Open(Arc<Person>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Person {
    fn who(does: impl IntoIterator<Item = Does>) -> Arc<Self> {
        Arc::new(Self { script: Mutex::new(does.into_iter().collect()), ..Self::default() })
    }

    async fn answer(self: Arc<Self>, question: Question) -> Answer {
        assert_eq!(self.open.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
        let _open = Open(Arc::clone(&self));
        self.asked.lock().unwrap().push(question);
        let does = self.script.lock().unwrap().pop_front();
        self.hears.notify_one();
        // Nobody has read it by then: others may come meanwhile.
        tokio::task::yield_now().await;
        match does.unwrap_or(Does::Say(Answer::No(sidegate::confirm::Lasting::Call))) {
            Does::Say(answer) => answer,
            Does::Panic => panic!("a person's own"),
            Does::Wait => std::future::pending().await,
        }
    }

    fn times(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// An app whose handlers count.
struct App {
    broker: Broker,
    home: TempDir,
    log: PathBuf,
    ran: Arc<AtomicUsize>,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
    #[serde(rename = "pin")]
    _pin: Option<String>,
}

/// The pieces of an app in `home`.
fn builder(home: &TempDir, policy: &str, ran: &Arc<AtomicUsize>) -> Builder {
    let id = AppId::parse("org.example.app").unwrap();
    let directories = AppDirectories::beneath(home.path(), &id);
    let builder = Broker::builder().id("org.example.app").unwrap().policy("app.toml", policy);
    let builder = builder.directories(directories).audit_log(home.path().join("audit.jsonl"));
    let counted = |name: &str| {
        let ran = Arc::clone(ran);
        Command::new(name, move |_: Call, _: NoArgs| {
            std::future::ready(Ok::<_, HandlerError>(ran.fetch_add(1, Ordering::SeqCst) + 1))
        })
    };
    let named = ["work.each", "work.session", "work.once"];
    let named = named.map(|name| counted(name).takes(Resource::Key));
    let ran_text = Arc::clone(ran);
    let text = Command::new("work.text", move |_: Call, args: Text| {
        ran_text.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok::<_, HandlerError>(args.text))
    });
    let others = [counted("work.free"), counted("work.denied"), text.describe("says a text")];
    named.into_iter().chain(others).fold(builder, Builder::command)
}

fn app(person: Option<&Arc<Person>>) -> App {
    in_home(TempDir::new().unwrap(), POLICY, person)
}

fn in_home(home: TempDir, policy: &str, person: Option<&Arc<Person>>) -> App {
    let ran = Arc::new(AtomicUsize::new(0));
    let mut builder = builder(&home, policy, &ran);
    if let Some(person) = person {
        let person = Arc::clone(person);
        builder = builder.confirm_with(move |question| Arc::clone(&person).answer(question));
    }
    let log = home.path().join("audit.jsonl");
    App { broker: builder.build().unwrap(), home, log, ran }
}

impl App {
    fn peer(&self, window: &str) -> Arc<Peer> {
        Arc::new(self.broker.connect(window, &Origin::local()).unwrap())
    }

    fn ran(&self) -> usize {
        self.ran.load(Ordering::SeqCst)
    }

    /// The records of an event, or all.
    fn records(&self, event: &str) -> Vec<Value> {
        let all = Reader::open(&self.log).unwrap().map(|entry| entry.unwrap());
        let all = all.map(|entry: Entry| serde_json::from_str::<Value>(&entry.to_json()).unwrap());
        all.filter(|record| event.is_empty() || record["event"] == event).collect()
    }

    /// The reason of the last refusal.
    fn reason(&self) -> String {
        let refused = self.records("call");
        let refused = refused.iter().rev().find(|record| record["verdict"] == "deny");
        refused.unwrap()["reason"].as_str().unwrap().to_owned()
    }

    /// The log is whole, and what ran has its yes in it.
    fn is_in_order(&self) {
        verify(&self.log).unwrap();
        let records = self.records("");
        let place = |record: &Value| {
            let parts = ["window", "origin", "command"].map(|key| record[key].to_string());
            (parts, record["document"].to_string())
        };
        for (at, record) in records.iter().enumerate() {
            let asks = record["command"].as_str().is_some_and(|name| {
                ["work.each", "work.text", "work.session", "work.once"].contains(&name)
            });
            if record["event"] != "call" || record["verdict"] != "allow" || !asks {
                continue;
            }
            let mut yes = records[..at].iter().filter(|one| {
                one["event"] == "answered" && one["answer"] == "yes" && place(one) == place(record)
            });
            let of_each_call =
                ["work.each", "work.text"].contains(&record["command"].as_str().unwrap());
            assert!(
                yes.any(|one| !of_each_call || one["call"] == record["call"]),
                "no yes before {record}\n{records:#?}"
            );
        }
    }
}

fn key(name: &str) -> Value {
    json!({ "key": name })
}
