//! Hosts that go on with streams as no honest bridge does: credit that nobody gave ends the host,
//! what is only late does nothing, and a host that takes nothing holds nobody up but itself.

use std::{thread, time::Duration};

use serde_json::json;
use sidegate::wire::{Calls, DocumentId, FromHost};
use sidegate_tests::wait;

use crate::broker_stage::{Heard, LIMIT, Puppet, Stage};

/// Longer than anything that is on its way.
const QUIET: Duration = Duration::from_millis(300);

/// Says a call of this kind, or a step of one.
fn says(host: &mut Puppet, kind: char, token: &str, id: u64, rest: Option<&[u8]>) {
    let mut message = format!("{kind}{token} {id}").into_bytes();
    if let Some(rest) = rest {
        message.push(b'\n');
        message.extend_from_slice(rest);
    }
    let window = host.window();
    host.says(window, 1, &message);
}

fn goes_on(host: &mut Puppet, kind: char, token: &str, id: u64, command: &str) {
    let text = json!({ "command": command }).to_string();
    says(host, kind, token, id, Some(text.as_bytes()));
}

#[test]
fn steps_without_credit_end_the_host() {
    let long = vec![b'x'; Calls::MAX_CHUNK + 1];
    let steps: [(&str, char, u64, Option<&[u8]>); 9] = [
        ("a call never made is taken from", 'a', 99, None),
        ("a call never made gets a chunk", 'b', 99, Some(b"x")),
        ("a call never made is ended", 'e', 99, None),
        ("more is taken than was sent", 'a', 1, None),
        ("a stream without a body gets a chunk", 'b', 1, Some(b"x")),
        ("a stream without a body is ended", 'e', 1, None),
        ("more is sent than there is credit for", 'b', 2, Some(b"x")),
        ("a chunk is too long", 'b', 2, Some(&long)),
        ("a chunk is empty", 'b', 2, Some(b"")),
    ];
    for (what, kind, id, rest) in steps {
        let stage = Stage::with(&["left"]);
        let mut host = stage.ready_host(1);
        let window = host.window();
        let token = host.commits(window, 1);
        goes_on(&mut host, 's', &token, 1, "test.window");
        goes_on(&mut host, 'C', &token, 2, "test.first");
        let heard = host.hears_until_quiet(QUIET);
        let items = heard.iter().filter(|heard| is_item(heard)).count();
        assert_eq!(items, Calls::WINDOW, "{what}");
        // What comes after these is one more than there may be. Of what is taken one place goes to
        // the item that the stream waits to make.
        let honest = match (what.starts_with("more"), kind) {
            (true, 'a') => Calls::WINDOW + 1,
            (true, _) => Calls::WINDOW,
            (false, _) => 0,
        };
        (0..honest).for_each(|_| says(&mut host, kind, &token, id, rest));
        says(&mut host, kind, &token, id, rest);
        let why = stage.killed(host.pid);
        assert!(why.contains("without the credit"), "{what}: {why}");
        let refusals = |record: &sidegate::audit::Entry| record.text("reason") == Some("no-credit");
        assert_eq!(stage.count(refusals), 1, "{what}");
    }
}

fn is_item(heard: &Heard) -> bool {
    matches!(heard, Heard::Reply { json, .. } if json.get("item").is_some())
}

#[test]
fn what_is_late_does_nothing() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    goes_on(&mut host, 's', &token, 1, "test.none");
    goes_on(&mut host, 'C', &token, 2, "test.body");
    says(&mut host, 'x', &token, 2, None);
    let heard: Vec<_> =
        host.hears_until_quiet(QUIET).into_iter().filter_map(Heard::reply).collect();
    let of =
        |id: u64| heard.iter().filter(move |json| json["id"] == id && json.get("open").is_none());
    assert_eq!(of(1).count(), 1, "{heard:?}");
    assert!(of(2).filter(|json| json.get("more").is_none()).count() <= 1, "{heard:?}");
    for id in [1, 2] {
        says(&mut host, 'a', &token, id, None);
        says(&mut host, 'b', &token, id, Some(b"late"));
        says(&mut host, 'e', &token, id, None);
        says(&mut host, 'x', &token, id, None);
    }
    let answer = host.asks((window, 1), &token, 3, "test.echo", &json!({ "text": "here" }));
    assert_eq!(answer["ok"], "here");
}

#[test]
fn a_host_that_takes_nothing_is_not_worked_for_and_others_go_on() {
    let stage = Stage::with(&["left", "other"]);
    let [mut greedy, mut other] = stage.two_ready_hosts();
    let window = greedy.window();
    let token = greedy.commits(window, 1);
    for id in 1..=64 {
        goes_on(&mut greedy, 's', &token, id, "test.endless");
    }
    let all = 64 * Calls::WINDOW;
    let sent = wait::until(LIMIT, || stage.tally.begun() == all);
    assert!(sent.is_some(), "{}", stage.tally.begun());
    thread::sleep(QUIET);
    assert_eq!(stage.tally.begun(), all);
    let (window, token) = (other.window(), other.commits(other.window(), 1));
    let answer = other.asks((window, 1), &token, 1, "test.echo", &json!({ "text": "here" }));
    assert_eq!(answer["ok"], "here");
}

#[test]
fn g08_another_document_ends_what_the_one_before_it_streamed() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    goes_on(&mut host, 's', &token, 1, "test.endless");
    goes_on(&mut host, 'C', &token, 2, "test.body");
    host.hears_until_quiet(QUIET);
    host.say(&FromHost::Committed { window, document: DocumentId(2) });
    for command in ["test.endless", "test.body"] {
        stage.record("its end", |record| {
            record.event() == "ended"
                && record.text("command") == Some(command)
                && record.text("outcome") == Some("stopped")
        });
    }
    let begun = stage.tally.begun();
    assert!(host.hears_until_quiet(QUIET).iter().all(|heard| !is_item(heard)));
    assert_eq!(stage.tally.begun(), begun);
}
