//! Sessions: who is at the other end. A session is one document of one window on one host's
//! connection, with what was resolved for it ([`Standing`]), the tokens minted for it, and its
//! calls in flight.
//!
//! [`Sessions::authenticate`] is the only way from a token to a session. What a session may do
//! is the principal's; how much of it at once is `limits`'.

mod calls;
mod gate;
mod reload;
mod standing;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use sidegate_capabilities::{Origin, WindowLabel};

use crate::clock::Moment;
use crate::token::{Claims, HostId, Mint, SessionId, Token};
use crate::wire::{DocumentId, WindowId};

pub(crate) use calls::{CallsInFlight, InFlight, StartError, Stop};
pub(crate) use gate::Gate;
pub(crate) use standing::{Policies, Standing};

/// How long a token lives. It is renewed while its document does; a stolen one is of use for
/// no longer than this, and only on its host's own connection.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);

/// How often the tokens of living documents are renewed. The token before stays good until its
/// own end, so that a call on its way is not refused.
pub(crate) const RENEW_EVERY: Duration = Duration::from_secs(20 * 60);

/// Whom a session is for, as the broker knows it; nothing in it comes from a page.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) host: HostId,
    pub(crate) window: WindowId,
    pub(crate) document: DocumentId,
    pub(crate) label: WindowLabel,
    pub(crate) origin: Origin,
    /// The version of the policy that the principal was resolved under.
    pub(crate) policy: Arc<str>,
}

/// One document's standing.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) identity: Identity,
    /// Written where a capability expires or another policy comes, read for each call.
    standing: RwLock<Standing>,
    pub(crate) calls: CallsInFlight,
    /// The number of the last call accepted: each number is accepted once, and they only grow.
    last_call: AtomicU64,
    tokens: Mutex<Tokens>,
}

/// The newest token and, until it ends, the one before.
#[derive(Debug)]
struct Tokens {
    generation: u32,
    newest: (Token, Moment),
    before: Option<(Token, Moment)>,
}

impl Session {
    /// Accepts a call's number, once.
    pub(crate) fn accept(&self, call: u64) -> Result<(), Impostor> {
        let grows = |last: u64| (call > last).then_some(call);
        self.last_call
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, grows)
            .map(|_| ())
            .map_err(|_| Impostor::Replayed)
    }

    fn accepts(&self, shown: &Token, now: Moment) -> Result<(), Impostor> {
        let tokens = self.tokens.lock().map_err(|_| Impostor::Unknown)?;
        let known = std::iter::once(&tokens.newest).chain(tokens.before.as_ref());
        let mut found = Err(Impostor::Unknown);
        for (token, expires) in known {
            if token.is(shown) {
                found = if now < *expires { Ok(()) } else { Err(Impostor::Expired) };
            }
        }
        found
    }
}

/// Why what was shown does not stand for whoever showed it. To the page they all look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Impostor {
    /// No session has this token: made up, altered, or revoked long ago.
    #[error("the token is not one that this broker minted and still knows")]
    Unknown,
    /// The token was minted for a window of another host process.
    #[error("the token was minted for another host process")]
    OtherHost,
    /// The token was minted for another window of this host.
    #[error("the token was minted for another window")]
    OtherWindow,
    /// The token was minted for a document that is gone.
    #[error("the token was minted for another document of this window")]
    OtherDocument,
    /// The token has ended.
    #[error("the token has expired")]
    Expired,
    /// The call's number was used before under this session.
    #[error("the number of this call was used before")]
    Replayed,
}

/// All sessions of a broker.
#[derive(Debug)]
pub(crate) struct Sessions {
    mint: Mint,
    next: AtomicU64,
    /// Read for each call, written for each document: readers do not wait for one another.
    by_id: RwLock<HashMap<SessionId, Arc<Session>>>,
}

impl Sessions {
    pub(crate) fn new(mint: Mint) -> Self {
        Self { mint, next: AtomicU64::new(1), by_id: RwLock::default() }
    }

    /// Opens a session and mints its first token.
    pub(crate) fn open(
        &self,
        identity: Identity,
        standing: Standing,
        now: Moment,
    ) -> Option<(Arc<Session>, Token)> {
        let id = SessionId(self.next.fetch_add(1, Ordering::Relaxed));
        let minted = self.mint_for(id, &identity, 1, now);
        let tokens = Tokens { generation: 1, newest: minted.clone(), before: None };
        let session = Arc::new(Session {
            id,
            identity,
            standing: RwLock::new(standing),
            calls: CallsInFlight::default(),
            last_call: AtomicU64::new(0),
            tokens: Mutex::new(tokens),
        });
        self.by_id.write().ok()?.insert(id, Arc::clone(&session));
        Some((session, minted.0))
    }

    /// The session that `shown` stands for, if it may be shown by this document of this window
    /// on this host's connection, now.
    pub(crate) fn authenticate(
        &self,
        shown: &Token,
        host: HostId,
        window: WindowId,
        document: DocumentId,
        now: Moment,
    ) -> Result<Arc<Session>, Impostor> {
        let session = {
            let sessions = self.by_id.read().map_err(|_| Impostor::Unknown)?;
            sessions.get(&shown.session()).cloned().ok_or(Impostor::Unknown)?
        };
        // The tag first: to say «another host» of a token that nobody minted would let a
        // stranger ask which sessions there are.
        session.accepts(shown, now)?;
        let identity = &session.identity;
        if identity.host != host {
            return Err(Impostor::OtherHost);
        }
        if identity.window != window {
            return Err(Impostor::OtherWindow);
        }
        if identity.document != document {
            return Err(Impostor::OtherDocument);
        }
        Ok(session)
    }

    /// A new token for a session that goes on.
    pub(crate) fn renew(&self, session: &Session, now: Moment) -> Option<Token> {
        let mut tokens = session.tokens.lock().ok()?;
        tokens.generation = tokens.generation.checked_add(1)?;
        let minted = self.mint_for(session.id, &session.identity, tokens.generation, now);
        let before = std::mem::replace(&mut tokens.newest, minted.clone());
        tokens.before = Some(before);
        Some(minted.0)
    }

    /// Ends the sessions that `which` picks: their tokens are of no use when this returns, no
    /// call of theirs starts any more, and those in flight are cancelled.
    pub(crate) fn revoke(&self, which: impl Fn(&Identity) -> bool) -> Vec<Arc<Session>> {
        let mut ended = Vec::new();
        // A poisoned lock means that somebody panicked inside; what it guards is a plain map,
        // and revoking must not fail.
        let mut sessions = self.by_id.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        sessions.retain(|_, session| {
            let goes = which(&session.identity);
            if goes {
                ended.push(Arc::clone(session));
            }
            !goes
        });
        drop(sessions);
        for session in &ended {
            session.calls.close(Stop::Revoked);
        }
        ended
    }

    /// The sessions of a host, for renewal.
    pub(crate) fn of_host(&self, host: HostId) -> Vec<Arc<Session>> {
        let Ok(sessions) = self.by_id.read() else {
            return Vec::new();
        };
        sessions.values().filter(|session| session.identity.host == host).cloned().collect()
    }

    fn mint_for(
        &self,
        session: SessionId,
        identity: &Identity,
        generation: u32,
        now: Moment,
    ) -> (Token, Moment) {
        let expires = now.after(TOKEN_LIFE);
        let claims = Claims {
            session,
            generation,
            host: identity.host,
            window: identity.window,
            document: identity.document,
            origin: &identity.origin.to_string(),
            policy: &identity.policy,
            expires,
        };
        (self.mint.mint(&claims), expires)
    }
}

#[cfg(test)]
mod tests;
