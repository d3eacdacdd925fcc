//! Where a call's replies go: to one document, by way of its host or within this process.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::pipeline::Reply;
use crate::session::{Stop, Valve};

/// Why a reply was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsent {
    /// There is nobody left to hear.
    Gone,
    /// Its call was stopped, or its answer taken back, before there was room for it.
    Kept(Stop),
}

/// What a reply passes when there is room for it, in the moment in which it is queued.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Exit<'a> {
    /// Nothing: what is told of a call that is over, or never was.
    Free,
    /// The valve of its call, which goes on.
    Part(&'a Valve),
    /// The valve of its call, which has come to its end.
    Answer(&'a Valve),
}

impl Exit<'_> {
    /// Queues by `queue`, which can neither fail nor wait, or keeps it.
    pub(crate) fn by(self, queue: impl FnOnce()) -> Result<(), Unsent> {
        let out = match self {
            Self::Free => {
                queue();
                Ok(())
            }
            Self::Part(valve) => valve.let_out(queue),
            Self::Answer(valve) => valve.hand_over(queue),
        };
        out.map_err(Unsent::Kept)
    }
}

/// The way to the document that a call came from.
pub(crate) trait Outlet: fmt::Debug + Send + Sync {
    /// Sends one reply: waits until there is room for it on the way, and has it pass its `exit` then.
    fn send<'a>(&'a self, reply: Reply, exit: Exit<'a>) -> BoxFuture<'a, Result<(), Unsent>>;

    /// The bytes that bodies of this host may take: [`ROOM`](super::ROOM) in all.
    fn bodies(&self) -> &Arc<Semaphore>;

    /// Whether the process of the document has ended, as the kernel knows it now: before the broker
    /// has taken notice.
    fn is_gone(&self) -> bool;
}
