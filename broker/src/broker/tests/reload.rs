//! Another policy while the broker runs: what is decided by which, what a token is worth after it,
//! and what becomes of calls in flight.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use sidegate_capabilities::{Args, CommandName, Context, Origin, Policy, Sources, WallTime};
use tempfile::TempDir;
use tokio::sync::Notify;

use super::{ask, builder, log_of, records};
use crate::audit::Entry;
use crate::{Broker, Call, Command, HandlerError, NoArgs, Peer, ReloadError, Trigger};

/// A policy that lets `window` call `commands`.
fn allowing(commands: &str) -> String {
    format!(
        "version = 1\n[[capability]]\nid = \"main\"\nwindows = [\"main\"]\n\
         allow = [{{ commands = [{commands}] }}]\n"
    )
}

fn sources(text: &str) -> Sources {
    Sources::from_texts([("app.toml", text)])
}

fn main_of(broker: &Broker) -> Peer {
    broker.connect("main", &Origin::local()).unwrap()
}

#[tokio::test]
async fn b08_a_token_is_worth_what_the_new_policy_gives() {
    let home = TempDir::new().unwrap();
    let narrow = allowing(r#""app.info""#);
    let wide = narrow.replace("[{", "[{ commands = [\"settings.get\"], key = [\"a\"] }, {");
    let broker = builder(&home, &wide).build().unwrap();
    let peer = main_of(&broker);
    let before = broker.policy_status();
    let mut expected = vec![];
    for (policy, info, get) in [
        (None, Ok(()), Ok(())),
        (Some(&narrow), Ok(()), Err("denied")),
        (Some(&allowing(r#""window.set_title""#)), Err("denied"), Err("denied")),
        (Some(&wide), Ok(()), Ok(())),
    ] {
        if let Some(policy) = policy {
            assert!(broker.reload_from(sources(policy)).unwrap().is_new());
        }
        let version = broker.policy_status().version;
        for (command, args, answer) in
            [("app.info", json!({}), info), ("settings.get", json!({ "key": "a" }), get)]
        {
            let answered = ask(&peer, command, args).await.map(drop);
            assert_eq!(answered, answer.map_err(str::to_owned), "{command} under {policy:?}");
            expected.push(version.clone());
        }
    }
    let recorded: Vec<_> = records(&log_of(&home), "call")
        .iter()
        .map(|entry| entry.text("policy").unwrap().to_owned())
        .collect();
    assert_eq!(recorded, expected, "each record names the policy that decided");
    let after = broker.policy_status();
    assert_eq!((before.epoch, after.epoch, after.replaced, after.refused), (0, 3, 3, 0));
    assert_eq!(before.version, after.version);
}

#[tokio::test]
async fn g02_a_broken_policy_leaves_the_one_before_in_force() {
    let home = TempDir::new().unwrap();
    let broker = builder(&home, &allowing(r#""app.info""#)).build().unwrap();
    let peer = main_of(&broker);
    let version = broker.policy_status().version;
    let failing = "[[test]]\nwindow = \"main\"\ncall = \"app.info\"\nexpect = \"deny\"\n";
    let never = "[[never]]\nwhy = \"no\"\nwindows = [\"main\"]\ncommands = [\"app.*\"]\n";
    let rows = [
        ("version = 1\n[[capabilty]]\n".to_owned(), "did you mean `capability`?"),
        ("version = 1\n[[capability]\n".to_owned(), "app.toml:2"),
        (String::new(), "app.toml"),
        (allowing(r#""app.inof""#), "did you mean `app.info`?"),
        (allowing(r#""app.info""#) + failing, "the policy fails its own tests:\napp.toml:6:1"),
        (allowing(r#""app.info""#) + never, "app.toml:6"),
    ];
    for (count, (text, said)) in (1..).zip(&rows) {
        let error = broker.reload_from(sources(text)).unwrap_err();
        let shown = error.render(sidegate_capabilities::Color::Never);
        assert!(shown.contains(said), "{text}: {shown}");
        ask(&peer, "app.info", json!({})).await.unwrap();
        let status = broker.policy_status();
        assert_eq!((&status.version, status.epoch), (&version, 0), "{text}");
        assert_eq!((status.replaced, status.refused), (0, count));
        assert_eq!(status.last_refusal, Some(error.to_string()));
    }
    let refused = records(&log_of(&home), "policy_refused");
    assert_eq!(refused.len(), rows.len());
    assert!(refused.iter().all(|entry| entry.text("by") == Some("api")));
    assert!(refused.iter().all(|entry| entry.text("policy") == Some(version.as_str())));
    assert!(
        records(&log_of(&home), "call").iter().all(|call| call.text("verdict") == Some("allow"))
    );
}

#[tokio::test]
async fn a_policy_that_says_the_same_is_no_other_policy() {
    let home = TempDir::new().unwrap();
    let text = allowing(r#""app.info""#);
    let broker = builder(&home, &text).build().unwrap();
    for again in [broker.reload(Trigger::Signal).await, broker.reload_from(sources(&text))] {
        assert!(!again.unwrap().is_new());
    }
    assert_eq!(records(&log_of(&home), "policy").len(), 1);
    assert!(matches!(broker.reload_from_bundle("x"), Err(ReloadError::NoKey)));
}

#[tokio::test]
async fn a_policy_that_cannot_be_recorded_does_not_come_into_force() {
    let home = TempDir::new().unwrap();
    let broker = builder(&home, &allowing(r#""app.info""#)).build().unwrap();
    broker.shutdown().await;
    let error = broker.reload_from(sources(&allowing(r#""window.*""#))).unwrap_err();
    assert!(matches!(error, ReloadError::Unrecorded(_)), "{error}");
    assert_eq!(broker.policy_status().epoch, 0);
}

#[tokio::test]
async fn a_reload_refills_no_bucket() {
    let home = TempDir::new().unwrap();
    let rated = |commands: &str, rate: &str| {
        allowing(commands)
            .replace("] }", &format!("], limit = {{ rate = \"{rate}\", burst = 2 }} }}"))
    };
    let broker = builder(&home, &rated(r#""app.info""#, "1/h")).build().unwrap();
    let peer = main_of(&broker);
    for (policy, answers) in [
        (rated(r#""app.info", "window.*""#, "1/h"), [Ok(()), Ok(()), Err("limited")]),
        (rated(r#""app.*""#, "1/h"), [Err("limited"); 3]),
        (rated(r#""app.info""#, "2/h"), [Err("limited"); 3]),
        (allowing(r#""app.info""#), [Ok(()); 3]),
        (rated(r#""app.info""#, "1/h"), [Err("limited"); 3]),
    ] {
        broker.reload_from(sources(&policy)).unwrap();
        for answer in answers {
            let answered = ask(&peer, "app.info", json!({})).await.map(drop);
            assert_eq!(answered, answer.map_err(str::to_owned), "{policy}");
        }
    }
}

/// Policies that differ in what `main` may read.
fn three() -> [String; 3] {
    ["a", "b", "*"].map(reading)
}

/// A policy that lets `main` read `key`.
fn reading(key: &str) -> String {
    allowing("\"settings.get\"").replace("] }", &format!("], key = [\"{key}\"] }}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g05_each_of_many_calls_is_decided_by_one_policy_while_a_thousand_come_and_go() {
    const RELOADS: usize = 1000;
    let home = TempDir::new().unwrap();
    let texts = three();
    let built = builder(&home, &texts[0]).dangerously_log_args().build().unwrap();
    let broker = Arc::new(built);
    let policies: HashMap<String, Policy> = texts
        .iter()
        .map(|text| {
            let context = Context::new(&broker.core.reloader.variables);
            let policy = Policy::compile(&sources(text), &context).unwrap().policy;
            (policy.version().to_string(), policy)
        })
        .collect();
    assert_eq!(policies.len(), texts.len());
    let over = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..2)
        .map(|_| {
            let (broker, over) = (Arc::clone(&broker), Arc::clone(&over));
            tokio::spawn(async move {
                let peer = main_of(&broker);
                let mut calls = 0;
                while over.load(Ordering::Relaxed) == 0 {
                    for key in ["a", "b", "c"] {
                        let _either = ask(&peer, "settings.get", json!({ "key": key })).await;
                        calls += 1;
                    }
                    tokio::task::yield_now().await;
                }
                calls
            })
        })
        .collect();
    for round in 1..=RELOADS {
        let text = sources(&texts[round % texts.len()]);
        let broker = Arc::clone(&broker);
        let looked = tokio::task::spawn_blocking(move || broker.reload_from(text)).await.unwrap();
        assert!(looked.unwrap().is_new(), "{round}");
    }
    over.store(1, Ordering::Relaxed);
    let mut made = 0;
    for caller in callers {
        made += caller.await.unwrap();
    }
    assert_eq!(broker.policy_status().replaced, RELOADS as u64);
    drop(broker);
    let calls = records(&log_of(&home), "call");
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for call in &calls {
        let version = call.text("policy").unwrap();
        *seen.entry(version).or_default() += 1;
        assert_eq!(call.text("verdict").unwrap(), verdict(&policies[version], call), "{call:?}");
    }
    // Refusals of a kind are counted after the first few, under one policy each.
    let counted: u64 =
        records(&log_of(&home), "repeated").iter().filter_map(|entry| entry.number("count")).sum();
    assert_eq!(calls.len() as u64 + counted, made, "each call is told once");
    assert_eq!(seen.len(), texts.len(), "{seen:?}");
}

/// What a policy says of a call that stands in the log.
fn verdict(policy: &Policy, call: &Entry) -> &'static str {
    let window = sidegate_capabilities::WindowLabel::parse(call.text("window").unwrap()).unwrap();
    let command = CommandName::parse(call.text("command").unwrap()).unwrap();
    let args = Args::new(call.get("args").unwrap().as_object().unwrap().clone());
    let principal = policy.principal(&window, &Origin::local(), WallTime::from_unix(0));
    if principal.decide(&command, &args).is_allowed() { "allow" } else { "deny" }
}

/// Runs until it is dropped, as a stream does that nobody ends, and says so.
fn endless(name: &str, started: &Arc<Notify>, ended: &Arc<AtomicUsize>) -> Command {
    let (started, ended) = (Arc::clone(started), Arc::clone(ended));
    Command::new(name, move |_: Call, _: NoArgs| {
        let (started, ended) = (Arc::clone(&started), Dropped(Arc::clone(&ended)));
        async move {
            let _ended = ended;
            started.notify_one();
            std::future::pending::<Result<(), HandlerError>>().await
        }
    })
}

struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn g08_what_the_new_policy_does_not_allow_is_stopped_at_once_and_nothing_else() {
    let home = TempDir::new().unwrap();
    let (started, ended) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let other = Arc::new(AtomicUsize::new(0));
    let broker = builder(&home, &allowing(r#""watch.a", "watch.b""#))
        .command(endless("watch.a", &started, &ended))
        .command(endless("watch.b", &started, &other))
        .build()
        .unwrap();
    let broker = Arc::new(broker);
    let mut epochs = broker.policy_epochs();
    let call = |command: &'static str| {
        let peer = main_of(&broker);
        tokio::spawn(async move { ask(&peer, command, json!({})).await })
    };
    let (stopped, stays) = (call("watch.a"), call("watch.b"));
    started.notified().await;
    started.notified().await;
    let began = Instant::now();
    let reloaded = broker.reload_from(sources(&allowing(r#""watch.b""#))).unwrap();
    assert_eq!(reloaded.cancelled, 1);
    assert!(epochs.has_changed().unwrap());
    assert_eq!(*epochs.borrow_and_update(), 1);
    assert_eq!(stopped.await.unwrap(), Err("cancelled".to_owned()));
    assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
    assert_eq!((ended.load(Ordering::SeqCst), other.load(Ordering::SeqCst)), (1, 0));
    assert!(!stays.is_finished());
    let [record] = &records(&log_of(&home), "cancelled")[..] else { panic!("one outcome") };
    assert_eq!(record.text("why"), Some("policy-changed"));
    assert_eq!((record.text("command"), record.text("window")), (Some("watch.a"), Some("main")));
    assert_eq!(record.text("policy"), reloaded.replaced.as_deref(), "of the policy that let it in");
    stays.abort();
}

/// What is running of a handler when its call is stopped is waited for, as by a revocation: nothing of it
/// runs once the new policy is said to be in force.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g08_when_a_reload_returns_nothing_runs_that_it_does_not_allow() {
    let home = TempDir::new().unwrap();
    let (inside, is_inside) = std::sync::mpsc::channel();
    let through = Arc::new(AtomicUsize::new(0));
    let busy = Command::new("busy", {
        let through = Arc::clone(&through);
        move |call: Call, _: NoArgs| {
            inside.send(()).unwrap();
            // One piece: it does not come to an await while the policy is replaced, and has something
            // to do still when its call is stopped.
            while !call.cancellation().is_cancelled() {
                std::thread::yield_now();
            }
            std::thread::sleep(Duration::from_millis(50));
            through.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<Result<(), HandlerError>>()
        }
    });
    let built = builder(&home, &allowing(r#""busy""#)).command(busy).build().unwrap();
    let broker = Arc::new(built);
    let mut epochs = broker.policy_epochs();
    let peer = main_of(&broker);
    let call = tokio::spawn(async move { ask(&peer, "busy", json!({})).await });
    tokio::task::spawn_blocking(move || is_inside.recv().unwrap()).await.unwrap();
    let reloading = tokio::task::spawn_blocking({
        let (broker, through) = (Arc::clone(&broker), Arc::clone(&through));
        move || {
            let reloaded = broker.reload_from(sources(&allowing(r#""app.info""#))).unwrap();
            (reloaded.cancelled, through.load(Ordering::SeqCst))
        }
    });
    epochs.changed().await.unwrap();
    assert_eq!(through.load(Ordering::SeqCst), 1, "nor when those who listen are told");
    assert_eq!(reloading.await.unwrap(), (1, 1), "a piece of it ran on");
    assert_eq!(call.await.unwrap(), Err("cancelled".to_owned()));
}

/// A handler that reloads is not waited for by itself, nor by the one thread that there is.
#[tokio::test]
async fn a_handler_may_take_its_own_call_away() {
    let home = TempDir::new().unwrap();
    let slot = Arc::new(std::sync::OnceLock::<std::sync::Weak<Broker>>::new());
    let within = Arc::clone(&slot);
    let reloads = Command::new("reloads", move |_: Call, _: NoArgs| {
        let broker = within.get().and_then(std::sync::Weak::upgrade).unwrap();
        async move {
            let reloaded = broker.reload_from(sources(&allowing(r#""app.info""#))).unwrap();
            assert_eq!(reloaded.cancelled, 1);
            // It is through with this, and stopped all the same.
            Ok::<_, HandlerError>(true)
        }
    });
    let built = builder(&home, &allowing(r#""reloads""#)).command(reloads).build().unwrap();
    let broker = Arc::new(built);
    slot.set(Arc::downgrade(&broker)).unwrap();
    let peer = main_of(&broker);
    assert_eq!(ask(&peer, "reloads", json!({})).await, Err("cancelled".to_owned()));
    let [record] = &records(&log_of(&home), "cancelled")[..] else { panic!("one outcome") };
    assert_eq!(record.text("why"), Some("policy-changed"));
    assert_eq!(record.text("outcome"), Some("completed_before"));
    ask(&peer, "app.info", json!({})).await.unwrap();
}
