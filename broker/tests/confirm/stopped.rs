//! What ends a question without an answer. Nothing runs then, and the question is withdrawn.

use super::*;

use std::time::Duration;

use futures_util::FutureExt;
use sidegate::capabilities::{Sources, WindowLabel};
use sidegate::confirm::Lasting;
use sidegate::{Revoke, Trigger};

const YES: Does = Does::Say(Answer::Yes(Lasting::Session));

/// Makes a call that the person is asked about, and waits until they are.
async fn asking(app: &App, person: &Person) -> tokio::task::JoinHandle<Result<Value, Value>> {
    let peer = app.peer("editor");
    let calling = tokio::spawn(async move { peer.invoke("work.once", key("a")).await });
    person.hears.notified().await;
    calling
}

/// G06, G08: whatever takes the call away takes the question away.
#[tokio::test]
async fn g06_g08_whatever_stops_the_call_withdraws_the_question() {
    type Stops = fn(&App);
    #[rustfmt::skip]
    let cases: [(&str, Stops, &str, &str); 5] = [
        ("revoked", |app| { app.broker.revoke(Revoke::All, "a test"); }, "denied", "revoked"),
        ("window", |app| { app.broker.revoke(Revoke::Window(&WindowLabel::parse("editor").unwrap()), "a test"); }, "denied", "revoked"),
        ("denied now", |app| { put(app, &POLICY.replace("deny = [", "deny = [{ commands = [\"work.once\"] }, ")); }, "cancelled", "policy-changed"),
        ("gone now", |app| { put(app, &POLICY.replace("\"work.once\"", "\"work.free\"")); }, "cancelled", "policy-changed"),
        ("other windows", |app| { put(app, &POLICY.replace("[\"editor\", ", "[")); }, "cancelled", "policy-changed"),
    ];
    for (name, stops, code, why) in cases {
        let person = Person::who([Does::Wait, YES]);
        let app = app(Some(&person));
        let calling = asking(&app, &person).await;
        assert_eq!(person.open.load(Ordering::SeqCst), 1);
        stops(&app);
        let told = calling.await.unwrap().unwrap_err();
        assert_eq!(told["code"], code, "{name}");
        assert_eq!((person.open.load(Ordering::SeqCst), app.ran()), (0, 0), "{name}");
        let cancelled = app.records("cancelled");
        let parts: Vec<_> = cancelled.iter().map(|one| (&one["why"], &one["outcome"])).collect();
        assert_eq!(parts, [(&json!(why), &json!("cancelled"))], "{name}");
        assert_eq!(app.records("asked").len(), 1);
        assert_eq!(app.records("answered").len(), 0);
        app.is_in_order();
        // The turn was given up: the next one is asked, and answered.
        let free = app.peer("preview").invoke("work.session", key("a")).await;
        free.unwrap();
    }
}

fn put(app: &App, policy: &str) {
    app.broker.reload_from(Sources::from_texts([("app.toml", policy)])).unwrap();
}

#[tokio::test]
async fn a_page_that_cancels_or_goes_withdraws_its_question() {
    let person = Person::who([Does::Wait, Does::Wait]);
    let app = app(Some(&person));
    let calling = asking(&app, &person).await;
    // Its caller is dropped, and with that its peer.
    calling.abort();
    assert!(calling.await.unwrap_err().is_cancelled());
    assert_eq!(person.open.load(Ordering::SeqCst), 0);
    assert_eq!(app.records("cancelled").last().unwrap()["why"], "abandoned");
    let peer = app.peer("editor");
    let token = peer.token().unwrap().text();
    let message = format!("c{token} 1\n{{\"command\":\"work.once\",\"args\":{{\"key\":\"a\"}}}}");
    let mut call = Box::pin(peer.send(message.as_bytes()));
    assert!(call.as_mut().now_or_never().is_none());
    assert_eq!(person.open.load(Ordering::SeqCst), 1);
    assert_eq!(peer.send(format!("x{token} 1").as_bytes()).await, None);
    assert_eq!(call.await, None, "who cancelled has had their answer");
    assert_eq!((person.open.load(Ordering::SeqCst), person.times(), app.ran()), (0, 2, 0));
    assert_eq!(app.records("cancelled").last().unwrap()["why"], "by-page");
    app.is_in_order();
}

#[tokio::test]
async fn a_broker_that_ends_does_not_wait_for_the_person() {
    let person = Person::who([Does::Wait]);
    let app = app(Some(&person));
    let calling = asking(&app, &person).await;
    app.broker.shutdown().await;
    assert_eq!(calling.await.unwrap().unwrap_err()["code"], "unavailable");
    assert_eq!((person.open.load(Ordering::SeqCst), app.ran()), (0, 0));
}

/// What the policy allows as before goes on being asked, whatever else has changed.
#[tokio::test]
async fn another_policy_that_asks_the_same_changes_nothing() {
    let person = Person::who([Does::Wait]);
    let app = app(Some(&person));
    let calling = asking(&app, &person).await;
    put(&app, &POLICY.replace("\"work.free\"", "\"work.free\", \"app.info\""));
    assert_eq!((calling.is_finished(), person.open.load(Ordering::SeqCst)), (false, 1));
    calling.abort();
}

/// What is not asked about any more is asked about no longer: and what is now, and was not, is stopped.
#[tokio::test]
async fn a_call_that_would_have_to_be_asked_about_now_is_stopped() {
    let home = TempDir::new().unwrap();
    let ran = Arc::new(AtomicUsize::new(0));
    let policy = "version = 1\n[[capability]]\nid = \"w\"\nwindows = [\"editor\"]\n\
                  allow = [{ commands = [\"work.waits\"] }]\n";
    let inside = Arc::new(Notify::new());
    let arrived = Arc::clone(&inside);
    let waits = Command::new("work.waits", move |_: Call, _: NoArgs| {
        arrived.notify_one();
        std::future::pending::<Result<(), HandlerError>>()
    });
    let broker = builder(&home, policy, &ran).command(waits).build().unwrap();
    let peer = broker.connect("editor", &Origin::local()).unwrap();
    let mut call = Box::pin(peer.invoke("work.waits", json!({})));
    assert!(call.as_mut().now_or_never().is_none());
    inside.notified().await;
    let asking = policy.replace("\"work.waits\"]", "\"work.waits\"], ask = \"once\"");
    let reloaded = broker.reload_from(Sources::from_texts([("app.toml", asking)])).unwrap();
    assert_eq!(reloaded.cancelled, 1);
    assert_eq!(call.await.unwrap_err()["code"], "cancelled");
    let _ = Trigger::Api;
}

/// Nobody answers, or whoever asks is broken: none of that is a yes.
#[tokio::test(start_paused = true)]
async fn no_answer_is_no_yes() {
    let person = Person::who([Does::Wait, Does::Panic]);
    let app = app(Some(&person));
    let peer = app.peer("editor");
    for name in ["a", "b"] {
        let refused = peer.invoke("work.once", key(name)).await.unwrap_err();
        assert_eq!(
            (refused["code"].as_str(), app.reason()),
            (Some("denied"), "ask-unanswered".into())
        );
    }
    assert_eq!((person.open.load(Ordering::SeqCst), app.ran()), (0, 0));
    app.is_in_order();
}

/// The same question of several calls is put once: a yes for longer is for all of them, a no too, and
/// a yes for one call for one.
#[tokio::test(start_paused = true)]
async fn the_same_question_is_asked_once() {
    let yes = |lasting| Does::Say(Answer::Yes(lasting));
    #[rustfmt::skip]
    let cases: [(&str, Vec<Does>, usize, usize); 5] = [
        ("work.once", vec![yes(Lasting::ForGood)], 1, 4),
        ("work.session", vec![yes(Lasting::Session)], 1, 4),
        ("work.session", vec![Does::Say(Answer::No(Lasting::Call)), YES], 1, 0),
        ("work.session", vec![yes(Lasting::Call), Does::Say(Answer::No(Lasting::Call)), YES], 2, 1),
        ("work.each", vec![YES; 4], 4, 4),
    ];
    for (command, does, times, ran) in cases {
        let person = Person::who(does);
        let app = app(Some(&person));
        let peer = app.peer("editor");
        let calls = (0..4).map(|_| peer.invoke(command, key("a")));
        let answers = futures_util::future::join_all(calls).await;
        let well = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!((person.times(), app.ran(), well), (times, ran, ran), "{command}");
        app.is_in_order();
    }
}

/// A window that asks without end is refused, and costs another no more than its share.
#[tokio::test(start_paused = true)]
async fn a_window_that_asks_without_end_is_refused() {
    let person = Person::who([Does::Wait]);
    let app = app(Some(&person));
    let peer = app.peer("editor");
    let calls: Vec<_> = (0..20)
        .map(|n| {
            let peer = Arc::clone(&peer);
            tokio::spawn(async move { peer.invoke("work.each", key(&format!("k{n}"))).await })
        })
        .collect();
    person.hears.notified().await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(calls.iter().filter(|call| call.is_finished()).count(), 16);
    assert_eq!(app.reason(), "ask-busy");
    let other = app.peer("preview");
    let other = tokio::spawn(async move { other.invoke("work.each", key("a")).await });
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(!other.is_finished(), "it has a place in the row");
    app.broker.revoke(Revoke::Window(&WindowLabel::parse("editor").unwrap()), "a test");
    other.await.unwrap().unwrap_err();
    assert_eq!((person.times(), app.ran()), (2, 0));
    app.is_in_order();
}
