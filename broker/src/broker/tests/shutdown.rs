//! The end of a broker: what may finish, what is cancelled, and what the log says last.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sidegate_capabilities::Origin;
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc};

use super::{ask, builder, log_of, records};
use crate::audit::{Reader, verify};
use crate::{Broker, Call, Command, HandlerError, NoArgs, Trigger};

const POLICY: &str = r#"
version = 1
[[capability]]
id = "main"
windows = ["main"]
allow = [{ commands = ["until_told", "app.info"] }]
"#;

struct Stage {
    home: TempDir,
    broker: Arc<Broker>,
    began: mpsc::UnboundedReceiver<()>,
    tell: Arc<Notify>,
}

/// A broker with a command that takes until it is told.
fn stage(drain: Duration) -> Stage {
    let (home, tell) = (TempDir::new().unwrap(), Arc::new(Notify::new()));
    let (sender, began) = mpsc::unbounded_channel();
    let command = Command::new("until_told", {
        let tell = Arc::clone(&tell);
        move |_: Call, _: NoArgs| {
            let (sender, tell) = (sender.clone(), Arc::clone(&tell));
            async move {
                let _heard = sender.send(());
                tell.notified().await;
                Ok::<_, HandlerError>("done")
            }
        }
    });
    let built = builder(&home, POLICY).command(command).drain(drain).build();
    Stage { home, broker: Arc::new(built.unwrap()), began, tell }
}

#[tokio::test]
async fn i13_what_is_in_flight_may_finish_and_nothing_new_is_started() {
    let Stage { home, broker, mut began, tell } = stage(Duration::from_secs(600));
    let peer = Arc::new(broker.connect("main", &Origin::local()).unwrap());
    let finishing = tokio::spawn({
        let peer = Arc::clone(&peer);
        async move { ask(&peer, "until_told", json!({})).await }
    });
    began.recv().await.unwrap();
    let ending = tokio::spawn({
        let broker = Arc::clone(&broker);
        async move { broker.shutdown().await }
    });
    broker.core.pipeline.gate.closed().await;
    assert_eq!(ask(&peer, "app.info", json!({})).await, Err("unavailable".to_owned()));
    assert!(!ending.is_finished());
    tell.notify_one();
    assert_eq!(finishing.await.unwrap(), Ok(json!("done")));
    ending.await.unwrap();
    let log = log_of(&home);
    assert_eq!(records(&log, "draining")[0].number("in_flight"), Some(1));
    assert!(records(&log, "cancelled").is_empty());
    assert_eq!(records(&log, "call").last().unwrap().text("reason"), Some("closing"));
    // Its log is closed: nothing comes after, whoever still asks and however often it ends.
    assert_eq!(ask(&peer, "app.info", json!({})).await, Err("unavailable".to_owned()));
    broker.shutdown().await;
    drop((peer, broker));
    assert_eq!(records(&log, "stop").len(), 1);
    assert_eq!(Reader::open(&log).unwrap().last().unwrap().unwrap().event(), "stop");
    assert!(verify(&log).unwrap().is_good());
}

#[tokio::test]
async fn i13_what_does_not_finish_in_time_or_is_hurried_is_cancelled() {
    for (drain, hurried) in [(Duration::from_millis(20), false), (Duration::from_secs(600), true)] {
        let Stage { home, broker, mut began, .. } = stage(drain);
        let peer = broker.connect("main", &Origin::local()).unwrap();
        let late = tokio::spawn(async move { ask(&peer, "until_told", json!({})).await });
        began.recv().await.unwrap();
        let ending = tokio::spawn({
            let broker = Arc::clone(&broker);
            async move { broker.shutdown().await }
        });
        broker.core.pipeline.gate.closed().await;
        if hurried {
            broker.hurry();
        }
        ending.await.unwrap();
        assert_eq!(late.await.unwrap(), Err("cancelled".to_owned()));
        let [record] = &records(&log_of(&home), "cancelled")[..] else { panic!("one outcome") };
        assert_eq!(record.text("why"), Some("ending"));
        assert_eq!(Reader::open(&log_of(&home)).unwrap().last().unwrap().unwrap().event(), "stop");
    }
}

#[tokio::test]
async fn a_run_ends_with_the_broker() {
    let Stage { broker, .. } = stage(Duration::from_secs(600));
    let running = tokio::spawn({
        let broker = Arc::clone(&broker);
        async move { broker.run_until(std::future::pending()).await }
    });
    broker.shutdown().await;
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn h10_the_log_tells_of_the_life_of_its_broker() {
    let Stage { home, broker, mut began, .. } = stage(Duration::ZERO);
    let peer = broker.connect("main", &Origin::local()).unwrap();
    let narrower = POLICY.replace(r#", "app.info""#, "");
    let texts = |text: &str| sidegate_capabilities::Sources::from_texts([("app.toml", text)]);
    broker.reload_from(texts(&narrower)).unwrap();
    broker.reload_from(texts("version = 2\n")).unwrap_err();
    broker.reload(Trigger::Signal).await.unwrap();
    let late = tokio::spawn(async move { ask(&peer, "until_told", json!({})).await });
    began.recv().await.unwrap();
    broker.shutdown().await;
    late.await.unwrap().unwrap_err();
    let entries: Vec<_> = Reader::open(&log_of(&home)).unwrap().map(Result::unwrap).collect();
    let told: Vec<_> = entries
        .iter()
        .map(|entry| {
            let more = ["by", "verdict", "why"].iter().find_map(|key| entry.text(key));
            (entry.event(), more.unwrap_or_default())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("start", ""),
            ("policy", ""),
            ("policy", "api"),
            ("policy_refused", "api"),
            ("policy", "signal"),
            ("call", "allow"),
            ("draining", ""),
            ("cancelled", "ending"),
            ("stop", ""),
        ]
    );
    let (first, second) = (&entries[1], &entries[2]);
    assert_eq!(second.text("replaced"), first.text("policy"));
    assert_ne!(second.text("policy"), first.text("policy"));
    assert_eq!(entries[3].text("policy"), second.text("policy"), "what stays in force");
}

/// A host that says that it is ready, and reads what it is told.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn i13_an_attached_host_is_asked_to_quit() {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    use crate::app::Window;
    use crate::wire::{
        FromHost, HostReport, LENGTH_BYTES, MAX_FROM_HOST, MAX_TO_HOST, PROTOCOL, SandboxLevel,
        ToHost, decode, encode, frame_length,
    };

    let home = TempDir::new().unwrap();
    let policy = POLICY.replace(r#""until_told", "#, "");
    let window = Window::new("main", "index.html").unwrap();
    let built = builder(&home, &policy).window(window).least_sandbox(SandboxLevel::None).build();
    let broker = built.unwrap();
    let (attachment, theirs) = broker.attach().unwrap();
    let (opened, is_open) = tokio::sync::oneshot::channel();
    let host = std::thread::spawn(move || {
        let mut socket = UnixStream::from(theirs);
        let level = SandboxLevel::None;
        let report = HostReport { protocol: PROTOCOL, level, missing: Vec::new() };
        let ready = encode(&FromHost::Ready(report), MAX_FROM_HOST).unwrap();
        socket.write_all(&ready).unwrap();
        let mut opened = Some(opened);
        loop {
            let mut prefix = [0; LENGTH_BYTES];
            socket.read_exact(&mut prefix).unwrap();
            let mut body = vec![0; frame_length(prefix, MAX_TO_HOST).unwrap()];
            socket.read_exact(&mut body).unwrap();
            let told: ToHost<'_> = decode(&body).unwrap();
            if matches!(told, ToHost::Open(_)) {
                opened.take().unwrap().send(()).unwrap();
            } else if !matches!(told, ToHost::Ping { .. }) {
                // It is pinged once a while, whatever else it is told.
                assert!(matches!(told, ToHost::Quit), "{told:?}");
                return;
            }
        }
    });
    let ending = async {
        is_open.await.unwrap();
        broker.shutdown().await;
    };
    let (served, ()) = tokio::join!(attachment.serve(std::process::id()), ending);
    served.unwrap();
    host.join().unwrap();
    let [.., closed, stop] = &records_of(&home)[..] else { panic!("records") };
    assert_eq!([closed, stop], ["window", "stop"]);
}

#[cfg(target_os = "linux")]
fn records_of(home: &TempDir) -> Vec<String> {
    let entries = Reader::open(&log_of(home)).unwrap();
    entries.map(|entry| entry.unwrap().event().to_owned()).collect()
}
