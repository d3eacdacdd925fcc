//! Hosts that die, and what they leave behind.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, thread,
    time::Duration,
};

use serde_json::json;
use sidegate::{audit::verify, wire::FromHost};
use sidegate_tests::hostile::Order;

use crate::broker_stage::{Heard, Puppet, Stage, kill};

#[test]
fn i10_a_host_that_died_comes_back_with_its_windows_and_other_tokens() {
    let stage = Stage::with(&["left", "right", "other"]);
    let [mut host, mut other] = stage.two_ready_hosts();
    host.hear_a_window();
    let others_window = other.window();
    let others_token = other.commits(others_window, 1);
    let window = host.window();
    let token = host.commits(window, 1);
    host.asks((window, 1), &token, 1, "test.count", &json!({}));
    kill(host.pid);

    let mut next = stage.ready_host(2);
    let labels: Vec<_> = next.windows().iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(labels, ["left", "right"]);
    assert_ne!(next.window(), window, "a window has its number for its life");
    let new_window = next.window();
    let new_token = next.commits(new_window, 1);
    assert_ne!(new_token, token);
    next.asks((new_window, 1), &token, 11, "test.count", &json!({}));
    assert_eq!(stage.refusal(11), "token-unknown");
    assert_eq!(next.asks((new_window, 1), &new_token, 12, "test.count", &json!({}))["ok"], 2);
    let answer = other.asks((others_window, 1), &others_token, 1, "test.count", &json!({}));
    assert_eq!(answer["ok"], 3, "the other host has noticed nothing");
}

#[test]
fn i10_a_host_that_dies_again_and_again_is_given_up() {
    let mut stage = Stage::with(&["left", "other"]);
    let [mut host, mut other] = stage.two_ready_hosts();
    for _ in 0..5 {
        host.order(&Order::End(0));
        host = stage.ready_host(1);
        assert_eq!(host.windows()[0].0, "left");
    }
    host.order(&Order::End(0));
    let given_up = stage.record("it was given up", |record| {
        record.event() == "host" && record.text("state") == Some("given_up")
    });
    assert_eq!(given_up.text("why"), Some("it hung up"));
    assert!(stage.host_within(Duration::from_secs(1)).is_none(), "it was tried again");
    let window = other.window();
    let token = other.commits(window, 1);
    assert_eq!(other.asks((window, 1), &token, 1, "test.count", &json!({}))["ok"], 1);
    let error = stage.end().unwrap_err().to_string();
    assert_eq!(error, "the host of left was given up: it hung up");
}

#[test]
fn i13_a_host_is_asked_to_quit_when_the_app_ends_and_ended_if_it_does_not() {
    for (reads, ended) in [(true, "exited"), (false, "killed")] {
        let mut stage = Stage::with(&["left"]);
        let mut host = stage.ready_host(1);
        if !reads {
            host.does(&Order::StopReading).unwrap();
        }
        assert_eq!(stage.end(), Ok(()));
        assert!(host.is_gone());
        let last = stage.record("how it ended", |record| {
            matches!(record.text("state"), Some("exited" | "killed"))
        });
        assert_eq!(last.text("state"), Some(ended));
        assert_eq!(last.text("why"), Some("the app ends"));
    }
}

#[test]
fn i13_a_host_whose_last_window_was_closed_quits_and_the_app_with_it() {
    let mut stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    host.say(&FromHost::Closed { window: host.window() });
    assert_eq!(stage.ended(), Ok(()));
    let last = stage
        .record("how it ended", |record| matches!(record.text("state"), Some("exited" | "killed")));
    assert_eq!(last.text("state"), Some("exited"), "it was not asked");
}

#[test]
fn what_was_answered_before_a_host_was_killed_is_on_the_disk_and_in_the_log() {
    const ROUNDS: u64 = 50;
    let mut answered = 0;
    for round in 0..ROUNDS {
        let mut stage = Stage::with(&["left"]);
        let mut host = stage.ready_host(1);
        let window = host.window();
        let token = host.commits(window, 1);
        // Another moment each time: from before the first answer until well into the writing.
        let moment = Duration::from_micros(round * 797);
        let pid = host.pid;
        let killer = thread::spawn(move || {
            thread::sleep(moment);
            kill(pid);
        });
        for id in 1..=40 {
            let args = json!({ "path": format!("$APPDATA/{id}.txt"), "text": text(round, id) });
            host.calls((window, 1), &token, id, "fs.write_text", &args);
        }
        killer.join().unwrap();
        assert!(host.is_gone());
        stage.end().unwrap();

        assert!(verify(&stage.log()).unwrap().is_good(), "round {round}");
        let recorded: BTreeSet<u64> = stage
            .records()
            .iter()
            .filter(|record| record.text("verdict") == Some("allow"))
            .filter_map(|record| record.number("call"))
            .collect();
        for (id, ok) in answers(&mut host) {
            assert!(ok, "round {round}: call {id} failed");
            assert!(recorded.contains(&id), "round {round}: call {id} is not in the log");
            let written = fs::read_to_string(stage.data().join(format!("{id}.txt"))).unwrap();
            assert_eq!(written, text(round, id), "round {round}: call {id}");
            answered += 1;
        }
    }
    assert!(0 < answered && answered < ROUNDS * 40, "no race: {answered} answers");
}

/// The calls that had an answer, and whether it was a good one.
fn answers(host: &mut Puppet) -> BTreeMap<u64, bool> {
    let heard = host.hears_until_quiet(Duration::from_millis(20));
    let replies = heard.into_iter().filter_map(Heard::reply);
    replies.map(|reply| (reply["id"].as_u64().unwrap(), reply["ok"].is_object())).collect()
}

/// What a call writes: another text for each.
fn text(round: u64, id: u64) -> String {
    format!("{round} {id} ").repeat(2000)
}
