//! A whole broker: a call on its way through every stage, and whoever takes away meanwhile what it
//! is made with.

use std::sync::{Arc, OnceLock, Weak};

use serde_json::{Value, json};
use shuttle::future::{block_on, yield_now};
use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use shuttle::thread;
use sidegate_capabilities::{Origin, Sources};
use tempfile::TempDir;

use super::explore_some;
use crate::app::{AppDirectories, AppId};
use crate::audit::Reader;
use crate::{Broker, Builder, Call, Command, HandlerError, NoArgs, Revoke};

const ALLOWED: &str = "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"main\"]\n\
                       allow = [{ commands = [\"work.do\"] }]\n";
const FORBIDDEN: &str = "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"main\"]\n\
                         allow = [{ commands = [\"app.info\"] }]\n";

/// How many times as long a model of these takes: each order has a broker of its own.
const SLOW: usize = 10;

/// What a handler does in a model.
#[derive(Debug, Clone, Default)]
struct Work {
    /// Nothing may run any more.
    over: Arc<AtomicBool>,
    /// The pieces of it that did. (To panic would be an answer.)
    late: Arc<AtomicUsize>,
    ran: Arc<AtomicUsize>,
}

impl Work {
    fn command(&self) -> Command {
        let work = self.clone();
        Command::new("work.do", move |_: Call, _: NoArgs| {
            let work = work.clone();
            async move {
                work.look();
                work.ran.fetch_add(1, SeqCst);
                // To the next await is a piece: one poll.
                yield_now().await;
                work.look();
                Ok::<_, HandlerError>(true)
            }
        })
    }

    fn look(&self) {
        if self.over.load(SeqCst) {
            self.late.fetch_add(1, SeqCst);
        }
    }
}

fn builder(home: &TempDir) -> Builder {
    let app = AppId::parse("org.example.app").unwrap();
    let broker = Broker::builder().id("org.example.app").unwrap().policy("app.toml", ALLOWED);
    let broker = broker.directories(AppDirectories::beneath(home.path(), &app));
    broker.audit_log(home.path().join("audit.jsonl"))
}

fn broker(home: &TempDir, work: &Work) -> Arc<Broker> {
    Arc::new(builder(home).command(work.command()).build().unwrap())
}

/// How many records there are of each of these events.
fn records<const N: usize>(home: &TempDir, events: [&str; N]) -> [usize; N] {
    let entries = Reader::open(&home.path().join("audit.jsonl")).unwrap();
    let entries: Vec<_> = entries.map(Result::unwrap).collect();
    events.map(|event| entries.iter().filter(|entry| entry.event() == event).count())
}

/// A call, and what ends it meanwhile: nothing runs when that has returned, the call has one outcome,
/// and so says the log.
fn race(end: fn(&Arc<Broker>) -> Option<thread::JoinHandle<()>>) {
    let (home, work) = (TempDir::new().unwrap(), Work::default());
    let broker = broker(&home, &work);
    let peer = Arc::new(broker.connect("main", &Origin::local()).unwrap());
    let calling = thread::spawn({
        let peer = Arc::clone(&peer);
        move || block_on(peer.invoke("work.do", json!({})))
    });
    // The caller may have begun.
    assert!(!work.over.load(SeqCst));
    let beside = end(&broker);
    work.over.store(true, SeqCst);
    let answered = calling.join().unwrap();
    // What it has met is in the log when it returns, too.
    let _other = beside.map(|beside| beside.join().unwrap());
    let ran = work.ran.load(SeqCst);
    assert_eq!(work.late.load(SeqCst), 0, "a handler runs after it was over");
    let [calls, stopped] = records(&home, ["call", "cancelled"]);
    assert_eq!(calls, 1, "it was let through, or refused, once");
    match &answered {
        Ok(value) => assert_eq!((value, ran, stopped), (&Value::Bool(true), 1, 0)),
        Err(error) => {
            assert!(ran <= 1 && stopped <= 1, "{ran} {stopped}");
            assert!(ran == 0 || stopped == 1, "what ran and was stopped is told: {error}");
            assert_ne!(error["code"], "internal", "{error}");
        }
    }
    let next = block_on(peer.invoke("work.do", json!({}))).unwrap_err();
    assert_eq!(next["code"], "denied");
    assert_eq!(work.ran.load(SeqCst), ran, "and none runs later");
}

/// Its timers are there, and none goes off: a deadline is half a minute away.
fn with_timers(model: fn()) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    explore_some(model, SLOW);
}

/// Falsified by what falsifies the valve's and the calls' models, and by an answer that can still be
/// taken back when it was looked at for the last time, as it could.
#[test]
fn after_a_revocation_returned_no_handler_is_polled() {
    with_timers(|| {
        race(|broker| once(broker, revoke));
    });
}

fn once(broker: &Broker, end: fn(&Broker)) -> Option<thread::JoinHandle<()>> {
    end(broker);
    None
}

fn revoke(broker: &Broker) {
    broker.revoke(Revoke::All, "a model");
}

fn reload(broker: &Broker) {
    broker.reload_from(Sources::from_texts([("app.toml", FORBIDDEN)])).unwrap();
}

/// Falsified by one that does nothing where the other was first, as it did, and by a reload that does not
/// wait where it finds its policy in force.
#[test]
fn of_two_who_do_the_same_neither_returns_before_it_is_done() {
    fn twice(broker: &Arc<Broker>, end: fn(&Broker)) -> Option<thread::JoinHandle<()>> {
        let other = Arc::clone(broker);
        let beside = thread::spawn(move || end(&other));
        end(broker);
        Some(beside)
    }
    with_timers(|| race(|broker| twice(broker, revoke)));
    with_timers(|| race(|broker| twice(broker, reload)));
}

/// Falsified by a `limit` that does not ask whether the call is behind, by a reload that looks at
/// the calls before it replaces the policy, and by one that does not wait for what it stopped, as it did
/// not.
#[test]
fn after_a_reload_returned_no_handler_is_polled_that_it_does_not_allow() {
    with_timers(|| {
        race(|broker| once(broker, reload));
    });
}

/// Two reloads, one by a handler of a call that the other does not allow: neither waits for the other
/// without end. Falsified by a reload that waits while it holds what the next one needs, and by a handler
/// that waits for itself (all wait then).
#[test]
fn a_handler_that_reloads_waits_for_nobody_and_keeps_nobody_waiting() {
    with_timers(|| {
        let (home, slot) = (TempDir::new().unwrap(), Arc::new(OnceLock::<Weak<Broker>>::new()));
        let within = Arc::clone(&slot);
        let command = Command::new("work.do", move |_: Call, _: NoArgs| {
            let broker = within.get().and_then(Weak::upgrade);
            async move {
                reload(&broker.unwrap());
                Ok::<_, HandlerError>(true)
            }
        });
        let broker = Arc::new(builder(&home).command(command).build().unwrap());
        slot.set(Arc::downgrade(&broker)).unwrap();
        let peer = broker.connect("main", &Origin::local()).unwrap();
        let calling = thread::spawn(move || block_on(peer.invoke("work.do", json!({}))));
        reload(&broker);
        let code = calling.join().unwrap().unwrap_err()["code"].clone();
        assert!(code == "cancelled" || code == "denied", "{code}");
    });
}

/// The page's own cancellation takes nothing else along.
#[test]
fn j04_of_an_answer_and_a_cancellation_one_counts() {
    with_timers(|| {
        let (home, work) = (TempDir::new().unwrap(), Work::default());
        let broker = broker(&home, &work);
        let peer = Arc::new(broker.connect("main", &Origin::local()).unwrap());
        let calling = thread::spawn({
            let peer = Arc::clone(&peer);
            move || block_on(peer.invoke("work.do", json!({})))
        });
        let token = peer.token().unwrap().text();
        block_on(peer.send(format!("x{token} 1").as_bytes()));
        let answered = calling.join().unwrap();
        let [calls, stopped] = records(&home, ["call", "cancelled"]);
        assert_eq!((calls, stopped), (1, usize::from(answered.is_err())));
        assert!(work.ran.load(SeqCst) == 1 || answered.is_err());
        assert!(block_on(peer.invoke("work.do", json!({}))).is_ok(), "the session goes on");
    });
}
