//! Revocation of sessions and tokens: which of them it meets, and what had become of their calls.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::calls::{Ended, Whose};
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
        let mut sessions = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<_> = sessions.extract_if(|_, session| which(&session.identity)).collect();
        // Neither renewed nor found from here on, and no lock is held while their calls end.
        drop(sessions);
        close(gone.into_iter().map(|(_, session)| session), Stop::Gone)
    }

    /// Revokes the sessions that `which` picks, whose documents live on: the same as to forget
    /// them, but that who goes on showing their tokens is told from who makes tokens up.
    pub(crate) fn revoke(&self, which: impl Fn(&Session) -> bool) -> Vec<Taken> {
        // A poisoned lock means that somebody panicked inside; what it guards is a plain map,
        // and revoking must not fail.
        let sessions = self.by_id.read().unwrap_or_else(PoisonError::into_inner);
        let met: Vec<_> = sessions.values().filter(|session| which(session)).cloned().collect();
        drop(sessions);
        close(met.into_iter(), Stop::Revoked)
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
    if session.calls.forbids(&lineage) {
        return None;
    }
    let whose = if token.is_root() { Whose::All } else { Whose::Narrowed(&lineage, now) };
    let ended = session.calls.revoke(whose, settled_by());
    Some(Taken { session, ended })
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
fn close(sessions: impl Iterator<Item = Arc<Session>>, why: Stop) -> Vec<Taken> {
    let end = settled_by();
    let shut: Vec<_> = sessions
        .map(|session| {
            let stopped = session.calls.shut(Whose::All, why);
            (session, stopped)
        })
        .collect();
    let settle = |(session, stopped): (Arc<Session>, super::calls::Stopped)| Taken {
        session,
        ended: stopped.settle(end),
    };
    shut.into_iter().map(settle).collect()
}

fn settled_by() -> Instant {
    let now = Instant::now();
    now.checked_add(SETTLE).unwrap_or(now)
}
