//! How much of a call there may be, to the byte; and whom another policy finds on its way.

use super::*;

use futures_util::FutureExt;
use serde_json::json;

use crate::confirm::{Answer, Lasting};
use crate::session::Stop;

/// A call of as many bytes as this, blanks included.
fn long(token: &str, call: u64, bytes: usize) -> String {
    let text = r#"{"command":"app.info"}"#;
    format!("c{token} {call}\n{text}{}", " ".repeat(bytes.saturating_sub(text.len())))
}

#[tokio::test]
async fn d09_a_call_has_as_many_bytes_as_its_limit_and_not_one_more() {
    let policy = allowing(r#"{ commands = ["app.info"], limit = { bytes = "100 B" } }"#);
    let app = App::new(&policy, []);
    let peer = app.peer();
    let token = peer.token().unwrap().text();
    for (call, (bytes, expected)) in
        (1..).zip([(99, "ok"), (100, "ok"), (101, "too_large"), (200, "too_large")])
    {
        let reply = peer.send(long(&token, call, bytes).as_bytes()).await.unwrap();
        assert!(reply.contains(&format!("\"{expected}\"")), "{bytes}: {reply}");
        let record = app.records("call").pop().unwrap();
        assert_eq!(record.number("args_bytes"), Some(bytes as u64));
    }
}

/// A call takes its policy at the beginning. If another comes before it is in flight, it is held
/// against that one by itself.
#[tokio::test]
async fn g05_a_call_is_stopped_by_the_policy_that_came_while_it_was_judged() {
    let before = allowing(r#"{ commands = ["app.info", "work.do"] }"#);
    for (policy, expected) in [
        (allowing(r#"{ commands = ["app.info"] }"#), Some(Stop::PolicyChanged)),
        (allowing(r#"{ commands = ["work.do"] }"#), None),
    ] {
        let work = Command::new("work.do", async |_: Call, _: NoArgs| Ok::<_, HandlerError>(true));
        let app = App::new(&before, [work]);
        let (pipeline, token) = (app.pipeline(), app.open());
        let text = format!("c{} 1\n{{\"command\":\"work.do\"}}", token.text());
        let frame =
            Frame { host: HOST, window: WINDOW, document: DOCUMENT, bytes: text.as_bytes() };
        let now = Now::read();
        let trail = Trail::of(&frame, now.moment, pipeline.force.load());
        let said = receive::receive(frame, trail).unwrap();
        let known = authenticate::authenticate(pipeline, said, now).unwrap();
        let authenticate::Known::Call(call) = known else { panic!("a call") };
        app.reload(&policy);
        let admitted = limit::limit(pipeline, call, now).unwrap();
        assert_eq!(admitted.in_flight.why_stopped(), expected, "{policy}");
    }
}

/// Who listens for policies hears of each once, and of none after a later one.
#[tokio::test]
async fn g08_an_epoch_is_told_once_and_in_order() {
    let policy = allowing(r#"{ commands = ["app.info"] }"#);
    let app = App::new(&policy, []);
    let force = &app.pipeline().force;
    let mut epochs = force.epochs();
    for (told, is_news, holds) in [(2, true, 2), (2, false, 2), (1, false, 2), (3, true, 3)] {
        force.tell(told);
        assert_eq!(epochs.has_changed().unwrap(), is_news, "{told}");
        assert_eq!(*epochs.borrow_and_update(), holds, "{told}");
    }
}

/// A call that begins under the policy in force is not taken for one that was too late for it.
#[tokio::test]
async fn what_is_asked_about_is_asked_about_under_the_next_policy_too() {
    let work = Command::new("work.do", async |_: Call, _: NoArgs| Ok::<_, HandlerError>(true));
    let policy = allowing(r#"{ commands = ["work.do"], ask = "each call" }"#);
    let app = App::with(&policy, [work], |builder| {
        builder.confirm_with(async |_| Answer::Yes(Lasting::Call))
    });
    let peer = app.peer();
    for entries in ["app.info", "window.list"] {
        assert_eq!(code(&peer.invoke("work.do", json!({})).await), "ok");
        app.reload(&policy.replace("{ com", &format!("{{ commands = [\"{entries}\"] }}, {{ com")));
    }
    assert_eq!(code(&peer.invoke("work.do", json!({})).await), "ok");
    assert_eq!(app.records("asked").len(), 3);
}

/// What the policy lets a page have in bytes is counted to the byte, in one piece and in several.
#[tokio::test]
async fn j05_an_answer_has_as_many_bytes_as_the_policy_lets_through_and_not_one_more() {
    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Sizes {
        sizes: Vec<usize>,
    }
    fn piece(size: &usize) -> bytes::Bytes {
        bytes::Bytes::from(vec![7; *size])
    }
    let whole = Command::bytes("work.whole", async |_: Call, args: Sizes| {
        Ok(args.sizes.first().map(piece).unwrap_or_default())
    });
    let pieces = Command::stream_bytes("work.pieces", async |_: Call, args: Sizes| {
        let pieces: Vec<_> = args.sizes.iter().map(|size| Ok(piece(size))).collect();
        Ok(futures_util::stream::iter(pieces))
    });
    let entry =
        r#"{ commands = ["work.*"], dangerous = "a test's", result = { max_bytes = "1 KiB" } }"#;
    let app = App::new(&allowing(entry), [whole, pieces]);
    let peer = app.peer();
    for (sizes, fits) in [(vec![1_023], true), (vec![1_024], true), (vec![1_025], false)] {
        let answered = peer.invoke("work.whole", json!({ "sizes": sizes })).await;
        assert_eq!(code(&answered), if fits { "ok" } else { "too_large" }, "{sizes:?}");
    }
    for (sizes, heard) in [(vec![1_000, 24], 2), (vec![1_000, 25], 1), (vec![1_025], 0)] {
        let mut call = peer.stream("work.pieces", json!({ "sizes": sizes }));
        let mut items = 0;
        let end = loop {
            match call.next().await {
                Ok(Some(_)) => items += 1,
                Ok(None) => break "ok",
                Err(error) => break if error["code"] == "too_large" { "too_large" } else { "?" },
            }
        };
        let whole = heard == sizes.len();
        assert_eq!((items, end), (heard, if whole { "ok" } else { "too_large" }), "{sizes:?}");
    }
}

/// A stream may take long to begin where the policy gives it the time, and where it reads a body; and
/// no longer than any call where it says nothing.
#[tokio::test(start_paused = true)]
async fn j04_a_call_that_goes_on_has_the_time_that_it_was_given() {
    use std::time::Duration;
    type Numbers = futures_util::stream::Empty<Result<u32, HandlerError>>;
    async fn late() -> Result<Numbers, HandlerError> {
        tokio::time::sleep(Duration::from_secs(40)).await;
        Ok(futures_util::stream::empty())
    }
    let named = |name: &str| Command::stream(name, async |_: Call, _: NoArgs| late().await);
    let entries = r#"{ commands = ["work.given"], limit = { deadline = "60s" } },
                     { commands = ["work.short"], limit = { deadline = "20s" } },
                     { commands = ["work.usual", "work.body"] }"#;
    let commands = [
        named("work.given"),
        named("work.short"),
        named("work.usual"),
        named("work.body").takes_body(),
    ];
    let app = App::new(&allowing(entries), commands);
    let peer = app.peer();
    for (command, expected) in
        [("work.given", "ok"), ("work.short", "timeout"), ("work.usual", "timeout")]
    {
        let answered = peer.stream(command, json!({})).next().await.map(|_| Value::Null);
        assert_eq!(code(&answered), expected, "{command}");
    }
    let mut with_body = peer.stream_with_body("work.body", json!({}));
    assert_eq!(code(&with_body.next().await.map(|_| Value::Null)), "ok");
    assert!(with_body.hear().now_or_never().is_some(), "it is over");
}
