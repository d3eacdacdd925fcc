//! The way of one call. Each step takes the type that only the step before can make, so that
//! leaving one out does not compile:
//!
//! `Frame` → [`Authenticated`](authenticate::Authenticated) → [`Admitted`](limit::Admitted) →
//! [`Granted`](decide::Granted) → [`Confirmed`](ask::Confirmed) → [`Recorded`](record::Recorded) → [`Reply`]
//!
//! There is one constructor of a grant (`decide`), one call site of a handler (`dispatch`), and
//! one table from a refusal to what a page may learn of it (`refusal`). Who listens for frames,
//! and where replies go, is the connection's.

mod ask;
mod authenticate;
mod decide;
mod delegate;
mod dispatch;
mod flowing;
#[cfg(any(forbidden = "made_up", forbidden = "misused"))]
#[path = "../tests/forbidden/stages.rs"]
mod forbidden;
mod force;
mod limit;
mod outcome;
mod power;
mod receive;
mod record;
mod refusal;
mod reply;
mod resources;
mod shadow;
mod shown;
#[cfg(feature = "stages")]
mod stages;
#[cfg(test)]
mod tests;
mod trail;

use std::sync::Arc;

use crate::audit::{AuditError, Event};
use crate::clock::{Moment, Now};
use crate::confirm::Person;
use crate::events::Events;
use crate::handler::Registry;
use crate::ledger::Ledger;
use crate::limits::Buckets;
use crate::session::{Gate, Sessions};
use crate::state::State;
use crate::windows::WindowPort;

use ask::Asked as Putting;
pub(crate) use ask::Due;
use authenticate::Known;
pub(crate) use force::{Force, InForce};
pub(crate) use power::{Asked, Permitted, Reached, Unanswered};
pub(crate) use receive::Frame;
pub use refusal::PageError;
pub(crate) use refusal::{Consequence, Refusal};
pub(crate) use reply::Reply;
pub(crate) use resources::Bases;
pub(crate) use shown::Showing;
#[cfg(feature = "stages")]
pub use stages::Stage;
#[cfg(feature = "stages")]
pub(crate) use stages::walk_to;
use trail::Trail;

/// What the pipeline works with: everything that all calls share.
#[derive(Debug)]
pub(crate) struct Pipeline {
    /// The policy in force, and all that is made of it.
    pub(crate) force: Force,
    pub(crate) sessions: Sessions,
    pub(crate) registry: Registry,
    pub(crate) buckets: Buckets,
    pub(crate) gate: Gate,
    pub(crate) ledger: Ledger,
    /// Who is asked where the policy wants that; without one, what would have to be is refused.
    pub(crate) person: Option<Person>,
    pub(crate) events: Events,
    pub(crate) state: State,
}

/// What came of a message that was not refused.
#[derive(Debug)]
pub(crate) enum Passed {
    /// A call, ready to be dispatched.
    Call(Due),
    /// A word about an earlier call, done.
    Done,
    /// A wish that the broker itself fulfils, done; its answer is for the bridge.
    Answered(Reply),
}

/// A call that was refused: the reply for its page, and what becomes of the host it came from.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) reply: Option<Reply>,
    pub(crate) consequence: Consequence,
}

impl Pipeline {
    /// Judges one message of a page. What is refused is in the log when this returns.
    pub(crate) fn judge(
        &self,
        frame: Frame<'_>,
        port: &Arc<dyn WindowPort>,
        now: Now,
    ) -> Result<Passed, Refused> {
        // Once: whatever comes into force while the call is on its way is another call's.
        let trail = Trail::of(&frame, now.moment, self.force.load());
        match self.walk(frame, trail, port, now) {
            Ok(passed) => Ok(passed),
            Err(stopped) => Err(self.refuse(*stopped, Moment::now())),
        }
    }

    /// Decides what a document reaches for without a call, as a call of it would be decided. What
    /// comes back is in the log, a refusal too.
    pub(crate) fn reach(&self, asked: Asked<'_>, now: Now) -> Reached {
        power::reach(self, asked, now).unwrap_or_else(|stopped| {
            let _told = self.refuse(*stopped, Moment::now());
            Reached::Refused
        })
    }

    /// Writes an event that a page or a host can bring about as often as it likes: the first of a
    /// kind each second are written, and the others counted. `kind` is a window, an origin and a word.
    pub(crate) fn note_often(
        &self,
        kind: (&str, &str, &str),
        event: &Event<'_>,
    ) -> Result<(), AuditError> {
        let force = self.force.load();
        self.ledger.event(force.version(), kind, event, Moment::now()).map(|_told| ())
    }

    /// The sentence itself.
    fn walk(
        &self,
        frame: Frame<'_>,
        trail: Trail,
        port: &Arc<dyn WindowPort>,
        now: Now,
    ) -> Result<Passed, Box<Stopped>> {
        let said = receive::receive(frame, trail)?;
        let call = match authenticate::authenticate(self, said, now)? {
            Known::Call(call) => call,
            Known::Done(None) => return Ok(Passed::Done),
            Known::Done(Some(reply)) => return Ok(Passed::Answered(reply)),
        };
        let admitted = limit::limit(self, call, now)?;
        let granted = decide::decide(self, admitted, port)?;
        let confirmed = match ask::ask(self, granted)? {
            Putting::Confirmed(confirmed) => confirmed,
            Putting::Person(unanswered) => {
                return Ok(Passed::Call(Due::Asked(unanswered)));
            }
        };
        let recorded = record::record(&self.ledger, confirmed, Moment::now());
        let recorded = recorded.map_err(|(stopped, _in_flight)| stopped)?;
        Ok(Passed::Call(Due::Recorded(recorded)))
    }

    /// Writes the refusal down and says what the page may learn.
    fn refuse(&self, stopped: Stopped, now: Moment) -> Refused {
        let Stopped { trail, refusal } = stopped;
        let told = record::refusal(&self.ledger, &trail, &refusal, now);
        // A refusal that cannot be written stays a refusal.
        let reply = trail.call.map(|id| Reply::error(id, &told));
        Refused { reply, consequence: refusal.consequence() }
    }
}

/// Where the walk ended, and why.
#[derive(Debug)]
pub(crate) struct Stopped {
    trail: Trail,
    refusal: Refusal,
}

impl Stopped {
    fn new(trail: Trail, refusal: impl Into<Refusal>) -> Box<Self> {
        Box::new(Self { trail, refusal: refusal.into() })
    }
}
