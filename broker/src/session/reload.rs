//! What becomes of sessions when another policy comes into force: each is resolved anew before its
//! next call, and its calls in flight are held against what it may do now. Its tokens stay what they
//! were: they say who somebody is, not what the policy has for them.

use sidegate_capabilities::{Verdict, WallTime};

use super::calls::WasAsked;
use super::{Identity, Policies, Session, Sessions, Standing, Stop};

impl Session {
    /// What the session may do under `policies` at `now`, a time of the calendar. Once a capability
    /// has expired it stays so for this session under this policy: a wall clock that is set back
    /// later gives nothing back, since what holds is not resolved again until the next one expires.
    /// `None`: the lock is poisoned, and nothing can be told. For [`Bearer`](super::Bearer) alone,
    /// which does not forget what its token leaves of it.
    pub(super) fn standing(&self, policies: &Policies, now: WallTime) -> Option<Standing> {
        {
            let standing = self.standing.read().ok()?;
            if standing.holds(policies, now) {
                return Some(standing.clone());
            }
        }
        let Identity { label, origin, .. } = &*self.identity;
        let mut standing = self.standing.write().ok()?;
        if standing.epoch > policies.epoch {
            // The call took its policy before another came into force, and is decided by what it
            // took; the session does not go back for it.
            return Some(policies.standing(label, origin, now));
        }
        // Another call may have been here first, at a later time than this one's.
        if !standing.holds(policies, now) {
            *standing = policies.standing(label, origin, now);
        }
        Some(standing.clone())
    }

    /// Stops the calls in flight that `policies` do not allow at `now`; how many those were. What a
    /// token was narrowed to is the same under every policy, and was asked.
    pub(super) fn review(&self, policies: &Policies, now: WallTime) -> usize {
        let standing = self.standing(policies, now);
        self.calls.review(policies.epoch, |command, args, WasAsked(was_asked)| {
            // What cannot be told is not allowed, and what has to be asked about now and was not
            // neither.
            standing.as_ref().is_some_and(|now| match now.enforced.decide(command, args) {
                Verdict::Allow(permit) => permit.ask.is_none() || was_asked,
                Verdict::Deny(_) => false,
            })
        })
    }
}

impl Sessions {
    /// Stops the calls in flight of all sessions that `policies`, which have just come into force,
    /// do not allow; how many those were. A call under an older policy that starts after this
    /// looked at its session finds out by itself ([`InFlight::is_behind`](super::InFlight)).
    pub(crate) fn review(&self, policies: &Policies, now: WallTime) -> usize {
        self.all().iter().map(|session| session.review(policies, now)).sum()
    }

    /// Ends every session, since the broker does: what is in flight is stopped.
    pub(crate) fn end_all(&self) {
        for session in self.all() {
            session.calls.close(Stop::Ending);
        }
    }

    fn all(&self) -> Vec<std::sync::Arc<Session>> {
        // What is read is a plain map, and stopping must not fail.
        let sessions = self.by_id.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        sessions.values().cloned().collect()
    }
}
