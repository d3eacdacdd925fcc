//! A language server for capability files: what is wrong with them as they are typed, what a grant
//! means in words, where a permission is, what may be typed next.
//!
//! A session is a stream of messages in and one of messages out. What is deliberately not here: how
//! the streams are had, and what an app is; the caller's [`Finder`] tells what surrounds a document.
//! Nothing is decided here either: what is wrong with a policy is the compiler's to say.
//!
//! What a client sends may be broken, in pieces, far too much or out of turn. It is bounded
//! (`wire`, `documents`) and answered with the protocol's refusals; of the texts themselves
//! nothing goes anywhere but into answers.

mod actions;
mod asked;
mod capabilities;
mod completion;
mod cursor;
mod documents;
mod failure;
mod formatting;
mod hover;
mod keys;
mod links;
mod position;
mod publish;
mod requests;
mod session;
mod surroundings;
mod symbols;
mod tree;
mod wire;
mod words;
mod workspace;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io::{self, BufRead, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

pub use session::Ended;
use session::Session;
pub use surroundings::{Command, Finder, Surroundings};
use wire::Incoming;

/// How many messages are read ahead: what somebody types while a large policy is looked at. Each of
/// them may be as long as a message can be, so it is not more.
const MAX_AHEAD: usize = 16;

/// Serves one client until it ends the session or is gone.
///
/// Messages are read on a thread of their own, so that what has come in the meantime is looked at
/// as a whole. The thread ends with the stream; where the client ends the session first, it is
/// left waiting for a byte that the end of the program takes from it.
///
/// # Errors
/// A stream breaks, or the client's messages are out of step.
pub fn serve<R>(input: R, output: &mut dyn Write, finder: &Finder<'_>) -> io::Result<Ended>
where
    R: BufRead + Send + 'static,
{
    let (sender, receiver) = sync_channel(MAX_AHEAD);
    thread::Builder::new().name("lsp-reader".into()).spawn(move || read_all(input, &sender))?;
    let mut session = Session::new(finder);
    while let Some((messages, broken)) = next(&receiver) {
        if let Some(ended) = session.take(messages, output)? {
            return Ok(ended);
        }
        if let Some(error) = broken {
            return Err(error);
        }
    }
    Ok(session.ended())
}

type Read = io::Result<Incoming>;

fn read_all(mut input: impl BufRead, sender: &SyncSender<Read>) {
    while let Some(message) = wire::read(&mut input).transpose() {
        let is_broken = message.is_err();
        // Nobody takes it: the session has ended.
        if sender.send(message).is_err() || is_broken {
            return;
        }
    }
}

/// Waits for a message, and takes the ones that have come after it; with the error that the stream
/// broke with behind them. `None` at its end.
fn next(receiver: &Receiver<Read>) -> Option<(VecDeque<Incoming>, Option<io::Error>)> {
    let mut messages = VecDeque::new();
    let mut read = receiver.recv().ok()?;
    loop {
        match read {
            Ok(message) => messages.push_back(message),
            Err(error) => return Some((messages, Some(error))),
        }
        if messages.len() >= MAX_AHEAD {
            return Some((messages, None));
        }
        match receiver.try_recv() {
            Ok(next) => read = next,
            Err(_) => return Some((messages, None)),
        }
    }
}
