//! Each kind of call, each way to stop it, in process and over a socket: it is over, all of it, its
//! page has heard of it once, and the log says why.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test's own numbers, and what it did not expect"
)]

use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use sidegate_capabilities::{Origin, Sources};
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::played::Host;
use super::{ask, builder, log_of, records};
use crate::app::Window;
use crate::wire::SandboxLevel;
use crate::{Broker, Call, Command, HandlerError, Heard, NoArgs, Peer, PeerCall, Revoke};

const WIDE: &str = r#"
version = 1
[[capability]]
id = "main"
windows = ["main"]
allow = [
  { commands = ["app.info", "wait", "endless", "body"] },
  { commands = ["events.subscribe"], key = ["notes.*"] },
]
"#;

const NARROW: &str = r#"
version = 1
[[capability]]
id = "main"
windows = ["main"]
allow = [{ commands = ["app.info"] }]
"#;

/// A kind of call: how it begins, its command, and what that takes.
type Kind = (char, &'static str, Option<&'static str>);

const KINDS: [Kind; 4] = [
    ('c', "wait", None),
    ('s', "endless", None),
    ('C', "body", None),
    ('s', "events.subscribe", Some("notes.saved")),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    ByPage,
    Revoked,
    PolicyChanged,
}

/// Each with its word in the log, what its page is told, and how long that may take.
const STOPS: [(Stop, &str, &str, Duration); 3] = [
    (Stop::ByPage, "by-page", "cancelled", Duration::from_millis(10)),
    (Stop::Revoked, "revoked", "denied", Duration::from_millis(100)),
    (Stop::PolicyChanged, "policy-changed", "cancelled", Duration::from_millis(100)),
];

/// How often, and whether the time is looked at: in a soak, on a machine that does nothing else.
fn rounds() -> (usize, bool) {
    let soaks = std::env::var_os("SIDEGATE_SOAK").is_some_and(|wanted| wanted == "1");
    if soaks { (1_000, true) } else { (2, false) }
}

/// A broker whose handlers say that they have begun, and do not end by themselves.
fn broker(home: &TempDir, begun: &mpsc::UnboundedSender<()>) -> Broker {
    let [waits, streams, reads] = [(); 3].map(|()| begun.clone());
    builder(home, WIDE)
        .window(Window::new("main", "index.html").unwrap())
        .least_sandbox(SandboxLevel::None)
        .command(Command::new("wait", move |_: Call, _: NoArgs| {
            let _heard = waits.send(());
            std::future::pending::<Result<(), HandlerError>>()
        }))
        .command(Command::stream("endless", move |_: Call, _: NoArgs| {
            let _heard = streams.send(());
            let items = stream::iter([Ok::<_, HandlerError>(1)]).chain(stream::pending());
            std::future::ready(Ok(items))
        }))
        .command(
            Command::new("body", move |mut call: Call, _: NoArgs| {
                let _heard = reads.send(());
                async move { Ok(call.body()?.bytes(1 << 20).await?.len()) }
            })
            .takes_body(),
        )
        .build()
        .unwrap()
}

fn args(topic: Option<&str>) -> Value {
    topic.map_or_else(|| json!({}), |topic| json!({ "key": topic }))
}

/// Who is at the other end.
enum Caller {
    Here,
    Host(Host),
}

/// The call of one round.
enum Running<'p> {
    Asked(tokio::task::JoinHandle<Result<Value, String>>),
    Goes(PeerCall<'p>),
    AtHost(u64),
}

#[tokio::test]
async fn j04_g06_g08_whatever_stops_a_call_of_whatever_kind_it_is_over_and_told_once() {
    let (rounds, looks) = rounds();
    for over_a_socket in [false, true] {
        for kind in KINDS {
            for (stop, why, code, within) in STOPS {
                let row = format!("{kind:?} {stop:?}, over a socket: {over_a_socket}");
                let home = TempDir::new().unwrap();
                let (sender, mut begun) = mpsc::unbounded_channel();
                let broker = broker(&home, &sender);
                let mut caller = Caller::Here;
                if over_a_socket {
                    let (attachment, theirs) = broker.attach().unwrap();
                    tokio::spawn(attachment.serve(std::process::id()));
                    caller = Caller::Host(Host::new(UnixStream::from(theirs)).await);
                }
                let mut slowest = Duration::ZERO;
                for _ in 0..rounds {
                    let took = round(&broker, &mut caller, kind, (stop, code), &mut begun).await;
                    slowest = slowest.max(took);
                }
                assert!(!looks || slowest < within, "{row}: {slowest:?}");
                let ended = records(&log_of(&home), "cancelled");
                let whys: Vec<_> = ended.iter().map(|entry| entry.text("why").unwrap()).collect();
                assert_eq!(whys, vec![why; rounds], "{row}");
            }
        }
    }
}

/// One call, and its end; how long that took from the word to it.
async fn round(
    broker: &Broker,
    caller: &mut Caller,
    kind: Kind,
    (stop, code): (Stop, &str),
    begun: &mut mpsc::UnboundedReceiver<()>,
) -> Duration {
    let peer = std::sync::Arc::new(broker.connect("main", &Origin::local()).unwrap());
    let mut running = begin(caller, &peer, kind).await;
    match kind.2 {
        None => begun.recv().await.unwrap(),
        Some(topic) => until(|| broker.emit(topic, &1) == Ok(1)).await,
    }
    let began = Instant::now();
    match stop {
        Stop::ByPage => cancel(caller, &peer, &running).await,
        Stop::Revoked => drop(broker.revoke(Revoke::All, "a test")),
        Stop::PolicyChanged => reload(broker, NARROW),
    }
    until(|| broker.core.pipeline.gate.inside() == 0).await;
    let took = began.elapsed();
    let told = end(caller, &mut running).await;
    // A bridge has told its page of the cancellation of a question and an answer by itself.
    let by_itself = matches!((&running, kind.0, stop), (Running::AtHost(_), 'c', Stop::ByPage));
    assert_eq!(told, (!by_itself).then(|| code.to_owned()));
    if let Some(topic) = kind.2 {
        assert_eq!(broker.emit(topic, &2), Ok(0), "nobody listens");
    }
    if stop == Stop::PolicyChanged {
        reload(broker, WIDE);
    }
    took
}

fn reload(broker: &Broker, policy: &str) {
    broker.reload_from(Sources::from_texts([("app.toml", policy)])).unwrap();
}

/// Waits for a fact that others bring about.
async fn until(mut fact: impl FnMut() -> bool) {
    while !fact() {
        tokio::task::yield_now().await;
    }
}

async fn begin<'p>(
    caller: &mut Caller,
    peer: &'p std::sync::Arc<Peer>,
    (letter, command, topic): Kind,
) -> Running<'p> {
    match (caller, letter) {
        (Caller::Host(host), _) => Running::AtHost(host.call(letter, command, &args(topic)).await),
        (Caller::Here, 's') => Running::Goes(peer.stream(command, args(topic))),
        (Caller::Here, 'C') => Running::Goes(peer.invoke_with_body(command, args(topic))),
        (Caller::Here, _) => {
            let peer = std::sync::Arc::clone(peer);
            Running::Asked(tokio::spawn(async move { ask(&peer, command, args(topic)).await }))
        }
    }
}

async fn cancel(caller: &mut Caller, peer: &Peer, running: &Running<'_>) {
    match (running, caller) {
        (Running::AtHost(call), Caller::Host(host)) => host.say('x', *call, ""),
        (Running::Goes(call), _) => call.cancel().await,
        // The first of its peer.
        (Running::Asked(_) | Running::AtHost(_), _) => peer.cancel(1).await,
    }
}

/// What its page is told at the end, after which it hears nothing of it any more.
async fn end(caller: &mut Caller, running: &mut Running<'_>) -> Option<String> {
    match (running, caller) {
        (Running::AtHost(call), Caller::Host(host)) => host.end(*call).await,
        (Running::Goes(call), _) => loop {
            match call.hear().await {
                Some(Heard::Failed(error)) => {
                    assert_eq!(call.hear().await, None);
                    break Some(error["code"].as_str().unwrap().to_owned());
                }
                Some(Heard::Open | Heard::Item(_) | Heard::More(_)) => {}
                other => panic!("{other:?}"),
            }
        },
        (Running::Asked(call), _) => Some(call.await.unwrap().unwrap_err()),
        (Running::AtHost(_), Caller::Here) => panic!("there is no host"),
    }
}
