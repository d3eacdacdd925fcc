//! The valve of one call: a handler runs only while its valve is open, piece by piece (a poll each).
//! Shutting it is what makes «nothing starts after a revocation returned» true: who shuts it waits
//! for the piece that is just running, and there is no other after that.
//!
//! It is answered or shut, whichever came first; and what was answered can still be taken back, until
//! it is handed over. What leaves does so under the valve's lock: whoever shuts it, or takes back,
//! finds it on its way, or has kept it.

use std::cell::Cell;
use std::sync::{Arc, PoisonError};
use std::task::Poll;
use std::time::Instant;

use super::end::End;
use crate::handler::HandlerError;
use crate::sync::{Condvar, Mutex, MutexGuard, thread_local};

/// Why a call was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Its page cancelled it.
    ByPage,
    /// What it was made with was revoked; its document is there, and is told.
    Revoked,
    /// Its document is gone, and there is nobody to tell.
    Gone,
    /// The policy that came into force does not allow it.
    PolicyChanged,
    /// Its deadline passed.
    Deadline,
    /// The broker ends.
    Ending,
    /// Whoever asked for it does not wait any more.
    Abandoned,
}

/// What had become of a call when it was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// Its handler had not come to its effect, and will not.
    Nothing,
    /// Its handler had committed itself, or was through.
    Effect,
    /// Its handler does not let go of its thread: what it does, it does.
    Unknown,
}

/// The valve.
#[derive(Debug, Default)]
pub(crate) struct Valve {
    step: Mutex<Step>,
    idle: Condvar,
    end: End,
}

#[derive(Debug, Default)]
struct Step {
    stop: Option<Stop>,
    answered: bool,
    /// Nobody takes it back any more.
    handed_over: bool,
    polling: bool,
    committed: bool,
    /// How many wait for the piece that is running: to wake nobody is a system call as well.
    waiting: u32,
    asked_about: bool,
}

impl Step {
    fn is_open(&self) -> bool {
        self.stop.is_none() && !self.answered
    }

    fn reached(&self) -> Reached {
        match (self.committed, self.polling) {
            (true, _) => Reached::Effect,
            (false, true) => Reached::Unknown,
            (false, false) => Reached::Nothing,
        }
    }
}

thread_local! {
    /// How many polls this thread is inside of: to wait for one of them would be to wait for
    /// oneself.
    static WITHIN: Cell<u32> = const { Cell::new(0) };
}

impl Valve {
    /// Runs one piece of the handler, unless the valve is shut. A handler that is through has
    /// committed itself, whether or not it said so.
    pub(crate) fn poll<T>(&self, piece: impl FnOnce() -> Poll<T>) -> Poll<Option<T>> {
        let Some(mut polling) = Polling::of(self) else {
            return Poll::Ready(None);
        };
        let polled = piece();
        polling.through = polled.is_ready();
        drop(polling);
        polled.map(Some)
    }

    /// Shuts the valve, unless it is shut or the call was answered: whoever was first says why.
    pub(super) fn shut(&self, why: Stop) -> bool {
        let mut step = self.lock();
        let shuts = step.is_open();
        if shuts {
            step.stop = Some(why);
        }
        shuts
    }

    /// Shuts the valve, and takes back what the call was answered; `false` where it was shut before,
    /// or the answer is handed over.
    pub(crate) fn take_back(&self, why: Stop) -> bool {
        let mut step = self.lock();
        let takes = step.stop.is_none() && !step.handed_over;
        if takes {
            step.stop = Some(why);
        }
        takes
    }

    /// Answers the call, unless the valve is shut.
    pub(crate) fn answer(&self) -> Result<(), Stop> {
        let mut step = self.lock();
        step.stop.map_or(Ok(()), Err)?;
        step.answered = true;
        Ok(())
    }

    /// Hands over by `queue`, which must not wait: the answer, unless it was taken back, or what is
    /// told in its place. The lock is held meanwhile: there is no moment in which an answer can be
    /// taken back and is on its way all the same, or in which it is neither.
    pub(crate) fn hand_over<T>(&self, queue: impl FnOnce() -> T) -> Result<T, Stop> {
        let mut step = self.lock();
        if let (true, Some(stop)) = (step.answered, step.stop) {
            return Err(stop);
        }
        step.handed_over = true;
        Ok(queue())
    }

    /// Lets a part of the answer out by `queue`, which must not wait, unless the valve is shut: none
    /// is on its way later than the stop, not even that of a handler that nobody waited for.
    pub(crate) fn let_out<T>(&self, queue: impl FnOnce() -> T) -> Result<T, Stop> {
        let step = self.lock();
        step.stop.map_or(Ok(()), Err)?;
        let out = queue();
        drop(step);
        Ok(out)
    }

    /// Wakes whoever goes on for the call, a thread of its handler's say: nobody waits for it any more.
    pub(super) fn end(&self) {
        self.end.come();
    }

    /// Whether nobody waits any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.end.has_come()
    }

    /// Over when nobody waits any more.
    pub(crate) async fn ended(&self) {
        self.end.comes().await;
    }

    /// Whether the call is neither answered nor stopped.
    pub(super) fn is_open(&self) -> bool {
        self.lock().is_open()
    }

    /// Notes that the person is asked about the call before it runs.
    pub(super) fn ask_about(&self) {
        self.lock().asked_about = true;
    }

    /// Whether the person is asked about it, or was.
    pub(super) fn was_asked_about(&self) -> bool {
        self.lock().asked_about
    }

    /// Why it is shut, if it is.
    pub(super) fn stop(&self) -> Option<Stop> {
        self.lock().stop
    }

    /// Whether the call was answered, and why that was taken back, if it was.
    pub(super) fn answered(&self) -> (bool, Option<Stop>) {
        let step = self.lock();
        (step.answered, step.stop)
    }

    /// How far the handler has come, as it is.
    pub(super) fn reached(&self) -> Reached {
        self.lock().reached()
    }

    /// Waits until no piece is running, for no longer than until `end`, and says how far the
    /// handler has come. Called by a handler of anything, this does not wait.
    pub(super) fn settle(&self, end: Instant) -> Reached {
        let mut step = self.lock();
        while step.polling && WITHIN.with(Cell::get) == 0 {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            step.waiting = step.waiting.saturating_add(1);
            let waited = self.idle.wait_timeout(step, left);
            step = waited.unwrap_or_else(PoisonError::into_inner).0;
            step.waiting = step.waiting.saturating_sub(1);
        }
        step.reached()
    }

    fn commit(&self) -> Result<(), Stop> {
        let mut step = self.lock();
        step.stop.map_or(Ok(()), Err)?;
        step.committed = true;
        Ok(())
    }

    /// Each change of what it guards is one step, so it is whole whatever panicked.
    fn lock(&self) -> MutexGuard<'_, Step> {
        self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One piece that is running; it has run when this is dropped, by a panic too.
struct Polling<'g> {
    valve: &'g Valve,
    /// Whether the handler is through with it.
    through: bool,
}

impl<'g> Polling<'g> {
    /// `None` where the valve is shut.
    fn of(valve: &'g Valve) -> Option<Self> {
        let mut step = valve.lock();
        if step.stop.is_some() {
            return None;
        }
        step.polling = true;
        drop(step);
        WITHIN.with(|within| within.set(within.get().saturating_add(1)));
        Some(Self { valve, through: false })
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        WITHIN.with(|within| within.set(within.get().saturating_sub(1)));
        let mut step = self.valve.lock();
        step.committed |= self.through;
        step.polling = false;
        if step.waiting > 0 {
            self.valve.idle.notify_all();
        }
    }
}

/// The point of no return of a call. A handler that does something which cannot be taken back
/// commits itself just before: after a revocation it cannot any more, and a revocation after it is
/// recorded as one that came too late.
#[derive(Debug, Clone)]
pub struct Commitment(Arc<Valve>);

impl Commitment {
    pub(crate) fn of(valve: &Arc<Valve>) -> Self {
        Self(Arc::clone(valve))
    }

    /// Commits the call, in the moment before its effect.
    ///
    /// # Errors
    /// `cancelled`: the call was stopped, for whatever reason. The effect must not happen.
    pub fn commit(&self) -> Result<(), HandlerError> {
        self.0.commit().map_err(|_| HandlerError::new("cancelled", "the call was cancelled"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::thread;
    use std::time::Duration;

    fn soon() -> Instant {
        Instant::now().checked_add(Duration::from_secs(60)).unwrap()
    }

    #[test]
    fn a_shut_valve_lets_nothing_through() {
        let valve = Arc::new(Valve::default());
        let pending = || Poll::<()>::Pending;
        assert_eq!(valve.poll(pending), Poll::Pending);
        assert!(valve.shut(Stop::Revoked));
        assert!(!valve.shut(Stop::ByPage) && !valve.take_back(Stop::Gone), "the first says why");
        assert_eq!(valve.answer(), Err(Stop::Revoked));
        assert_eq!((valve.stop(), valve.settle(soon())), (Some(Stop::Revoked), Reached::Nothing));
        assert_eq!(valve.poll(|| -> Poll<()> { panic!("nothing runs") }), Poll::Ready(None));
        assert_eq!(Commitment::of(&valve).commit().unwrap_err().code(), "cancelled");
        assert_eq!(valve.settle(soon()), Reached::Nothing);
    }

    #[test]
    fn what_was_answered_is_taken_back_and_not_stopped() {
        let valve = Valve::default();
        assert_eq!((valve.is_open(), valve.answered()), (true, (false, None)));
        valve.answer().unwrap();
        assert!(!valve.is_open() && !valve.shut(Stop::ByPage), "too late");
        assert_eq!(valve.answered(), (true, None));
        assert!(valve.take_back(Stop::Revoked));
        assert_eq!(valve.answered(), (true, Some(Stop::Revoked)));
        assert_eq!(valve.hand_over(|| panic!("it was kept")), Err::<(), _>(Stop::Revoked));
    }

    #[test]
    fn what_was_handed_over_is_not_taken_back() {
        let valve = Valve::default();
        assert_eq!(valve.let_out(|| "a part"), Ok("a part"));
        valve.answer().unwrap();
        assert_eq!(valve.hand_over(|| "the answer"), Ok("the answer"));
        assert!(!valve.take_back(Stop::Revoked), "too late");
        assert_eq!(valve.answered(), (true, None));
    }

    #[test]
    fn of_what_was_stopped_no_part_leaves_and_what_is_told_of_it_does() {
        let valve = Valve::default();
        assert!(valve.shut(Stop::PolicyChanged));
        assert_eq!(valve.let_out(|| panic!("it was kept")), Err::<(), _>(Stop::PolicyChanged));
        assert_eq!(valve.hand_over(|| "the error"), Ok("the error"));
    }

    #[test]
    fn g07_what_was_committed_is_told() {
        for (committed, returned, expected) in [
            (false, false, Reached::Nothing),
            (true, false, Reached::Effect),
            (false, true, Reached::Effect),
            (true, true, Reached::Effect),
        ] {
            let valve = Arc::new(Valve::default());
            let polled = valve.poll(|| {
                if committed {
                    Commitment::of(&valve).commit().unwrap();
                }
                if returned { Poll::Ready(()) } else { Poll::Pending }
            });
            assert_eq!(polled.is_ready(), returned);
            assert!(valve.shut(Stop::Revoked));
            assert_eq!(valve.settle(soon()), expected);
        }
    }

    #[test]
    fn who_shuts_it_waits_for_the_piece_that_runs() {
        let valve = Arc::new(Valve::default());
        let (inside, is_inside) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let running = thread::spawn({
            let valve = Arc::clone(&valve);
            move || {
                valve.poll(|| {
                    inside.send(()).unwrap();
                    ended.recv().unwrap();
                    Poll::<()>::Pending
                })
            }
        });
        is_inside.recv().unwrap();
        assert!(valve.shut(Stop::Revoked));
        assert_eq!(valve.settle(Instant::now()), Reached::Unknown, "it did not wait");
        let settling = thread::spawn({
            let valve = Arc::clone(&valve);
            move || valve.settle(soon())
        });
        while valve.lock().waiting == 0 {
            thread::yield_now();
        }
        end.send(()).unwrap();
        assert_eq!(settling.join().unwrap(), Reached::Nothing);
        assert_eq!(running.join().unwrap(), Poll::Pending);
    }

    #[test]
    fn a_handler_that_revokes_itself_does_not_wait_for_itself() {
        let valve = Valve::default();
        let polled = valve.poll(|| {
            assert!(valve.shut(Stop::Revoked));
            Poll::Ready(valve.settle(soon()))
        });
        assert_eq!(polled, Poll::Ready(Some(Reached::Unknown)));
    }

    #[test]
    fn a_panic_leaves_it_idle() {
        let valve = Valve::default();
        let piece = || valve.poll(|| -> Poll<()> { panic!("a handler's own") });
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(piece)).unwrap_err();
        assert_eq!(valve.settle(soon()), Reached::Nothing);
    }
}
