//! The way of one call. Each step takes the type that only the step before can make, so that
//! leaving one out does not compile:
//!
//! `Frame` → [`Authenticated`](authenticate::Authenticated) → [`Admitted`](limit::Admitted) →
//! [`Granted`](decide::Granted) → [`Recorded`](record::Recorded) → [`Reply`]
//!
//! There is one constructor of a grant (`decide`), one call site of a handler (`dispatch`), and
//! one table from a refusal to what a page may learn of it (`refusal`). Who listens for frames,
//! and where replies go, is the connection's.

mod authenticate;
mod decide;
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
#[cfg(test)]
mod tests;
mod trail;

use std::sync::Arc;

use crate::clock::{Moment, Now};
use crate::events::Events;
use crate::handler::Registry;
use crate::ledger::Ledger;
use crate::limits::Buckets;
use crate::session::{Gate, Sessions};
use crate::state::State;
use crate::windows::WindowPort;

pub(crate) use force::{Force, InForce};
pub(crate) use power::{Asked, Permitted};
pub(crate) use receive::Frame;
pub(crate) use record::Recorded;
pub use refusal::PageError;
pub(crate) use refusal::{Consequence, Refusal};
pub(crate) use reply::Reply;
pub(crate) use resources::Bases;
pub(crate) use shown::Showing;
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
    pub(crate) events: Events,
    pub(crate) state: State,
}

/// A call that was refused: the reply for its page, and what becomes of the host it came from.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) reply: Option<Reply>,
    pub(crate) consequence: Consequence,
}

impl Pipeline {
    /// Judges one message of a page. What is allowed comes back as [`Recorded`], ready to be
    /// dispatched; what is refused is in the log when this returns. `None` is a cancellation
    /// or a step of an earlier call, done.
    pub(crate) fn judge(
        &self,
        frame: Frame<'_>,
        port: &Arc<dyn WindowPort>,
        now: Now,
    ) -> Result<Option<Recorded>, Refused> {
        // Once: whatever comes into force while the call is on its way is another call's.
        let trail = Trail::of(&frame, now.moment, self.force.load());
        match self.walk(frame, trail, port, now) {
            Ok(recorded) => Ok(recorded),
            Err(stopped) => Err(self.refuse(*stopped, Moment::now())),
        }
    }

    /// Decides what a document reaches for without a call, as a call of it would be decided. What
    /// comes back is in the log, a refusal too.
    pub(crate) fn ask(&self, asked: Asked<'_>, now: Now) -> Option<Permitted> {
        match power::permit(self, asked, now) {
            Ok(permitted) => Some(permitted),
            Err(stopped) => {
                let _told = self.refuse(*stopped, Moment::now());
                None
            }
        }
    }

    /// The sentence itself.
    fn walk(
        &self,
        frame: Frame<'_>,
        trail: Trail,
        port: &Arc<dyn WindowPort>,
        now: Now,
    ) -> Result<Option<Recorded>, Box<Stopped>> {
        let said = receive::receive(frame, trail)?;
        let Some(call) = authenticate::authenticate(self, said, now)? else {
            return Ok(None);
        };
        let admitted = limit::limit(self, call, now)?;
        let granted = decide::decide(self, admitted, port)?;
        record::record(&self.ledger, granted, Moment::now()).map(Some)
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
