//! B07: whose word counts while documents come and go. The test is a host at its end of the real
//! socket. It has two windows, and what it says of them is drawn by chance: commits, proofs, and calls
//! with any token that it has heard of, as it was minted or narrowed, in the name of this document, of the
//! one before and of the one to come, cut into writes anywhere. Next to it stands what the rules say in
//! three lines ([`Model`]); each call has to end as these have it, and no other may have run.
//!
//! `SIDEGATE_SOAK=1` shows a hundred thousand late tokens, `SIDEGATE_SEED=n` makes the choices of an
//! earlier run.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a test's own numbers, and what it does not listen for"
)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::builder;
use crate::app::Window;
use crate::host::Attachment;
use crate::token::{Caveat, Token};
use crate::wire::{
    DocumentId, FromHost, HostReport, LENGTH_BYTES, MAX_FROM_HOST, MAX_TO_HOST, PROTOCOL,
    SandboxLevel, ToHost, WindowId, decode, encode, frame_length,
};
use crate::{Broker, Call, Command, HandlerError};

const POLICY: &str = r#"
version = 1
[[capability]]
id = "twins"
windows = ["left", "right"]
allow = [{ commands = ["test.note"] }]
"#;

/// Tokens of no session that a host may show; with one more it is ended, and so is what it can try.
const STRANGERS: usize = 15;

/// How many late tokens are shown.
fn wanted() -> usize {
    let soaks = std::env::var_os("SIDEGATE_SOAK").is_some_and(|wanted| wanted == "1");
    if soaks { 100_000 } else { 6_000 }
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Note {
    number: u64,
}

/// The numbers of the calls that ran.
type Ran = Arc<Mutex<Vec<u64>>>;

#[test]
fn b07_a_late_token_is_refused_however_commits_and_calls_interleave() {
    let home = TempDir::new().unwrap();
    let ran = Ran::default();
    let broker = broker(&home, &ran);
    // One thread for all hosts, as the stock program has it; where their sockets are made, it is named.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let handle = runtime.handle().clone();
    let _named = handle.enter();
    let (serve, attachments) = mpsc::unbounded_channel();
    let serving = std::thread::spawn(move || runtime.block_on(serve_all(attachments)));
    let mut chance = Chance::from_environment();
    println!("SIDEGATE_SEED={}", chance.0);
    let (mut late, mut right, mut scripts) = (0, 0, 0);
    while late < wanted() {
        let (attachment, theirs) = broker.attach().unwrap();
        serve.send(attachment).unwrap();
        let mut host = Host::new(UnixStream::from(theirs));
        host.go_on(&mut chance);
        let Model { expected, strangers, .. } = host.end();
        let found = std::mem::take(&mut *ran.lock().unwrap_or_else(PoisonError::into_inner));
        let allowed = expected.iter().filter(|(_, allowed)| **allowed).map(|(number, _)| *number);
        assert_eq!(found, allowed.collect::<Vec<_>>(), "those that ran, and those that had to");
        (late, right, scripts) = (late + strangers, right + found.len(), scripts + 1);
    }
    println!(
        "{late} late tokens in {scripts} scripts, none taken; {right} calls of the right document"
    );
    assert!(right > late / 8, "{right}: those that have to be taken are among them");
    drop(serve);
    serving.join().unwrap();
}

/// The hosts one after another.
async fn serve_all(mut attachments: mpsc::UnboundedReceiver<Attachment>) {
    while let Some(attachment) = attachments.recv().await {
        // That one is ended early shows in what it does not hear.
        let _hung_up = attachment.serve(std::process::id()).await;
    }
}

fn broker(home: &TempDir, ran: &Ran) -> Broker {
    let ran = Arc::clone(ran);
    let note = move |_: Call, Note { number }: Note| {
        ran.lock().unwrap_or_else(PoisonError::into_inner).push(number);
        std::future::ready(Ok::<_, HandlerError>(()))
    };
    let window = |label| Window::new(label, "index.html").unwrap();
    let builder = builder(home, POLICY).least_sandbox(SandboxLevel::None);
    let builder = builder.window(window("left")).window(window("right"));
    builder.command(Command::new("test.note", note)).build().unwrap()
}

/// What a naive reader of the rules expects.
#[derive(Debug, Default)]
struct Model {
    /// The document that each window committed last.
    current: [u64; 2],
    /// Whether it was proved.
    proved: [bool; 2],
    /// Each call by its number, and whether it is allowed.
    expected: BTreeMap<u64, bool>,
    /// Tokens shown of documents that were gone.
    strangers: usize,
}

impl Model {
    /// What `shown` says in the name of a document of a window.
    fn call(&mut self, number: u64, shown: &Shown, (window, document): (usize, u64)) {
        let is_late = shown.document < self.current[shown.window];
        let is_its_own = (shown.window, shown.document) == (window, document);
        self.strangers += usize::from(is_late);
        self.expected.insert(number, !is_late && is_its_own);
    }
}

/// A token that the host has heard of.
#[derive(Debug, Clone)]
struct Shown {
    window: usize,
    document: u64,
    text: String,
}

/// One host, and what it has said and heard.
struct Host {
    socket: UnixStream,
    windows: Vec<WindowId>,
    model: Model,
    tokens: Vec<Shown>,
    /// Proofs whose tokens have not been heard.
    awaited: usize,
    replies: BTreeMap<u64, Value>,
    /// Said and not written.
    said: Vec<u8>,
    number: u64,
}

impl Host {
    fn new(socket: UnixStream) -> Self {
        let mut host = Self {
            socket,
            windows: Vec::new(),
            model: Model::default(),
            tokens: Vec::new(),
            awaited: 0,
            replies: BTreeMap::new(),
            said: Vec::new(),
            number: 0,
        };
        let level = SandboxLevel::None;
        host.say(&FromHost::Ready(HostReport { protocol: PROTOCOL, level, missing: Vec::new() }));
        host.write_all();
        while host.windows.len() < 2 {
            host.hear();
        }
        host
    }

    /// Says this and that until it has shown as many late tokens as it may.
    fn go_on(&mut self, chance: &mut Chance) {
        while self.model.strangers < STRANGERS {
            let window = chance.below(2);
            match chance.below(9) {
                0 => self.commit(window),
                1 | 2 => self.prove(window),
                3 => self.listen(),
                _ if self.tokens.is_empty() => {}
                4 => {
                    let shown = self.one_of_the_last(chance);
                    let with = Caveat::commands(["test.*"]).unwrap();
                    let token = Token::parse(shown.text.as_bytes()).unwrap();
                    self.tokens.extend(
                        token
                            .attenuate(&with)
                            .map(|narrowed| Shown { text: narrowed.text(), ..shown }),
                    );
                }
                _ => self.call(window, chance),
            }
            if chance.below(3) == 0 {
                self.write_in_pieces(chance);
            }
        }
    }

    fn commit(&mut self, window: usize) {
        self.model.current[window] += 1;
        self.model.proved[window] = false;
        let document = DocumentId(self.model.current[window]);
        self.say(&FromHost::Committed { window: self.windows[window], document });
    }

    fn prove(&mut self, window: usize) {
        let document = self.model.current[window];
        if document == 0 || std::mem::replace(&mut self.model.proved[window], true) {
            return;
        }
        self.awaited += 1;
        let url = "app://localhost/index.html".to_owned();
        let (window, document) = (self.windows[window], DocumentId(document));
        self.say(&FromHost::Document { window, document, url });
    }

    /// Waits for the tokens of what was proved.
    fn listen(&mut self) {
        self.write_all();
        while self.awaited > 0 {
            self.hear();
        }
    }

    /// Shows a token in the name of a document: a call, or the wish for another token.
    fn call(&mut self, window: usize, chance: &mut Chance) {
        let shown = self.one_of_the_last(chance);
        let window = if chance.below(5) == 0 { window } else { shown.window };
        let current = self.model.current[window];
        let names = [shown.document, shown.document, shown.document + 1, current, current + 1];
        let name = (window, names[chance.below(names.len())]);
        self.show(&shown, name);
    }

    fn show(&mut self, shown: &Shown, (window, document): (usize, u64)) {
        self.number += 1;
        let number = self.number;
        self.model.call(number, shown, (window, document));
        let call = json!({ "command": "test.note", "args": { "number": number } });
        let bytes = format!("c{} {number}\n{call}", shown.text).into_bytes();
        let (window, document) = (self.windows[window], DocumentId(document));
        self.say(&FromHost::Message { window, document, bytes: &bytes });
    }

    fn one_of_the_last(&self, chance: &mut Chance) -> Shown {
        let back = chance.below(self.tokens.len().min(4));
        self.tokens[self.tokens.len() - 1 - back].clone()
    }

    /// One more document, whose call is the last: all before it was judged when that is answered.
    fn end(mut self) -> Model {
        self.commit(0);
        self.prove(0);
        self.listen();
        let document = self.model.current[0];
        let is_last = |shown: &&Shown| (shown.window, shown.document) == (0, document);
        let last = self.tokens.iter().find(is_last).unwrap().clone();
        self.show(&last, (0, document));
        self.write_all();
        while self.replies.len() < self.model.expected.len() {
            self.hear();
        }
        for (number, allowed) in &self.model.expected {
            let reply = &self.replies[number];
            let code = reply["error"]["code"].as_str();
            assert_eq!(code, (!allowed).then_some("denied"), "{number}: {reply}");
        }
        self.model
    }

    fn say(&mut self, message: &FromHost<'_>) {
        self.said.extend(encode(message, MAX_FROM_HOST).unwrap());
    }

    fn write_all(&mut self) {
        self.socket.write_all(&self.said).unwrap();
        self.said.clear();
    }

    /// Writes what was said in pieces that are cut anywhere; the last of it may wait for the next time.
    fn write_in_pieces(&mut self, chance: &mut Chance) {
        while !self.said.is_empty() && chance.below(4) > 0 {
            let length = 1 + chance.below(self.said.len());
            let piece: Vec<u8> = self.said.drain(..length).collect();
            self.socket.write_all(&piece).unwrap();
        }
    }

    /// Takes one frame of the broker's.
    fn hear(&mut self) {
        let mut prefix = [0; LENGTH_BYTES];
        self.socket.read_exact(&mut prefix).unwrap();
        let mut body = vec![0; frame_length(prefix, MAX_TO_HOST).unwrap()];
        self.socket.read_exact(&mut body).unwrap();
        match decode(&body).unwrap() {
            ToHost::Open(open) => self.windows.push(open.window),
            ToHost::Token { window, document, token } => {
                let window = self.windows.iter().position(|known| *known == window).unwrap();
                self.tokens.push(Shown { window, document: document.0, text: token });
                self.awaited -= 1;
            }
            ToHost::Reply { json, .. } => {
                let reply: Value = serde_json::from_str(json).unwrap();
                let again = self.replies.insert(reply["id"].as_u64().unwrap(), reply);
                assert_eq!(again, None, "a second answer");
            }
            _ => {}
        }
    }
}

/// Choices, by a xorshift generator (Marsaglia, *Xorshift RNGs*, 2003).
struct Chance(u64);

impl Chance {
    fn from_environment() -> Self {
        let seed = std::env::var("SIDEGATE_SEED").ok().and_then(|seed| seed.parse().ok());
        Self(seed.unwrap_or_else(|| crate::clock::Moment::now().as_nanos() | 1))
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}
