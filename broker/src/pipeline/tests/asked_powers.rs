//! What a document reaches for without a call, and the person is asked about: what they say, what
//! stops the question, and that nobody hears a yes after that.

use super::*;

use std::collections::VecDeque;
use std::sync::Mutex;

use futures_util::FutureExt;

use crate::Revoke;
use crate::confirm::{Answer, Lasting, Question};
use crate::pipeline::power::Unanswered as Wish;
use crate::pipeline::{Asked, Permitted, Reached};
use crate::revocation;
use crate::wire::Power;

const POLICY: &str = r#"
  { commands = ["webview.camera"], ask = "each session" },
  { commands = ["webview.print"], ask = "each call" },
  { commands = ["webview.navigate"], url = ["https://example.com/**"], ask = "each session" },
  { commands = ["webview.open_window"], key = ["help"], ask = { when = "once", text = "open the help" } },
  { commands = ["webview.drop_*"], ask = "each call" },
  { commands = ["webview.geolocation"], ask = "each call", limit = { in_flight = 1 } },
  { commands = ["app.info"] },
"#;

/// What the document of `main` reaches for, under its host's number.
fn asked<'a>(number: u64, power: Power, about: &[Option<&'a str>; 2]) -> Asked<'a> {
    let [url, template] = *about;
    Asked { host: HOST, window: WINDOW, document: DOCUMENT, number, power, url, template }
}

fn bare(number: u64, power: Power) -> Asked<'static> {
    asked(number, power, &[None, None])
}

/// A person who says what was laid down, and then nothing.
struct Stage {
    app: App,
    questions: Arc<Mutex<Vec<Question>>>,
}

impl Stage {
    fn new(says: impl IntoIterator<Item = Answer>) -> Self {
        let says: Mutex<VecDeque<_>> = Mutex::new(says.into_iter().collect());
        let says = Arc::new(says);
        let questions = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&questions);
        let app = App::with(&allowing(POLICY), [], |builder| {
            builder.confirm_with(move |question| {
                heard.lock().unwrap().push(question);
                let says = Arc::clone(&says);
                async move {
                    // Nobody has read it by then: others may come meanwhile.
                    tokio::task::yield_now().await;
                    let says = says.lock().unwrap().pop_front();
                    match says {
                        Some(answer) => answer,
                        None => std::future::pending().await,
                    }
                }
            })
        });
        Self { app, questions }
    }

    fn reach(&self, asked: Asked<'_>) -> Reached {
        self.app.pipeline().reach(asked, Now::read())
    }

    /// A wish that the person is to be asked about.
    fn waits(&self, asked: Asked<'_>) -> Box<Wish> {
        match self.reach(asked) {
            Reached::Person(unanswered) => unanswered,
            Reached::Permitted(_) | Reached::Refused => panic!("the person is asked"),
        }
    }

    fn grants(&self, permitted: Permitted) -> bool {
        permitted.grant(self.app.pipeline(), || ()).is_some()
    }

    /// Whether it is granted, once the person has said something.
    async fn may(&self, asked: Asked<'_>) -> bool {
        let permitted = match self.reach(asked) {
            Reached::Permitted(permitted) => *permitted,
            Reached::Refused => return false,
            Reached::Person(unanswered) => match unanswered.answered(self.app.pipeline()).await {
                Some(permitted) => permitted,
                None => return false,
            },
        };
        self.grants(permitted)
    }

    fn times(&self) -> usize {
        self.questions.lock().unwrap().len()
    }

    /// The reason of the last refusal, if the last record of a call is one.
    fn reason(&self) -> Option<String> {
        let record = self.app.records("call").pop()?;
        assert_eq!(record.text("reason").is_some(), record.text("verdict") == Some("deny"));
        record.text("reason").map(str::to_owned)
    }

    /// Why what was in flight was stopped, each under its host's number.
    fn stopped(&self) -> Vec<(String, u64)> {
        let all = self.app.records("cancelled");
        let parts = all.iter().map(|it| (it.text("why"), it.number("call")));
        parts.map(|(why, call)| (why.unwrap().to_owned(), call.unwrap())).collect()
    }

    fn count(&self, event: &str) -> usize {
        self.app.records(event).len()
    }
}

const SESSION: Answer = Answer::Yes(Lasting::Session);
const NO: Answer = Answer::No(Lasting::Call);

#[tokio::test]
async fn g06_what_the_person_says_is_what_becomes_of_it_and_is_in_the_log_first() {
    for (says, may, reason) in [
        (SESSION, true, None),
        (NO, false, Some("ask-no")),
        (Answer::Unasked, false, Some("ask-unasked")),
    ] {
        let stage = Stage::new([says]);
        let _token = stage.app.open();
        assert_eq!(stage.may(bare(5, Power::Camera)).await, may, "{says:?}");
        assert_eq!((stage.times(), stage.reason().as_deref()), (1, reason), "{says:?}");
        let [asked] = &stage.app.records("asked")[..] else { panic!("one question") };
        assert_eq!((asked.number("call"), asked.text("when")), (Some(5), Some("each-session")));
        let answered = stage.app.records("answered");
        assert_eq!(answered.len(), usize::from(says != Answer::Unasked));
        assert!(answered.iter().all(|it| it.text("command") == Some("webview.camera")));
        assert_eq!(stage.count("cancelled"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_has_not_said_yes() {
    let stage = Stage::new([]);
    let _token = stage.app.open();
    assert!(!stage.may(bare(1, Power::Camera)).await);
    assert_eq!(stage.reason().as_deref(), Some("ask-unanswered"));
}

#[tokio::test]
async fn nobody_who_asks_is_a_refusal() {
    let app = App::new(&allowing(POLICY), []);
    let _token = app.open();
    let reached = app.pipeline().reach(bare(1, Power::Camera), Now::read());
    assert!(matches!(reached, Reached::Refused));
    assert_eq!(app.records("call").pop().unwrap().text("reason"), Some("ask-nobody"));
}

/// The memory is that of calls: an answer is of a session and of what was named.
#[tokio::test]
async fn an_answer_is_remembered_as_that_of_a_call_is() {
    let stage = Stage::new([SESSION, SESSION, NO, SESSION, SESSION]);
    let _token = stage.app.open();
    let to = |path| [Some(path), None];
    let (a, b) = (to("https://example.com/a"), to("https://example.com/b"));
    let help = [Some("app://localhost/help.html"), Some("help")];
    for (number, power, about, may, times) in [
        (1, Power::Camera, [None, None], true, 1),
        (2, Power::Camera, [None, None], true, 1),
        (3, Power::Navigate, a, true, 2),
        (4, Power::Navigate, a, true, 2),
        (5, Power::Navigate, b, false, 3),
        (6, Power::OpenWindow, help, true, 4),
        (7, Power::OpenWindow, help, true, 4),
        (8, Power::Print, [None, None], true, 5),
    ] {
        assert_eq!(stage.may(asked(number, power, &about)).await, may, "{number}");
        assert_eq!(stage.times(), times, "{number}");
    }
    let questions = stage.questions.lock().unwrap();
    let read: Vec<_> = questions
        .iter()
        .map(|it| (it.what().to_owned(), it.values().map(|(_, value)| value.to_owned()).collect()))
        .collect();
    let expected: Vec<(&str, Vec<&str>)> = vec![
        ("use the camera", vec![]),
        ("go to another address", vec!["https://example.com/a"]),
        ("go to another address", vec!["https://example.com/b"]),
        ("open the help", vec!["help"]),
        ("print", vec![]),
    ];
    let owned = expected.into_iter().map(|(what, values)| {
        (what.to_owned(), values.into_iter().map(str::to_owned).collect::<Vec<_>>())
    });
    assert_eq!(read, owned.collect::<Vec<_>>());
    assert_eq!((questions[0].window().as_str(), questions[0].origin()), ("main", &Origin::local()));
}

#[tokio::test]
async fn who_is_worn_out_is_not_asked_again() {
    let stage = Stage::new([NO, NO, NO, SESSION]);
    let _token = stage.app.open();
    for number in 1..=4 {
        assert!(!stage.may(bare(number, Power::Camera)).await);
    }
    assert_eq!((stage.times(), stage.reason().as_deref()), (3, Some("ask-worn-out")));
}

/// What ends a question without an answer, and what is in the log of it.
type Ends = fn(&App);

const ENDS: [(&str, Ends, &str); 5] = [
    (
        "its window is revoked",
        |app| {
            app.broker.revoke(Revoke::Window(&main()), "a test");
        },
        "revoked",
    ),
    (
        "its capability is revoked",
        |app| {
            app.broker.revoke(Revoke::Capability("a"), "a test");
        },
        "revoked",
    ),
    (
        "another policy denies it",
        |app| app.reload(&allowing("{ commands = [\"app.info\"] }")),
        "policy-changed",
    ),
    ("its document goes", |app| forget(app, |identity| identity.document == DOCUMENT), "gone"),
    ("its host dies", |app| forget(app, |identity| identity.host == HOST), "gone"),
];

fn main() -> WindowLabel {
    WindowLabel::parse("main").unwrap()
}

fn forget(app: &App, which: impl Fn(&Identity) -> bool) {
    for taken in app.pipeline().sessions.forget(which) {
        revocation::note_forgotten(app.broker.core(), &taken, "a test");
    }
}

#[tokio::test]
async fn g06_g08_whatever_stops_the_calls_of_a_document_stops_its_wishes() {
    for (name, ends, why) in ENDS {
        let stage = Stage::new([]);
        let _token = stage.app.open();
        let mut answering =
            Box::pin(stage.waits(bare(9, Power::Camera)).answered(stage.app.pipeline()));
        assert!(answering.as_mut().now_or_never().is_none());
        assert_eq!(stage.times(), 1, "{name}: it is before the person");
        ends(&stage.app);
        assert!(answering.await.is_none(), "{name}");
        assert_eq!(stage.stopped(), [(why.to_owned(), 9)], "{name}");
        assert_eq!((stage.count("answered"), stage.count("call")), (0, 0), "{name}");
    }
}

#[tokio::test]
async fn a_broker_that_ends_does_not_wait_for_what_the_person_says_of_a_wish() {
    let stage = Stage::new([]);
    let _token = stage.app.open();
    let answering = stage.waits(bare(9, Power::Camera)).answered(stage.app.pipeline());
    let (answered, ()) = tokio::join!(answering, stage.app.broker.shutdown());
    assert!(answered.is_none());
    assert_eq!(stage.reason().as_deref(), Some("closing"));
    assert!(matches!(stage.reach(bare(10, Power::Camera)), Reached::Refused));
}

/// Between the yes and the moment in which its host hears it there is a while as well.
#[tokio::test]
async fn g06_no_yes_is_heard_after_what_stops_it() {
    for (name, ends, why) in ENDS {
        let stage = Stage::new([SESSION]);
        let _token = stage.app.open();
        let answering = stage.waits(bare(9, Power::Camera)).answered(stage.app.pipeline());
        let permitted = answering.await.unwrap();
        ends(&stage.app);
        let granted = permitted.grant(stage.app.pipeline(), || panic!("{name}: it is heard"));
        assert_eq!(granted, None::<()>, "{name}");
        assert_eq!(stage.stopped(), [(why.to_owned(), 9)], "{name}");
    }
    let stage = Stage::new([SESSION]);
    let _token = stage.app.open();
    let permitted = stage.waits(bare(9, Power::Camera)).answered(stage.app.pipeline()).await;
    permitted.unwrap().abandon(stage.app.pipeline());
    assert_eq!(stage.stopped(), [("abandoned".to_owned(), 9)], "whose process has ended");
}

/// A policy that asks as well changes nothing for what the person is asked.
#[tokio::test]
async fn another_policy_that_asks_the_same_leaves_the_question() {
    let stage = Stage::new([SESSION]);
    let _token = stage.app.open();
    let mut answering =
        Box::pin(stage.waits(bare(9, Power::Camera)).answered(stage.app.pipeline()));
    assert!(answering.as_mut().now_or_never().is_none());
    stage.app.reload(&allowing(&POLICY.replace("app.info", "window.list")));
    assert!(stage.grants(answering.await.unwrap()));
}

/// One that asks no more has nothing to remember, and one that began to ask stops what was not asked.
#[tokio::test]
async fn what_was_not_asked_about_is_stopped_where_it_has_to_be() {
    let stage = Stage::new([]);
    stage.app.reload(&allowing(r#"{ commands = ["webview.camera"] }"#));
    let _token = stage.app.open();
    let Reached::Permitted(permitted) = stage.reach(bare(9, Power::Camera)) else {
        panic!("it is allowed")
    };
    stage.app.reload(&allowing(POLICY));
    assert!(!stage.grants(*permitted));
    assert_eq!(stage.stopped(), [("policy-changed".to_owned(), 9)]);
}

/// A page's call can have any number that a page can write: it neither stops a wish nor is in its way.
#[tokio::test]
async fn a_page_has_no_hand_on_what_its_document_reaches_for() {
    let stage = Stage::new([SESSION]);
    let token = stage.app.open();
    let mut answering =
        Box::pin(stage.waits(bare(9, Power::Camera)).answered(stage.app.pipeline()));
    assert!(answering.as_mut().now_or_never().is_none());
    let nobody = Arc::new(Nobody { bodies: Arc::new(Semaphore::new(0)), is_gone: false });
    let port: Arc<dyn WindowPort> = nobody;
    for text in ["x{} 9", "x{} 9007199254740991", "x{} 9223372036854775817"] {
        let bytes = text.replace("{}", &token.text());
        let frame =
            Frame { host: HOST, window: WINDOW, document: DOCUMENT, bytes: bytes.as_bytes() };
        let _passed = stage.app.pipeline().judge(frame, &port, Now::read()).is_ok();
    }
    assert_eq!(stage.count("cancelled"), 0);
    assert!(stage.grants(answering.await.unwrap()));
}

/// So many at once and no more; and none under a number that is taken, which could not be stopped.
#[tokio::test]
async fn wishes_are_few_and_each_has_its_number() {
    let stage = Stage::new([]);
    let _token = stage.app.open();
    let first = stage.waits(bare(1, Power::Geolocation));
    assert!(matches!(stage.reach(bare(2, Power::Geolocation)), Reached::Refused));
    assert_eq!(stage.reason().as_deref(), Some("in-flight"), "of its command");
    assert!(matches!(stage.reach(bare(1, Power::Camera)), Reached::Refused));
    assert_eq!(stage.reason().as_deref(), Some("replay"));
    let mut held: Vec<_> = (2..=8).map(|number| stage.waits(bare(number, Power::Print))).collect();
    assert!(matches!(stage.reach(bare(9, Power::Print)), Reached::Refused));
    assert_eq!(stage.reason().as_deref(), Some("in-flight"), "of its document");
    held.pop();
    held.push(stage.waits(bare(9, Power::Print)));
    drop((held, first));
    let _again = stage.waits(bare(1, Power::Geolocation));
}

/// What the hand holds that would answer.
#[tokio::test]
async fn c17_of_what_cannot_wait_nobody_is_asked() {
    let stage = Stage::new([SESSION]);
    let _token = stage.app.open();
    assert!(matches!(stage.reach(bare(1, Power::DropFiles)), Reached::Refused));
    assert_eq!((stage.times(), stage.reason().as_deref()), (0, Some("ask-power")));
    assert!(Power::ALL.iter().all(|power| power.can_wait() == (*power != Power::DropFiles)));
}
