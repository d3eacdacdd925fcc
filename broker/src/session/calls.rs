//! The calls in flight of one session: how many there are, and how each of them is stopped.
//!
//! Starting a call and closing the session take the same lock, so no call starts after
//! [`CallsInFlight::close`] returned.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sidegate_capabilities::CommandName;
use tokio::sync::oneshot;

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

/// The calls of a session that have started and not ended.
#[derive(Debug, Default)]
pub(crate) struct CallsInFlight {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    calls: HashMap<u64, (CommandName, oneshot::Sender<()>)>,
}

impl CallsInFlight {
    /// Starts call `id`, unless the session is closed, `most` calls are in flight, or
    /// `most_of_command` of this command.
    pub(crate) fn start(
        &self,
        id: u64,
        command: &CommandName,
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
            let running = state.calls.values().filter(|(other, _)| other == command).count();
            if running >= most {
                return Err(StartError::TooManyOfCommand);
            }
        }
        let (stop, stopped) = oneshot::channel();
        state.calls.insert(id, (command.clone(), stop));
        Ok(InFlight { id, stopped, state: Arc::clone(&self.state) })
    }

    /// Stops call `id`; a call that has ended already, or never was, is no error.
    pub(crate) fn cancel(&self, id: u64) -> bool {
        lock(&self.state).calls.remove(&id).is_some_and(|(_, stop)| stop.send(()).is_ok())
    }

    /// Stops every call and lets none start again.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        // Dropping the senders wakes the calls.
        state.calls.clear();
    }
}

/// One call in flight; it is taken off the list when this is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    id: u64,
    stopped: oneshot::Receiver<()>,
    state: Arc<Mutex<State>>,
}

impl InFlight {
    /// Waits until the call is to stop: cancelled by its page, or its session revoked.
    pub(crate) async fn stopped(&mut self) {
        // An error says that the sender is gone, which is how a session closes its calls.
        let _closed_or_cancelled = (&mut self.stopped).await;
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

    #[test]
    fn calls_are_counted_and_bounded() {
        let (calls, read) = (CallsInFlight::default(), command("fs.read_text"));
        let first = calls.start(1, &read, 2, None).unwrap();
        let _second = calls.start(2, &read, 2, None).unwrap();
        assert_eq!(calls.start(3, &read, 2, None).unwrap_err(), StartError::TooMany);
        drop(first);
        let _third = calls.start(3, &read, 2, None).unwrap();
    }

    #[test]
    fn calls_of_one_command_are_bounded_apart() {
        let calls = CallsInFlight::default();
        let (read, write) = (command("fs.read_text"), command("fs.write_text"));
        let first = calls.start(1, &read, 8, Some(1)).unwrap();
        let second = calls.start(2, &read, 8, Some(1));
        assert_eq!(second.unwrap_err(), StartError::TooManyOfCommand);
        let _write = calls.start(3, &write, 8, Some(1)).unwrap();
        drop(first);
        let _again = calls.start(4, &read, 8, Some(1)).unwrap();
    }

    #[tokio::test]
    async fn nothing_starts_after_close_and_what_runs_is_stopped() {
        let (calls, read) = (CallsInFlight::default(), command("fs.read_text"));
        let mut running = calls.start(1, &read, 8, None).unwrap();
        calls.close();
        running.stopped().await;
        assert_eq!(calls.start(2, &read, 8, None).unwrap_err(), StartError::Revoked);
    }

    #[tokio::test]
    async fn a_cancelled_call_is_told_once() {
        let calls = CallsInFlight::default();
        let mut running = calls.start(5, &command("fs.read_text"), 8, None).unwrap();
        assert!(calls.cancel(5));
        assert!(!calls.cancel(5));
        assert!(!calls.cancel(6));
        running.stopped().await;
    }
}
