//! A host without windows, played by the bench, and a broker on a thread of its own at the other end
//! of its socket.

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

/// The host's end.
pub(super) struct Host {
    socket: File,
    token: String,
    next: u64,
    text: String,
    /// What was read and is not taken apart yet.
    arrived: Vec<u8>,
}

impl Host {
    /// A host whose broker runs on `core`, and whose calls have `text` for their arguments.
    pub(super) fn start(core: usize, text: usize) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            place::pin(core);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(serve(&sender));
        });
        let mut host = Self {
            socket: File::from(receiver.recv().unwrap()),
            token: String::new(),
            next: 1,
            text: "x".repeat(text),
            arrived: Vec::new(),
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
        let frame = self.frame();
        self.socket.write_all(&frame).unwrap();
        self.answers(1);
    }

    /// Makes `count` calls with one write, and waits for all of their answers.
    pub(super) fn calls(&mut self, count: usize) {
        let frames: Vec<u8> = (0..count).flat_map(|_| self.frame()).collect();
        self.socket.write_all(&frames).unwrap();
        self.answers(count);
    }

    fn frame(&mut self) -> Vec<u8> {
        let (token, call, text) = (&self.token, self.next, &self.text);
        let message =
            format!("c{token} {call}\n{{\"command\":\"echo\",\"args\":{{\"text\":\"{text}\"}}}}");
        self.next += 1;
        let bytes = message.as_bytes();
        let message = FromHost::Message { window: WINDOW, document: DOCUMENT, bytes };
        wire::encode(&message, MAX_FROM_HOST).unwrap()
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
            if let Some((prefix, rest)) = self.arrived.split_first_chunk::<LENGTH_BYTES>() {
                let length = wire::frame_length(*prefix, MAX_TO_HOST).unwrap();
                if let Some(frame) = rest.get(..length) {
                    let frame = frame.to_vec();
                    self.arrived.drain(..LENGTH_BYTES + length);
                    return frame;
                }
            }
            let mut piece = [0; 64 << 10];
            let read = self.socket.read(&mut piece).unwrap();
            assert!(read > 0, "the broker hung up");
            self.arrived.extend_from_slice(piece.get(..read).unwrap());
        }
    }
}

async fn serve(ends: &mpsc::Sender<OwnedFd>) {
    let home = tempfile::tempdir().unwrap();
    let broker = brokers::with_window(home.path());
    let (attachment, theirs) = broker.attach().unwrap();
    ends.send(theirs).unwrap();
    // The bench hangs up when it is done.
    let _hung_up = attachment.serve(std::process::id()).await;
}
