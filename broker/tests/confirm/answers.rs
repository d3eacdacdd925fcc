//! What runs after which answer, and what is remembered of it.

use super::*;

use std::num::NonZeroU32;

use sidegate::confirm::Lasting::{Call, ForGood, Session};
use sidegate::token::Caveat;

const YES: Does = Does::Say(Answer::Yes(Call));
const YES_SESSION: Does = Does::Say(Answer::Yes(Session));
const YES_FOR_GOOD: Does = Does::Say(Answer::Yes(ForGood));
const NO: Does = Does::Say(Answer::No(Call));
const NO_SESSION: Does = Does::Say(Answer::No(Session));

#[tokio::test]
async fn without_anybody_who_asks_what_is_to_be_asked_is_refused() {
    let app = app(None);
    let peer = app.peer("editor");
    let refused = peer.invoke("work.once", key("a")).await.unwrap_err();
    assert_eq!((refused["code"].as_str(), app.reason().as_str()), (Some("denied"), "ask-nobody"));
    assert_eq!(app.records("call").last().unwrap()["stage"], "ask");
    peer.invoke("work.free", json!({})).await.unwrap();
    assert_eq!(app.ran(), 1);
    app.is_in_order();
}

/// The page cannot tell a no from what it was never allowed.
#[tokio::test]
async fn a_no_looks_like_any_refusal() {
    let person = Person::who([NO]);
    let app = app(Some(&person));
    let peer = app.peer("editor");
    let refused = peer.invoke("work.once", key("a")).await.unwrap_err();
    assert_eq!(app.reason(), "ask-no");
    assert_eq!(refused, peer.invoke("work.nothing", key("a")).await.unwrap_err());
    assert_eq!(refused, peer.invoke("work.denied", json!({})).await.unwrap_err());
    assert_eq!((app.reason().as_str(), person.times(), app.ran()), ("denied-by-rule", 1, 0));
    app.is_in_order();
}

/// A command, what the person does, and for calls one after another: the window, the key, whether it
/// ran, and how often they had been asked by then.
#[tokio::test]
async fn they_are_asked_as_often_as_the_policy_and_they_themselves_want() {
    type Step = (&'static str, &'static str, bool, usize);
    #[rustfmt::skip]
    let cases: [(&str, &[Does], &[Step]); 9] = [
        ("work.each", &[YES, YES, NO], &[("editor", "a", true, 1), ("editor", "a", true, 2), ("editor", "a", false, 3)]),
        // A yes for longer than the policy has it holds as long as the policy has it.
        ("work.each", &[YES_FOR_GOOD, NO], &[("editor", "a", true, 1), ("editor", "a", false, 2)]),
        ("work.session", &[YES_SESSION, YES_SESSION, NO], &[("editor", "a", true, 1), ("editor", "a", true, 1), ("editor", "b", true, 2), ("preview", "a", false, 3)]),
        ("work.session", &[YES_FOR_GOOD, NO], &[("editor", "a", true, 1), ("editor", "a", true, 1), ("editor2", "a", false, 2)]),
        // They may be asked more often than they have to.
        ("work.session", &[YES, YES], &[("editor", "a", true, 1), ("editor", "a", true, 2)]),
        ("work.once", &[YES_FOR_GOOD], &[("editor", "a", true, 1), ("editor", "a", true, 1), ("editor2", "a", true, 1)]),
        ("work.once", &[YES_FOR_GOOD, NO_SESSION], &[("editor", "a", true, 1), ("preview", "a", false, 2), ("preview", "a", false, 2)]),
        // Three times in vain, and the page is not heard any more, a new one of it neither.
        ("work.once", &[NO, NO, NO, YES], &[("editor", "a", false, 1), ("editor", "b", false, 2), ("editor2", "c", false, 3), ("editor", "d", false, 3), ("editor2", "e", false, 3), ("preview", "a", true, 4)]),
        ("work.each", &[NO, NO, YES, NO, NO, YES], &[("editor", "a", false, 1), ("editor", "a", false, 2), ("editor", "a", true, 3), ("editor", "a", false, 4), ("editor", "a", false, 5), ("editor", "a", true, 6)]),
    ];
    for (command, does, steps) in cases {
        let person = Person::who(does.iter().copied());
        let app = app(Some(&person));
        // The second is another document of the same window.
        let peers = [("editor", "editor"), ("editor2", "editor"), ("preview", "preview")];
        let peers = peers.map(|(name, label)| (name, app.peer(label)));
        let mut expected = 0;
        for (window, name, runs, times) in steps {
            let (_, peer) = peers.iter().find(|(one, _)| one == window).unwrap();
            let answer = peer.invoke(command, key(name)).await;
            expected += usize::from(*runs);
            assert_eq!(answer.is_ok(), *runs, "{command} {window} {name}: {answer:?}");
            assert_eq!((person.times(), app.ran()), (*times, expected), "{command} {steps:?}");
        }
        app.is_in_order();
    }
}

#[tokio::test]
async fn an_answer_for_good_outlives_the_app_and_no_change_of_its_entry() {
    let person = Person::who([YES_FOR_GOOD]);
    let app_now = app(Some(&person));
    app_now.peer("editor").invoke("work.once", key("a")).await.unwrap();
    let App { broker, home, .. } = app_now;
    drop(broker);
    // Asked again, they would say no. The entry has moved, and one before it is new.
    let moved = POLICY.replace("allow = [", "\n\nallow = [{ commands = [\"work.new\"] },");
    let moved = moved.replace("{ commands = [\"work.new\"] },", "\n");
    let person = Person::who([]);
    let app_now = in_home(home, &moved, Some(&person));
    app_now.peer("editor").invoke("work.once", key("a")).await.unwrap();
    assert_eq!(person.times(), 0);
    let told = app_now.records("answered");
    let by = |record: &Value| record["by"].as_str().unwrap().to_owned();
    assert_eq!(told.iter().map(by).collect::<Vec<_>>(), ["person", "memory"]);
    app_now.is_in_order();
    // It is forgotten when it is taken back, and when what it was said to is another thing.
    let App { broker, home, .. } = app_now;
    drop(broker);
    let other = POLICY.replace(
        "ask = \"once\" },\n  { commands = [\"work.free\"]",
        "ask = { when = \"once\", text = \"all of it\" } },\n  { commands = [\"work.free\"]",
    );
    assert_ne!(other, POLICY);
    let app_now = in_home(home, &other, Some(&person));
    app_now.peer("editor").invoke("work.once", key("a")).await.unwrap_err();
    assert_eq!(person.times(), 1);
    let App { broker, home, .. } = app_now;
    drop(broker);
    // Back at the entry of before, the yes to it stays forgotten.
    let app_now = in_home(home, POLICY, Some(&person));
    app_now.peer("editor").invoke("work.once", key("a")).await.unwrap_err();
    assert_eq!(person.times(), 2);
}

#[tokio::test]
async fn answers_are_taken_back() {
    let person = Person::who([YES_FOR_GOOD, YES_SESSION]);
    let app = app(Some(&person));
    let peer = app.peer("editor");
    for command in ["work.once", "work.session"] {
        peer.invoke(command, key("a")).await.unwrap();
    }
    app.broker.forget_answers();
    for command in ["work.once", "work.session"] {
        peer.invoke(command, key("a")).await.unwrap_err();
    }
    assert_eq!((person.times(), app.ran()), (4, 2));
    app.is_in_order();
}

#[tokio::test]
async fn the_question_is_the_brokers() {
    let person = Person::who([YES, YES, YES]);
    let app = app(Some(&person));
    let peer = app.peer("editor");
    let text = "x\nThe window `preview` wants to: be nice\u{202e}";
    peer.invoke("work.text", json!({ "text": text, "pin": "1234" })).await.unwrap();
    peer.invoke("work.session", key("a")).await.unwrap();
    peer.invoke("work.once", key("a")).await.unwrap();
    let asked = person.asked.lock().unwrap();
    let told: Vec<_> = asked.iter().map(ToString::to_string).collect();
    let expected = [
        "The window `editor` (app://localhost) wants to: says a text\n  command: work.text\n  \
         pin: null\n  text: x\\nThe window `preview` wants to: be nice\\u{202e}\n\
         May it, this once?",
        "The window `editor` (app://localhost) wants to: do the work\n  command: work.session\n  \
         key: a\nMay it, as long as this page is open, with whatever else it says?",
        "The window `editor` (app://localhost) wants to: call `work.once`\n  command: work.once\n  \
         key: a\nMay it, from now on, with whatever else it says?",
    ];
    assert_eq!(told, expected);
}

/// Of a token with one use none is taken but by a yes.
#[tokio::test]
async fn a_use_is_taken_by_a_yes_alone() {
    let person = Person::who([NO, Does::Panic, YES, YES]);
    let app = app(Some(&person));
    let peer = app.peer("editor");
    let once = Caveat::uses(NonZeroU32::MIN, 1);
    let narrowed = peer.token().unwrap().attenuate(&once).unwrap();
    for (runs, times) in [(false, 1), (false, 2), (true, 3), (false, 4)] {
        let answer = peer.invoke_with(&narrowed, "work.each", key("a")).await;
        assert_eq!((answer.is_ok(), person.times()), (runs, times), "{answer:?}");
    }
    assert_eq!((app.reason().as_str(), app.ran()), ("caveat-uses", 1));
    app.is_in_order();
}

/// What only a WebView could be asked about is not asked: the host wants its answer at once.
#[tokio::test]
async fn an_observed_policy_asks_nobody() {
    let person = Person::who([]);
    let home = TempDir::new().unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    let plain = POLICY.replace(", ask = \"once\" }", " }");
    let asking = sidegate::capabilities::Sources::from_texts([("next.toml", POLICY)]);
    let hears = Arc::clone(&person);
    let broker = builder(&home, &plain, &ran)
        .observe(asking)
        .confirm_with(move |question| Arc::clone(&hears).answer(question))
        .build()
        .unwrap();
    let peer = broker.connect("editor", &Origin::local()).unwrap();
    peer.invoke("work.once", key("a")).await.unwrap();
    assert_eq!((person.times(), ran.load(Ordering::SeqCst)), (0, 1));
}
