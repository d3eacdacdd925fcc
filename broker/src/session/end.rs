//! The end of a call, as whoever goes on for it learns of it: nobody waits for its answer any more. Each
//! call has one, which few wait for, so that it takes no memory of its own and no lock to be asked about.

use tokio::sync::Notify;

use crate::sync::atomic::{AtomicBool, Ordering};

/// Comes once, and stays.
#[derive(Debug, Default)]
pub(super) struct End {
    has_come: AtomicBool,
    stirred: Notify,
}

impl End {
    /// It is there, and all that wait for it wake.
    pub(super) fn come(&self) {
        self.has_come.store(true, Ordering::SeqCst);
        self.stirred.notify_waiters();
    }

    pub(super) fn has_come(&self) -> bool {
        self.has_come.load(Ordering::SeqCst)
    }

    /// Over when it is there.
    pub(super) async fn comes(&self) {
        // Made before the look: it is woken by whatever comes after that.
        let stirred = self.stirred.notified();
        if !self.has_come() {
            stirred.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn whoever_waits_wakes_and_whoever_comes_later_does_not_wait() {
        let end = End::default();
        let mut waiting = [(); 2].map(|()| Box::pin(end.comes()));
        assert!(waiting.iter_mut().all(|one| one.now_or_never().is_none()) && !end.has_come());
        end.come();
        end.come();
        assert!(waiting.iter_mut().all(|one| one.now_or_never().is_some()) && end.has_come());
        assert!(end.comes().now_or_never().is_some());
    }

    /// Falsified by a look before the wait is announced.
    #[test]
    fn an_end_that_comes_between_the_look_and_the_wait_is_not_missed() {
        let end = End::default();
        let waiting = end.comes();
        end.come();
        assert!(waiting.now_or_never().is_some());
    }
}
