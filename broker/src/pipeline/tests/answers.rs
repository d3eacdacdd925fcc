//! What becomes of an answer that is on its way, or that turned out to be none.

use super::*;

use std::sync::Mutex;

use futures_util::FutureExt;
use serde_json::json;

use crate::pipeline::Passed;
use crate::session::Stop;

/// A way to a page that is full until it is let on.
#[derive(Debug)]
struct Slow {
    bodies: Arc<Semaphore>,
    room: Semaphore,
    sent: Mutex<Vec<String>>,
}

impl Outlet for Slow {
    fn send<'a>(&'a self, reply: Reply, exit: Exit<'a>) -> BoxFuture<'a, Result<(), Unsent>> {
        Box::pin(async move {
            self.room.acquire().await.map_err(|_| Unsent::Gone)?.forget();
            exit.by(|| self.sent.lock().unwrap().push(reply.into_json()))
        })
    }

    fn bodies(&self) -> &Arc<Semaphore> {
        &self.bodies
    }

    fn is_gone(&self) -> bool {
        false
    }
}

fn slow() -> Arc<Slow> {
    let bodies = Arc::new(Semaphore::new(0));
    Arc::new(Slow { bodies, room: Semaphore::new(0), sent: Mutex::default() })
}

/// G06: until the page has it, an answer can be taken back; then the page is told that, and of a
/// document that is gone nobody is.
#[tokio::test]
async fn g06_an_answer_on_its_way_is_taken_back() {
    type Takes = fn(&Pipeline);
    let nothing: Takes = |_| {};
    let revokes: Takes = |pipeline| {
        assert_eq!(pipeline.sessions.revoke(|_| true).len(), 1);
    };
    let forgets: Takes = |pipeline| {
        assert_eq!(pipeline.sessions.forget(|_| true).len(), 1);
    };
    for (row, takes, expected) in [
        ("nothing", nothing, Some((r#""ok":"secret""#, r#""id":7"#))),
        ("revoked", revokes, Some((r#""code":"denied""#, r#""id":7"#))),
        ("gone", forgets, None),
    ] {
        let work =
            Command::new("work.do", async |_: Call, _: NoArgs| Ok::<_, HandlerError>("secret"));
        let app = App::new(&allowing(r#"{ commands = ["work.do"] }"#), [work]);
        let (pipeline, token, slow) = (app.pipeline(), app.open(), slow());
        let text = format!("c{} 7\n{{\"command\":\"work.do\"}}", token.text());
        let frame =
            Frame { host: HOST, window: WINDOW, document: DOCUMENT, bytes: text.as_bytes() };
        let port: Arc<dyn WindowPort> =
            Arc::new(Nobody { bodies: Arc::new(Semaphore::new(0)), is_gone: false });
        let outlet: Arc<dyn Outlet> = slow.clone();
        let Ok(Passed::Call(due)) = pipeline.judge(frame, &port, Now::read()) else {
            panic!("a call")
        };
        let (reply, in_flight) = due.dispatch(pipeline, &outlet).await.unwrap();
        let mut delivering = Box::pin(reply.deliver(&in_flight, &outlet));
        assert!(delivering.as_mut().now_or_never().is_none(), "there is no room");
        takes(pipeline);
        slow.room.add_permits(1);
        delivering.await;
        let sent = slow.sent.lock().unwrap();
        match expected {
            None => assert!(sent.is_empty(), "{row}: {sent:?}"),
            Some((what, whose)) => {
                let [one] = &sent[..] else { panic!("{row}: {sent:?}") };
                assert!(one.contains(what) && one.contains(whose), "{row}: {one}");
            }
        }
    }
}

#[test]
fn what_takes_the_place_of_an_answer_says_as_much_as_its_page_may_know() {
    for (why, expected) in [
        (Stop::ByPage, None),
        (Stop::Gone, None),
        (Stop::Abandoned, None),
        (Stop::Revoked, Some("denied")),
        (Stop::PolicyChanged, Some("cancelled")),
        (Stop::Deadline, Some("cancelled")),
        (Stop::Ending, Some("cancelled")),
    ] {
        let told = Reply::in_place_of_answer(7, why).map(Reply::into_json);
        let told: Option<Value> = told.map(|text| serde_json::from_str(&text).unwrap());
        let code = told.as_ref().map(|told| told["error"]["code"].as_str().unwrap());
        assert_eq!(code, expected, "{why:?}");
        assert!(told.is_none_or(|told| told["id"] == 7), "{why:?}");
    }
}

/// What a handler finds to be out of bounds when it gets there is refused: the log has that beside the
/// grant, and the page what it would have of a thing that is not there.
#[tokio::test]
async fn e03_what_is_found_out_of_bounds_later_is_a_refusal_in_the_log() {
    let not_found = || HandlerError::new("not_found", "there is no such file");
    let escapes = Command::new("work.escapes", move |_: Call, _: NoArgs| {
        let error = not_found().with_detail("a link leads out").as_refusal();
        std::future::ready(Err::<(), _>(error))
    });
    let fails = Command::new("work.fails", move |_: Call, _: NoArgs| {
        std::future::ready(Err::<(), _>(not_found().with_detail("it is not there")))
    });
    let policy = allowing(r#"{ commands = ["work.escapes", "work.fails"] }"#);
    let app = App::new(&policy, [escapes, fails]);
    let peer = app.peer();
    let [escaped, failed] = [
        peer.invoke("work.escapes", json!({})).await.unwrap_err(),
        peer.invoke("work.fails", json!({})).await.unwrap_err(),
    ];
    assert_eq!(escaped, failed, "the page cannot tell them apart");
    let calls = app.records("call");
    let verdicts: Vec<_> = calls.iter().map(|call| call.text("verdict").unwrap()).collect();
    assert_eq!(verdicts, ["allow", "deny", "allow"]);
    let refusal = &calls[1];
    assert_eq!((refusal.text("stage"), refusal.text("reason")), (Some("scope"), Some("withheld")));
    assert_eq!(refusal.text("rule"), calls[0].text("rule"));
    assert!(refusal.text("why").unwrap().contains("a link leads out"));
}
