//! The end of a broker: what may finish, what is cancelled, and what the log says last.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sidegate_capabilities::Origin;
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc};

use super::{ask, builder, log_of, records};
use crate::audit::{Reader, verify};
use crate::{Broker, Call, Command, HandlerError, NoArgs};

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
