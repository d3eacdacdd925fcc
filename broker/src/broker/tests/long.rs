//! Long messages: what reading one takes is taken from nobody else, and it is judged like any other.

use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::played::Host;
use super::{builder, log_of, records};
use crate::app::Window;
use crate::wire::SandboxLevel;
use crate::{Broker, Call, Command, HandlerError};

const POLICY: &str = r#"
version = 1
[[capability]]
id = "main"
windows = ["main"]
allow = [{ commands = ["app.info", "hold", "note"] }]
"#;

/// Longer than what its own thread judges.
const LONG: usize = 40_000;

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
}

/// A broker of two commands. `hold` says that it has begun and keeps its thread until it is let go, `note`
/// says how long its text is.
fn broker(home: &TempDir, begun: UnboundedSender<usize>, let_go: Receiver<()>) -> Broker {
    let (holds, let_go) = (begun.clone(), Mutex::new(let_go));
    let hold = move |_: Call, Text { text }: Text| {
        holds.send(text.len()).unwrap();
        let was_let_go = let_go.lock().unwrap().recv_timeout(Duration::from_secs(30)).is_ok();
        std::future::ready(Ok::<_, HandlerError>(was_let_go))
    };
    let note = move |_: Call, Text { text }: Text| {
        begun.send(text.len()).unwrap();
        std::future::ready(Ok::<_, HandlerError>(()))
    };
    let builder = builder(home, POLICY).window(Window::new("main", "index.html").unwrap());
    let builder = builder.least_sandbox(SandboxLevel::None);
    builder.command(Command::new("hold", hold)).command(Command::new("note", note)).build().unwrap()
}

async fn host(broker: &Broker) -> Host {
    let (attachment, theirs) = broker.attach().unwrap();
    tokio::spawn(attachment.serve(std::process::id()));
    Host::new(UnixStream::from(theirs)).await
}

fn text(length: usize) -> Value {
    json!({ "text": "x".repeat(length) })
}

async fn heard(begun: &mut UnboundedReceiver<usize>) -> usize {
    begun.recv().await.unwrap()
}

/// There is one thread, as in the stock program. Falsified by judging where the message was read: that
/// thread is the test's own.
#[tokio::test]
async fn i03_a_long_message_of_one_host_keeps_no_other_waiting() {
    let home = TempDir::new().unwrap();
    let ((begin, mut begun), (let_go, wait)) = (unbounded_channel(), channel());
    let broker = broker(&home, begin, wait);
    let (mut noisy, mut other) = (host(&broker).await, host(&broker).await);
    let held = noisy.call('c', "hold", &text(LONG)).await;
    assert_eq!(heard(&mut begun).await, LONG);
    let call = other.call('c', "note", &text(1)).await;
    assert_eq!((other.end(call).await, heard(&mut begun).await), (None, 1));
    let_go.send(()).unwrap();
    assert_eq!(noisy.reply(held).await["ok"], true, "it was let go, and did not give up");
}

/// Falsified by reading on before a long message is judged.
#[tokio::test]
async fn what_comes_behind_a_long_message_is_judged_behind_it() {
    let home = TempDir::new().unwrap();
    let ((begin, mut begun), (_, wait)) = (unbounded_channel(), channel());
    let broker = broker(&home, begin, wait);
    let mut host = host(&broker).await;
    let first = host.call('c', "note", &text(1)).await;
    assert_eq!((host.end(first).await, heard(&mut begun).await), (None, 1));
    let lengths = [LONG, 2, LONG, LONG, 3];
    for length in lengths {
        host.next('c', "note", &text(length));
    }
    for length in lengths {
        assert_eq!(heard(&mut begun).await, length);
    }
}

#[tokio::test]
async fn a_long_message_is_refused_like_any_other() {
    let home = TempDir::new().unwrap();
    let ((begin, _), (_, wait)) = (unbounded_channel(), channel());
    let broker = broker(&home, begin, wait);
    let mut host = host(&broker).await;
    let call = host.call('c', "fs.read_text", &text(LONG)).await;
    assert_eq!(host.end(call).await.as_deref(), Some("denied"));
    let again = host.next('c', "note", &json!({ "text": "x".repeat(LONG), "more": 1 }));
    assert_eq!(host.end(again).await.as_deref(), Some("invalid"));
    host.make_up_token();
    for _ in 1..16 {
        let call = host.next('c', "note", &text(LONG));
        assert_eq!(host.reply(call).await["error"]["code"], "denied");
    }
    host.next('c', "note", &text(LONG));
    host.is_ended().await;
    let calls = records(&log_of(&home), "call");
    let reasons: Vec<_> = calls.iter().filter_map(|call| call.text("reason")).collect();
    assert_eq!(reasons.get(..3), Some(&["not-granted", "invalid", "token-unknown"][..]));
}
