//! What a call costs: over a socketpair beside a raw ping-pong of the same sizes, many at once, in
//! process, and by the number of windows and of capability files. The audit log is on everywhere, in
//! the system's temporary directory (`TMPDIR`).
//!
//! The figures to hold are ratios. What is compared takes turns within the run; each line says on
//! which cores the two ends were. `cargo bench -p sidegate --bench pipeline -- WORD` runs the lines
//! that begin with the word.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a bench that cannot go on has to stop"
)]

mod brokers;
mod host;
mod place;
mod turns;

use std::fs::File;
use std::future::Future;
use std::hint::black_box;
use std::io::Write;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use sidegate::audit::Digest;
use sidegate::capabilities::{Origin, json};
use sidegate::{Broker, Peer};
use tokio::runtime::{Builder, Runtime};

use host::{Host, Idle};
use place::{PLACES, Raw};

/// Bytes of the text in a call's arguments.
const TEXT: usize = 2048;

/// What a call and its answer have round the text, on the wire.
const ROUND_IT: (usize, usize) = (120, 24);

/// Calls that a host makes with one write: half of what a document may have in flight, so that the
/// next are on their way while these are answered.
const AT_ONCE: usize = 32;

/// Calls a turn where the fastest turn counts: so few that one is over before the machine gives its core
/// to somebody else.
const SHORT: u32 = 250;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let parts: [(&str, fn()); 8] = [
        ("socket", over_a_socketpair),
        ("spinning", spinning),
        ("pipelined", pipelined),
        ("process", in_process),
        ("stages", stage_by_stage),
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
        let mut host = Host::start(theirs, TEXT, Idle::Parks);
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

/// What there would be to win by a broker that does not sleep: on two cores, beside one that does.
fn spinning() {
    let (place, [ours, theirs]) = PLACES[1];
    place::pin(ours);
    let mut parks = Host::start(theirs, TEXT, Idle::Parks);
    let [parks] = turns::spreads(1_000, [&mut || parks.call()]);
    let mut spins = Host::start(theirs, TEXT, Idle::Spins);
    let [spins] = turns::spreads(1_000, [&mut || spins.call()]);
    let saved = parks.p50 - spins.p50;
    println!(
        "spinning/{place}: p50 {:.1} µs, parked {:.1}: {saved:.1} µs a call for a whole core",
        spins.p50, parks.p50
    );
}

fn pipelined() {
    for (place, [ours, theirs]) in PLACES {
        for (name, text) in [("small", 1), ("2 KB", TEXT)] {
            place::pin(ours);
            let mut host = Host::start(theirs, text, Idle::Parks);
            let mut best: f64 = 0.0;
            for _ in 0..20 {
                let start = Instant::now();
                host.calls_in_turn(100, AT_ONCE);
                let calls = f64::from(u32::try_from(100 * AT_ONCE).unwrap());
                best = best.max(calls / start.elapsed().as_secs_f64());
            }
            println!("pipelined/{place}, {name}: {best:.0} calls a second, {AT_ONCE} a write");
        }
    }
}

/// A call of the broker's own process: as a message, and as an app makes it, which makes a message of
/// it and reads the answer.
fn in_process() {
    let (home, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let _on = runtime.enter();
    place::pin(PLACES[0].1[0]);
    let broker = brokers::with_files(home.path(), 1);
    for (name, text) in [("small", 1), ("2 KB", TEXT)] {
        let (sending, invoking) = (peer(&broker, "bench"), peer(&broker, "bench"));
        let mut calls = Calls::new(&sending, text, 1);
        let args = serde_json::json!({ "text": "x".repeat(text) });
        let mut floor = Floor::new(text);
        let [call, invoked, floor] = turns::spreads(
            1_000,
            [
                &mut || calls.make(),
                &mut || _ = black_box(at_once(invoking.invoke("echo", args.clone()))).unwrap(),
                &mut || floor.all(),
            ],
        );
        println!(
            "process/one thread, {name}: p50 {:.2} µs, p99 {:.2}; by `invoke` p50 {:.2}; floor {:.2}: \
             {:.2} times that",
            call.p50,
            call.p99,
            invoked.p50,
            floor.p50,
            call.p50 / floor.p50
        );
    }
}

/// What each stage takes of a call: the difference between a call that is taken so far, and one that is
/// taken to the stage before. To let go of what a stage has made counts for it.
#[cfg(feature = "stages")]
fn stage_by_stage() {
    use sidegate::Stage::{Authenticate, Decide, Limit, Receive, Record};
    let (home, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let _on = runtime.enter();
    let broker = brokers::with_files(home.path(), 1);
    for (name, text) in [("small", 1), ("2 KB", TEXT)] {
        let peer = peer(&broker, "bench");
        let calls = std::cell::RefCell::new(Calls::new(&peer, text, 1));
        let to = |last| move |calls: &mut Calls<'_>| assert!(calls.walk_to(last));
        let walk = |last| to(last)(&mut calls.borrow_mut());
        let json = calls.borrow().round.1.trim_start().to_owned();
        let [reading, none, receive, authenticate, limit, decide, record, whole] = turns::fastest(
            SHORT,
            [
                &mut || read(&json),
                &mut || _ = black_box(calls.borrow_mut().message()),
                &mut || walk(Receive),
                &mut || walk(Authenticate),
                &mut || walk(Limit),
                &mut || walk(Decide),
                &mut || walk(Record),
                &mut || calls.borrow_mut().make(),
            ],
        );
        let whole = whole - none;
        for (stage, to, from) in [
            ("receive", receive, none),
            ("authenticate, with the JSON and its digest", authenticate, receive),
            ("limit", limit, authenticate),
            ("decide", decide, limit),
            ("record", record, decide),
            ("dispatch and reply", whole + none, record),
        ] {
            let took = to - from;
            println!("stages/{name}: {took:5.0} ns, {:2.0} %: {stage}", 100.0 * took / whole);
        }
        println!(
            "stages/{name}: {:5.0} ns: authenticate, limit and decide, without the {reading:.0} that \
             the JSON and its digest take",
            decide - receive - reading
        );
        println!("stages/{name}: {whole:5.0} ns: all");
    }
}

/// What a call's JSON takes in any case: it is read, and its digest is made.
#[cfg(feature = "stages")]
fn read(text: &str) {
    drop(black_box(json::parse_object(black_box(text.as_bytes()))));
    _ = black_box(Digest::of(black_box(text.as_bytes())));
}

#[cfg(not(feature = "stages"))]
fn stage_by_stage() {
    println!("stages: with `--features stages`");
}

fn floor() {
    place::pin(PLACES[0].1[0]);
    for (name, text) in [("small", 1), ("2 KB", TEXT)] {
        let floor = std::cell::RefCell::new(Floor::new(text));
        let [parse, digest, link, write] = turns::fastest(
            SHORT,
            [
                &mut || floor.borrow().parse(),
                &mut || floor.borrow().digest(),
                &mut || floor.borrow().link(),
                &mut || floor.borrow_mut().write(),
            ],
        );
        let all = parse + digest + link + write;
        println!("floor/{name}: {parse:.0} ns: its JSON read");
        println!("floor/{name}: {digest:.0} ns: SHA-256 of it");
        println!("floor/{name}: {link:.0} ns: SHA-256 of a record");
        println!("floor/{name}: {write:.0} ns: write of a record");
        println!("floor/{name}: {all:.0} ns: all");
    }
}

/// What no pipeline with this log can do without: the reading of the JSON, the digest of it, the digest
/// of a record, and the write of it.
struct Floor {
    text: String,
    record: [u8; 560],
    file: File,
}

impl Floor {
    fn new(text: usize) -> Self {
        let text = format!(r#"{{"command":"echo","args":{{"text":"{}"}}}}"#, "x".repeat(text));
        Self { text, record: [b'x'; 560], file: tempfile::tempfile().unwrap() }
    }

    fn parse(&self) {
        drop(black_box(json::parse_object(black_box(self.text.as_bytes()))));
    }

    fn digest(&self) {
        _ = black_box(Digest::of(black_box(self.text.as_bytes())));
    }

    fn link(&self) {
        _ = black_box(Digest::of(black_box(&self.record)));
    }

    fn write(&mut self) {
        self.file.write_all(black_box(&self.record)).unwrap();
    }

    fn all(&mut self) {
        self.parse();
        self.digest();
        self.link();
        self.write();
    }
}

fn by_windows() {
    let (home, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let _on = runtime.enter();
    let broker = brokers::with_files(home.path(), 1);
    let first = peer(&broker, "bench");
    let mut calls = Calls::new(&first, 1, 1);
    let [one] = turns::fastest(2_000, [&mut || calls.make()]);
    let others: Vec<Peer> = (1..256).map(|n| peer(&broker, &format!("bench-{n}"))).collect();
    let [many] = turns::fastest(2_000, [&mut || calls.make()]);
    drop(others);
    println!("windows: {one:.0} ns with 1, {many:.0} ns with 256: {:.2}", many / one);
}

fn by_files() {
    let (homes, runtime) = ([(); 2].map(|()| tempfile::tempdir().unwrap()), runtime());
    let _on = runtime.enter();
    let [few, many] = &homes;
    let (few, many) =
        (brokers::with_files(few.path(), 1), brokers::with_files(many.path(), 10_000));
    let (few, many) = (peer(&few, "bench"), peer(&many, "bench"));
    let (mut few, mut many) = (Calls::new(&few, 1, 1), Calls::new(&many, 1, 1));
    let [few, many] = turns::fastest(2_000, [&mut || few.make(), &mut || many.make()]);
    println!("files: {few:.0} ns with 1, {many:.0} ns with 10,000: {:.2}", many / few);
}

/// Calls of a peer, one after the other.
struct Calls<'a> {
    peer: &'a Peer,
    next: u64,
    /// What stands before the number of a call, and what follows it.
    round: (String, String),
}

impl<'a> Calls<'a> {
    fn new(peer: &'a Peer, text: usize, next: u64) -> Self {
        let token = peer.token().unwrap().text();
        let text = "x".repeat(text);
        let json = format!("{{\"command\":\"echo\",\"args\":{{\"text\":\"{text}\"}}}}");
        Self { peer, next, round: (format!("c{token} "), format!("\n{json}")) }
    }

    fn message(&mut self) -> String {
        let (before, after) = &self.round;
        let message = format!("{before}{}{after}", self.next);
        self.next += 1;
        message
    }

    #[cfg(feature = "stages")]
    fn walk_to(&mut self, last: sidegate::Stage) -> bool {
        let message = self.message();
        self.peer.walk_to(message.as_bytes(), last)
    }

    fn make(&mut self) {
        let message = self.message();
        let answer = black_box(at_once(self.peer.send(message.as_bytes()))).unwrap();
        assert!(answer.starts_with("{\"id\":") && answer.contains("\"ok\""), "{answer}");
    }
}

/// The handler answers at once, so that there is nothing to wait for and no runtime to go through.
fn at_once<T>(call: impl Future<Output = T>) -> T {
    let Poll::Ready(answer) = pin!(call).poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the handler waits");
    };
    answer
}

fn peer(broker: &Broker, window: &str) -> Peer {
    broker.connect(window, &Origin::local()).unwrap()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
