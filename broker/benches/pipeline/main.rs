//! What a call costs: over a socketpair beside a raw ping-pong of the same sizes, many at once, in
//! process, and by the number of windows and of capability files. The audit log is on everywhere, in
//! the system's temporary directory (`TMPDIR`).
//!
//! The figures to hold are ratios. What is compared takes turns within the run; each line says on
//! which cores the two ends were. `cargo bench -p sidegate --bench pipeline -- WORD` runs the lines
//! that begin with the word.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a bench that cannot go on has to stop"
)]

mod brokers;
mod host;
mod place;
mod turns;

use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use sidegate::audit::Digest;
use sidegate::capabilities::{Origin, json};
use sidegate::{Broker, Peer};
use tokio::runtime::{Builder, Runtime};

use host::Host;
use place::{PLACES, Raw};

/// Bytes of the text in a call's arguments.
const TEXT: usize = 2048;

/// What a call and its answer have round the text, on the wire.
const ROUND_IT: (usize, usize) = (120, 24);

/// Calls that a host makes at once: half of what a document may have in flight.
const AT_ONCE: usize = 32;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let parts: [(&str, fn()); 6] = [
        ("socket", over_a_socketpair),
        ("pipelined", pipelined),
        ("process", in_process),
        ("floor", floor),
        ("windows", by_windows),
        ("files", by_files),
    ];
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            part();
        }
    }
}

fn over_a_socketpair() {
    for (place, [ours, theirs]) in PLACES {
        place::pin(ours);
        let mut raw = Raw::start(theirs, (TEXT + ROUND_IT.0, TEXT + ROUND_IT.1));
        let mut host = Host::start(theirs, TEXT);
        let [raw, call] = turns::spreads(1_000, [&mut || raw.exchange(), &mut || host.call()]);
        println!(
            "socket/{place}: p50 {:.1} µs, raw {:.1}: {:.2}; p99 {:.1} µs, raw {:.1}: {:.2}",
            call.p50,
            raw.p50,
            call.p50 / raw.p50,
            call.p99,
            raw.p99,
            call.p99 / raw.p99,
        );
    }
}

fn pipelined() {
    for (place, [ours, theirs]) in PLACES {
        for (name, text) in [("small", 1), ("2 KB", TEXT)] {
            place::pin(ours);
            let mut host = Host::start(theirs, text);
            let mut best: f64 = 0.0;
            for _ in 0..20 {
                let start = Instant::now();
                (0..100).for_each(|_| host.calls(AT_ONCE));
                let calls = f64::from(u32::try_from(100 * AT_ONCE).unwrap());
                best = best.max(calls / start.elapsed().as_secs_f64());
            }
            println!("pipelined/{place}, {name}: {best:.0} calls a second, {AT_ONCE} at once");
        }
    }
}

fn in_process() {
    let (home, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let broker = brokers::with_files(home.path(), 1);
    let peer = peer(&broker, "bench");
    let mut next = 1;
    let mut call = |text: &str| {
        let message = message(&peer, next, text);
        next += 1;
        let answer = runtime.block_on(peer.send(&message)).unwrap();
        assert!(black_box(&answer).contains("\"ok\""), "{answer}");
    };
    let text = "x".repeat(TEXT);
    let [small] = turns::spreads(1_000, [&mut || call("x")]);
    let [large] = turns::spreads(1_000, [&mut || call(&text)]);
    println!("process/small: p50 {:.2} µs, p99 {:.2}", small.p50, small.p99);
    println!("process/2 KB: p50 {:.2} µs, p99 {:.2}", large.p50, large.p99);
}

/// What no pipeline can do without, each alone: the reading of the JSON, the digest of it, the
/// digest of a record, and the write of it.
fn floor() {
    let text = format!(r#"{{"command":"echo","args":{{"text":"{}"}}}}"#, "x".repeat(TEXT));
    let record = [b'x'; 560];
    let mut file = tempfile::tempfile().unwrap();
    let [parse, digest, link, write] = turns::fastest(
        2_000,
        [
            &mut || drop(black_box(json::parse_object(black_box(text.as_bytes())))),
            &mut || drop(black_box(Digest::of(black_box(text.as_bytes())))),
            &mut || drop(black_box(Digest::of(black_box(&record)))),
            &mut || file.write_all(black_box(&record)).unwrap(),
        ],
    );
    println!("floor/2 KB of JSON read: {parse:.0} ns");
    println!("floor/SHA-256 of it: {digest:.0} ns");
    println!("floor/SHA-256 of a record: {link:.0} ns");
    println!("floor/write of a record: {write:.0} ns");
}

fn by_windows() {
    let (home, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let broker = brokers::with_files(home.path(), 1);
    let first = peer(&broker, "bench");
    let one = of_a_call(&runtime, &first, &mut 1);
    let others: Vec<Peer> = (1..256).map(|n| peer(&broker, &format!("bench-{n}"))).collect();
    let many = of_a_call(&runtime, &first, &mut 1_000_000);
    drop(others);
    println!("windows: {one:.0} ns with 1, {many:.0} ns with 256: {:.2}", many / one);
}

fn by_files() {
    let (homes, runtime) =
        ([tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()], runtime());
    let [few, many] = [1, 10_000]
        .into_iter()
        .zip(&homes)
        .map(|(files, home)| brokers::with_files(home.path(), files))
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
    let (few, many) = (peer(&few, "bench"), peer(&many, "bench"));
    let [few, many] = turns::fastest(
        2_000,
        [&mut calling(&runtime, &few, &mut 1), &mut calling(&runtime, &many, &mut 1)],
    );
    println!("files: {few:.0} ns with 1, {many:.0} ns with 10,000: {:.2}", many / few);
}

fn of_a_call(runtime: &Runtime, peer: &Peer, next: &mut u64) -> f64 {
    let [call] = turns::fastest(2_000, [&mut calling(runtime, peer, next)]);
    call
}

/// A call of a few bytes.
fn calling<'a>(runtime: &'a Runtime, peer: &'a Peer, next: &'a mut u64) -> impl FnMut() + 'a {
    move || {
        let message = message(peer, *next, "x");
        *next += 1;
        let answer = runtime.block_on(peer.send(&message)).unwrap();
        assert!(black_box(&answer).contains("\"ok\""), "{answer}");
    }
}

fn message(peer: &Peer, call: u64, text: &str) -> Vec<u8> {
    let token = peer.token().unwrap().text();
    format!("c{token} {call}\n{{\"command\":\"echo\",\"args\":{{\"text\":\"{text}\"}}}}")
        .into_bytes()
}

fn peer(broker: &Broker, window: &str) -> Peer {
    broker.connect(window, &Origin::local()).unwrap()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
