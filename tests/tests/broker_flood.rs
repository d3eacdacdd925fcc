//! What a host that floods at full speed costs the others in time, and the broker in memory: the
//! broker is in this process, with one thread for all as the stock program has it, and each of the
//! hosts is a process that makes its calls, and times them, by itself.
//!
//! What else a machine does in an ordinary run of the tests is not known: the bound on time is for
//! `SIDEGATE_SOAK=1` and a release build, and takes the middle one of several rounds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

mod broker_stage;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use sidegate::{
    app::Window,
    wire::{DocumentId, LENGTH_BYTES, MAX_FROM_HOST},
};
use sidegate_tests::{hostile::Calling, soak, wait};

use broker_stage::{LIMIT, Puppet, Stage, kill, resident_bytes};

/// The windows beside the one that floods, each with a host of its own.
const OTHERS: usize = 8;

/// What a call of theirs may take, against what it takes when nobody floods: the hundredth part that
/// takes longest.
const RATIO: f64 = 2.0;

/// The same where a machine is busy with other things and the build is for debugging.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the broker may hold more than when nobody floods.
const MEMORY: u64 = 64 << 20;

/// The same where [`HELD`] of the longest messages are held: what was made of each is in the call and, once more, in
/// what its handler was given, and takes up to about one and a half times the text.
const KEPT: u64 = 128 << 20;

/// So many of the longest messages are held of a host; the next one is read when one of them is let go.
const HELD: usize = 32;

/// How long a message of the flood is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// What there is to say, and no more.
    AsItIs,
    /// As long as a frame may be.
    AsLongAsMayBe,
}

/// How long a window waits between its calls.
const PAUSE: Duration = Duration::from_millis(2);

/// Rounds, and calls of each window in one half of a round.
fn counts(length: Length) -> (usize, u64) {
    match (soak(), length) {
        (true, Length::AsItIs) => (9, 500),
        (true, Length::AsLongAsMayBe) => (3, 500),
        (false, Length::AsItIs) => (1, 100),
        // It is the memory that is looked at.
        (false, Length::AsLongAsMayBe) => (1, 20),
    }
}

#[test]
fn i03_eight_other_windows_hardly_notice_a_flood() {
    use Length::{AsItIs, AsLongAsMayBe};
    let [echo, long] = [1000, 1 << 20].map(|length| "x".repeat(length));
    // Lists of lists of one take the most memory for what may be said.
    let (list, too_long) = (vec![[0]; 8_000], vec![0; 500_000]);
    for (what, length, command, args, kept) in [
        ("allowed calls", AsItIs, "test.count", json!({}), 0),
        ("calls with long answers", AsItIs, "test.echo", json!({ "text": echo }), 0),
        ("refused calls", AsItIs, "fs.read_text", json!({ "path": "/etc/passwd" }), 0),
        ("calls of no command", AsItIs, "no.such", json!({}), 0),
        ("calls whose arguments do not fit", AsItIs, "test.sleep", json!({ "millis": "long" }), 0),
        ("the longest calls", AsLongAsMayBe, "test.length", json!({ "text": long }), 0),
        ("the longest that stay", AsLongAsMayBe, "test.keep", json!({ "text": long }), HELD),
        ("long lists that stay", AsLongAsMayBe, "test.keep", json!({ "text": list }), HELD),
        ("lists that are too long", AsLongAsMayBe, "test.keep", json!({ "text": too_long }), 0),
        ("the longest refused calls", AsLongAsMayBe, "fs.read_text", json!({ "path": long }), 0),
        ("the longest of no command", AsLongAsMayBe, "no.such", json!({ "text": long }), 0),
    ] {
        let (rounds, calls) = counts(length);
        let flood = Flood { command, args: &args, length, kept };
        let all: Vec<Round> = (0..rounds).map(|_| round(&flood, calls)).collect();
        let mut ratios: Vec<f64> = all.iter().map(Round::ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let ratio = ratios[ratios.len() / 2];
        let memory = all.iter().map(|round| round.memory).max().unwrap();
        let times: Vec<_> = all.iter().map(|round| (round.idle, round.flooded)).collect();
        println!(
            "{what}: the others' p99 {ratio:.2} times what it was, {} KiB more: {times:?}",
            memory >> 10
        );
        let bound = if kept > 0 { KEPT } else { MEMORY };
        assert!(memory < bound, "{what}: {memory} bytes");
        match soak() && length == AsItIs {
            true => assert!(ratio < RATIO, "{what}: {ratio}: {times:?}"),
            // To read one of the longest takes as long as many others: who comes then waits for that
            // one, and for no more than one of them.
            false => assert!(times.iter().all(|(_, flooded)| *flooded < PATIENCE), "{times:?}"),
        }
    }
}

/// What was measured of one app: the others' p99 before and in the flood, and the memory it took.
struct Round {
    idle: Duration,
    flooded: Duration,
    memory: u64,
}

impl Round {
    fn ratio(&self) -> f64 {
        self.flooded.as_secs_f64() / self.idle.as_secs_f64()
    }
}

/// What one host floods with.
struct Flood<'a> {
    command: &'a str,
    args: &'a Value,
    length: Length,
    /// How many of its calls stay, with all that they were given.
    kept: usize,
}

fn round(flood: &Flood<'_>, calls: u64) -> Round {
    let Flood { command, args, length, kept } = *flood;
    let (stage, mut attacker, mut others) = stage();
    let mut quiet: Vec<_> =
        others.iter_mut().map(|other| calling(other, "test.count", &json!({}))).collect();
    let idle = p99(&mut others, &quiet, calls);
    quiet.iter_mut().for_each(|calling| calling.after += calls);

    let before = resident_bytes();
    let mut flood = calling(&mut attacker, command, args);
    if length == Length::AsLongAsMayBe {
        fill(&mut flood);
    }
    attacker.floods(&flood);
    // Of the calls of the others none is in flight for longer than a moment.
    let in_flight = || stage.tally.begun() - stage.tally.over();
    assert!(wait::until(LIMIT, || in_flight() >= kept).is_some(), "{} are kept", in_flight());
    let over = AtomicBool::new(false);
    let (flooded, most) = thread::scope(|scope| {
        let most = scope.spawn(|| {
            let mut most = 0;
            while !over.load(Ordering::Relaxed) {
                most = most.max(resident_bytes());
                thread::sleep(Duration::from_millis(5));
            }
            most
        });
        let flooded = p99(&mut others, &quiet, calls);
        over.store(true, Ordering::Relaxed);
        (flooded, most.join().unwrap())
    });
    let is_kept = wait::until(LIMIT, || in_flight() == kept);
    assert!(is_kept.is_some(), "{command}: {} are kept, and not {kept}", in_flight());
    // Who is not as fast in reading refusals as the broker is in making them is read no faster than
    // that: its flood was as much as it may be.
    kill(attacker.pid);
    // Hosts that time calls hear of no end: the broker would wait for them.
    others.iter().for_each(|other| kill(other.pid));
    Round { idle, flooded, memory: most.saturating_sub(before) }
}

/// An app with nine windows of nine hosts.
fn stage() -> (Stage, Puppet, Vec<Puppet>) {
    let window = |label: &str| {
        let mut window = Window::new(label, "index.html").unwrap();
        window.group = Some(label.to_owned());
        window
    };
    let others = (0..OTHERS).map(|number| window(&format!("other-{number}")));
    let stage = Stage::with_windows(others.chain([window("left")]));
    let mut hosts: Vec<_> = (0..=OTHERS).map(|_| stage.next_host()).collect();
    hosts.iter_mut().for_each(Puppet::be_ready);
    hosts.iter_mut().for_each(Puppet::hear_a_window);
    let attacker = hosts.iter().position(|host| host.windows()[0].0 == "left").unwrap();
    let attacker = hosts.swap_remove(attacker);
    (stage, attacker, hosts)
}

fn calling(host: &mut Puppet, command: &str, args: &Value) -> Calling {
    let (window, document) = (host.window(), DocumentId(1));
    let token = host.commits(window, 1);
    let call = json!({ "command": command, "args": args }).to_string();
    Calling { window, document, token, after: 0, call }
}

/// Makes each of these calls exactly as long as a frame may be.
fn fill(calling: &mut Calling) {
    // All of their numbers have as many digits.
    calling.after = 1_000_000_000;
    let missing = LENGTH_BYTES + MAX_FROM_HOST - calling.frame(1).unwrap().len();
    // Blanks behind the text are a part of it.
    calling.call.push_str(&" ".repeat(missing));
    assert_eq!(calling.frame(1).unwrap().len(), LENGTH_BYTES + MAX_FROM_HOST);
}

/// All of `hosts` call at once, each one call after another; what the slowest hundredth takes.
fn p99(hosts: &mut [Puppet], callings: &[Calling], calls: u64) -> Duration {
    let mut all: Vec<Duration> = thread::scope(|scope| {
        let each = hosts.iter_mut().zip(callings);
        let running: Vec<_> = each
            .map(|(host, calling)| scope.spawn(move || host.times(calling, calls, PAUSE)))
            .collect();
        running.into_iter().flat_map(|running| running.join().unwrap()).collect()
    });
    all.sort();
    all[all.len() * 99 / 100]
}
