//! One listener: a bounded queue, and what becomes of it when it is full.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::stream::Stream;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Events, Topic};
use crate::handler::HandlerError;

/// Events that wait for one listener: a page that is busy for a second misses none of fifty.
pub(crate) const MAX_QUEUED: usize = 64;

/// Bytes of them: two of the longest.
pub(crate) const MAX_QUEUED_BYTES: usize = 256 << 10;

/// What becomes of a listener that is behind by more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Overflow {
    /// It is told so, by the end of its subscription: it misses nothing without knowing.
    #[default]
    Close,
    /// It misses the oldest ones.
    Latest,
}

/// A payload and how long its JSON is; shared by all who wait for it.
#[derive(Debug, Clone)]
pub(super) struct Payload {
    value: Arc<Value>,
    length: usize,
}

impl Payload {
    pub(super) fn new(value: Value, length: usize) -> Self {
        Self { value: Arc::new(value), length }
    }
}

/// What waits for one listener.
#[derive(Debug)]
pub(super) struct Queue {
    overflow: Overflow,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Payload>,
    bytes: usize,
    has_lagged: bool,
    waker: Option<Waker>,
}

impl Queue {
    pub(super) fn new(overflow: Overflow) -> Self {
        Self { overflow, state: Mutex::default() }
    }

    pub(super) fn push(&self, payload: &Payload) {
        let mut state = self.lock();
        if state.has_lagged {
            return;
        }
        state.bytes = state.bytes.saturating_add(payload.length);
        state.waiting.push_back(payload.clone());
        while state.waiting.len() > MAX_QUEUED || state.bytes > MAX_QUEUED_BYTES {
            match self.overflow {
                Overflow::Close => {
                    state.has_lagged = true;
                    state.waiting.clear();
                    state.bytes = 0;
                }
                Overflow::Latest => drop(state.pop()),
            }
        }
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    /// Each change of the state is whole whatever panicked while it was held.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn pop(&mut self) -> Option<Payload> {
        let payload = self.waiting.pop_front()?;
        self.bytes = self.bytes.saturating_sub(payload.length);
        Some(payload)
    }
}

/// A stream of the payloads of one topic. It listens until it is dropped.
#[derive(Debug)]
pub struct Subscription {
    events: Events,
    topic: Topic,
    queue: Arc<Queue>,
}

impl Subscription {
    pub(super) fn new(events: Events, topic: Topic, queue: Arc<Queue>) -> Self {
        Self { events, topic, queue }
    }
}

impl Stream for Subscription {
    type Item = Result<Value, HandlerError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.queue.lock();
        if state.has_lagged {
            return Poll::Ready(Some(Err(lagged())));
        }
        if let Some(payload) = state.pop() {
            return Poll::Ready(Some(Ok(Arc::unwrap_or_clone(payload.value))));
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.events.unsubscribe(&self.topic, &self.queue);
    }
}

fn lagged() -> HandlerError {
    HandlerError::new("lagged", "more happened than this page took note of: ask anew")
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;

    fn listening(overflow: Overflow) -> (Events, Subscription) {
        let events = Events::default();
        let subscription = events.subscribe(Topic::parse("a.b").unwrap(), overflow).unwrap();
        (events, subscription)
    }

    /// All that is there to be heard now.
    fn heard(subscription: &mut Subscription) -> Vec<Result<Value, &'static str>> {
        let mut all = Vec::new();
        while let Some(Some(item)) = subscription.next().now_or_never() {
            let is_end = item.is_err();
            all.push(item.map_err(|error| error.code()));
            if is_end {
                break;
            }
        }
        all
    }

    #[test]
    fn who_listens_hears_in_order_and_nobody_else_does() {
        let (events, mut subscription) = listening(Overflow::Close);
        assert_eq!(events.emit("a.b", &1), Ok(1));
        assert_eq!(events.emit("a.c", &2), Ok(0));
        assert_eq!(events.emit("a", &3), Ok(0));
        assert_eq!(events.emit("a.b", &4), Ok(1));
        assert_eq!(heard(&mut subscription), [Ok(1.into()), Ok(4.into())]);
        drop(subscription);
        assert_eq!(events.emit("a.b", &5), Ok(0));
        assert!(events.lock().is_empty());
    }

    #[test]
    fn who_is_far_behind_hears_that_or_the_latest() {
        let (events, mut subscription) = listening(Overflow::Close);
        (0..=MAX_QUEUED).for_each(|number| drop(events.emit("a.b", &number)));
        assert_eq!(heard(&mut subscription), [Err("lagged")]);

        let (events, mut subscription) = listening(Overflow::Latest);
        (0..1000).for_each(|number| drop(events.emit("a.b", &number)));
        let latest: Vec<_> = (1000 - MAX_QUEUED..1000).map(|number| Ok(number.into())).collect();
        assert_eq!(heard(&mut subscription), latest);
    }

    #[test]
    fn what_waits_is_bounded_in_bytes_too() {
        let (events, mut subscription) = listening(Overflow::Latest);
        let long = "x".repeat(100 << 10);
        (0..10).for_each(|_| drop(events.emit("a.b", &long)));
        assert_eq!(heard(&mut subscription).len(), 2);
        let longer = "x".repeat(Events::MAX_PAYLOAD);
        assert!(matches!(
            events.emit("a.b", &longer),
            Err(super::super::EmitError::TooLarge { .. })
        ));
    }
}
