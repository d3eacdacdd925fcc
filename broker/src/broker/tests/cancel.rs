//! Calls that end before their handler does: each has one outcome, which is in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use serde_json::{Value, json};
use sidegate_capabilities::Origin;
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc};

use super::{ask, builder, log_of, records};
use crate::{Broker, Call, Command, HandlerError, NoArgs, Peer, Revoke, Revoked};

const POLICY: &str = r#"
version = 1
[[capability]]
id = "main"
windows = ["main"]
allow = [
  { commands = ["wait", "soon"] },
  { commands = ["late"], limit = { deadline = "50ms" } },
]
"#;

/// Counts the handlers that run.
#[derive(Clone, Default)]
struct Running(Arc<AtomicUsize>);

impl Running {
    fn now(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn one(&self) -> Self {
        self.0.fetch_add(1, Ordering::SeqCst);
        self.clone()
    }
}

fn broker(home: &TempDir, running: &Running, started: &mpsc::UnboundedSender<()>) -> Broker {
    let wait = |name: &str| {
        let (running, started) = (running.clone(), started.clone());
        Command::new(name, move |_: Call, _: NoArgs| {
            let (counted, started) = (Counted(running.one()), started.clone());
            async move {
                let _counted = counted;
                let _heard = started.send(());
                std::future::pending::<Result<(), HandlerError>>().await
            }
        })
    };
    let soon = Command::new("soon", async |_: Call, _: NoArgs| {
        tokio::task::yield_now().await;
        Ok::<_, HandlerError>("done")
    });
    builder(home, POLICY).command(wait("wait")).command(wait("late")).command(soon).build().unwrap()
}

struct Counted(Running);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn peer(broker: &Broker) -> Arc<Peer> {
    Arc::new(broker.connect("main", &Origin::local()).unwrap())
}

fn call(peer: &Arc<Peer>, command: &'static str) -> tokio::task::JoinHandle<Result<Value, String>> {
    let peer = Arc::clone(peer);
    tokio::spawn(async move { ask(&peer, command, json!({})).await })
}

fn whys(home: &TempDir) -> Vec<String> {
    let ended = records(&log_of(home), "cancelled");
    ended.iter().map(|entry| entry.text("why").unwrap().to_owned()).collect()
}

#[tokio::test]
async fn j04_a_call_has_one_outcome_whenever_it_is_cancelled() {
    let home = TempDir::new().unwrap();
    let (sender, mut started) = mpsc::unbounded_channel();
    let running = Running::default();
    let broker = broker(&home, &running, &sender);
    let peer = peer(&broker);

    // Before it starts: there is nothing to cancel, and the number is free.
    peer.cancel(1).await;
    assert_eq!(ask(&peer, "soon", json!({})).await, Ok(json!("done")));
    // After it ended: nothing is left of it.
    peer.cancel(1).await;
    assert_eq!(whys(&home), Vec::<String>::new());

    // While it runs: the handler is dropped, and nothing else is said of it.
    let waiting = call(&peer, "wait");
    started.recv().await.unwrap();
    peer.cancel(2).await;
    peer.cancel(2).await;
    assert_eq!(waiting.await.unwrap(), Err("cancelled".to_owned()));
    assert_eq!(running.now(), 0);
    assert_eq!(whys(&home), ["by-page"]);

    // Whoever asked is gone.
    let waiting = call(&peer, "wait");
    started.recv().await.unwrap();
    waiting.abort();
    waiting.await.unwrap_err();
    assert_eq!(running.now(), 0);
    assert_eq!(whys(&home), ["by-page", "abandoned"]);

    // Its deadline passes.
    assert_eq!(ask(&peer, "late", json!({})).await, Err("timeout".to_owned()));
    assert_eq!(running.now(), 0);
    assert_eq!(whys(&home), ["by-page", "abandoned", "deadline"]);
    assert_eq!(records(&log_of(&home), "call").len(), 4, "each was let through once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j04_of_an_answer_and_a_cancellation_that_race_one_counts() {
    let home = TempDir::new().unwrap();
    let (sender, _started) = mpsc::unbounded_channel();
    let broker = broker(&home, &Running::default(), &sender);
    let peer = peer(&broker);
    let (mut answered, mut cancelled, rounds) = (0, 0, 2000);
    for number in 1..=rounds {
        let racing = call(&peer, "soon");
        if number % 3 > 0 {
            tokio::task::yield_now().await;
        }
        peer.cancel(number).await;
        match racing.await.unwrap() {
            Ok(value) => {
                assert_eq!(value, "done");
                answered += 1;
            }
            Err(code) => {
                assert_eq!(code, "cancelled");
                cancelled += 1;
            }
        }
    }
    assert_eq!(answered + cancelled, rounds);
    let (calls, ended) = (records(&log_of(&home), "call"), records(&log_of(&home), "cancelled"));
    assert_eq!((calls.len() as u64, ended.len() as u64), (rounds, cancelled));
    let mut numbers: Vec<_> = ended.iter().map(|entry| entry.number("call").unwrap()).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), ended.len(), "none is told twice");
}

#[tokio::test]
async fn g06_a_thousand_calls_in_flight_end_with_their_tokens() {
    const PEERS: usize = 16;
    const EACH: usize = 64;
    let home = TempDir::new().unwrap();
    let (sender, mut started) = mpsc::unbounded_channel();
    let running = Running::default();
    let broker = broker(&home, &running, &sender);
    let peers: Vec<_> = (0..PEERS).map(|_| peer(&broker)).collect();
    let calls: Vec<_> =
        peers.iter().flat_map(|peer| (0..EACH).map(|_| call(peer, "wait"))).collect();
    // As many of one command as run at once, whoever made them; the others wait for their turn, and
    // are in flight as well.
    for _ in 0..EACH {
        started.recv().await.unwrap();
    }
    while broker.core.pipeline.gate.inside() < PEERS * EACH {
        tokio::task::yield_now().await;
    }
    let began = Instant::now();
    let revoked = broker.revoke(Revoke::All, "the person said so");
    let cancelled = PEERS * EACH;
    assert_eq!(revoked, Revoked { documents: PEERS, cancelled, completed: 0, running: 0 });
    for call in calls {
        assert_eq!(call.await.unwrap(), Err("denied".to_owned()), "its document lives on");
    }
    let took = began.elapsed();
    if std::env::var_os("SIDEGATE_SOAK").is_some_and(|wanted| wanted == "1") {
        assert!(took < Duration::from_millis(10 * PEERS as u64), "{took:?}");
    }
    assert!(started.try_recv().is_err(), "none began after the tokens were gone");
    assert_eq!((running.now(), broker.core.pipeline.gate.inside()), (0, 0));
    assert_eq!(whys(&home), vec!["revoked"; PEERS * EACH]);
    assert_eq!(ask(&peers[0], "soon", json!({})).await, Err("denied".to_owned()));
}

#[tokio::test]
async fn a_handler_on_a_thread_learns_that_nobody_waits() {
    let home = TempDir::new().unwrap();
    let (began, over) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let block = Command::new("block", {
        let (began, over) = (Arc::clone(&began), Arc::clone(&over));
        move |call: Call, _: NoArgs| {
            let (began, over, cancellation) =
                (Arc::clone(&began), Arc::clone(&over), call.cancellation());
            async move {
                let work = tokio::task::spawn_blocking(move || {
                    began.notify_one();
                    while !cancellation.is_cancelled() {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    over.notify_one();
                });
                work.await.map_err(HandlerError::internal)
            }
        }
    });
    let policy = "version = 1\n[[capability]]\nid = \"main\"\nwindows = [\"main\"]\n\
                  allow = [{ commands = [\"block\"] }]\n";
    let broker = builder(&home, policy).command(block).build().unwrap();
    let peer = peer(&broker);
    let waiting = call(&peer, "block");
    began.notified().await;
    peer.cancel(1).await;
    over.notified().await;
    assert_eq!(waiting.await.unwrap(), Err("cancelled".to_owned()));
    assert_eq!(whys(&home), ["by-page"]);
}

/// A handler that never comes to an await keeps its own place and its own thread, and nobody else's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn j02_a_handler_that_blocks_its_thread_keeps_nobody_else_from_going_on() {
    let home = TempDir::new().unwrap();
    let (inside, mut is_inside) = mpsc::unbounded_channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let ended = std::sync::Mutex::new(ended);
    let blocks = Command::new("wait", move |_: Call, _: NoArgs| {
        inside.send(()).unwrap();
        let _hung_up = ended.lock().unwrap().recv();
        std::future::ready(Ok::<_, HandlerError>("at last"))
    });
    let policy = POLICY.replace("\"late\"", "\"app.info\"").replace(", \"soon\"", "");
    let broker = builder(&home, &policy).command(blocks).build().unwrap();
    let peer = peer(&broker);
    let blocked = call(&peer, "wait");
    is_inside.recv().await.unwrap();
    for _ in 0..100 {
        ask(&peer, "app.info", json!({})).await.unwrap();
    }
    assert_eq!((broker.core.pipeline.gate.inside(), blocked.is_finished()), (1, false));
    drop(end);
    assert_eq!(blocked.await.unwrap(), Ok(json!("at last")));
    assert_eq!(broker.core.pipeline.gate.inside(), 0);
}

/// What lets go of its call with a panic.
struct Slams;

impl Drop for Slams {
    fn drop(&mut self) {
        panic!("the secret of the destructor");
    }
}

/// A handler, and a stream, whose destructors panic when they are stopped: the call has its outcome and
/// its page hears of it all the same, as of any other.
#[tokio::test]
async fn j01_a_panic_in_a_destructor_ends_nothing_else() {
    let home = TempDir::new().unwrap();
    let (sender, mut started) = mpsc::unbounded_channel();
    let waits = Command::new("late", move |_: Call, _: NoArgs| {
        let _heard = sender.send(());
        let slams = Slams;
        async move {
            let _slams = slams;
            std::future::pending::<Result<(), HandlerError>>().await
        }
    });
    let streams = Command::stream("wait", async |_: Call, _: NoArgs| {
        let slams = Slams;
        Ok(futures_util::stream::iter((0..2).map(Ok::<_, HandlerError>)).chain(
            futures_util::stream::pending().inspect(move |_| {
                let _with = &slams;
            }),
        ))
    });
    let policy = POLICY.replace(", \"soon\"", "");
    let broker = builder(&home, &policy).command(waits).command(streams).build().unwrap();
    let peer = peer(&broker);
    assert_eq!(ask(&peer, "late", json!({})).await, Err("timeout".to_owned()));
    let mut stream = peer.stream("wait", json!({}));
    assert!(stream.next().await.unwrap().is_some());
    stream.cancel().await;
    let error = loop {
        match stream.next().await {
            Ok(item) => assert!(item.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(error["code"], "cancelled");
    started.recv().await.unwrap();
    let waiting = call(&peer, "late");
    started.recv().await.unwrap();
    broker.revoke(Revoke::All, "a test");
    assert_eq!(waiting.await.unwrap(), Err("denied".to_owned()));
    assert_eq!(whys(&home), ["deadline", "by-page", "revoked"]);
}

/// `make soak`: how long it takes from a cancellation to the drop of the handler, over many.
#[tokio::test]
#[ignore = "measures time; for `make soak` on a quiet machine"]
async fn a_cancellation_reaches_its_handler_within_ten_milliseconds() {
    let home = TempDir::new().unwrap();
    let (sender, mut started) = mpsc::unbounded_channel();
    let running = Running::default();
    let broker = broker(&home, &running, &sender);
    let peer = peer(&broker);
    let mut slowest = Duration::ZERO;
    for number in 1..=10_000 {
        let waiting = call(&peer, "wait");
        started.recv().await.unwrap();
        let began = Instant::now();
        peer.cancel(number).await;
        assert_eq!(waiting.await.unwrap(), Err("cancelled".to_owned()));
        slowest = slowest.max(began.elapsed());
        assert_eq!(running.now(), 0);
    }
    assert!(slowest < Duration::from_millis(10), "{slowest:?}");
}
