//! Handlers that panic, dawdle or never end, and calls that are stopped: each call has one
//! outcome, and none starts that was revoked.

use std::time::Duration;

use serde_json::{Value, json};
use sidegate::wire::{DocumentId, FromHost};
use sidegate_tests::{hostile::Order, wait};

use crate::broker_stage::{Heard, LIMIT, Puppet, Stage, call, frame, kill, message};

/// Longer than any reply that is on its way.
const QUIET: Duration = Duration::from_millis(300);

fn cancel(host: &mut Puppet, token: &str, id: u64) {
    let window = host.window();
    host.says(window, 1, format!("x{token} {id}").as_bytes());
}

/// How many replies to this call are heard until it is quiet.
fn replies(host: &mut Puppet) -> Vec<Value> {
    host.hears_until_quiet(QUIET).into_iter().filter_map(Heard::reply).collect()
}

fn wait_for(what: &str, condition: impl FnMut() -> bool) {
    assert!(wait::until(LIMIT, condition).is_some(), "{what}");
}

#[test]
fn j01_a_panic_is_an_error_of_one_call() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    let kinds = ["test.panic", "test.panic_later", "test.panic_last"];
    for (command, id) in kinds.into_iter().cycle().take(300).zip(1..) {
        let reply = host.asks((window, 1), &token, id, command, &json!({}));
        assert_eq!(reply["error"]["code"], "failed", "{command}");
        assert!(!reply.to_string().contains("secret"), "{command}: {reply}");
    }
    let answer = host.asks((window, 1), &token, 1000, "test.echo", &json!({ "text": "here" }));
    assert_eq!(answer["ok"], "here");
}

#[test]
fn j02_a_handler_that_never_ends_has_a_deadline() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    // Three times as many as a document may have at once: each frees its place.
    for round in 0..3 {
        for id in 1..=64 {
            host.calls((window, 1), &token, round * 64 + id, "test.late", &json!({}));
        }
        for id in 1..=64 {
            let reply = host.reply(window, round * 64 + id);
            assert_eq!(reply["error"]["code"], "timeout", "{reply}");
        }
    }
    assert_eq!((stage.tally.begun(), stage.tally.over()), (192, 192));
}

#[test]
fn j02_calls_in_flight_are_bounded_and_others_go_on() {
    let stage = Stage::with(&["left", "right"]);
    let mut host = stage.ready_host(2);
    let (left, right) = (host.windows()[0].1, host.windows()[1].1);
    let (of_left, of_right) = (host.commits(left, 1), host.commits(right, 1));
    for id in 1..=65 {
        host.calls((left, 1), &of_left, id, "test.sleep", &json!({ "millis": 60_000 }));
    }
    assert_eq!(host.reply(left, 65)["error"]["code"], "busy");
    assert_eq!(stage.refusal(65), "in-flight");
    wait_for("every other call to begin", || stage.tally.begun() == 64);
    let answer = host.asks((right, 1), &of_right, 1, "test.echo", &json!({ "text": 1 }));
    assert_eq!(answer["ok"], 1);
}

#[test]
fn j04_a_cancelled_call_ends_without_a_reply() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    cancel(&mut host, &token, 1);
    host.calls((window, 1), &token, 1, "test.never", &json!({}));
    wait_for("a call that was cancelled before it was made is made", || stage.tally.begun() == 1);
    cancel(&mut host, &token, 1);
    cancel(&mut host, &token, 1);
    wait_for("the handler was stopped", || stage.tally.over() == 1);
    assert_eq!(replies(&mut host), [] as [Value; 0]);
    let answer = host.asks((window, 1), &token, 2, "test.echo", &json!({ "text": 1 }));
    assert_eq!(answer["ok"], 1);
    cancel(&mut host, &token, 2);
    assert_eq!(replies(&mut host), [] as [Value; 0], "a second outcome");
}

#[test]
fn j04_a_race_of_answer_and_cancellation_has_one_outcome() {
    const CALLS: u64 = 500;
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    for id in 1..=CALLS {
        let mut bytes = frame(&message(
            window,
            1,
            &call(&token, id, "test.sleep", &json!({ "millis": id % 3 })),
        ));
        if id % 7 < 3 {
            // In one piece, so that the two meet.
            bytes.extend(frame(&message(window, 1, format!("x{token} {id}").as_bytes())));
            host.does(&Order::Write(bytes)).unwrap();
        } else {
            host.does(&Order::Write(bytes)).unwrap();
            std::thread::sleep(Duration::from_micros(id * 37 % 2500));
            cancel(&mut host, &token, id);
        }
    }
    let mut ids: Vec<u64> =
        replies(&mut host).iter().map(|reply| reply["id"].as_u64().unwrap()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "two replies to one call");
    assert!(0 < count && count < 500, "no race: {count} of {CALLS} were answered");
    assert_eq!(stage.tally.begun(), stage.tally.over());
    // All places are free again.
    for id in 1..=64 {
        host.calls((window, 1), &token, CALLS + id, "test.never", &json!({}));
    }
    let before = stage.tally.over();
    wait_for("64 start", || stage.tally.begun() == before + 64);
}

#[test]
fn g06_a_navigation_stops_what_runs_and_nothing_starts_after_it() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    for id in 1..=32 {
        host.calls((window, 1), &token, id, "test.never", &json!({}));
    }
    wait_for("32 run", || stage.tally.begun() == 32);
    let mut bytes = Vec::new();
    bytes.extend(frame(&FromHost::Committed { window, document: DocumentId(2) }));
    for id in 33..=40 {
        bytes.extend(frame(&message(window, 1, &call(&token, id, "test.never", &json!({})))));
    }
    host.does(&Order::Write(bytes)).unwrap();
    wait_for("those that ran were stopped", || stage.tally.over() == 32);
    let refused = replies(&mut host);
    assert_eq!(refused.len(), 8, "{refused:?}");
    assert!(refused.iter().all(|reply| reply["error"]["code"] == "denied"), "{refused:?}");
    assert_eq!(stage.tally.begun(), 32, "one started after the revocation");
    assert_eq!(stage.refusal(40), "token-unknown");
}

#[test]
fn g06_what_is_written_together_with_a_navigation_does_not_outlive_it() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    for document in (1..=99).step_by(2) {
        let token = host.commits(window, document);
        let calls = (1..=8).flat_map(|id| {
            frame(&message(window, document, &call(&token, id, "test.never", &json!({}))))
        });
        let next = DocumentId(document + 1);
        let navigation = frame(&FromHost::Committed { window, document: next });
        host.does(&Order::Write(calls.chain(navigation).collect())).unwrap();
    }
    let token = host.commits(window, 101);
    host.asks((window, 101), &token, 1, "test.echo", &json!({}));
    wait_for("all are over", || stage.tally.begun() == stage.tally.over());
    let allowed = |record: &sidegate::audit::Entry| {
        record.text("command") == Some("test.never") && record.text("verdict") == Some("allow")
    };
    assert_eq!(stage.count(allowed), 50 * 8, "they were allowed, and stopped");
}

#[test]
fn i11_the_calls_of_a_host_that_was_killed_are_stopped() {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    for id in 1..=64 {
        host.calls((window, 1), &token, id, "test.never", &json!({}));
    }
    wait_for("64 run", || stage.tally.begun() == 64);
    kill(host.pid);
    wait_for("all are over", || stage.tally.over() == 64);
    let revoked = |record: &sidegate::audit::Entry| record.text("state") == Some("revoked");
    stage.record("the token was revoked", revoked);
}
