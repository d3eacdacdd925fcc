//! Events from the core to pages. The core says that something happened; the documents that asked
//! to hear of it, and may, are told.
//!
//! To listen is to call a command, `events.subscribe`, with the topic as its `key`: the policy says
//! which topics a window may hear of (`key = ["notes.*"]`), and what of a payload (`result`). An
//! event of a topic that nobody listens to is gone. What is to be known whenever one asks is not an
//! event but [`state`](crate::state).

mod subscription;
mod topic;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

pub(crate) use subscription::Overflow;
pub use subscription::Subscription;
use subscription::{Payload, Queue};
pub use topic::{NotATopic, Topic};

use crate::wire::Calls;

/// The most subscriptions that one topic has: every document of every window that there may be,
/// several times over.
const MAX_SUBSCRIPTIONS: usize = 4096;

/// The events of a broker. Clones are the same.
///
/// ```
/// # use sidegate::events::Events;
/// let events = Events::default();
/// // Nobody listens.
/// assert_eq!(events.emit("notes.saved", &"a.md"), Ok(0));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Events(Arc<Mutex<Topics>>);

type Topics = HashMap<Topic, Vec<Arc<Queue>>>;

/// Why an event was not told to anybody. All of these are the app's developer's to mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// The topic is none.
    #[error(transparent)]
    Topic(#[from] NotATopic),
    /// The payload cannot be written as JSON.
    #[error("the payload cannot be written as JSON: {0}")]
    Payload(String),
    /// The payload is longer than an item of a stream may be.
    #[error("the payload has {length} bytes of JSON, and an event at most {most}")]
    TooLarge {
        /// Bytes of JSON.
        length: usize,
        /// Bytes that there may be.
        most: usize,
    },
}

/// There are as many subscriptions to the topic as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are {MAX_SUBSCRIPTIONS} subscriptions to this topic already")]
pub struct TooManySubscriptions;

impl Events {
    /// The longest payload, in bytes of JSON.
    pub const MAX_PAYLOAD: usize = Calls::MAX_CHUNK - 64;

    /// Tells all who listen to `topic`; how many they are. It waits for nobody: who is behind by
    /// more than a bounded number of events is dealt with as it asked to be.
    ///
    /// # Errors
    /// [`EmitError`]; nobody was told.
    pub fn emit<P: Serialize>(&self, topic: &str, payload: &P) -> Result<usize, EmitError> {
        let topic = Topic::parse(topic)?;
        let wrong = |error: serde_json::Error| EmitError::Payload(error.to_string());
        let value = serde_json::to_value(payload).map_err(wrong)?;
        let length = serde_json::to_string(&value).map_err(wrong)?.len();
        if length > Self::MAX_PAYLOAD {
            return Err(EmitError::TooLarge { length, most: Self::MAX_PAYLOAD });
        }
        let payload = Payload::new(value, length);
        let topics = self.lock();
        let listening = topics.get(&topic).map_or(&[][..], Vec::as_slice);
        listening.iter().for_each(|queue| queue.push(&payload));
        Ok(listening.len())
    }

    /// Listens to a topic from here until what this returns is dropped.
    pub(crate) fn subscribe(
        &self,
        topic: Topic,
        overflow: Overflow,
    ) -> Result<Subscription, TooManySubscriptions> {
        let mut topics = self.lock();
        let listening = topics.entry(topic.clone()).or_default();
        if listening.len() >= MAX_SUBSCRIPTIONS {
            return Err(TooManySubscriptions);
        }
        let queue = Arc::new(Queue::new(overflow));
        listening.push(Arc::clone(&queue));
        Ok(Subscription::new(self.clone(), topic, queue))
    }

    /// How many listen to a topic.
    #[must_use]
    pub fn listeners(&self, topic: &Topic) -> usize {
        self.lock().get(topic).map_or(0, Vec::len)
    }

    fn unsubscribe(&self, topic: &Topic, queue: &Arc<Queue>) {
        let mut topics = self.lock();
        if let Some(listening) = topics.get_mut(topic) {
            listening.retain(|other| !Arc::ptr_eq(other, queue));
            if listening.is_empty() {
                topics.remove(topic);
            }
        }
    }

    /// The map stays whole whatever panicked while it was held: each change of it is one step.
    fn lock(&self) -> MutexGuard<'_, Topics> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
