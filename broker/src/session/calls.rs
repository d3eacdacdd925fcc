//! The calls in flight of one session: how many there are, what each of them asked for, and how it
//! is stopped.
//!
//! Starting a call, stopping it and its being answered take the same lock. So no call starts after
//! [`CallsInFlight::close`] returned, and each call has one outcome: it is answered, or it is
//! stopped, whichever came first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sidegate_capabilities::{Args, CommandName};
use tokio_util::sync::CancellationToken;

use super::gate::Pass;

/// Why a call was not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartError {
    /// The session was revoked in the meantime.
    Revoked,
    /// As many calls as a document may have are in flight.
    TooMany,
    /// As many calls of this command as it may have are in flight.
    TooManyOfCommand,
}

/// Why a call in flight was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Its page cancelled it.
    ByPage,
    /// Its session was revoked.
    Revoked,
    /// The policy that came into force does not allow it.
    PolicyChanged,
    /// The broker ends.
    Ending,
}

/// The calls of a session that have started and not ended.
#[derive(Debug, Default)]
pub(crate) struct CallsInFlight {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    /// The epoch of the last policy that the calls were held against.
    reviewed: u64,
    calls: HashMap<u64, Running>,
}

#[derive(Debug)]
struct Running {
    command: CommandName,
    /// What it asked for, until it is answered: for the question whether another policy allows it.
    args: Option<Args>,
    cancellation: CancellationToken,
    stop: Option<Stop>,
}

impl Running {
    /// Stops it, unless it was stopped or answered before.
    fn stop(&mut self, why: Stop) -> bool {
        let stops = self.stop.is_none() && self.args.is_some();
        if stops {
            self.stop = Some(why);
            self.cancellation.cancel();
        }
        stops
    }
}

impl CallsInFlight {
    /// Starts call `id` of `command` with `args`, unless the session is closed, `most` calls are in
    /// flight, or `most_of_command` of this command.
    pub(crate) fn start(
        &self,
        (id, pass): (u64, Pass),
        (command, args): (&CommandName, &Args),
        most: usize,
        most_of_command: Option<usize>,
    ) -> Result<InFlight, StartError> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err(StartError::Revoked);
        }
        if state.calls.len() >= most {
            return Err(StartError::TooMany);
        }
        if let Some(most) = most_of_command {
            // At most 64 to look through, and only where the policy has such a limit.
            let running = state.calls.values().filter(|other| other.command == *command).count();
            if running >= most {
                return Err(StartError::TooManyOfCommand);
            }
        }
        let cancellation = CancellationToken::new();
        let running = Running {
            command: command.clone(),
            args: Some(args.clone()),
            cancellation: cancellation.clone(),
            stop: None,
        };
        state.calls.insert(id, running);
        let reviewed = state.reviewed;
        Ok(InFlight { id, reviewed, cancellation, state: Arc::clone(&self.state), _pass: pass })
    }

    /// Stops call `id` for its page; a call that has ended already, or never was, is no error.
    pub(crate) fn cancel(&self, id: u64) -> bool {
        lock(&self.state).calls.get_mut(&id).is_some_and(|call| call.stop(Stop::ByPage))
    }

    /// Stops every call that is not `allowed` under the policy of `epoch`; how many those were. A
    /// call that starts later under an older policy sees that it has to be held against this one.
    pub(crate) fn review(
        &self,
        epoch: u64,
        allowed: impl Fn(&CommandName, &Args) -> bool,
    ) -> usize {
        let mut state = lock(&self.state);
        state.reviewed = state.reviewed.max(epoch);
        let mut stopped: usize = 0;
        for call in state.calls.values_mut() {
            let Some(args) = &call.args else { continue };
            if !allowed(&call.command, args) && call.stop(Stop::PolicyChanged) {
                stopped = stopped.saturating_add(1);
            }
        }
        stopped
    }

    /// Stops every call and lets none start again.
    pub(crate) fn close(&self, why: Stop) {
        let mut state = lock(&self.state);
        state.closed = true;
        for call in state.calls.values_mut() {
            call.stop(why);
        }
    }
}

/// One call in flight; it is taken off the list when this is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    id: u64,
    reviewed: u64,
    cancellation: CancellationToken,
    state: Arc<Mutex<State>>,
    /// The broker that goes down waits for this one.
    _pass: Pass,
}

impl InFlight {
    /// Whether the session's calls were held against a later policy than that of `epoch` before
    /// this one started.
    pub(crate) fn is_behind(&self, epoch: u64) -> bool {
        self.reviewed > epoch
    }

    /// What a handler can ask whether anybody still waits for it.
    pub(crate) fn cancellation(&self) -> CancellationToken {
        self.cancellation.clone()
    }

    /// Waits until the call is to stop. Whoever keeps this for as long as something goes on that
    /// the call began, a stream say, learns here that it has to end.
    pub(crate) async fn stopped(&self) {
        self.cancellation.cancelled().await;
    }

    /// Why the call was stopped, if it was.
    pub(crate) fn why_stopped(&self) -> Option<Stop> {
        lock(&self.state).calls.get(&self.id).and_then(|call| call.stop)
    }

    /// Answers the call: it cannot be stopped any more, or it was before.
    pub(crate) fn answer(&self) -> Result<(), Stop> {
        let mut state = lock(&self.state);
        let Some(call) = state.calls.get_mut(&self.id) else {
            return Ok(());
        };
        match call.stop {
            Some(why) => Err(why),
            None => {
                call.args = None;
                Ok(())
            }
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        lock(&self.state).calls.remove(&self.id);
        // A handler that went on elsewhere, on a thread say, learns that nobody waits.
        self.cancellation.cancel();
    }
}

/// The map stays whole whatever panicked while it was held: each change of it is one step.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::Gate;
    use super::*;

    fn command(name: &str) -> CommandName {
        CommandName::parse(name).unwrap()
    }

    fn pass() -> Pass {
        Gate::new().enter().unwrap()
    }

    fn start(calls: &CallsInFlight, id: u64, name: &str, most: usize) -> InFlight {
        calls.start((id, pass()), (&command(name), &Args::empty()), most, None).unwrap()
    }

    fn refused(calls: &CallsInFlight, id: u64, most: usize, of: Option<usize>) -> StartError {
        let read = command("fs.read_text");
        calls.start((id, pass()), (&read, &Args::empty()), most, of).unwrap_err()
    }

    #[test]
    fn calls_are_counted_and_bounded() {
        let calls = CallsInFlight::default();
        let first = start(&calls, 1, "fs.read_text", 2);
        let _second = start(&calls, 2, "fs.read_text", 2);
        assert_eq!(refused(&calls, 3, 2, None), StartError::TooMany);
        drop(first);
        let _third = start(&calls, 3, "fs.read_text", 2);
    }

    #[test]
    fn calls_of_one_command_are_bounded_apart() {
        let calls = CallsInFlight::default();
        let first = start(&calls, 1, "fs.read_text", 8);
        assert_eq!(refused(&calls, 2, 8, Some(1)), StartError::TooManyOfCommand);
        let _write = start(&calls, 3, "fs.write_text", 8);
        drop(first);
        let read = command("fs.read_text");
        let _again = calls.start((4, pass()), (&read, &Args::empty()), 8, Some(1)).unwrap();
    }

    #[tokio::test]
    async fn nothing_starts_after_close_and_what_runs_is_stopped() {
        let calls = CallsInFlight::default();
        let running = start(&calls, 1, "fs.read_text", 8);
        calls.close(Stop::Revoked);
        running.stopped().await;
        assert_eq!(running.why_stopped(), Some(Stop::Revoked));
        assert_eq!(refused(&calls, 2, 8, None), StartError::Revoked);
    }

    #[test]
    fn j04_a_call_is_stopped_or_answered_and_never_both() {
        let calls = CallsInFlight::default();
        let running = start(&calls, 5, "fs.read_text", 8);
        assert!(calls.cancel(5));
        assert!(!calls.cancel(5), "told once");
        assert!(!calls.cancel(6), "never was");
        assert_eq!(running.answer(), Err(Stop::ByPage));
        let answered = start(&calls, 6, "fs.read_text", 8);
        assert_eq!(answered.answer(), Ok(()));
        assert!(!calls.cancel(6), "too late");
        calls.close(Stop::Revoked);
        assert_eq!(answered.why_stopped(), None);
        assert!(!answered.cancellation().is_cancelled());
    }

    #[test]
    fn g08_what_another_policy_does_not_allow_is_stopped_and_nothing_else() {
        let calls = CallsInFlight::default();
        let (read, write) = (start(&calls, 1, "fs.read_text", 8), start(&calls, 2, "fs.list", 8));
        let answered = start(&calls, 3, "fs.read_text", 8);
        answered.answer().unwrap();
        let stopped = calls.review(4, |name, _| *name != command("fs.read_text"));
        assert_eq!(stopped, 1);
        assert_eq!(
            [&read, &write, &answered].map(InFlight::why_stopped),
            [Some(Stop::PolicyChanged), None, None]
        );
        for (epoch, expected) in [(3, true), (4, false), (5, false)] {
            assert_eq!(start(&calls, 9, "fs.list", 8).is_behind(epoch), expected, "{epoch}");
        }
    }

    #[test]
    fn a_handler_elsewhere_learns_that_nobody_waits() {
        let calls = CallsInFlight::default();
        let running = start(&calls, 1, "fs.read_text", 8);
        let cancellation = running.cancellation();
        assert!(!cancellation.is_cancelled());
        drop(running);
        assert!(cancellation.is_cancelled());
    }
}
