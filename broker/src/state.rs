//! State that the windows of an app share: values by key, owned by the core. A page reads them,
//! watches them, and proposes changes under the version that it saw; whoever missed some of the
//! changes still ends with the last one, since a watcher is told what is, not what happened.
//!
//! It lasts as long as the broker: what is to outlive it is a [`setting`](crate::settings) or a
//! file. Which keys a window may read or set is the policy's to say (`key = ["notes.*"]`).

mod watching;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

pub use watching::Watching;

use crate::events::{NotATopic, Topic};
use crate::wire::Calls;

/// The most keys that are kept at once.
const MAX_KEYS: usize = 4096;

/// The most bytes of JSON that all values have together.
const MAX_BYTES: usize = 16 << 20;

/// The state of a broker. Clones are the same.
///
/// ```
/// # use sidegate::state::State;
/// let state = State::default();
/// let first = state.set("notes.open", &"a.md", None).unwrap();
/// // Whoever saw the first version may change it, once.
/// let second = state.set("notes.open", &"b.md", Some(first)).unwrap();
/// assert!(state.set("notes.open", &"c.md", Some(first)).is_err());
/// assert_eq!(state.get("notes.open").unwrap().version, second);
/// ```
#[derive(Debug, Clone, Default)]
pub struct State(Arc<Mutex<Values>>);

/// A value and its version. Versions of a key only grow; 0 is that of a key that has no value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Versioned {
    /// The value; null where there is none.
    pub value: Value,
    /// The version.
    pub version: u64,
}

/// Why a value was not set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The key is none.
    #[error(transparent)]
    Key(#[from] NotATopic),
    /// The value has another version than the caller saw.
    #[error("the value has version {current} by now")]
    Conflict {
        /// The version that it has.
        current: u64,
    },
    /// The value is longer than values may be.
    #[error("the value has {length} bytes of JSON, and a shared one at most {most}")]
    TooLarge {
        /// Bytes of JSON.
        length: usize,
        /// Bytes that there may be.
        most: usize,
    },
    /// There is no room for another key, or for a longer value.
    #[error("there is no room for more: {MAX_KEYS} keys and {MAX_BYTES} bytes are kept")]
    Full,
    /// The value cannot be written as JSON.
    #[error("the value cannot be written as JSON: {0}")]
    Value(String),
}

#[derive(Debug, Default)]
struct Values {
    /// Counts all changes, so that a key that was taken away and set again has a higher version.
    last: u64,
    bytes: usize,
    by_key: HashMap<Topic, Kept>,
}

/// A key that has a value, or is watched.
#[derive(Debug)]
struct Kept {
    bytes: usize,
    sender: watch::Sender<Versioned>,
}

impl State {
    /// The longest value, in bytes of JSON: it has to fit an item of a stream.
    pub const MAX_VALUE: usize = Calls::MAX_CHUNK - 128;

    /// What a key has.
    ///
    /// # Errors
    /// [`StateError::Key`].
    pub fn get(&self, key: &str) -> Result<Versioned, StateError> {
        let key = Topic::parse(key)?;
        let values = self.lock();
        Ok(values.by_key.get(&key).map(|kept| kept.sender.borrow().clone()).unwrap_or_default())
    }

    /// Sets what a key has, and tells all who watch it; null takes the value away. With `seen`, only
    /// where the value still has that version, 0 for none. The version that it has now.
    ///
    /// # Errors
    /// [`StateError`]; nothing has changed.
    pub fn set<V: Serialize>(
        &self,
        key: &str,
        value: &V,
        seen: Option<u64>,
    ) -> Result<u64, StateError> {
        let key = Topic::parse(key)?;
        let wrong = |error: serde_json::Error| StateError::Value(error.to_string());
        let value = serde_json::to_value(value).map_err(wrong)?;
        let length = serde_json::to_string(&value).map_err(wrong)?.len();
        if length > Self::MAX_VALUE {
            return Err(StateError::TooLarge { length, most: Self::MAX_VALUE });
        }
        self.lock().set(&key, value, length, seen)
    }

    /// Watches a key: what it has, and then each time that it has something else. Who is slow is
    /// told the last of what it missed.
    ///
    /// # Errors
    /// [`StateError::Key`] and [`StateError::Full`].
    pub fn watch(&self, key: &str) -> Result<Watching, StateError> {
        let key = Topic::parse(key)?;
        let receiver = self.lock().kept(&key)?.sender.subscribe();
        Ok(Watching::new(self.clone(), key, receiver))
    }

    /// A watcher is gone: a key without a value is forgotten with the last of them.
    fn unwatch(&self, key: &Topic) {
        self.lock().forget_if_unused(key);
    }

    /// The map stays whole whatever panicked while it was held: nothing in a change can.
    fn lock(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Values {
    fn set(
        &mut self,
        key: &Topic,
        value: Value,
        length: usize,
        seen: Option<u64>,
    ) -> Result<u64, StateError> {
        let before = self.by_key.get(key);
        let current = before.map_or(0, |kept| kept.sender.borrow().version);
        if seen.is_some_and(|seen| seen != current) {
            return Err(StateError::Conflict { current });
        }
        let is_set = !value.is_null();
        let taken = if is_set { length } else { 0 };
        let without = self.bytes.saturating_sub(before.map_or(0, |kept| kept.bytes));
        let bytes = without.saturating_add(taken);
        if bytes > MAX_BYTES {
            return Err(StateError::Full);
        }
        let next = self.last.saturating_add(1);
        let version = if is_set { next } else { 0 };
        let kept = self.kept(key)?;
        kept.bytes = taken;
        kept.sender.send_replace(Versioned { value, version });
        (self.last, self.bytes) = (next, bytes);
        self.forget_if_unused(key);
        Ok(version)
    }

    fn kept(&mut self, key: &Topic) -> Result<&mut Kept, StateError> {
        if self.by_key.len() >= MAX_KEYS && !self.by_key.contains_key(key) {
            return Err(StateError::Full);
        }
        let none = || Kept { bytes: 0, sender: watch::Sender::default() };
        Ok(self.by_key.entry(key.clone()).or_insert_with(none))
    }

    fn forget_if_unused(&mut self, key: &Topic) {
        let unused = |kept: &Kept| kept.sender.borrow().version == 0 && kept.sender.is_closed();
        if self.by_key.get(key).is_some_and(unused) {
            self.by_key.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_under_an_old_version_is_refused() {
        let state = State::default();
        assert_eq!(state.get("a").unwrap(), Versioned::default());
        let first = state.set("a", &1, Some(0)).unwrap();
        assert_eq!(state.set("a", &2, Some(0)), Err(StateError::Conflict { current: first }));
        let second = state.set("a", &2, Some(first)).unwrap();
        assert!(second > first);
        // Taken away and set again, it is not what it was.
        assert_eq!(state.set("a", &Value::Null, Some(second)), Ok(0));
        let third = state.set("a", &1, Some(0)).unwrap();
        assert!(third > second);
        assert_eq!(state.set("a", &9, Some(first)), Err(StateError::Conflict { current: third }));
    }

    #[tokio::test]
    async fn whoever_missed_changes_ends_with_the_last_one() {
        let state = State::default();
        let mut watching = state.watch("a").unwrap();
        assert_eq!(watching.next().await.unwrap().unwrap(), Versioned::default());
        let mut last = 0;
        for number in 0..1000 {
            last = state.set("a", &number, None).unwrap();
        }
        let seen = watching.next().await.unwrap().unwrap();
        assert_eq!(seen, Versioned { value: json!(999), version: last });
        assert!(watching.next().now_or_never().is_none());
    }

    #[test]
    fn what_is_kept_is_bounded_and_given_back() {
        let state = State::default();
        let long = "x".repeat(State::MAX_VALUE - 2);
        let fits = MAX_BYTES / State::MAX_VALUE;
        for number in 0..fits {
            state.set(&format!("k.{number}"), &long, None).unwrap();
        }
        assert_eq!(state.set("other", &long, None), Err(StateError::Full));
        state.set("k.0", &Value::Null, None).unwrap();
        state.set("other", &long, None).unwrap();
        assert!(matches!(
            state.set("a", &format!("{long}x"), None),
            Err(StateError::TooLarge { .. })
        ));

        let state = State::default();
        let all: Vec<_> = (0..MAX_KEYS).map(|n| state.watch(&format!("k.{n}")).unwrap()).collect();
        assert_eq!(state.watch("other").unwrap_err(), StateError::Full);
        assert_eq!(state.set("other", &1, None), Err(StateError::Full));
        drop(all);
        assert!(state.lock().by_key.is_empty());
    }
}
