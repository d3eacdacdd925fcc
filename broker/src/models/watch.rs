//! Tokio's `watch`, with a place for others to run before each look at it. Shuttle does not know
//! this channel, and would take a look at it and what comes before for one step.

use std::convert::Infallible;

use shuttle::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// The sending half.
#[derive(Debug)]
pub(crate) struct Sender<T>(watch::Sender<T>);

/// The receiving half.
#[derive(Debug)]
pub(crate) struct Receiver<T>(watch::Receiver<T>);

impl<T> Sender<T> {
    pub(crate) fn new(first: T) -> Self {
        Self(watch::Sender::new(first))
    }

    pub(crate) fn subscribe(&self) -> Receiver<T> {
        others_may_run();
        Receiver(self.0.subscribe())
    }

    pub(crate) fn send_replace(&self, value: T) -> T {
        others_may_run();
        self.0.send_replace(value)
    }

    pub(crate) fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        others_may_run();
        self.0.send_if_modified(modify)
    }
}

impl<T> Receiver<T> {
    /// Waits for a value that was not seen. The sender outlives its receivers here.
    pub(crate) async fn changed(&mut self) -> Result<(), Infallible> {
        others_may_run();
        self.0.changed().await.unwrap();
        Ok(())
    }

    pub(crate) async fn wait_for(&mut self, wanted: impl FnMut(&T) -> bool) {
        others_may_run();
        self.0.wait_for(wanted).await.unwrap();
    }
}

fn others_may_run() {
    AtomicBool::new(false).load(Ordering::SeqCst);
}
