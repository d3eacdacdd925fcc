//! A host without windows, played by the bench, and a broker on a thread of its own at the other end
//! of its socket.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the bench waits for one kind of message and passes over the others"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::sync::mpsc;
use std::thread;

use sidegate::wire::{
    self, DocumentId, FromHost, HostReport, LENGTH_BYTES, MAX_FROM_HOST, MAX_TO_HOST, PROTOCOL,
    SandboxLevel, ToHost, WindowId,
};

use super::{brokers, place};

/// The only window and document there are.
const WINDOW: WindowId = WindowId(1);
const DOCUMENT: DocumentId = DocumentId(1);

/// The number of the first call: there are not so many that a later one has more digits.
const FIRST: u64 = 1_000_000_000;

/// What a broker does that has nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Idle {
    /// It sleeps until the kernel wakes it.
    Parks,
    /// It asks for news without end, and has its core to itself.
    Spins,
}

/// The host's end.
pub(super) struct Host {
    socket: File,
    token: String,
    next: u64,
    /// The length of the text in a call's arguments.
    text: usize,
    /// The frames of calls made at once, how long each is, and where in each its number stands.
    frames: Vec<u8>,
    length: usize,
    digits: usize,
    /// Where to read to.
    piece: Vec<u8>,
    /// What was read and is not taken apart yet.
    arrived: Vec<u8>,
    /// How much of that was taken.
    taken: usize,
}

impl Host {
    /// A host whose broker runs on `core`, and whose calls have `text` for their arguments.
    pub(super) fn start(core: usize, text: usize, idle: Idle) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            place::pin(core);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(serve(&sender, idle));
        });
        let mut host = Self {
            socket: File::from(receiver.recv().unwrap()),
            token: String::new(),
            next: FIRST,
            text,
            frames: Vec::new(),
            length: 1,
            digits: 0,
            piece: vec![0; 64 << 10],
            arrived: Vec::new(),
            taken: 0,
        };
        host.say_hello();
        host
    }

    fn say_hello(&mut self) {
        let level = SandboxLevel::None;
        let report = HostReport { protocol: PROTOCOL, level, missing: Vec::new() };
        self.send(&FromHost::Ready(report));
        let url = self.hear(|message| match message {
            ToHost::Open(open) => Some(open.url),
            _ => None,
        });
        self.send(&FromHost::Committed { window: WINDOW, document: DOCUMENT });
        self.send(&FromHost::Document { window: WINDOW, document: DOCUMENT, url });
        self.token = self.hear(|message| match message {
            ToHost::Token { token, .. } => Some(token),
            _ => None,
        });
    }

    /// Makes one call and waits for its answer.
    pub(super) fn call(&mut self) {
        self.calls(1);
    }

    /// Makes `count` calls with one write, and waits for all of their answers.
    fn calls(&mut self, count: usize) {
        self.ask(count);
        self.answers(count);
    }

    /// Makes `count` calls with one write, `times` over, and waits for those before only when the next
    /// are on their way.
    pub(super) fn calls_in_turn(&mut self, times: usize, count: usize) {
        self.ask(count);
        for _ in 1..times {
            self.ask(count);
            self.answers(count);
        }
        self.answers(count);
    }

    fn ask(&mut self, count: usize) {
        self.number(count);
        self.socket.write_all(&self.frames).unwrap();
    }

    fn answers(&mut self, count: usize) {
        for _ in 0..count {
            self.hear(|message| match message {
                ToHost::Reply { json, .. } => {
                    assert!(json.contains("\"ok\""), "{json}");
                    Some(())
                }
                _ => None,
            });
        }
    }

    /// Gives the calls of `frames` their numbers; all else in them stays as it is, so that what the
    /// bench does for a call is next to nothing.
    fn number(&mut self, count: usize) {
        if self.frames.len() != count * self.length {
            let one = self.frame();
            (self.length, self.frames) = (one.len(), one.repeat(count));
        }
        for frame in self.frames.chunks_exact_mut(self.length) {
            let digits = frame.get_mut(self.digits..).unwrap();
            write!(&mut *digits, "{}", self.next).unwrap();
            self.next += 1;
        }
    }

    fn frame(&mut self) -> Vec<u8> {
        let (token, text) = (&self.token, "x".repeat(self.text));
        let json = format!("{{\"command\":\"echo\",\"args\":{{\"text\":\"{text}\"}}}}");
        let message = format!("c{token} {FIRST}\n{json}");
        let bytes = message.as_bytes();
        let message = FromHost::Message { window: WINDOW, document: DOCUMENT, bytes };
        let frame = wire::encode(&message, MAX_FROM_HOST).unwrap();
        let first = FIRST.to_string();
        let mut places = frame.windows(first.len());
        self.digits = places.position(|bytes| bytes == first.as_bytes()).unwrap();
        frame
    }

    /// The next message that is meant; on the way there, pings are answered.
    fn hear<T>(&mut self, meant: impl Fn(ToHost<'_>) -> Option<T>) -> T {
        loop {
            let frame = self.receive();
            match wire::decode(&frame).unwrap() {
                ToHost::Ping { number } => self.send(&FromHost::Pong { number }),
                message => {
                    if let Some(heard) = meant(message) {
                        return heard;
                    }
                }
            }
        }
    }

    fn send(&mut self, message: &FromHost<'_>) {
        self.socket.write_all(&wire::encode(message, MAX_FROM_HOST).unwrap()).unwrap();
    }

    /// One frame, of what comes in whatever pieces.
    fn receive(&mut self) -> Vec<u8> {
        loop {
            let waiting = self.arrived.get(self.taken..).unwrap();
            if let Some((prefix, rest)) = waiting.split_first_chunk::<LENGTH_BYTES>() {
                let length = wire::frame_length(*prefix, MAX_TO_HOST).unwrap();
                if let Some(frame) = rest.get(..length) {
                    self.taken += LENGTH_BYTES + length;
                    return frame.to_vec();
                }
            }
            self.arrived.drain(..self.taken);
            self.taken = 0;
            let read = self.socket.read(&mut self.piece).unwrap();
            assert!(read > 0, "the broker hung up");
            self.arrived.extend_from_slice(self.piece.get(..read).unwrap());
        }
    }
}

async fn serve(ends: &mpsc::Sender<OwnedFd>, idle: Idle) {
    if idle == Idle::Spins {
        // What is always ready keeps the runtime from sleeping.
        tokio::spawn(async {
            loop {
                tokio::task::yield_now().await;
            }
        });
    }
    let home = tempfile::tempdir().unwrap();
    let broker = brokers::with_window(home.path());
    let (attachment, theirs) = broker.attach().unwrap();
    ends.send(theirs).unwrap();
    // The bench hangs up when it is done.
    let _hung_up = attachment.serve(std::process::id()).await;
}
