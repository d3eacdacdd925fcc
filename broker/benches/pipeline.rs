//! One call of 2 KB over a socketpair: through the whole pipeline with the audit log on, beside
//! a raw ping-pong of the same sizes in the same run. Two placements, since waking an idle core
//! costs more than the pipeline: both ends on core 0, and one end on each of cores 0 and 1.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a bench that cannot go on has to stop"
)]

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::thread;

use criterion::{Criterion, criterion_group, criterion_main};
use rustix::thread::{CpuSet, sched_setaffinity};
use serde_json::{Value, json};
use sidegate::app::{AppDirectories, AppId, Window};
use sidegate::wire::{
    self, DocumentId, FromHost, HostReport, LENGTH_BYTES, MAX_FROM_HOST, MAX_TO_HOST, PROTOCOL,
    SandboxLevel, ToHost, WindowId,
};
use sidegate::{Broker, Call, Command, HandlerError};

/// Bytes of the text in a call's arguments.
const TEXT: usize = 2048;

const POLICY: &str = r#"
version = 1
[[capability]]
id = "bench"
description = "calls and is answered"
windows = ["bench"]
allow = [{ commands = ["echo"] }]
"#;

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Echo {
    text: String,
}

fn call_of_2k(criterion: &mut Criterion) {
    for (placement, cores) in [("one core", [0, 0]), ("two cores", [0, 1])] {
        let mut group = criterion.benchmark_group(format!("2 KB over a socketpair, {placement}"));
        pin(cores[0]);
        let mut raw = raw_echo(cores[1]);
        let (sent, mut back) = (vec![b'x'; TEXT + 120], vec![0; TEXT + 40]);
        group.bench_function("raw ping-pong", |bencher| {
            bencher.iter(|| {
                raw.write_all(&sent).unwrap();
                raw.read_exact(&mut back).unwrap();
            });
        });
        drop(raw);
        let mut host = Host::start(cores[1]);
        group.bench_function("whole pipeline, audited", |bencher| bencher.iter(|| host.call()));
        group.finish();
    }
}

/// The other end of a raw ping-pong: reads one message, writes one back.
fn raw_echo(core: usize) -> File {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    thread::spawn(move || {
        pin(core);
        let mut end = theirs;
        let (mut message, reply) = (vec![0; TEXT + 120], vec![b'x'; TEXT + 40]);
        while end.read_exact(&mut message).is_ok() && end.write_all(&reply).is_ok() {}
    });
    File::from(OwnedFd::from(ours))
}

/// A host without windows, played by the bench.
struct Host {
    socket: File,
    token: String,
    next: u64,
    text: String,
}

impl Host {
    fn start(core: usize) -> Self {
        let (sender, receiver) = std::sync::mpsc::channel();
        thread::spawn(move || {
            pin(core);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(serve(&sender));
        });
        let mut host = Self {
            socket: File::from(receiver.recv().unwrap()),
            token: String::new(),
            next: 1,
            text: "x".repeat(TEXT),
        };
        host.say_hello();
        host
    }

    fn say_hello(&mut self) {
        let level = SandboxLevel::None;
        let report = HostReport { protocol: PROTOCOL, level, missing: Vec::new() };
        self.send(&FromHost::Ready(report));
        let frame = self.receive();
        let ToHost::Open(open) = wire::decode(&frame).unwrap() else { panic!("a window") };
        let (window, document) = (open.window, DocumentId(1));
        self.send(&FromHost::Committed { window, document });
        self.send(&FromHost::Document { window, document, url: open.url });
        let frame = self.receive();
        let ToHost::Token { token, .. } = wire::decode(&frame).unwrap() else { panic!("a token") };
        self.token = token;
    }

    fn call(&mut self) {
        let (token, call, text) = (&self.token, self.next, &self.text);
        let json = format!(r#"{{"command":"echo","args":{{"text":"{text}"}}}}"#);
        let message = format!("c{token} {call}\n{json}");
        self.next += 1;
        let (window, document) = (WindowId(1), DocumentId(1));
        self.send(&FromHost::Message { window, document, bytes: message.as_bytes() });
        let frame = self.receive();
        let ToHost::Reply { json, .. } = wire::decode(&frame).unwrap() else { panic!("a reply") };
        assert!(black_box(json).contains("\"ok\""), "{json}");
    }

    fn send(&mut self, message: &FromHost<'_>) {
        self.socket.write_all(&wire::encode(message, MAX_FROM_HOST).unwrap()).unwrap();
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut prefix = [0; LENGTH_BYTES];
        self.socket.read_exact(&mut prefix).unwrap();
        let mut body = vec![0; wire::frame_length(prefix, MAX_TO_HOST).unwrap()];
        self.socket.read_exact(&mut body).unwrap();
        body
    }
}

async fn serve(ends: &std::sync::mpsc::Sender<OwnedFd>) {
    let home = tempfile::tempdir().unwrap();
    let id = AppId::parse("org.example.bench").unwrap();
    let broker = Broker::builder()
        .id(id.as_str())
        .unwrap()
        .policy("bench.toml", POLICY)
        .window(Window::new("bench", "index.html").unwrap())
        .command(Command::new("echo", async |_: Call, args: Echo| Ok::<_, HandlerError>(args.text)))
        .directories(AppDirectories::beneath(home.path(), &id))
        .least_sandbox(SandboxLevel::None)
        .build()
        .unwrap();
    let (attachment, theirs) = broker.attach().unwrap();
    ends.send(theirs).unwrap();
    // The bench hangs up when it is done.
    let _hung_up = attachment.serve(std::process::id()).await;
}

/// The whole pipeline without a socket.
fn in_process(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let home = tempfile::tempdir().unwrap();
    let id = AppId::parse("org.example.bench").unwrap();
    let broker = Broker::builder()
        .id(id.as_str())
        .unwrap()
        .policy("bench.toml", POLICY)
        .command(Command::new("echo", async |_: Call, args: Echo| Ok::<_, HandlerError>(args.text)))
        .directories(AppDirectories::beneath(home.path(), &id))
        .build()
        .unwrap();
    let peer = broker.connect("bench", &sidegate::capabilities::Origin::local()).unwrap();
    let args: Value = json!({ "text": "x".repeat(TEXT) });
    criterion.bench_function("2 KB in process, audited", |bencher| {
        bencher.iter(|| runtime.block_on(peer.invoke("echo", args.clone())).unwrap());
    });
}

fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    // On a machine with one core both placements are the same.
    let _one_core = sched_setaffinity(None, &set);
}

criterion_group!(benches, call_of_2k, in_process);
criterion_main!(benches);
