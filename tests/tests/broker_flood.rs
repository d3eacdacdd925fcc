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
use sidegate::{app::Window, wire::DocumentId};
use sidegate_tests::{
    hostile::{Calling, Order},
    soak,
};

use broker_stage::{Puppet, Stage, kill, resident_bytes};

/// The windows beside the one that floods, each with a host of its own.
const OTHERS: usize = 8;

/// What a call of theirs may take, against what it takes when nobody floods: the hundredth part that
/// takes longest.
const RATIO: f64 = 2.0;

/// The same where a machine is busy with other things and the build is for debugging.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the broker may hold more than when nobody floods.
const MEMORY: u64 = 64 << 20;

/// How long a window waits between its calls.
const PAUSE: Duration = Duration::from_millis(2);

/// Rounds, and calls of each window in one half of a round.
fn counts() -> (usize, u64) {
    if soak() { (9, 500) } else { (1, 100) }
}

#[test]
fn i03_eight_other_windows_hardly_notice_a_flood() {
    let echo = "x".repeat(1000);
    for (what, command, args) in [
        ("allowed calls", "test.count", json!({})),
        ("calls with long answers", "test.echo", json!({ "text": echo })),
        ("refused calls", "fs.read_text", json!({ "path": "/etc/passwd" })),
        ("calls of no command", "no.such", json!({})),
        ("calls whose arguments do not fit", "test.sleep", json!({ "millis": "long" })),
    ] {
        let (rounds, calls) = counts();
        let all: Vec<Round> = (0..rounds).map(|_| round(command, &args, calls)).collect();
        let mut ratios: Vec<f64> = all.iter().map(Round::ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let ratio = ratios[ratios.len() / 2];
        let memory = all.iter().map(|round| round.memory).max().unwrap();
        let times: Vec<_> = all.iter().map(|round| (round.idle, round.flooded)).collect();
        println!(
            "{what}: the others' p99 {ratio:.2} times what it was, {} KiB more: {times:?}",
            memory >> 10
        );
        assert!(memory < MEMORY, "{what}: {memory} bytes");
        match soak() {
            true => assert!(ratio < RATIO, "{what}: {ratio}: {times:?}"),
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

fn round(command: &str, args: &Value, calls: u64) -> Round {
    let (_stage, mut attacker, mut others) = stage();
    let mut quiet: Vec<_> =
        others.iter_mut().map(|other| calling(other, "test.count", &json!({}))).collect();
    let idle = p99(&mut others, &quiet, calls);
    quiet.iter_mut().for_each(|calling| calling.after += calls);

    let before = resident_bytes();
    let flood = calling(&mut attacker, command, args);
    attacker.order(&Order::Flood(flood));
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
    // Who is not as fast in reading refusals as the broker is in making them is read no faster than
    // that: its flood was as much as it may be.
    kill(attacker.pid);
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
