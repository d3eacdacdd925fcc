//! Sessions: who is at the other end. A session is one document of one window on one host's
//! connection, with what was resolved for it ([`Standing`]), the tokens minted for it, and its
//! calls in flight.
//!
//! [`Sessions::authenticate`] is the only way from a token to a session, and what it gives is a
//! [`Bearer`], who can do no more than both session and token allow. What a session may do is the
//! principal's; how much of it at once is `limits`'.

mod attenuation;
mod bearer;
mod calls;
mod delegations;
mod end;
mod gate;
mod reload;
mod revoke;
mod standing;
mod tokens;
mod valve;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sidegate_capabilities::{Origin, WindowLabel};

use crate::clock::Moment;
use crate::streams::{Flows, Forged, Step};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, RwLock};
use crate::token::{Claims, HostId, Mint, NoRandomness, SessionId, Token};
use crate::wire::{DocumentId, WindowId};
use attenuation::Attenuation;
use delegations::Delegations;
use tokens::Tokens;

pub(crate) use attenuation::Outside;
pub(crate) use bearer::{Attenuated, Barred, Bearer, No};
pub(crate) use calls::{CallsInFlight, Ended, InFlight, Lineage, StartError, wish};
pub(crate) use delegations::{LONGEST, MAX_DELEGATIONS, NotDelegated, Wanted};
pub(crate) use gate::Gate;
pub(crate) use revoke::Taken;
pub(crate) use standing::{Policies, Standing};
pub(crate) use tokens::Spent;
pub use valve::Commitment;
pub(crate) use valve::{Reached, Stop, Valve};

/// How long a token lives. It is renewed while its document does; a stolen one is of use for
/// no longer than this, and only on its host's own connection.
pub(crate) const TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);

/// How often the tokens of living documents are renewed. The tokens before stay good until their
/// own end, so that neither a call on its way is refused nor what was narrowed from one of them.
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

impl Identity {
    /// What a token of this one is to somebody else; `None` where it is shown by itself.
    fn elsewhere(&self, host: HostId, window: WindowId, document: DocumentId) -> Option<Impostor> {
        if self.host != host {
            return Some(Impostor::OtherHost);
        }
        if self.window != window {
            return Some(Impostor::OtherWindow);
        }
        (self.document != document).then_some(Impostor::OtherDocument)
    }
}

/// One document's standing.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) identity: Arc<Identity>,
    /// Written where a capability expires or another policy comes, read for each call.
    standing: RwLock<Standing>,
    pub(crate) calls: CallsInFlight,
    /// Those of them that stream.
    pub(crate) flows: Arc<Flows>,
    /// The number of the last call accepted: each number is accepted once, and they only grow.
    last_call: AtomicU64,
    tokens: Mutex<Tokens>,
    delegations: Mutex<Delegations>,
}

impl Session {
    /// Whether `shown` is one of the session's tokens, and what it was narrowed to.
    fn attenuation(
        &self,
        shown: &Token,
        now: Moment,
    ) -> Result<Option<Arc<Attenuation>>, Impostor> {
        let mut tokens = self.tokens.lock().map_err(|_| Impostor::Unknown)?;
        let principal = || Some(self.standing.read().ok()?.enforced.clone());
        tokens.find(shown, &self.identity, principal, now)
    }

    /// Whether `shown` names a root that has ended and is not kept any more.
    fn has_outlived(&self, shown: &Token) -> bool {
        let tokens = self.tokens.lock();
        tokens.is_ok_and(|tokens| tokens.is_past(shown.generation()))
    }

    /// Accepts a call's number, once.
    fn accept(&self, call: u64) -> Result<(), Impostor> {
        let grows = |last: u64| (call > last).then_some(call);
        self.last_call
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, grows)
            .map(|_| ())
            .map_err(|_| Impostor::Replayed)
    }

    /// Takes a step of a call. One of a call that has ended in the meantime is late, and does
    /// nothing; one of a call that there has never been is forged.
    fn step(&self, call: u64, step: Step<'_>) -> Result<(), Forged> {
        if call > self.last_call.load(Ordering::Acquire) {
            return Err(Forged::NoCall);
        }
        self.flows.step(call, step)
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
        let expires = now.after(TOKEN_LIFE);
        let token = self.mint_for(id, &identity, 1, (now, expires));
        let mut tokens = Tokens::default();
        tokens.push(token.clone(), now, expires);
        let session = Arc::new(Session {
            id,
            identity: Arc::new(identity),
            standing: RwLock::new(standing),
            calls: CallsInFlight::default(),
            flows: Arc::default(),
            last_call: AtomicU64::new(0),
            tokens: Mutex::new(tokens),
            delegations: Mutex::default(),
        });
        self.by_id.write().ok()?.insert(id, Arc::clone(&session));
        Some((session, token))
    }

    /// The bearer that `shown` makes of whoever shows it, if it may be shown by this document of this window
    /// on this host's connection, now.
    pub(crate) fn authenticate(
        &self,
        shown: &Token,
        host: HostId,
        window: WindowId,
        document: DocumentId,
        now: Moment,
    ) -> Result<Bearer, Impostor> {
        let session = {
            let sessions = self.by_id.read().map_err(|_| Impostor::Unknown)?;
            sessions.get(&shown.session()).cloned().ok_or(Impostor::Unknown)?
        };
        // The tag first: to say «another host» of a token that nobody minted would let a
        // stranger ask which sessions there are.
        let found = session.attenuation(shown, now);
        let elsewhere = session.identity.elsewhere(host, window, document);
        if let (Err(Impostor::Unknown), None) = (&found, elsewhere)
            && session.has_outlived(shown)
        {
            // Its tag is not kept any more. To its own document this may be said: a frame that was
            // handed a token an hour ago is no attacker.
            return Err(Impostor::Expired);
        }
        let attenuation = found?;
        if let Some(elsewhere) = elsewhere {
            return Err(elsewhere);
        }
        Ok(Bearer::new(session, shown.generation(), attenuation))
    }

    /// The bearer of a document's own token, for what its host asks about the document itself, and no
    /// token is shown for; `None` where it has none, or that was revoked.
    pub(crate) fn bearer_of(
        &self,
        host: HostId,
        window: WindowId,
        document: DocumentId,
    ) -> Option<Bearer> {
        let sessions = self.by_id.read().ok()?;
        let mut all = sessions.values();
        let is_its =
            |session: &&Arc<Session>| session.identity.elsewhere(host, window, document).is_none();
        let session = all.find(is_its).filter(|session| !session.is_revoked()).map(Arc::clone)?;
        let generation = session.tokens.lock().ok()?.newest();
        Some(Bearer::new(session, generation, None))
    }

    /// A new token for a session that goes on; none where it was revoked.
    pub(crate) fn renew(&self, session: &Session, now: Moment) -> Option<Token> {
        let mut tokens = session.tokens.lock().ok()?;
        if session.calls.is_closed() {
            return None;
        }
        let generation = tokens.newest().checked_add(1)?;
        let expires = now.after(TOKEN_LIFE);
        let token = self.mint_for(session.id, &session.identity, generation, (now, expires));
        tokens.push(token.clone(), now, expires);
        Some(token)
    }

    /// Replaces the key that tokens are minted with.
    pub(crate) fn rotate_key(&self, now: Moment) -> Result<(), NoRandomness> {
        self.mint.rotate(now)
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
        (issued, expires): (Moment, Moment),
    ) -> Token {
        self.mint.mint(&Claims {
            session,
            generation,
            host: identity.host,
            window: identity.window,
            document: identity.document,
            origin: &identity.origin.to_string(),
            policy: &identity.policy,
            issued,
            expires,
        })
    }
}

#[cfg(test)]
#[cfg(feature = "models")]
mod models;
#[cfg(test)]
mod tests;
