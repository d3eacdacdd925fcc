//! Messages that an honest host never sends: each of them ends the host that sends it, and
//! touches no other.

use serde_json::json;
use sidegate::wire::{
    DocumentId, FromHost, HostReport, PROTOCOL, Power, SandboxLevel, Stance, WindowId,
};

use crate::broker_stage::{Heard, Stage, asset, message, ready};

const PAGE: &str = "app://localhost/index.html";

/// What can be said of a window.
fn about(window: WindowId) -> [FromHost<'static>; 10] {
    let document = DocumentId(2);
    let (fullscreen, visible, focused, always_on_top) = (false, true, false, false);
    let (x, y, width, height) = (1, 2, 640, 480);
    let stance = Stance { x, y, width, height, fullscreen, visible, focused, always_on_top };
    [
        FromHost::Committed { window, document },
        FromHost::Document { window, document, url: PAGE.to_owned() },
        message(window, 1, b"x"),
        asset(window, 1),
        FromHost::Closed { window },
        FromHost::Crashed { window },
        FromHost::Dropped { window, why: "nothing".to_owned() },
        FromHost::Ask { window, document, number: 1, power: Power::Print, url: None },
        FromHost::Stands { window, stance },
        FromHost::Chosen { window, number: 0 },
    ]
}

#[test]
fn a08_a_host_that_speaks_of_another_hosts_window_is_ended() {
    for number in 0..about(WindowId(0)).len() {
        let stage = Stage::with(&["left", "other"]);
        let [mut victim, mut attacker] = stage.two_ready_hosts();
        let window = victim.window();
        let token = victim.commits(window, 1);
        let said = about(window).into_iter().nth(number).unwrap();
        attacker.say(&said);
        let why = stage.killed(attacker.pid);
        assert!(why.contains("not one of its own"), "{said:?}: {why}");
        assert!(attacker.is_gone(), "{said:?}");
        let answer = victim.asks((window, 1), &token, 1, "test.count", &json!({}));
        assert_eq!(answer["ok"], 1, "{said:?}");
        let suffered = |record: &sidegate::audit::Entry| {
            record.text("window") == Some("left")
                && matches!(record.text("state"), Some("closed" | "lost" | "revoked"))
        };
        assert_eq!(stage.count(suffered), 0, "{said:?}");
    }
}

#[test]
fn a08_a_window_that_nobody_has_is_nobodys() {
    for number in 0..about(WindowId(0)).len() {
        let stage = Stage::with(&["left"]);
        let mut host = stage.ready_host(1);
        let said = about(WindowId(u32::MAX)).into_iter().nth(number).unwrap();
        host.say(&said);
        assert!(stage.killed(host.pid).contains("not one of its own"), "{said:?}");
    }
}

#[test]
fn j10_what_comes_in_the_wrong_order_or_unasked_ends_the_host() {
    let of = |window: WindowId, number: u64| -> Vec<FromHost<'static>> {
        let committed = |number| FromHost::Committed { window, document: DocumentId(number) };
        let document = |number| FromHost::Document {
            window,
            document: DocumentId(number),
            url: PAGE.to_owned(),
        };
        match number {
            0 => vec![document(1)],
            1 => vec![committed(1), document(2)],
            2 => vec![committed(1), document(1), document(1)],
            3 => vec![committed(2), committed(1)],
            4 => vec![committed(1), committed(1)],
            5 => vec![FromHost::Closed { window }, FromHost::Closed { window }],
            6 => vec![ready()],
            // J10: nothing was asked by that number.
            _ => vec![FromHost::Pong { number: 1 << 40 }],
        }
    };
    for number in 0..8 {
        // The second window keeps the host alive where the first was closed.
        let stage = Stage::with(&["left", "right"]);
        let mut host = stage.ready_host(2);
        for said in of(host.window(), number) {
            host.say(&said);
        }
        let why = stage.killed(host.pid);
        let expected = match number {
            5 => "not one of its own",
            6 => "ready a second time",
            7 => "answered what it was not asked",
            _ => "follows a later one",
        };
        assert!(why.contains(expected), "{number}: {why}");
    }
}

/// What it was asked it may answer, once: the same answer a second time, and one to a question that was put
/// before it, are answers to nothing.
#[test]
fn j10_an_answer_is_good_once_and_not_for_the_question_before() {
    for late in [false, true] {
        let stage = Stage::with(&["left", "other"]);
        let [mut host, mut beside] = stage.two_ready_hosts();
        let mut asked = || {
            let heard = host.hears("a ping", |heard| matches!(heard, Heard::Ping { .. }));
            let Heard::Ping { number } = heard else { panic!("a ping") };
            number
        };
        let first = asked();
        let newest = if late { asked() } else { first };
        host.say(&FromHost::Pong { number: newest });
        let window = host.window();
        let token = host.commits(window, 1);
        let answer = host.asks((window, 1), &token, 1, "test.count", &json!({}));
        assert_eq!(answer["ok"], 1, "what was asked may be answered");
        host.say(&FromHost::Pong { number: first });
        assert!(stage.killed(host.pid).contains("answered what it was not asked"), "{late}");
        assert!(host.is_gone());
        let window = beside.window();
        let token = beside.commits(window, 1);
        assert_eq!(beside.asks((window, 1), &token, 1, "test.count", &json!({}))["ok"], 2);
    }
}

#[test]
fn nothing_comes_before_a_host_is_ready() {
    for said in about(WindowId(1)) {
        let stage = Stage::with(&["left"]);
        let mut host = stage.next_host();
        host.say(&said);
        let why = stage.killed(host.pid);
        assert!(why.contains("first message was not that it is ready"), "{said:?}: {why}");
        assert_eq!(stage.count(|record| record.event() == "window"), 0, "{said:?}");
    }
}

#[test]
fn a_host_of_another_build_is_not_tried_again() {
    let mut stage = Stage::with(&["left"]);
    let mut host = stage.next_host();
    let report =
        HostReport { protocol: PROTOCOL + 1, level: SandboxLevel::None, missing: Vec::new() };
    host.say(&FromHost::Ready(report));
    let error = stage.ended().unwrap_err().to_string();
    assert!(error.contains("the host of left was given up"), "{error}");
    let version = format!("version {} of the protocol", PROTOCOL + 1);
    assert!(error.contains(&version), "{error}");
}
