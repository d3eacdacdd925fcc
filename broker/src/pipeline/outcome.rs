//! Outcome: how a call that was let through ended. Each has one: it is answered, or it is stopped, and
//! what was stopped is in the log before anybody is told.
//!
//! Where its token was revoked or its document is gone, the record is `revocation`'s: it has a record of
//! what it met when it returns, of a handler that does not let go of its thread as well.

use super::{PageError, Refusal, Trail};
use crate::audit::{Cancelled, Event};
use crate::clock::Moment;
use crate::ledger::{Ledger, Records};
use crate::revocation;
use crate::session::{InFlight, Stop};

/// The outcome of one call, to be settled; where it is dropped before, nobody waited any more, and
/// that is the outcome.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    ledger: &'a Ledger,
    trail: &'a Trail,
    records: Records,
    in_flight: &'a InFlight,
    settled: bool,
}

/// How a handler came to its end, where it was not stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It answered.
    Answered,
    /// Its deadline passed.
    Expired,
}

impl<'a> Outcome<'a> {
    pub(super) fn of(
        ledger: &'a Ledger,
        trail: &'a Trail,
        records: Records,
        in_flight: &'a InFlight,
    ) -> Self {
        Self { ledger, trail, records, in_flight, settled: false }
    }

    /// The call was stopped before its handler was done; what its page is told, if it waits.
    pub(super) fn stopped(&mut self) -> Option<PageError> {
        let why = self.in_flight.why_stopped().unwrap_or(Stop::Revoked);
        self.settle(why);
        told(why)
    }

    /// The call goes on, or is refused, and what becomes of it is recorded then.
    pub(super) fn left_open(mut self) {
        self.settled = true;
    }

    /// The handler came to its end. Where something had stopped the call before, that is the
    /// outcome all the same, and what the handler answered is kept back.
    pub(super) fn ended(&mut self, ended: Ended) -> Result<(), Option<PageError>> {
        let settled = match ended {
            Ended::Answered => self.in_flight.answer(),
            Ended::Expired => self.in_flight.give_up(Stop::Deadline),
        };
        match (settled, ended) {
            (Ok(()), Ended::Answered) => {
                self.settled = true;
                Ok(())
            }
            (Ok(()), Ended::Expired) => {
                self.settle(Stop::Deadline);
                Ok(())
            }
            (Err(why), _) => {
                self.settle(why);
                Err(told(why))
            }
        }
    }

    fn settle(&mut self, stop: Stop) {
        self.settled = true;
        if matches!(stop, Stop::Revoked | Stop::Gone) {
            // Who took the token away has written it, or does so now.
            return;
        }
        let why = revocation::code(stop);
        let (window, origin) = (self.trail.window(), self.trail.origin());
        let event = Event::Cancelled(Cancelled {
            window: &window,
            host: self.trail.host.0,
            document: self.trail.document.0,
            origin,
            command: self.trail.command.as_deref().unwrap_or_default(),
            call: self.trail.call.unwrap_or_default(),
            why,
            outcome: revocation::outcome(self.in_flight.reached()),
        });
        let policy = self.trail.policy();
        let written = match self.records {
            Records::Each => self.ledger.write(policy, &event).map(drop),
            // Of calls that are only counted, what became of them is as well.
            Records::Counted => {
                let kind = (&*window, origin, why);
                self.ledger.event(policy, kind, &event, Moment::now()).map(drop)
            }
        };
        if let Err(error) = written {
            tracing::error!(window = &*window, why, %error, "the end of a call is not in the audit log");
        }
    }
}

impl Drop for Outcome<'_> {
    fn drop(&mut self) {
        if !self.settled {
            let stopped = self.in_flight.give_up(Stop::Abandoned);
            self.settle(stopped.err().unwrap_or(Stop::Abandoned));
        }
    }
}

/// What its page is told, if it is there and waits: one that cancelled its call has had its answer.
pub(super) fn told(why: Stop) -> Option<PageError> {
    match why {
        Stop::ByPage | Stop::Gone | Stop::Abandoned => None,
        Stop::Revoked => Some(PageError::from(&Refusal::Revoked)),
        Stop::PolicyChanged | Stop::Deadline | Stop::Ending => Some(PageError::cancelled()),
    }
}
