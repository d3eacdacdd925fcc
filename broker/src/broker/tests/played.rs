//! A host of one window, played by a test at its end of the real socket.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test's own numbers, and what it did not expect"
)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::wire::{
    DocumentId, FromHost, HostReport, LENGTH_BYTES, MAX_FROM_HOST, MAX_TO_HOST, PROTOCOL,
    SandboxLevel, ToHost, WindowId, decode, encode, frame_length,
};

/// A host of one window, at its end of the socket.
pub(super) struct Host {
    socket: UnixStream,
    told: mpsc::UnboundedReceiver<Told>,
    window: WindowId,
    document: DocumentId,
    token: String,
    last: u64,
}

#[derive(Debug)]
enum Told {
    Window(WindowId),
    Token(String),
    Reply(Value),
}

impl Host {
    pub(super) async fn new(mut socket: UnixStream) -> Self {
        let level = SandboxLevel::None;
        let report = HostReport { protocol: PROTOCOL, level, missing: Vec::new() };
        write(&mut socket, &FromHost::Ready(report));
        let (tell, mut told) = mpsc::unbounded_channel();
        let mut reading = socket.try_clone().unwrap();
        std::thread::spawn(move || {
            while let Some(heard) = read(&mut reading) {
                heard.into_iter().for_each(|heard| drop(tell.send(heard)));
            }
        });
        let Some(Told::Window(window)) = told.recv().await else { panic!("a window") };
        let (document, token, last) = (DocumentId(0), String::new(), 0);
        Self { socket, told, window, document, token, last }
    }

    fn write(&mut self, message: &FromHost<'_>) {
        write(&mut self.socket, message);
    }

    /// Calls from a document of its own.
    pub(super) async fn call(&mut self, letter: char, command: &str, args: &Value) -> u64 {
        self.document = DocumentId(self.document.0 + 1);
        let (window, document) = (self.window, self.document);
        let url = "app://localhost/index.html".to_owned();
        self.write(&FromHost::Committed { window, document });
        self.write(&FromHost::Document { window, document, url });
        self.token = loop {
            match self.told.recv().await {
                Some(Told::Token(token)) => break token,
                // Of what the document before did not wait for.
                Some(Told::Reply(_)) => {}
                other => panic!("{other:?}"),
            }
        };
        self.last = 1;
        self.say(letter, 1, &json!({ "command": command, "args": args }).to_string());
        1
    }

    /// Makes another call of the same document.
    pub(super) fn next(&mut self, letter: char, command: &str, args: &Value) -> u64 {
        self.last += 1;
        self.say(letter, self.last, &json!({ "command": command, "args": args }).to_string());
        self.last
    }

    /// The reply to `call`, which is the next that there is.
    pub(super) async fn reply(&mut self, call: u64) -> Value {
        match self.told.recv().await {
            Some(Told::Reply(reply)) if reply["id"] == call => reply,
            other => panic!("{other:?}"),
        }
    }

    /// Shows tokens from now on that nobody minted.
    pub(super) fn make_up_token(&mut self) {
        let last = if self.token.ends_with('A') { "Q" } else { "A" };
        self.token.replace_range(self.token.len() - 1.., last);
    }

    /// Waits until the broker has hung up.
    pub(super) async fn is_ended(&mut self) {
        while self.told.recv().await.is_some() {}
    }

    pub(super) fn say(&mut self, letter: char, call: u64, text: &str) {
        let line = if text.is_empty() { "" } else { "\n" };
        let bytes = format!("{letter}{} {call}{line}{text}", self.token).into_bytes();
        let (window, document) = (self.window, self.document);
        self.write(&FromHost::Message { window, document, bytes: &bytes });
    }

    /// What is told of `call` at its end: nothing of it comes behind that, nor, where it has none,
    /// at all.
    pub(super) async fn end(&mut self, call: u64) -> Option<String> {
        self.last += 1;
        let after = self.last;
        self.say('c', after, r#"{"command":"app.info"}"#);
        let mut ended = None;
        loop {
            let Some(Told::Reply(reply)) = self.told.recv().await else { panic!("no reply") };
            if reply["id"] == after {
                return ended;
            }
            assert_eq!(reply["id"], call);
            assert_eq!(ended, None, "{reply} comes after its end");
            ended = reply["error"]["code"].as_str().map(str::to_owned);
        }
    }
}

fn write(socket: &mut UnixStream, message: &FromHost<'_>) {
    socket.write_all(&encode(message, MAX_FROM_HOST).unwrap()).unwrap();
}

/// The next frame, if there is one, and what of it matters here.
fn read(socket: &mut UnixStream) -> Option<Option<Told>> {
    let mut prefix = [0; LENGTH_BYTES];
    socket.read_exact(&mut prefix).ok()?;
    let mut body = vec![0; frame_length(prefix, MAX_TO_HOST).unwrap()];
    socket.read_exact(&mut body).ok()?;
    Some(match decode(&body).unwrap() {
        ToHost::Open(opening) => Some(Told::Window(opening.window)),
        ToHost::Token { token, .. } => Some(Told::Token(token.to_owned())),
        ToHost::Reply { json, .. } => Some(Told::Reply(serde_json::from_str(json).unwrap())),
        _ => None,
    })
}
