//! The log as the pipeline uses it: allowed calls each have their record before they run, the
//! first refusals of a kind are written in full, and the rest of a flood is counted.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::audit::{AuditError, AuditLog, Call, Event, Receipt, Repeats, Telling};
use crate::clock::Moment;

/// How often counts are to be told, see [`Ledger::tell_counts`].
pub(crate) const TELL_EVERY: Duration = Duration::from_secs(1);

/// The log, and the refusals that were counted and are not in it yet.
#[derive(Debug)]
pub(crate) struct Ledger {
    log: AuditLog,
    repeats: Mutex<Repeats>,
}

/// Which counts to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// Those whose time is up.
    Due,
    /// All of them: there will be no other occasion.
    All,
}

impl Ledger {
    pub(crate) fn new(log: AuditLog) -> Self {
        Self { log, repeats: Mutex::default() }
    }

    /// Writes an event, whatever it is.
    pub(crate) fn write(&self, policy: &str, event: &Event<'_>) -> Result<Receipt, AuditError> {
        self.log.append(policy, event)
    }

    /// Writes a refusal, or counts it where enough like it were written.
    pub(crate) fn refusal(
        &self,
        policy: &str,
        call: Call<'_>,
        now: Moment,
    ) -> Result<Telling, AuditError> {
        let kind = (call.window, call.origin, call.command, call.reason.unwrap_or_default());
        let telling = self.repeats().note(kind, since_start(now));
        if telling == Telling::Write {
            let _written = self.write(policy, &Event::Call(call))?;
        }
        Ok(telling)
    }

    /// Writes an event that a page can bring about as often as it likes, or counts it where enough
    /// like it were written. `window`, `origin` and `what` say which are alike.
    pub(crate) fn event(
        &self,
        policy: &str,
        (window, origin, what): (&str, &str, &str),
        event: &Event<'_>,
        now: Moment,
    ) -> Result<Telling, AuditError> {
        let telling = self.repeats().note((window, origin, "", what), since_start(now));
        if telling == Telling::Write {
            let _written = self.write(policy, event)?;
        }
        Ok(telling)
    }

    /// Writes the counts of the refusals that were not written one by one; to be called every
    /// [`TELL_EVERY`].
    pub(crate) fn tell_counts(
        &self,
        policy: &str,
        which: Counts,
        now: Moment,
    ) -> Result<(), AuditError> {
        let counted = match which {
            Counts::Due => self.repeats().due(since_start(now)),
            Counts::All => self.repeats().rest(since_start(now)),
        };
        for counted in &counted {
            let _written = self.write(policy, &counted.event())?;
        }
        Ok(())
    }

    /// Brings the log to the disk.
    pub(crate) fn sync(&self) -> Result<(), AuditError> {
        self.log.sync()
    }

    /// Counts stay counts whatever panicked beside them.
    fn repeats(&self) -> std::sync::MutexGuard<'_, Repeats> {
        self.repeats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn since_start(now: Moment) -> Duration {
    now.since(Moment::from_nanos(0))
}
