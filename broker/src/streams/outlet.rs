//! Where a call's replies go: to one document, by way of its host or within this process.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::pipeline::Reply;

/// There is nobody left to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// The way to the document that a call came from.
pub(crate) trait Outlet: fmt::Debug + Send + Sync {
    /// Sends one reply, and waits until there is room for it on the way.
    fn send(&self, reply: Reply) -> BoxFuture<'_, Result<(), Gone>>;

    /// The bytes that bodies of this host may take: [`ROOM`](super::ROOM) in all.
    fn bodies(&self) -> &Arc<Semaphore>;

    /// Whether the process of the document has ended, as the kernel knows it now: before the broker
    /// has taken notice.
    fn is_gone(&self) -> bool;
}
