//! Tasks of calls: where each runs. Most handlers are through with their first piece, and to make a
//! task for one and wake it costs more than many of them do.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

use tokio::runtime::{Handle, RuntimeFlavor};

/// What runs until it is over.
pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where calls run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tasks {
    /// There is one thread for all: a call's first piece is run where it was judged, which takes that
    /// thread from nobody who would not have waited for it anyway.
    OneThread,
    /// There are several, and a handler that keeps one of them keeps nobody from the others.
    Threads,
}

impl Tasks {
    /// What the runtime that this is called on has.
    pub(super) fn here() -> Self {
        match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
            Ok(RuntimeFlavor::CurrentThread) => Self::OneThread,
            _ => Self::Threads,
        }
    }

    /// Runs `work` to its end, at once or as a task.
    pub(super) fn begin(self, mut work: Work) {
        if self == Self::OneThread {
            // Nobody is to be woken: what is not through is polled again, as a task, and says then
            // whom to wake.
            let mut nobody = Context::from_waker(Waker::noop());
            if work.as_mut().poll(&mut nobody).is_ready() {
                return;
            }
        }
        tokio::spawn(work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Work that counts its pieces and is through with the last of `pieces`.
    fn work(pieces: u32, done: &Arc<AtomicU32>) -> Work {
        let done = Arc::clone(done);
        Box::pin(async move {
            for _ in 1..pieces {
                done.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
            done.fetch_add(1, Ordering::SeqCst);
        })
    }

    async fn pieces_run_at_once(pieces: u32) -> (Tasks, u32, u32) {
        let (tasks, done) = (Tasks::here(), Arc::new(AtomicU32::new(0)));
        tasks.begin(work(pieces, &done));
        let at_once = done.load(Ordering::SeqCst);
        while done.load(Ordering::SeqCst) < pieces {
            tokio::task::yield_now().await;
        }
        (tasks, at_once, done.load(Ordering::SeqCst))
    }

    #[tokio::test]
    async fn on_one_thread_the_first_piece_is_run_at_once_and_the_rest_is_not_lost() {
        assert_eq!(pieces_run_at_once(1).await, (Tasks::OneThread, 1, 1));
        assert_eq!(pieces_run_at_once(3).await, (Tasks::OneThread, 1, 3));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_several_threads_each_call_is_a_task() {
        let (tasks, _, done) = pieces_run_at_once(3).await;
        assert_eq!((tasks, done), (Tasks::Threads, 3));
    }
}
