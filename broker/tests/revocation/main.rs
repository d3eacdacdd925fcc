//! Authority taken back: what starts, what is stopped, what the log says, and what the page learns.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests fail by panicking"
)]

mod delegated;
mod narrowed;
mod race;

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use sidegate::app::{AppDirectories, AppId};
use sidegate::audit::{Entry, Reader, verify};
use sidegate::capabilities::{Origin, WindowLabel};
use sidegate::token::Token;
use sidegate::{Broker, Call, Command, HandlerError, NoArgs, Peer, Revoke, Revoked};
use tempfile::TempDir;
use tokio::sync::Notify;

const POLICY: &str = r#"
version = 1
[[capability]]
id = "work"
windows = ["editor", "preview"]
origins = ["app://localhost", "https://help.example.com"]
allow = [{ commands = ["work.*"], dangerous = "nothing is changed" }]
[[capability]]
id = "look"
windows = ["editor"]
allow = [{ commands = ["app.info"] }]
"#;

/// An app whose handlers wait to be let on.
struct App {
    broker: Broker,
    inside: Arc<Notify>,
    _home: TempDir,
    log: PathBuf,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Waits {
    /// Whether the handler commits itself before it waits.
    commits: bool,
}

fn app() -> App {
    let inside = Arc::new(Notify::new());
    let arrived = Arc::clone(&inside);
    let wait = move |call: Call, args: Waits| {
        let arrived = Arc::clone(&arrived);
        async move {
            if args.commits {
                call.commitment().commit()?;
            }
            arrived.notify_one();
            std::future::pending::<()>().await;
            Ok::<_, HandlerError>(true)
        }
    };
    let quick = |_: Call, _: NoArgs| std::future::ready(Ok::<_, HandlerError>(true));
    let commands = [Command::new("work.wait", wait), Command::new("work.quick", quick)];
    let (broker, home, log) = broker(POLICY, commands);
    App { broker, inside, _home: home, log }
}

fn broker(policy: &str, commands: impl IntoIterator<Item = Command>) -> (Broker, TempDir, PathBuf) {
    let home = TempDir::new().unwrap();
    let id = AppId::parse("org.example.app").unwrap();
    let directories = AppDirectories::beneath(home.path(), &id);
    let log = home.path().join("audit.jsonl");
    let builder = Broker::builder().id("org.example.app").unwrap().policy("app.toml", policy);
    let builder = builder.directories(directories).audit_log(&log);
    let builder = commands.into_iter().fold(builder, sidegate::Builder::command);
    (builder.build().unwrap(), home, log)
}

impl App {
    fn peer(&self, window: &str, origin: &str) -> Arc<Peer> {
        Arc::new(self.broker.connect(window, &Origin::parse(origin).unwrap()).unwrap())
    }

    /// Makes a call and waits until its handler is inside.
    async fn waiting(
        &self,
        peer: &Arc<Peer>,
        token: &Token,
        commits: bool,
    ) -> tokio::task::JoinHandle<Result<Value, Value>> {
        let (peer, token) = (Arc::clone(peer), token.clone());
        let call = tokio::spawn(async move {
            peer.invoke_with(&token, "work.wait", json!({ "commits": commits })).await
        });
        self.inside.notified().await;
        call
    }

    fn records(&self, event: &str) -> Vec<Entry> {
        assert_eq!(verify(&self.log).unwrap().finding, None);
        let entries = Reader::open(&self.log).unwrap().map(Result::unwrap);
        entries.filter(|entry| entry.event() == event).collect()
    }
}

async fn code(peer: &Peer, token: &Token, command: &str) -> String {
    match peer.invoke_with(token, command, json!({})).await {
        Ok(_) => "ok".to_owned(),
        Err(error) => error["code"].as_str().unwrap_or_default().to_owned(),
    }
}

fn root(peer: &Peer) -> Token {
    peer.token().unwrap().clone()
}

#[tokio::test]
async fn each_revocation_meets_what_it_names_and_nothing_else() {
    let help = Origin::parse("https://help.example.com").unwrap();
    let label = |text| WindowLabel::parse(text).unwrap();
    let (editor, preview, nobody) = (label("editor"), label("preview"), label("nobody"));
    for (row, what, documents, alive) in [
        ("a window", Revoke::Window(&editor), 2, [false, false, true]),
        ("another window", Revoke::Window(&preview), 1, [true, true, false]),
        ("an origin", Revoke::Origin(&help), 1, [true, false, true]),
        ("a capability that all have", Revoke::Capability("work"), 3, [false; 3]),
        ("a capability that one has", Revoke::Capability("look"), 1, [false, true, true]),
        ("no window", Revoke::Window(&nobody), 0, [true; 3]),
        ("no capability", Revoke::Capability("none"), 0, [true; 3]),
        ("all", Revoke::All, 3, [false; 3]),
    ] {
        let app = app();
        let peers = [
            app.peer("editor", "app://localhost"),
            app.peer("editor", "https://help.example.com"),
            app.peer("preview", "app://localhost"),
        ];
        let revoked = app.broker.revoke(what, "a test");
        assert_eq!(revoked, Revoked { documents, ..Revoked::default() }, "{row}");
        assert_eq!(app.broker.revoke(what, "again").documents, 0, "{row}");
        for (peer, alive) in peers.iter().zip(alive) {
            let expected = if alive { "ok" } else { "denied" };
            assert_eq!(code(peer, &root(peer), "work.quick").await, expected, "{row}");
        }
        assert_eq!(app.records("token").len(), documents, "{row}");
    }
}

#[tokio::test]
async fn a_document_that_comes_after_a_revocation_has_what_the_policy_gives_it() {
    let app = app();
    app.peer("editor", "app://localhost");
    app.broker.revoke(Revoke::All, "a test");
    let peer = app.peer("editor", "app://localhost");
    assert_eq!(code(&peer, &root(&peer), "work.quick").await, "ok");
}

#[tokio::test]
async fn g06_g07_each_call_in_flight_has_one_outcome() {
    let app = app();
    let peer = app.peer("editor", "app://localhost");
    let token = root(&peer);
    let mut calls = Vec::new();
    for commits in [false, true, false, true, true] {
        calls.push(app.waiting(&peer, &token, commits).await);
    }
    let revoked = app.broker.revoke(Revoke::All, "the person said so");
    assert_eq!(revoked, Revoked { documents: 1, cancelled: 2, completed: 3, running: 0 });
    for call in calls {
        let answer = call.await.unwrap().unwrap_err();
        assert_eq!(answer["code"], "denied", "its result reaches nobody");
    }
    let [token] = &app.records("token")[..] else { panic!("one document") };
    assert_eq!(token.get("why").unwrap(), "the person said so");
    let stopped = app.records("cancelled");
    let mut outcomes: Vec<_> = stopped
        .iter()
        .map(|entry| {
            let text = |key: &str| entry.get(key).unwrap().as_str().unwrap().to_owned();
            assert_eq!((text("window"), text("command")), ("editor".into(), "work.wait".into()));
            assert_eq!(text("why"), "revoked");
            (entry.get("call").unwrap().as_u64().unwrap(), text("outcome"))
        })
        .collect();
    outcomes.sort();
    let words =
        ["cancelled", "completed_before", "cancelled", "completed_before", "completed_before"];
    let expected: Vec<_> = (1..).zip(words.map(str::to_owned)).collect();
    assert_eq!(outcomes, expected);
}

#[tokio::test]
async fn g06_a_window_that_goes_leaves_an_outcome_of_each_call() {
    let app = app();
    let peer = app.peer("editor", "app://localhost");
    let token = root(&peer);
    let call = app.waiting(&peer, &token, false).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    // Nobody waits for that call any more, and it is not in flight: its peer has nothing to add.
    drop(peer);
    let [record] = &app.records("cancelled")[..] else { panic!("one outcome") };
    assert_eq!(["why", "outcome"].map(|key| record.get(key).unwrap()), ["abandoned", "cancelled"]);
}
