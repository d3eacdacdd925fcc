//! Revocation of sessions and tokens: which of them it meets, and what had become of their calls.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::calls::{Ended, Stopped, Whose};
use super::{Identity, Session, Sessions, Stop};
use crate::clock::Moment;
use crate::token::Token;

/// How long a revocation waits for handlers that are just then on a processor. From one await to the
/// next they take far less; one that does not come to its next await in a second has blocked its
/// thread, and nobody can stop it.
const SETTLE: Duration = Duration::from_secs(1);

/// A session that something was taken from, and the calls that this stopped.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) session: Arc<Session>,
    pub(crate) ended: Vec<Ended>,
}

impl Taken {
    /// The origin of the session's document, as text.
    pub(crate) fn origin(&self) -> String {
        self.session.identity.origin.to_string()
    }
}

impl Sessions {
    /// Forgets the sessions that `which` picks, whose documents or hosts are gone: their tokens are
    /// of no use when this returns, no call of theirs starts any more, and those in flight are
    /// cancelled.
    pub(crate) fn forget(&self, which: impl Fn(&Identity) -> bool) -> Vec<Taken> {
        // Found until their calls have ended: who revokes them meanwhile waits for those as well.
        let taken = close(self.those(|session| which(&session.identity)), Stop::Gone);
        let mut sessions = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        for (gone, _again) in &taken {
            sessions.remove(&gone.session.id);
        }
        drop(sessions);
        taken.into_iter().map(|(taken, _again)| taken).collect()
    }

    /// Revokes the sessions that `which` picks, whose documents live on: the same as to forget
    /// them, but that who goes on showing their tokens is told from who makes tokens up. Of those that
    /// were revoked before, the calls are waited for, and nothing else is said.
    pub(crate) fn revoke(&self, which: impl Fn(&Session) -> bool) -> Vec<Taken> {
        let closed = close(self.those(which), Stop::Revoked).into_iter();
        let met = closed.filter(|(taken, again)| !again || !taken.ended.is_empty());
        met.map(|(taken, _again)| taken).collect()
    }

    /// Waits for the pieces that are running of calls which were stopped, whoever stopped them: as long
    /// as a revocation waits, and where that would not, not at all.
    pub(crate) fn settle(&self) {
        let end = settled_by();
        let stopped: Vec<_> =
            self.those(|_| true).iter().flat_map(|session| session.calls.stopped()).collect();
        for valve in stopped {
            let _reached = valve.settle(end);
        }
    }

    fn those(&self, which: impl Fn(&Session) -> bool) -> Vec<Arc<Session>> {
        // A poisoned lock means that somebody panicked inside; what it guards is a plain map,
        // and revoking must not fail.
        let sessions = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        sessions.values().filter(|session| which(session)).cloned().collect()
    }

    /// Revokes a token and all that was narrowed from it; a root takes its session along, which
    /// would have another minted for it. `None`: the token is not genuine, has ended, or was revoked
    /// before.
    pub(crate) fn revoke_token(&self, token: &Token, now: Moment) -> Option<Taken> {
        let sessions = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(&token.session()).cloned()?;
        drop(sessions);
        revoke_token_of(session, token, now)
    }
}

/// The same for a token of this session.
pub(super) fn revoke_token_of(session: Arc<Session>, token: &Token, now: Moment) -> Option<Taken> {
    let attenuation = session.attenuation(token, now).ok()?;
    let lineage = super::Lineage { generation: token.generation(), attenuation };
    let whose = if token.is_root() { Whose::All } else { Whose::Narrowed(&lineage, now) };
    let stopped = session.calls.shut(whose, Stop::Revoked);
    let again = stopped.again();
    let ended = stopped.settle(settled_by());
    (!again || !ended.is_empty()).then_some(Taken { session, ended })
}

impl Session {
    /// Whether something is allowed to it by the capability, or the permission, of this id. Where
    /// that cannot be told, it is.
    pub(crate) fn is_granted_by(&self, id: &str) -> bool {
        self.standing.read().map_or(true, |standing| standing.enforced.is_granted_by(id))
    }

    /// Whether it was revoked.
    pub(crate) fn is_revoked(&self) -> bool {
        self.calls.is_closed()
    }
}

/// First all are shut, then they are waited for: one slow handler does not keep the others running.
/// Beside each, whether it was revoked before.
fn close(sessions: Vec<Arc<Session>>, why: Stop) -> Vec<(Taken, bool)> {
    let end = settled_by();
    let shut: Vec<_> = sessions
        .into_iter()
        .map(|session| {
            let stopped = session.calls.shut(Whose::All, why);
            (session, stopped)
        })
        .collect();
    let settle = |(session, stopped): (Arc<Session>, Stopped)| {
        let again = stopped.again();
        (Taken { session, ended: stopped.settle(end) }, again)
    };
    shut.into_iter().map(settle).collect()
}

fn settled_by() -> Instant {
    let now = Instant::now();
    now.checked_add(SETTLE).unwrap_or(now)
}
