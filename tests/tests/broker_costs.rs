//! What a hostile host may cost the broker, and the hosts beside it: descriptors, memory,
//! processor time, room in the log, and their patience. Since the broker is in this process and
//! all of it is measured, the tests here run one after another.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

mod broker_stage;

use std::{
    fs,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sidegate::wire::{DocumentId, FromHost, MAX_FROM_HOST};
use sidegate_tests::{hostile::Order, wait};

use broker_stage::{
    LIMIT, Puppet, Stage, asset, call, frame, message, open_descriptors, processor_time,
    resident_bytes,
};

/// So many messages are a flood: an honest host sends about so many in an hour.
const FLOOD: u64 = 100_000;

/// No answer to an honest call takes longer, whatever happens beside it.
const WORST: Duration = Duration::from_secs(1);

fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a06_no_descriptor_stays() {
    let _turn = alone();
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    let before = open_descriptors();
    for count in [1, 2, 253] {
        host.order(&Order::WriteWithDescriptors(frame(&asset(host.window(), 1)), count));
        assert!(stage.killed(host.pid).contains("descriptors"), "{count}");
        host = stage.ready_host(1);
        let same = wait::until(LIMIT, || open_descriptors() == before);
        assert!(same.is_some(), "{count}: {before} descriptors became {}", open_descriptors());
    }
}

#[test]
fn a07_a_host_that_leaves_off_costs_no_time() {
    const IDLE: Duration = Duration::from_secs(3);
    let _turn = alone();
    for bytes in [&[][..], &[9], &[9, 0, 0, 0], &[9, 0, 0, 0, 1, 1, 1]] {
        let stage = Stage::with(&["left"]);
        let mut host = stage.ready_host(1);
        host.does(&Order::Write(bytes.to_vec())).unwrap();
        let before = processor_time();
        thread::sleep(IDLE);
        let spent = processor_time() - before;
        // One in a hundred; a loop that does not wait spends all of it.
        assert!(spent < IDLE / 100, "{bytes:?}: {spent:?}");
    }
}

#[test]
fn a07_a_host_that_hung_up_costs_no_time() {
    let _turn = alone();
    let stage = Stage::with(&["left"]);
    let mut host = stage.ready_host(1);
    host.does(&Order::ShutWriting).unwrap();
    let _next = stage.ready_host(1);
    let before = processor_time();
    thread::sleep(Duration::from_secs(2));
    let spent = processor_time() - before;
    assert!(spent < Duration::from_millis(20), "{spent:?}");
}

#[test]
fn d01_no_memory_is_taken_for_a_length_out_of_bounds() {
    let _turn = alone();
    let limit = u32::try_from(MAX_FROM_HOST).unwrap();
    for length in [limit + 1, 1 << 30, 1 << 31, u32::MAX] {
        let stage = Stage::with(&["left"]);
        let mut host = stage.ready_host(1);
        let before = resident_bytes();
        host.order(&Order::Write(length.to_le_bytes().to_vec()));
        let mut most = 0;
        let killed = wait::until(LIMIT, || {
            most = most.max(resident_bytes());
            stage.count(|record| record.text("state") == Some("killed")) > 0
        });
        assert!(killed.is_some(), "{length}");
        let taken = most.saturating_sub(before);
        assert!(taken < 8 << 20, "{length}: {taken} bytes");
    }
}

/// Makes calls one after another, a hundred a second, until `over` says so; the longest that one
/// of them took.
fn worst(victim: &mut Puppet, token: &str, mut over: impl FnMut() -> bool) -> Duration {
    let window = victim.window();
    let mut worst = Duration::ZERO;
    for id in 1.. {
        let start = Instant::now();
        let answer = victim.asks((window, 1), token, id, "test.echo", &json!({ "text": id }));
        assert_eq!(answer["ok"], id);
        worst = worst.max(start.elapsed());
        if over() {
            break;
        }
        thread::sleep(Duration::from_millis(10));
    }
    worst
}

/// A flood from one host, read by it or not, and what the host beside it notices. The flood is
/// over when its host was ended, or has written all of it and more is not to come.
fn flood(
    reads: bool,
    patience: Duration,
    flood: impl Fn(&Puppet, &str) -> Vec<u8>,
) -> (Stage, Puppet) {
    let stage = Stage::with(&["left", "other"]);
    let [mut victim, mut attacker] = stage.two_ready_hosts();
    let token = victim.commits(victim.window(), 1);
    let stolen = attacker.commits(attacker.window(), 1);
    if !reads {
        attacker.does(&Order::StopReading).unwrap();
    }
    let bytes = flood(&attacker, &stolen);
    let before = resident_bytes();
    let attack = thread::spawn(move || {
        let _ended = attacker.does(&Order::Write(bytes));
        attacker
    });
    let (worst, most) = thread::scope(|scope| {
        let most = scope.spawn(|| {
            let mut most = 0;
            while !attack.is_finished() {
                most = most.max(resident_bytes());
                thread::sleep(Duration::from_millis(2));
            }
            most
        });
        (worst(&mut victim, &token, || attack.is_finished()), most.join().unwrap())
    });
    assert!(worst < patience, "the worst call of the host beside took {worst:?}");
    let taken = most.saturating_sub(before);
    assert!(taken < 192 << 20, "{taken} bytes");
    (stage, attack.join().unwrap())
}

fn was_ended_for(stage: &Stage, attacker: &mut Puppet, why: &str) {
    let found = stage.killed(attacker.pid);
    assert!(found.contains(why), "{found}");
    assert!(attacker.is_gone());
}

fn assets(attacker: &Puppet, _: &str) -> Vec<u8> {
    (0..FLOOD).flat_map(|number| frame(&asset(attacker.window(), number))).collect()
}

fn calls_of(attacker: &Puppet, token: &str, command: &str, args: &Value, count: u64) -> Vec<u8> {
    let calls = (1..=count).map(|id| call(token, id, command, args));
    calls.flat_map(|call| frame(&message(attacker.window(), 1, &call))).collect()
}

#[test]
fn i03_a_flood_of_requests_that_is_not_read_ends_its_host_alone() {
    let _turn = alone();
    let (stage, mut attacker) = flood(false, WORST, assets);
    was_ended_for(&stage, &mut attacker, "assets at once");
}

#[test]
fn i03_a_flood_of_refused_calls_that_is_not_read_ends_its_host_alone() {
    let _turn = alone();
    let (stage, mut attacker) = flood(false, WORST, |attacker, token| {
        calls_of(attacker, token, "fs.read_text", &json!({ "path": "/etc/passwd" }), FLOOD)
    });
    was_ended_for(&stage, &mut attacker, "does not read");
    assert!(fs::metadata(stage.log()).unwrap().len() < 4 << 20);
}

#[test]
fn i03_a_flood_of_allowed_calls_that_is_not_read_ends_its_host_alone() {
    let _turn = alone();
    let (stage, mut attacker) = flood(false, WORST, |attacker, token| {
        calls_of(attacker, token, "test.echo", &json!({ "text": "x".repeat(100) }), FLOOD)
    });
    was_ended_for(&stage, &mut attacker, "does not read");
}

#[test]
fn i03_large_answers_that_are_not_read_are_not_kept() {
    let _turn = alone();
    // To make so many of them takes a debug build its time, whoever waits: memory is the matter.
    let (stage, mut attacker) = flood(false, LIMIT, |attacker, token| {
        calls_of(attacker, token, "test.large", &json!({ "bytes": 256 << 10 }), 2_000)
    });
    was_ended_for(&stage, &mut attacker, "does not read");
}

#[test]
fn i03_a_flood_that_is_read_slows_nobody_down() {
    let _turn = alone();
    let (_stage, mut attacker) = flood(true, WORST, |attacker, token| {
        calls_of(attacker, token, "test.count", &json!({}), FLOOD)
    });
    let window = attacker.window();
    assert!(attacker.reply(window, 1)["ok"].is_u64());
}

#[test]
fn i03_what_a_host_throws_away_does_not_fill_the_log() {
    let _turn = alone();
    let (stage, attacker) = flood(true, WORST, |attacker, _| {
        let window = attacker.window();
        let dropped = FromHost::Dropped { window, why: "nothing ".repeat(100) };
        frame(&dropped).repeat(usize::try_from(FLOOD).unwrap())
    });
    let counted = |record: &sidegate::audit::Entry| {
        record.event() == "repeated" && record.text("reason") == Some("dropped")
    };
    let count = || -> u64 {
        let records = stage.records();
        records.iter().filter(|record| counted(record)).filter_map(|r| r.number("count")).sum()
    };
    let written = || stage.count(|record| record.event() == "dropped");
    let all = wait::until(LIMIT, || count() + u64::try_from(written()).unwrap() == FLOOD);
    assert!(all.is_some(), "{} counted and {} written", count(), written());
    assert!(fs::metadata(stage.log()).unwrap().len() < 1 << 20);
    drop(attacker);
}

#[test]
fn i03_what_pages_do_by_themselves_does_not_fill_the_log() {
    let _turn = alone();
    for crashes in [false, true] {
        let (stage, attacker) = flood(true, WORST, |attacker, _| {
            let window = attacker.window();
            let said = |at| match crashes {
                true => FromHost::Crashed { window },
                false => FromHost::Committed { window, document: DocumentId(at) },
            };
            (2..FLOOD).flat_map(|at| frame(&said(at))).collect()
        });
        drop(attacker);
        assert!(fs::metadata(stage.log()).unwrap().len() < 1 << 20, "{crashes}");
    }
}
