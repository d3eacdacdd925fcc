//! A person takes their time: what holds no longer when they say yes, and what is in the log of it.

use super::*;

use std::time::Duration;

use futures_util::FutureExt;
use serde_json::json;
use sidegate_capabilities::WallTime;

use crate::confirm::{Answer, Lasting};
use crate::handler::Resource;
use crate::pipeline::Passed;
use crate::token::Caveat;

/// An app whose person says yes once they are let, and how often they were asked.
struct Stage {
    app: App,
    lets: Arc<Semaphore>,
    asked: Arc<AtomicUsize>,
    ran: Arc<AtomicUsize>,
}

fn stage(policy: &str, lasting: Lasting) -> Stage {
    let (lets, asked) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ran);
    let work = Command::new("work.do", move |_: Call, _: NoArgs| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok::<_, HandlerError>(true))
    });
    let (person, times) = (Arc::clone(&lets), Arc::clone(&asked));
    let app = App::with(policy, [work], |builder| {
        builder.confirm_with(move |_| {
            let (person, times) = (Arc::clone(&person), Arc::clone(&times));
            async move {
                times.fetch_add(1, Ordering::SeqCst);
                person.acquire().await.unwrap().forget();
                Answer::Yes(lasting)
            }
        })
    });
    Stage { app, lets, asked, ran }
}

impl Stage {
    /// Makes a call at `now` that the person is asked about, and lets them say yes once `meanwhile` is
    /// over. What the page is told.
    async fn call(&self, token: &Token, number: u64, now: Now, meanwhile: impl FnOnce()) -> Value {
        let text = format!("c{} {number}\n{{\"command\":\"work.do\"}}", token.text());
        let frame =
            Frame { host: HOST, window: WINDOW, document: DOCUMENT, bytes: text.as_bytes() };
        let bodies = Arc::new(Semaphore::new(0));
        let nobody = Arc::new(Nobody { bodies, is_gone: false });
        let (port, outlet): (Arc<dyn WindowPort>, Arc<dyn Outlet>) = (nobody.clone(), nobody);
        let pipeline = self.app.pipeline();
        let Ok(Passed::Call(due)) = pipeline.judge(frame, &port, now) else { panic!("a call") };
        let mut dispatched = Box::pin(due.dispatch(pipeline, &outlet));
        let before = dispatched.as_mut().now_or_never();
        let answered = match before {
            Some(answered) => answered,
            None => {
                meanwhile();
                self.lets.add_permits(1);
                dispatched.await
            }
        };
        serde_json::from_str(answered.unwrap().0.json()).unwrap()
    }
}

/// What has ended by the time of the yes has ended for the call: a token, or what the question was of.
#[tokio::test]
async fn a_yes_is_of_what_still_holds() {
    let ask = |text: &str| {
        format!(
            "{{ commands = [\"work.do\"], ask = {{ when = \"each call\", text = \"{text}\" }} }}"
        )
    };
    let passing = |later: &str| {
        let capability = |id: &str, more: &str, entry: &str| {
            format!(
                "[[capability]]\nid = \"{id}\"\nwindows = [\"main\"]\n{more}allow = [{entry}]\n"
            )
        };
        let expires = "expires = 2020-01-01T00:00:00Z\n";
        let first = capability("a", expires, &ask("do it"));
        format!("version = 1\n{first}{}", capability("b", "", &ask(later)))
    };
    // Before the capability expired, and before the token did; both have by now.
    let then = Now { wall: WallTime::from_unix(1_577_000_000), moment: ten_seconds_ago() };
    for (row, policy, short, reason) in [
        ("all holds", allowing(&ask("do it")), false, None),
        ("a token that has ended", allowing(&ask("do it")), true, Some("caveat-expires")),
        ("another entry of the same text", passing("do it"), false, None),
        ("another question", passing("do another thing"), false, Some("ask-overtaken")),
    ] {
        let stage = stage(&policy, Lasting::Call);
        let root = stage.app.open_at(then);
        let life = Duration::from_secs(if short { 5 } else { 500 });
        let token = root.attenuate(&Caveat::expires(life)).unwrap();
        let told = stage.call(&token, 1, then, || {}).await;
        assert_eq!(stage.asked.load(Ordering::SeqCst), 1, "{row}");
        assert_eq!(stage.ran.load(Ordering::SeqCst), usize::from(reason.is_none()), "{row}");
        assert_eq!(told.get("ok").is_some(), reason.is_none(), "{row}: {told}");
        let record = stage.app.records("call").pop().unwrap();
        assert_eq!(record.text("reason"), reason, "{row}");
    }
}

fn ten_seconds_ago() -> Moment {
    Moment::from_nanos(Moment::now().as_nanos().saturating_sub(10_000_000_000))
}

/// A yes for longer is kept for an entry that is there when it is said, and for no other.
#[tokio::test]
async fn a_yes_to_an_entry_that_is_gone_is_for_one_call() {
    let asking = allowing(r#"{ commands = ["work.do"], ask = "each session" }"#);
    let free = allowing(r#"{ commands = ["work.do"] }"#);
    for (goes, times) in [(false, 1), (true, 2)] {
        let stage = stage(&asking, Lasting::Session);
        let token = stage.app.open();
        let meanwhile = || {
            if goes {
                stage.app.reload(&free);
            }
        };
        assert_eq!(stage.call(&token, 1, Now::read(), meanwhile).await["ok"], json!(true));
        if goes {
            stage.app.reload(&asking);
        }
        assert_eq!(stage.call(&token, 2, Now::read(), || {}).await["ok"], json!(true));
        assert_eq!(stage.asked.load(Ordering::SeqCst), times, "the entry goes: {goes}");
    }
}

/// The log has how often the policy wants the person asked, that they were, and that nothing else
/// became of the call.
#[tokio::test]
async fn a_question_is_in_the_log_with_how_often_it_is_put() {
    for (ask, when) in
        [("each call", "each-call"), ("each session", "each-session"), ("once", "once")]
    {
        let entry = format!("{{ commands = [\"work.do\"], ask = \"{ask}\" }}");
        let stage = stage(&allowing(&entry), Lasting::Call);
        let token = stage.app.open();
        assert_eq!(stage.call(&token, 1, Now::read(), || {}).await["ok"], json!(true));
        let [asked] = &stage.app.records("asked")[..] else { panic!("one question") };
        assert_eq!((asked.text("when"), asked.number("call")), (Some(when), Some(1)));
        let [answered] = &stage.app.records("answered")[..] else { panic!("one answer") };
        assert_eq!((answered.text("answer"), answered.text("by")), (Some("yes"), Some("person")));
        assert!(stage.app.records("cancelled").is_empty());
    }
}

/// Where a command wants a path and the policy names none, there is nothing to hand it.
#[tokio::test]
async fn e01_a_command_that_wants_a_path_does_not_run_without_one() {
    let named = |name: &str| {
        Command::new(name, |call: Call, _: NoArgs| {
            std::future::ready(Ok::<_, HandlerError>(call.path().is_ok()))
        })
    };
    let commands =
        [named("work.wants").takes(Resource::Path), named("work.may").may_take(Resource::Path)];
    let app = App::new(&allowing(r#"{ commands = ["work.wants", "work.may"] }"#), commands);
    let peer = app.peer();
    for (command, answer, reason) in
        [("work.wants", "invalid", Some("invalid")), ("work.may", "ok", None)]
    {
        assert_eq!(code(&peer.invoke(command, json!({})).await), answer, "{command}");
        assert_eq!(app.records("call").pop().unwrap().text("reason"), reason, "{command}");
    }
}
