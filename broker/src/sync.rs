//! The locks and atomics of what calls share: sessions, their calls in flight, valves, gates and
//! buckets. They are the standard library's; in the models (`make models`) they are Shuttle's, which
//! runs the threads of a model in one order after the other, and knows when all of them wait.
//!
//! What is shared and has no model, the log say, takes the standard library's itself.

#[cfg(not(all(test, feature = "models")))]
pub(crate) use std::{
    sync::{Condvar, Mutex, MutexGuard, RwLock, atomic},
    thread_local,
};

#[cfg(all(test, feature = "models"))]
pub(crate) use shuttle::{
    sync::{Condvar, Mutex, MutexGuard, RwLock, atomic},
    thread_local,
};

/// Tokio's channel of one value. In the models others may run before each look at it.
pub(crate) mod watch {
    #[cfg(not(all(test, feature = "models")))]
    pub(crate) use tokio::sync::watch::Sender;

    #[cfg(all(test, feature = "models"))]
    pub(crate) use crate::models::watch::Sender;
}
