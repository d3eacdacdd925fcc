//! The gate: no call comes in once the broker goes down, and those inside are counted, so that one
//! can wait for the last of them. How long that is waited for is the broker's.

use std::sync::Arc;

use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::watch;

/// How far the broker is on its way down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Open,
    /// Nothing comes in; what is inside may finish.
    Closing,
    /// What is inside is not waited for any more.
    AtOnce,
}

/// The gate of a pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Whether the phase is another than `Open`: asked for each call, without a lock.
    closed: AtomicBool,
    phase: watch::Sender<Phase>,
    inside: AtomicUsize,
    /// Stirred by the last call that leaves a closed gate.
    left: watch::Sender<()>,
}

/// Stands for one call inside; each clone counts.
#[derive(Debug)]
pub(crate) struct Pass(Gate);

impl Gate {
    pub(crate) fn new() -> Self {
        let (phase, left) = (watch::Sender::new(Phase::Open), watch::Sender::new(()));
        let (closed, inside) = (AtomicBool::new(false), AtomicUsize::new(0));
        Self(Arc::new(Inner { closed, phase, inside, left }))
    }

    /// Lets a call in; `None` where the gate is closed.
    pub(crate) fn enter(&self) -> Option<Pass> {
        // Counted before the look: whoever closes the gate and then finds nobody inside has missed
        // nobody.
        let pass = Pass::of(self);
        (!self.0.closed.load(Ordering::SeqCst)).then_some(pass)
    }

    /// Lets nothing in any more; whether it did before.
    pub(crate) fn close(&self) -> bool {
        self.advance(Phase::Closing)
    }

    /// The same, and whoever waits for what is inside waits no longer.
    pub(crate) fn close_at_once(&self) {
        let _moved = self.advance(Phase::AtOnce);
    }

    /// How many are inside.
    pub(crate) fn inside(&self) -> usize {
        self.0.inside.load(Ordering::SeqCst)
    }

    /// Over when the gate is closed.
    pub(crate) async fn closed(&self) {
        self.reached(Phase::Closing).await;
    }

    /// Over when nothing inside is to be waited for.
    pub(crate) async fn hurried(&self) {
        self.reached(Phase::AtOnce).await;
    }

    /// Over when the gate is closed and nothing is inside.
    pub(crate) async fn emptied(&self) {
        let mut left = self.0.left.subscribe();
        self.closed().await;
        while self.inside() > 0 {
            if left.changed().await.is_err() {
                return;
            }
        }
    }

    fn advance(&self, to: Phase) -> bool {
        self.0.closed.store(true, Ordering::SeqCst);
        self.0.phase.send_if_modified(|phase| {
            let moves = *phase < to;
            *phase = to.max(*phase);
            moves
        })
    }

    async fn reached(&self, wanted: Phase) {
        // The sender is in `self`, so there is no error to come.
        let mut phase = self.0.phase.subscribe();
        let _reached = phase.wait_for(|phase| *phase >= wanted).await;
    }
}

impl Pass {
    fn of(gate: &Gate) -> Self {
        gate.0.inside.fetch_add(1, Ordering::SeqCst);
        Self(gate.clone())
    }
}

impl Clone for Pass {
    fn clone(&self) -> Self {
        Self::of(&self.0)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let Inner { closed, inside, left, .. } = self.0.0.as_ref();
        if inside.fetch_sub(1, Ordering::SeqCst) == 1 && closed.load(Ordering::SeqCst) {
            left.send_replace(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn a_closed_gate_lets_nothing_in_and_waits_for_the_last_one_out() {
        let gate = Gate::new();
        let first = gate.enter().unwrap();
        let second = first.clone();
        assert!(gate.closed().now_or_never().is_none());
        assert!(gate.close() && !gate.close(), "it is closed once");
        assert!(gate.enter().is_none());
        assert_eq!(gate.inside(), 2);
        drop(first);
        assert!(gate.emptied().now_or_never().is_none());
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.emptied().await }
        });
        tokio::task::yield_now().await;
        drop(second);
        waiting.await.unwrap();
        assert!(gate.hurried().now_or_never().is_none());
        gate.close_at_once();
        assert!(!gate.close());
        assert!(gate.hurried().now_or_never().is_some(), "it does not go back");
    }
}
