//! What a host asks without a call: it is the document that asks, and the log has the answer before
//! the host does.

use std::sync::Arc;

use sidegate::wire::{DocumentId, FromHost, Power, WindowId};
use tokio::sync::Semaphore;

use crate::broker_stage::{Heard, Puppet, Stage, kill};

/// Asks, and waits for the answer.
fn ask(
    host: &mut Puppet,
    (window, document): (WindowId, u64),
    number: u64,
    power: Power,
    url: Option<&str>,
) -> bool {
    let (document, url) = (DocumentId(document), url.map(str::to_owned));
    host.say(&FromHost::Ask { window, document, number, power, url });
    answer(host, number)
}

fn answer(host: &mut Puppet, number: u64) -> bool {
    let is =
        |heard: &Heard| matches!(heard, Heard::Answer { number: found, .. } if *found == number);
    let Heard::Answer { allowed, .. } = host.hears("an answer", is) else { panic!("no answer") };
    allowed
}

#[test]
fn c17_a_power_is_decided_for_the_document_that_asks() {
    let stage = Stage::with(&["left", "other"]);
    let [mut left, mut other] = stage.two_ready_hosts();
    let (window, stranger) = (left.window(), other.window());
    assert!(!ask(&mut left, (window, 1), 1, Power::Print, None), "there is no document yet");
    assert_eq!(stage.refusal(1), "origin-unproved");
    let _token = left.commits(window, 1);
    let _token = other.commits(stranger, 1);
    assert!(ask(&mut left, (window, 1), 2, Power::Print, None));
    let written =
        |number: u64| stage.count(|it| it.event() == "call" && it.number("call") == Some(number));
    assert_eq!(written(2), 1, "before it was answered");
    for (number, document, power, url, expected) in [
        (3, 1, Power::Camera, None, Some("not-granted")),
        (4, 2, Power::Print, None, Some("origin-unproved")),
        (5, 0, Power::Print, None, Some("origin-unproved")),
        (6, 1, Power::Navigate, Some("https://example.com/a/b?c"), None),
        (7, 1, Power::Navigate, Some("https://example.com/b"), Some("out-of-scope")),
        (8, 1, Power::Navigate, Some("https://example.com.evil/a/b"), Some("out-of-scope")),
        (9, 1, Power::Navigate, Some("file:///etc/passwd"), Some("argument-invalid")),
        (10, 1, Power::Navigate, None, Some("argument-missing")),
        (11, 1, Power::OpenWindow, Some("app://localhost/x.html"), Some("not-granted")),
        (12, 1, Power::Print, Some("https://example.com/a/b"), Some("scope-missing")),
    ] {
        let answer = ask(&mut left, (window, document), number, power, url);
        assert_eq!(answer, expected.is_none(), "{number}");
        if let Some(reason) = expected {
            assert_eq!(stage.refusal(number), reason, "{number}");
        }
    }
    assert!(!ask(&mut other, (stranger, 1), 13, Power::Print, None), "another principal");
    // Twice a minute, whoever it is that asks.
    assert!(!ask(&mut left, (window, 1), 14, Power::Print, None));
    assert_eq!(stage.refusal(14), "rate");
    left.say(&FromHost::Committed { window, document: DocumentId(2) });
    assert!(!ask(&mut left, (window, 1), 15, Power::Navigate, Some("https://example.com/a/b")));
    assert_eq!(stage.refusal(15), "origin-unproved");
}

/// The host is told that its question is with the person, and hears their yes; what ends its document or
/// itself ends the question, which is in the log.
#[test]
fn c17_a_power_waits_for_the_person_as_long_as_its_document_is_there() {
    let yes = Arc::new(Semaphore::new(0));
    let stage = Stage::with_a_person("left", &yes);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let put = |host: &mut Puppet, document, number| {
        let (document, power) = (DocumentId(document), Power::Geolocation);
        host.say(&FromHost::Ask { window, document, number, power, url: None });
        host.hears("that the person is asked", |heard| *heard == Heard::Asking { number });
    };
    let ended = |number| {
        let record = stage
            .record("an end", |it| it.event() == "cancelled" && it.number("call") == Some(number));
        assert_eq!(record.text("command"), Some("webview.geolocation"));
        record.text("why").unwrap_or_default().to_owned()
    };
    let _token = host.commits(window, 1);
    put(&mut host, 1, 1);
    assert_eq!(stage.count(|it| it.event() == "call"), 0, "nothing is decided yet");
    yes.add_permits(1);
    assert!(answer(&mut host, 1));
    assert_eq!(stage.count(|it| it.event() == "call" && it.number("call") == Some(1)), 1);
    put(&mut host, 1, 2);
    let _token = host.commits(window, 2);
    assert_eq!(ended(2), "gone");
    assert!(!answer(&mut host, 2));
    put(&mut host, 2, 3);
    kill(host.pid);
    assert_eq!(ended(3), "gone");
    assert_eq!(stage.count(|it| it.event() == "call"), 1, "of the first alone");
}
