//! Hosts that are dead: what they had said is nobody's any more, however far it had come.

use std::time::Duration;

use serde_json::json;
use sidegate::audit::Entry;
use sidegate::wire::{DocumentId, FromHost, Power};
use sidegate_tests::{Process, hostile::Order, soak, wait};

use crate::broker_stage::{LIMIT, Stage, call, frame, kill, message};

/// Calls of a host that dies with them on their way.
const CALLS: u64 = 25;

/// Hosts that die: ten thousand calls in all, and a hundredth in an ordinary run.
const FULL: u64 = 10_000 / CALLS;

/// How far the calls had come when their host died.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Were {
    /// They were in the socket, and the broker was busy with something else.
    Unread,
    /// They had come in one piece with what keeps the broker busy: they were read ahead, or were judged
    /// and waited for their turn.
    InOnePiece,
}

/// What the broker is told of an end comes after the end. Here it is kept busy by a handler while its
/// host dies, so that it knows of it only when it goes on.
#[test]
fn a05_no_handler_begins_for_a_host_that_is_dead() {
    let rounds = if soak() { FULL } else { FULL / 100 };
    for round in 0..rounds {
        a_death(if round % 2 == 0 { Were::Unread } else { Were::InOnePiece });
    }
}

fn a_death(were: Were) {
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    let of_page = |id, command| frame(&message(window, 1, &call(&token, id, command, &json!({}))));
    let mut rest: Vec<u8> = (2..=CALLS).flat_map(|id| of_page(id, "test.count")).collect();
    // What it asks for without a call is not decided either, and a stream does not begin.
    let (document, url) = (DocumentId(1), Some("https://example.com/a/b".to_owned()));
    let ask = FromHost::Ask { window, document, number: 1, power: Power::Navigate, url };
    rest.extend(of_page(CALLS + 1, "test.never"));
    if were == Were::Unread {
        rest.extend(frame(&ask));
    }

    let busy = stage.tally.hold();
    let first = of_page(1, "test.busy");
    let is_busy = || wait::until(LIMIT, || stage.tally.begun() == 1).is_some();
    match were {
        Were::Unread => {
            host.does(&Order::Write(first)).unwrap();
            assert!(is_busy());
            host.does(&Order::Write(rest)).unwrap();
        }
        Were::InOnePiece => {
            host.does(&Order::Write([first, rest].concat())).unwrap();
            assert!(is_busy());
        }
    }
    let process = Process::seen(host.pid).unwrap();
    kill(host.pid);
    // Its first thread may have ended while another is ending: only then is the process at its end.
    let threads =
        || std::fs::read_dir(format!("/proc/{}/task", host.pid)).map_or(0, Iterator::count);
    let dead = wait::until(LIMIT, || !process.lives() && threads() <= 1);
    assert!(dead.is_some(), "it does not die");
    drop(busy);

    let end = stage.record("its end", |record| {
        record.event() == "host"
            && record.number("pid") == Some(u64::from(host.pid))
            && ["exited", "killed"].contains(&record.text("state").unwrap_or_default())
    });
    let over = wait::until(LIMIT, || stage.tally.begun() == stage.tally.over());
    assert!(over.is_some(), "{were:?}: a handler goes on after {end:?}");
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(stage.tally.begun(), 1, "{were:?}: a handler began for a host that is dead");

    let of = |record: &Entry, command| record.text("command") == Some(command);
    let kind = |event: &'static str, command: &'static str| {
        stage.count(|record| record.event() == event && of(record, command))
    };
    assert_eq!(kind("call", "webview.navigate"), 0, "{were:?}");
    let judged = kind("call", "test.count");
    let stopped = kind("cancelled", "test.count");
    assert_eq!(judged, stopped, "{were:?}: each that was allowed has its end in the log");
    assert!(were == Were::InOnePiece || judged == 0, "{judged} were read after the end");
}
