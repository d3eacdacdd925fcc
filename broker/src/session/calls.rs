//! The calls in flight of one session: how many there are, which token each was made with, and how
//! each of them is stopped.
//!
//! Starting a call and revoking what it is made with take the same lock, and a call runs only
//! through its [`Valve`]; so nothing starts after [`CallsInFlight::revoke`] returned.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use sidegate_capabilities::CommandName;
use tokio::sync::oneshot;

use super::attenuation::Attenuation;
use super::valve::{Commitment, Reached, Stop, Valve};

/// How many narrowed tokens of a session are remembered as revoked. One more, and the whole session
/// is revoked: to forget one would be to give it back.
pub(crate) const MAX_REVOKED: usize = 64;

/// Which token a call was made with.
#[derive(Debug, Clone)]
pub(crate) struct Lineage {
    pub(super) generation: u32,
    pub(super) attenuation: Option<Arc<Attenuation>>,
}

/// Whose calls are meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// All of the session's, and the session ends.
    All,
    /// Those with this narrowed token, and with what was narrowed from it.
    Narrowed(&'a Lineage),
}

/// Why a call was not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartError {
    /// The session, or the token, was revoked in the meantime.
    Revoked,
    /// As many calls as a document may have are in flight.
    TooMany,
    /// As many calls of this command as it may have are in flight.
    TooManyOfCommand,
}

/// A call that was stopped by a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) call: u64,
    pub(crate) command: CommandName,
    pub(crate) reached: Reached,
}

/// The calls of a session that have started and not ended.
#[derive(Debug, Default)]
pub(crate) struct CallsInFlight {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    revoked: Vec<Lineage>,
    calls: HashMap<u64, Running>,
}

#[derive(Debug)]
struct Running {
    command: CommandName,
    lineage: Lineage,
    valve: Arc<Valve>,
    stop: oneshot::Sender<()>,
}

impl Lineage {
    /// Whether it is `other`, or was narrowed from it. What a token says is a run of whole caveats, and
    /// both have been found to be genuine: the one that begins with the other comes from it.
    fn comes_from(&self, other: &Self) -> bool {
        let Some(theirs) = &other.attenuation else {
            // A root is renewed, and its calls stay its own.
            return true;
        };
        let Some(mine) = &self.attenuation else {
            return false;
        };
        self.generation == other.generation && mine.caveats().begins_with(theirs.caveats())
    }
}

impl CallsInFlight {
    /// Starts call `id`, unless the session is closed, its token revoked, `most` calls are in flight,
    /// or `most_of_command` of this command.
    pub(crate) fn start(
        &self,
        id: u64,
        command: &CommandName,
        lineage: Lineage,
        most: usize,
        most_of_command: Option<usize>,
    ) -> Result<InFlight, StartError> {
        let mut state = lock(&self.state);
        if state.forbids(&lineage) {
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
        let (stop, stopped) = oneshot::channel();
        let valve = Arc::new(Valve::default());
        let running =
            Running { command: command.clone(), lineage, valve: Arc::clone(&valve), stop };
        state.calls.insert(id, running);
        Ok(InFlight { id, stopped, valve, state: Arc::clone(&self.state) })
    }

    /// Stops call `id`, if it was made with the token of `by` or one narrowed from it; a call that has
    /// ended already, or never was, is no error.
    pub(crate) fn cancel(&self, id: u64, by: &Lineage) -> bool {
        let mut state = lock(&self.state);
        if !state.calls.get(&id).is_some_and(|running| running.lineage.comes_from(by)) {
            return false;
        }
        state.calls.remove(&id).is_some_and(|running| running.stop(Stop::Cancelled))
    }

    /// Stops the calls that are meant and lets none like them start again. What they have come to is
    /// known by `end` at the latest.
    pub(crate) fn revoke(&self, whose: Whose<'_>, end: Instant) -> Vec<Ended> {
        self.shut(whose, Stop::Revoked).settle(end)
    }

    /// The first half: what was stopped and not waited for.
    pub(super) fn shut(&self, whose: Whose<'_>, why: Stop) -> Stopped {
        let mut state = lock(&self.state);
        let whose = state.forbid(whose);
        let meant = state.calls.extract_if(|_, running| match whose {
            Whose::All => true,
            Whose::Narrowed(from) => running.lineage.comes_from(from),
        });
        let stop = |(id, running): (u64, Running)| {
            let (command, valve) = (running.command.clone(), Arc::clone(&running.valve));
            running.stop(why);
            (id, command, valve)
        };
        Stopped(meant.map(stop).collect())
    }

    /// Whether a token was revoked, by itself or with what it comes from.
    pub(super) fn forbids(&self, lineage: &Lineage) -> bool {
        lock(&self.state).forbids(lineage)
    }

    /// Whether the session was revoked.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }
}

/// Calls that were stopped, and may have a piece running.
#[must_use]
pub(super) struct Stopped(Vec<(u64, CommandName, Arc<Valve>)>);

impl Stopped {
    /// Waits for them, until `end` at the latest, and says what they came to.
    pub(super) fn settle(self, end: Instant) -> Vec<Ended> {
        let settled = self.0.into_iter().map(|(call, command, valve)| Ended {
            call,
            command,
            reached: valve.settle(end),
        });
        settled.collect()
    }
}

impl State {
    fn forbids(&self, lineage: &Lineage) -> bool {
        self.closed || self.revoked.iter().any(|revoked| lineage.comes_from(revoked))
    }

    fn forbid<'w>(&mut self, whose: Whose<'w>) -> Whose<'w> {
        match whose {
            Whose::Narrowed(from) if self.revoked.len() < MAX_REVOKED => {
                self.revoked.push(from.clone());
                whose
            }
            Whose::Narrowed(_) | Whose::All => {
                self.closed = true;
                self.revoked.clear();
                Whose::All
            }
        }
    }
}

impl Running {
    fn stop(self, why: Stop) -> bool {
        self.valve.shut(why);
        // Dropped or sent to, the call wakes.
        self.stop.send(()).is_ok()
    }
}

/// One call in flight; it is taken off the list when this is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    id: u64,
    stopped: oneshot::Receiver<()>,
    valve: Arc<Valve>,
    state: Arc<Mutex<State>>,
}

impl InFlight {
    /// Waits until the call is to stop: cancelled by its page, or revoked.
    pub(crate) async fn stopped(&mut self) -> Stop {
        if self.stop().is_none() {
            // The valve is shut before this wakes, so it is never waited for twice.
            let _woken = (&mut self.stopped).await;
        }
        self.stop().unwrap_or(Stop::Revoked)
    }

    /// Why the call is to stop, if it is.
    pub(crate) fn stop(&self) -> Option<Stop> {
        self.valve.stop()
    }

    /// The number of the call.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// What its handler runs through.
    pub(crate) fn valve(&self) -> Arc<Valve> {
        Arc::clone(&self.valve)
    }

    /// The point of no return of this call, for its handler.
    pub(crate) fn commitment(&self) -> Commitment {
        Commitment::of(&self.valve)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        lock(&self.state).calls.remove(&self.id);
    }
}

/// The map stays whole whatever panicked while it was held: each change of it is one step.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str) -> CommandName {
        CommandName::parse(name).unwrap()
    }

    fn root() -> Lineage {
        Lineage { generation: 1, attenuation: None }
    }

    fn at_once() -> Instant {
        Instant::now()
    }

    #[test]
    fn calls_are_counted_and_bounded() {
        let (calls, read) = (CallsInFlight::default(), command("fs.read_text"));
        let first = calls.start(1, &read, root(), 2, None).unwrap();
        let _second = calls.start(2, &read, root(), 2, None).unwrap();
        assert_eq!(calls.start(3, &read, root(), 2, None).unwrap_err(), StartError::TooMany);
        drop(first);
        let _third = calls.start(3, &read, root(), 2, None).unwrap();
    }

    #[test]
    fn calls_of_one_command_are_bounded_apart() {
        let calls = CallsInFlight::default();
        let (read, write) = (command("fs.read_text"), command("fs.write_text"));
        let first = calls.start(1, &read, root(), 8, Some(1)).unwrap();
        let second = calls.start(2, &read, root(), 8, Some(1));
        assert_eq!(second.unwrap_err(), StartError::TooManyOfCommand);
        let _write = calls.start(3, &write, root(), 8, Some(1)).unwrap();
        drop(first);
        let _again = calls.start(4, &read, root(), 8, Some(1)).unwrap();
    }

    #[tokio::test]
    async fn nothing_starts_after_a_revocation_and_what_runs_is_stopped() {
        let (calls, read) = (CallsInFlight::default(), command("fs.read_text"));
        let mut running = calls.start(1, &read, root(), 8, None).unwrap();
        let ended = calls.revoke(Whose::All, at_once());
        let reached = Reached::Nothing;
        assert_eq!(ended, [Ended { call: 1, command: read.clone(), reached }]);
        assert_eq!(running.stopped().await, Stop::Revoked);
        assert_eq!(calls.start(2, &read, root(), 8, None).unwrap_err(), StartError::Revoked);
    }

    #[tokio::test]
    async fn a_cancelled_call_is_told_once() {
        let calls = CallsInFlight::default();
        let mut running = calls.start(5, &command("fs.read_text"), root(), 8, None).unwrap();
        assert!(calls.cancel(5, &root()));
        assert!(!calls.cancel(5, &root()));
        assert!(!calls.cancel(6, &root()));
        assert_eq!(running.stopped().await, Stop::Cancelled);
    }
}
