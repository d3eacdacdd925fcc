//! One watcher of one key.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::stream::Stream;
use tokio::sync::watch;

use super::{State, Versioned};
use crate::events::Topic;
use crate::handler::HandlerError;

/// A stream of what a key has: at once, and after each change.
pub struct Watching {
    /// Waits for a change, and holds the receiver meanwhile; always there but while it is polled.
    next: Option<BoxFuture<'static, (Option<Versioned>, watch::Receiver<Versioned>)>>,
    state: State,
    key: Topic,
}

impl Watching {
    pub(super) fn new(state: State, key: Topic, mut receiver: watch::Receiver<Versioned>) -> Self {
        // What there is now is news to this watcher.
        receiver.mark_changed();
        Self { next: Some(Box::pin(changed(receiver))), state, key }
    }
}

async fn changed(
    mut receiver: watch::Receiver<Versioned>,
) -> (Option<Versioned>, watch::Receiver<Versioned>) {
    let alive = receiver.changed().await.is_ok();
    let seen = alive.then(|| receiver.borrow_and_update().clone());
    (seen, receiver)
}

impl Stream for Watching {
    type Item = Result<Versioned, HandlerError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(next) = &mut self.next else {
            return Poll::Ready(None);
        };
        let Poll::Ready((seen, receiver)) = next.as_mut().poll(context) else {
            return Poll::Pending;
        };
        self.next = seen.is_some().then(|| Box::pin(changed(receiver)) as BoxFuture<'static, _>);
        Poll::Ready(seen.map(Ok))
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // The receiver first: it is what keeps a key that has no value.
        self.next = None;
        self.state.unwatch(&self.key);
    }
}

impl std::fmt::Debug for Watching {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watching").field("key", &self.key).finish_non_exhaustive()
    }
}
