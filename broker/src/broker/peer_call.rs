//! A call of a peer that goes on: what a bridge and a page do with one, by hand. Items are taken and
//! chunks are sent as the caller says, so that it can be as slow as it likes.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};

use super::Peer;
use crate::pipeline::Reply;
use crate::streams::{self, Exit, Outlet, Unsent};
use crate::wire::Calls;

/// Replies on their way to a peer: what one call may have under way, and its end.
const QUEUE: usize = 2 * Calls::WINDOW;

/// What a peer hears of its call.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Heard {
    /// The stream has begun.
    Open,
    /// An item of it.
    Item(Value),
    /// An item that is bytes.
    Bytes(Bytes),
    /// Credit for so many chunks of the body more.
    More(u64),
    /// The answer, and the end.
    Done(Value),
    /// The answer that is bytes, and the end.
    DoneBytes(Bytes),
    /// What a page would learn: `{"code": …, "message": …}`, and the end.
    Failed(Value),
}

/// A call that goes on. Dropping it cancels it.
#[derive(Debug)]
pub struct PeerCall<'p> {
    peer: &'p Peer,
    number: u64,
    replies: mpsc::Receiver<Reply>,
    is_over: bool,
}

impl<'p> PeerCall<'p> {
    pub(super) fn new(peer: &'p Peer, number: u64, replies: mpsc::Receiver<Reply>) -> Self {
        Self { peer, number, replies, is_over: false }
    }

    /// The number of the call.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Waits for the next thing that there is to hear; `None` after the end. An item counts as
    /// untaken until [`take`](Self::take).
    pub async fn hear(&mut self) -> Option<Heard> {
        if self.is_over {
            return None;
        }
        let heard = heard(&self.replies.recv().await?);
        self.is_over = matches!(heard, Heard::Done(_) | Heard::DoneBytes(_) | Heard::Failed(_));
        Some(heard)
    }

    /// The next item, taken; `None` at the end of the stream.
    ///
    /// # Errors
    /// What a page would learn of its failure.
    pub async fn next(&mut self) -> Result<Option<Heard>, Value> {
        loop {
            match self.hear().await {
                Some(item @ (Heard::Item(_) | Heard::Bytes(_))) => {
                    self.take().await;
                    return Ok(Some(item));
                }
                Some(Heard::Failed(error)) => return Err(error),
                Some(Heard::Open | Heard::More(_)) => {}
                Some(Heard::Done(_) | Heard::DoneBytes(_)) | None => return Ok(None),
            }
        }
    }

    /// Says that one item was taken.
    pub async fn take(&self) {
        self.say('a', None).await;
    }

    /// Sends one chunk of the body, for which there must be credit.
    pub async fn chunk(&self, bytes: &[u8]) {
        self.say('b', Some(bytes)).await;
    }

    /// Says that the body is whole.
    pub async fn end(&self) {
        self.say('e', None).await;
    }

    /// Cancels the call.
    pub async fn cancel(&self) {
        self.say('x', None).await;
    }

    /// Sends `body` as there is credit for it, and waits for the end.
    ///
    /// # Errors
    /// What a page would learn of its failure.
    pub async fn upload(mut self, body: &[u8]) -> Result<Heard, Value> {
        let mut chunks: VecDeque<&[u8]> = body.chunks(Calls::MAX_CHUNK).collect();
        if chunks.is_empty() {
            self.end().await;
        }
        while let Some(heard) = self.hear().await {
            match heard {
                Heard::More(credit) => {
                    for _ in 0..credit {
                        let Some(chunk) = chunks.pop_front() else { break };
                        self.chunk(chunk).await;
                        if chunks.is_empty() {
                            self.end().await;
                        }
                    }
                }
                Heard::Failed(error) => return Err(error),
                end @ (Heard::Done(_) | Heard::DoneBytes(_)) => return Ok(end),
                Heard::Open | Heard::Item(_) | Heard::Bytes(_) => {}
            }
        }
        Err(Value::Null)
    }

    async fn say(&self, kind: char, bytes: Option<&[u8]>) {
        let head = format!("{kind}{} {}", self.peer.token_text(), self.number);
        let mut message = head.into_bytes();
        if let Some(bytes) = bytes {
            message.push(b'\n');
            message.extend_from_slice(bytes);
        }
        let _nothing = self.peer.send(&message).await;
    }
}

impl Drop for PeerCall<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.peer.cancel_now(self.number);
        }
    }
}

fn heard(reply: &Reply) -> Heard {
    let text: Value = serde_json::from_str(reply.json()).unwrap_or_default();
    let member = |name: &str| text.get(name).cloned();
    match (reply.bytes(), member("item"), member("ok"), member("more"), member("open")) {
        (Some(bytes), Some(_), ..) => Heard::Bytes(bytes.clone()),
        (Some(bytes), ..) => Heard::DoneBytes(bytes.clone()),
        (None, Some(item), ..) => Heard::Item(item),
        (None, None, Some(ok), ..) => Heard::Done(ok),
        (None, None, None, Some(more), _) => Heard::More(more.as_u64().unwrap_or_default()),
        (None, None, None, None, Some(_)) => Heard::Open,
        (None, None, None, None, None) => Heard::Failed(member("error").unwrap_or_default()),
    }
}

/// The way back to a caller in this process.
#[derive(Debug)]
pub(super) struct Local {
    replies: mpsc::Sender<Reply>,
    room: Arc<Semaphore>,
}

impl Local {
    pub(super) fn new() -> (Self, mpsc::Receiver<Reply>) {
        let (replies, heard) = mpsc::channel(QUEUE);
        (Self { replies, room: Arc::new(Semaphore::new(streams::ROOM)) }, heard)
    }
}

impl Outlet for Local {
    fn send<'a>(&'a self, reply: Reply, exit: Exit<'a>) -> BoxFuture<'a, Result<(), Unsent>> {
        let place = self.replies.reserve().map(|place| place.map_err(|_| Unsent::Gone));
        place.map(move |place| place.and_then(|place| exit.by(|| place.send(reply)))).boxed()
    }

    fn bodies(&self) -> &Arc<Semaphore> {
        &self.room
    }

    /// It is this process.
    fn is_gone(&self) -> bool {
        false
    }
}
