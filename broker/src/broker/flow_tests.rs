//! Calls that go on, by peers: what a page may have of them, and what ends them.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test's own numbers, and what it did not expect"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use serde_json::{Value, json};
use sidegate_capabilities::{Origin, Sources};
use tempfile::TempDir;

use super::tests::{builder, log_of, records};
use super::*;
use crate::handler::{Call, Command, HandlerError, NoArgs};
use crate::wire::Calls;

const POLICY: &str = r#"
version = 1
[[capability]]
id = "app"
windows = ["main", "other"]
allow = [
  { commands = ["events.subscribe"], key = ["notes.*"], result = { omit = ["/owner"], max_bytes = "1 KiB" } },
  { commands = ["state.*"], key = ["shared.*"] },
  { commands = ["test.count", "test.endless", "test.fails", "test.panics", "test.bytes", "test.echo", "test.swap"] },
  { commands = ["test.huge", "test.huge_text", "test.huge_item"] },
  { commands = ["test.text"], args = { properties = { text = { enum = ["ab"] } } } },
  { commands = ["test.sum"], limit = { bytes = "300 KiB" } },
  { commands = ["test.few"], result = { max_bytes = "200 KiB" } },
  { commands = ["test.brief"], limit = { deadline = "100ms" } },
  { commands = ["test.reached"], result = { omit = ["/a"] } },
  { commands = ["fs.read", "fs.write"], path = ["$APPDATA/**"] },
]

[[capability]]
id = "spy"
windows = ["spy"]
allow = [{ commands = ["events.subscribe"], key = ["weather.*"] }]
"#;

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
}

fn endless(made: &Arc<AtomicUsize>) -> impl Stream<Item = Result<usize, HandlerError>> + use<> {
    let made = Arc::clone(made);
    futures_util::stream::repeat_with(move || Ok(made.fetch_add(1, Ordering::Relaxed)))
}

/// A broker with commands that stream; how many items were made without end.
fn broker(home: &TempDir) -> (Broker, Arc<AtomicUsize>) {
    let made = Arc::<AtomicUsize>::default();
    let counter = Arc::clone(&made);
    let pieces = |count: usize| stream::iter((0..count).map(|_| Ok(Bytes::from(vec![7; 300_000]))));
    let broker = builder(home, POLICY)
        .command(Command::stream("test.count", async |_: Call, _: NoArgs| {
            Ok(stream::iter((0..100).map(Ok::<u32, HandlerError>)))
        }))
        .command(Command::stream("test.endless", move |_: Call, _: NoArgs| {
            std::future::ready(Ok(endless(&counter)))
        }))
        .command(Command::stream("test.fails", async |_: Call, _: NoArgs| {
            Ok(stream::iter([Ok(1), Err(HandlerError::new("broken", "it broke")), Ok(2)]))
        }))
        .command(Command::stream("test.panics", async |_: Call, _: NoArgs| {
            Ok(stream::iter((0..).map(|n| if n < 2 { Ok(n) } else { panic!("number {n}") })))
        }))
        .command(Command::stream("test.brief", async |_: Call, _: NoArgs| {
            Ok(stream::pending::<Result<u32, HandlerError>>())
        }))
        .command(Command::bytes("test.bytes", async |_: Call, _: NoArgs| {
            Ok(Bytes::from_iter(0..=u8::MAX))
        }))
        .command(Command::new("test.text", async |_: Call, args: Text| {
            Ok::<_, HandlerError>(args.text.chars().rev().collect::<String>())
        }))
        .command(Command::bytes("test.huge", async |_: Call, _: NoArgs| {
            Ok(Bytes::from(vec![0; (8 << 20) + 1]))
        }))
        .command(Command::new("test.huge_text", async |_: Call, _: NoArgs| {
            Ok::<_, HandlerError>("x".repeat(8 << 20))
        }))
        .command(Command::stream("test.huge_item", async |_: Call, _: NoArgs| {
            Ok(stream::iter([Ok::<_, HandlerError>("x".repeat(Calls::MAX_CHUNK))]))
        }))
        .command(Command::bytes("test.reached", async |_: Call, _: NoArgs| Ok(Bytes::new())))
        .command(Command::stream_bytes("test.few", move |_: Call, _: NoArgs| {
            std::future::ready(Ok(pieces(1)))
        }))
        .command(
            Command::bytes("test.echo", async |mut call: Call, _: NoArgs| {
                call.body()?.bytes(16 << 20).await
            })
            .takes_body(),
        )
        .command(
            Command::stream_bytes("test.swap", async |mut call: Call, _: NoArgs| {
                Ok(call.body()?.into_stream())
            })
            .takes_body(),
        )
        .command(
            Command::new("test.sum", async |mut call: Call, _: NoArgs| {
                Ok(call.body()?.bytes(16 << 20).await?.len())
            })
            .takes_body(),
        )
        .build()
        .unwrap();
    (broker, made)
}

fn peer(broker: &Broker, window: &str) -> Peer {
    broker.connect(window, &Origin::local()).unwrap()
}

fn code(error: &Value) -> &str {
    error["code"].as_str().unwrap_or_default()
}

async fn items(call: &mut PeerCall<'_>) -> (Vec<Heard>, Result<(), String>) {
    let mut items = Vec::new();
    loop {
        match call.next().await {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, Ok(())),
            Err(error) => return (items, Err(code(&error).to_owned())),
        }
    }
}

/// What the log has of ends.
fn ends(home: &TempDir) -> Vec<(String, String)> {
    let of = |entry: &crate::audit::Entry, name: &str| entry.text(name).unwrap().to_owned();
    let ended = records(&log_of(home), "ended");
    ended.iter().map(|entry| (of(entry, "command"), of(entry, "outcome"))).collect()
}

#[tokio::test]
async fn a_stream_has_one_end_and_the_log_has_it() {
    let home = TempDir::new().unwrap();
    let (broker, _) = broker(&home);
    let peer = peer(&broker, "main");
    let numbers = |count: u32| (0..count).map(|n| Heard::Item(json!(n))).collect::<Vec<_>>();
    for (command, expected, end) in [
        ("test.count", numbers(100), Ok(())),
        ("test.fails", vec![Heard::Item(json!(1))], Err("broken")),
        ("test.panics", numbers(2), Err("failed")),
        ("test.brief", vec![], Err("timeout")),
        ("test.bytes", vec![], Err("invalid")),
        ("test.unknown", vec![], Err("denied")),
    ] {
        let mut call = peer.stream(command, json!({}));
        let (found, ended) = items(&mut call).await;
        assert_eq!(found, expected, "{command}");
        assert_eq!(
            ended.as_ref().map_err(String::as_str),
            end.as_ref().map_err(|e| *e),
            "{command}"
        );
        assert_eq!(call.hear().await, None, "{command}");
    }
    let outcome = |command: &str, outcome: &str| (command.to_owned(), outcome.to_owned());
    let expected = [
        outcome("test.count", "done"),
        outcome("test.fails", "failed"),
        outcome("test.panics", "failed"),
        outcome("test.brief", "timed_out"),
    ];
    assert_eq!(ends(&home), expected);
    let counted = &records(&log_of(&home), "ended")[0];
    assert_eq!((counted.number("items_out"), counted.number("bytes_in")), (Some(100), Some(0)));
}

#[tokio::test]
async fn a_call_of_the_wrong_shape_does_not_reach_the_handler() {
    let home = TempDir::new().unwrap();
    let (broker, made) = broker(&home);
    let peer = peer(&broker, "main");
    assert_eq!(code(&peer.invoke("test.endless", json!({})).await.unwrap_err()), "invalid");
    assert_eq!(code(&peer.invoke("test.sum", json!({})).await.unwrap_err()), "invalid");
    let with_body = peer.invoke_with_body("test.bytes", json!({})).upload(b"x").await;
    assert_eq!(code(&with_body.unwrap_err()), "invalid");
    assert_eq!(made.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_page_that_does_not_read_is_not_worked_for() {
    let home = TempDir::new().unwrap();
    let (broker, made) = broker(&home);
    let peer = peer(&broker, "main");
    let mut call = peer.stream("test.endless", json!({}));
    assert_eq!(call.hear().await, Some(Heard::Open));
    for number in 0..Calls::WINDOW {
        assert_eq!(call.hear().await, Some(Heard::Item(json!(number))));
    }
    tokio::time::timeout(Duration::from_millis(50), call.hear()).await.unwrap_err();
    assert_eq!(made.load(Ordering::Relaxed), Calls::WINDOW);
    call.take().await;
    assert_eq!(call.hear().await, Some(Heard::Item(json!(Calls::WINDOW))));
    call.cancel().await;
    let Some(Heard::Failed(error)) = call.hear().await else { panic!("no end") };
    assert_eq!(code(&error), "cancelled");
    assert_eq!(ends(&home), [("test.endless".to_owned(), "stopped".to_owned())]);
}

#[tokio::test]
async fn g08_a_revocation_ends_streams_and_bodies_at_once() {
    let home = TempDir::new().unwrap();
    let (broker, _) = broker(&home);
    let peer = peer(&broker, "main");
    let mut calls = vec![
        peer.stream("test.endless", json!({})),
        peer.stream("events.subscribe", json!({ "key": "notes.saved" })),
        peer.stream("state.watch", json!({ "key": "shared.a" })),
        peer.invoke_with_body("test.sum", json!({})),
    ];
    for call in &mut calls {
        call.hear().await.unwrap();
    }
    assert_eq!(broker.emit("notes.saved", &1), Ok(1));
    let began = std::time::Instant::now();
    let ended = broker.core.pipeline.sessions.revoke(|_| true);
    for call in &mut calls {
        loop {
            match call.hear().await.unwrap() {
                Heard::Failed(error) => break assert_eq!(code(&error), "denied"),
                Heard::Item(_) | Heard::More(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(began.elapsed() < Duration::from_millis(100));
    assert_eq!(ended[0].session.flows.count(), 0);
    assert_eq!(broker.emit("notes.saved", &2), Ok(0));
}

#[tokio::test]
async fn g08_a_narrower_policy_ends_the_streams_it_does_not_allow_and_no_other() {
    let home = TempDir::new().unwrap();
    let (broker, made) = broker(&home);
    let peer = peer(&broker, "main");
    let mut endless = peer.stream("test.endless", json!({}));
    let mut hears = peer.stream("events.subscribe", json!({ "key": "notes.saved" }));
    let mut goes_on = peer.stream("state.watch", json!({ "key": "shared.a" }));
    for call in [&mut endless, &mut hears, &mut goes_on] {
        assert_eq!(call.hear().await, Some(Heard::Open));
    }
    let narrower = POLICY.replace("\"test.endless\", ", "").replace("notes.*", "other.*");
    assert_ne!(narrower, POLICY);
    let narrower = Sources::from_texts([("app.toml", narrower)]);
    broker.reload_from(narrower).unwrap();
    // Nothing of them is made once the new policy is in force.
    let before = made.load(Ordering::Relaxed);
    for call in [&mut endless, &mut hears] {
        loop {
            match call.hear().await.unwrap() {
                Heard::Failed(error) => break assert_eq!(code(&error), "cancelled"),
                Heard::Item(_) => call.take().await,
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(made.load(Ordering::Relaxed), before);
    assert_eq!(broker.emit("notes.saved", &1), Ok(0));
    broker.state().set("shared.a", &7, None).unwrap();
    loop {
        match goes_on.hear().await {
            Some(Heard::Item(item)) if item["value"] == 7 => break,
            Some(Heard::Item(_)) => goes_on.take().await,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn all_byte_values_and_eight_mebibytes_go_both_ways() {
    let home = TempDir::new().unwrap();
    let (broker, _) = broker(&home);
    let peer = peer(&broker, "main");
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let many: Vec<u8> = (0..8 << 20).map(|n: usize| u8::try_from(n * 7 % 256).unwrap()).collect();
    for body in [&[][..], &[0], &all, &many] {
        let answer = peer.invoke_with_body("test.echo", json!({})).upload(body).await.unwrap();
        assert_eq!(answer, Heard::DoneBytes(Bytes::copy_from_slice(body)), "{}", body.len());
    }
    let written = peer.invoke_with_body("fs.write", json!({ "path": "$APPDATA/a.bin" }));
    assert_eq!(written.upload(&many).await.unwrap(), Heard::Done(json!({ "bytes": 8 << 20 })));
    // One byte more than any answer is.
    let too_many = [&many[..], b"!"].concat();
    let call = peer.invoke_with_body("fs.write", json!({ "path": "$APPDATA/a.bin" }));
    assert_eq!(code(&call.upload(&too_many).await.unwrap_err()), "too_large");
    let call = peer.invoke_with_body("test.echo", json!({}));
    assert_eq!(code(&call.upload(&too_many).await.unwrap_err()), "too_large");
    let outside = peer.invoke_with_body("fs.write", json!({ "path": "/etc/a.bin" }));
    assert_eq!(code(&outside.upload(&all).await.unwrap_err()), "denied");
}

#[tokio::test]
async fn limits_in_bytes_hold_for_bodies_and_for_pieces() {
    let home = TempDir::new().unwrap();
    let (broker, _) = broker(&home);
    let peer = peer(&broker, "main");
    let call = peer.invoke_with_body("test.sum", json!({}));
    assert_eq!(call.upload(&vec![0; 200 << 10]).await, Ok(Heard::Done(json!(200 << 10))));
    let call = peer.invoke_with_body("test.sum", json!({}));
    assert_eq!(code(&call.upload(&vec![0; 300 << 10]).await.unwrap_err()), "too_large");
    let (_, end) = items(&mut peer.stream("test.few", json!({}))).await;
    assert_eq!(end, Err("too_large".to_owned()));
    // A policy that keeps members back means JSON: bytes do not pass by it.
    let reached = peer.invoke("test.reached", json!({})).await.unwrap_err();
    assert_eq!(code(&reached), "failed");
    // What a stream is asked for counts as long as it lasts, and is short.
    let long = json!({ "key": "notes.a", "overflow": "x".repeat(20_000) });
    let (_, end) = items(&mut peer.stream("events.subscribe", long)).await;
    assert_eq!(end, Err("too_large".to_owned()));
}

#[tokio::test]
async fn a_stream_can_answer_to_a_body_while_it_comes() {
    let home = TempDir::new().unwrap();
    let (broker, _) = broker(&home);
    let peer = peer(&broker, "main");
    let mut call = peer.stream_with_body("test.swap", json!({}));
    let mut credit = 0;
    for number in 0..20_u8 {
        while credit == 0 {
            if let Some(Heard::More(more)) = call.hear().await {
                credit += more
            }
        }
        call.chunk(&[number]).await;
        credit -= 1;
        loop {
            match call.hear().await.unwrap() {
                Heard::More(more) => credit += more,
                item => break assert_eq!(item, Heard::Bytes(Bytes::copy_from_slice(&[number]))),
            }
        }
        call.take().await;
    }
    call.end().await;
    assert_eq!(items(&mut call).await, (vec![], Ok(())));
}

#[tokio::test]
async fn events_reach_who_listens_and_may_filtered_by_the_policy() {
    let home = TempDir::new().unwrap();
    let (broker, _) = broker(&home);
    let (main, other, spy) = (peer(&broker, "main"), peer(&broker, "other"), peer(&broker, "spy"));
    let topic = |key: &str| json!({ "key": key });
    let mut saved = main.stream("events.subscribe", topic("notes.saved"));
    let mut removed = other.stream("events.subscribe", topic("notes.removed"));
    assert_eq!(saved.hear().await, Some(Heard::Open));
    assert_eq!(removed.hear().await, Some(Heard::Open));
    for refused in ["weather.rain", "notes", "notes.*"] {
        let (_, end) = items(&mut main.stream("events.subscribe", topic(refused))).await;
        assert!(end.is_err(), "{refused}");
    }
    let (_, end) = items(&mut spy.stream("events.subscribe", topic("notes.saved"))).await;
    assert_eq!(end, Err("denied".to_owned()));
    assert_eq!(broker.emit("notes.saved", &json!({ "id": 1, "owner": "me" })), Ok(1));
    assert_eq!(broker.emit("notes.removed", &json!({ "id": 2 })), Ok(1));
    assert_eq!(saved.next().await, Ok(Some(Heard::Item(json!({ "id": 1 })))));
    assert_eq!(removed.next().await, Ok(Some(Heard::Item(json!({ "id": 2 })))));
    // More than the policy lets through is the end of it, and not a cut-off event.
    broker.emit("notes.saved", &"x".repeat(2000)).unwrap();
    assert_eq!(
        saved.next().await.map_err(|error| code(&error).to_owned()),
        Err("too_large".into())
    );
    drop(removed);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(broker.emit("notes.removed", &json!({})), Ok(0));
}

#[tokio::test]
async fn a_listener_that_does_not_read_costs_a_bounded_queue() {
    let home = TempDir::new().unwrap();
    let (broker, _) = broker(&home);
    let peer = peer(&broker, "main");
    let mut closed = peer.stream("events.subscribe", json!({ "key": "notes.a" }));
    let args = json!({ "key": "notes.a", "overflow": "latest" });
    let mut latest = peer.stream("events.subscribe", args);
    assert_eq!(closed.hear().await, Some(Heard::Open));
    assert_eq!(latest.hear().await, Some(Heard::Open));
    for number in 0..1000 {
        broker.emit("notes.a", &number).unwrap();
    }
    let (_, end) = items(&mut closed).await;
    assert_eq!(end, Err("lagged".to_owned()));
    let mut last = Value::Null;
    while last != json!(999) {
        let Ok(Some(Heard::Item(item))) = latest.next().await else { panic!("{last}") };
        last = item;
    }
    assert_eq!(ends(&home)[0], ("events.subscribe".to_owned(), "lagged".to_owned()));
}

#[tokio::test]
async fn state_is_kept_in_step_between_windows() {
    let home = TempDir::new().unwrap();
    let (broker, _) = broker(&home);
    let (main, other) = (peer(&broker, "main"), peer(&broker, "other"));
    let mut watching = other.stream("state.watch", json!({ "key": "shared.a" }));
    let none = json!({ "value": null, "version": 0 });
    assert_eq!(watching.next().await, Ok(Some(Heard::Item(none))));
    let set = |value: u32, version: Value| json!({ "key": "shared.a", "value": value, "version": version });
    let first = main.invoke("state.set", set(1, json!(0))).await.unwrap();
    assert_eq!(
        watching.next().await,
        Ok(Some(Heard::Item(json!({ "value": 1, "version": first["version"] }))))
    );
    let conflict = other.invoke("state.set", set(2, json!(0))).await.unwrap_err();
    assert_eq!(code(&conflict), "conflict");
    for value in 0..100 {
        broker.state().set("shared.a", &value, None).unwrap();
    }
    let now = broker.state().get("shared.a").unwrap();
    loop {
        let Ok(Some(Heard::Item(seen))) = watching.next().await else { panic!() };
        if seen == json!(now) {
            break;
        }
    }
    assert_eq!(main.invoke("state.get", json!({ "key": "shared.a" })).await, Ok(json!(now)));
    for command in ["state.get", "state.set"] {
        let args = json!({ "key": "private.a", "value": 1 });
        assert_eq!(code(&main.invoke(command, args).await.unwrap_err()), "denied");
    }
}

#[tokio::test]
async fn j04_a_body_that_is_cancelled_has_one_outcome_whenever_it_is() {
    let home = TempDir::new().unwrap();
    let (broker, _) = broker(&home);
    let peer = peer(&broker, "main");
    for chunks in 0..4 {
        let mut call = peer.invoke_with_body("test.sum", json!({}));
        assert!(matches!(call.hear().await, Some(Heard::More(_))));
        for _ in 0..chunks {
            call.chunk(b"x").await;
        }
        call.cancel().await;
        call.end().await;
        call.cancel().await;
        let mut outcomes = 0;
        while let Some(heard) = call.hear().await {
            outcomes += usize::from(!matches!(heard, Heard::More(_)));
        }
        assert_eq!(outcomes, 1, "{chunks}");
    }
}

#[tokio::test]
async fn d13_the_handler_has_the_very_values_that_were_judged() {
    let home = TempDir::new().unwrap();
    let (broker, _) = broker(&home);
    let peer = peer(&broker, "main");
    let token = peer.token_text();
    // However a text is spelt, it is judged and handed on as one value.
    for (call, (args, expected)) in (1..).zip([
        (r#"{"text":"ab"}"#, r#""ok":"ba""#),
        (r#"{"text":"\u0061b"}"#, r#""ok":"ba""#),
        (r#"{"te\u0078t":"a\u0062"}"#, r#""ok":"ba""#),
        (r#"{"text":"ab","text":"cd"}"#, r#""code":"invalid""#),
        (r#"{"text":"ab","te\u0078t":"cd"}"#, r#""code":"invalid""#),
        (r#"{"text":"cd"}"#, r#""code":"denied""#),
        (r#"{"text":["ab"]}"#, r#""code":"denied""#),
    ]) {
        let message = format!("c{token} {call}\n{{\"command\":\"test.text\",\"args\":{args}}}");
        let reply = peer.send(message.as_bytes()).await.unwrap();
        assert!(reply.contains(expected), "{args}: {reply}");
    }
}

#[tokio::test]
async fn d14_a_batch_is_no_call_and_none_of_it_runs() {
    let home = TempDir::new().unwrap();
    let (broker, made) = broker(&home);
    let peer = peer(&broker, "main");
    let token = peer.token_text();
    let one = r#"{"command":"test.endless"}"#;
    let other = r#"{"command":"fs.list","args":{"path":"/"}}"#;
    for (call, (kind, text)) in (1..).zip([
        ('c', format!("[{one},{other}]")),
        ('s', format!("[{one},{other}]")),
        ('s', format!("{one}\n{other}")),
        ('s', format!("{one}{other}")),
        ('s', r#"{"command":["test.endless","fs.list"]}"#.to_owned()),
    ]) {
        let reply = peer.send(format!("{kind}{token} {call}\n{text}").as_bytes()).await.unwrap();
        assert!(reply.contains(r#""code":"invalid""#), "{text}: {reply}");
    }
    assert_eq!(made.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn j05_what_is_too_large_for_a_reply_is_an_error_that_says_so() {
    let home = TempDir::new().unwrap();
    let (broker, _) = broker(&home);
    let peer = peer(&broker, "main");
    for command in ["test.huge", "test.huge_text"] {
        let error = peer.invoke(command, json!({})).await.unwrap_err();
        assert_eq!(code(&error), "too_large", "{command}");
    }
    let (found, end) = items(&mut peer.stream("test.huge_item", json!({}))).await;
    assert_eq!((found, end), (vec![], Err("too_large".to_owned())));
}

#[tokio::test]
async fn j05_what_has_no_json_is_an_error_and_nothing_of_it_is_told() {
    let home = TempDir::new().unwrap();
    let no_json = Command::new("test.no_json", async |_: Call, _: NoArgs| {
        Ok::<_, HandlerError>(std::collections::BTreeMap::from([([1_u8, 2], "a key is a text")]))
    });
    let policy = "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"main\"]\n\
                  allow = [{ commands = [\"test.no_json\"] }]\n";
    let broker = builder(&home, policy).command(no_json).build().unwrap();
    let error = peer(&broker, "main").invoke("test.no_json", json!({})).await.unwrap_err();
    assert_eq!(code(&error), "failed");
    assert!(!error.to_string().contains("key"), "{error}");
}
