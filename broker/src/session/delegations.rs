//! What a document has delegated: tokens that the broker narrowed for it, for a frame or a worker of
//! its own, until they end or are taken back. What such a token allows is `attenuation`'s; how its
//! holder calls is the bridge's.

use std::num::NonZeroU32;
use std::time::Duration;

use super::calls::STILL_STARTING;
use super::revoke::revoke_token_of;
use super::{Bearer, RENEW_EVERY, TOKEN_LIFE, Taken};
use crate::clock::Moment;
use crate::token::{Caveat, Token, TooManyCaveats};

/// The most delegations of a document whose time is not over, those that it took back included: each
/// of these has to be remembered until then, and ten seconds more. A page with more frames than that gives them less time.
pub(crate) const MAX_DELEGATIONS: usize = 64;

/// The longest that a delegation lives: what the newest root has left when the next one comes.
pub(crate) const LONGEST: Duration = TOKEN_LIFE.saturating_sub(RENEW_EVERY);

/// What a token is to be narrowed to.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// What is left of commands and scopes.
    pub(crate) scopes: Vec<Caveat>,
    /// For how long from now on.
    pub(crate) life: Duration,
    /// For how many calls.
    pub(crate) uses: Option<NonZeroU32>,
}

/// Why there is no narrower token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotDelegated {
    /// What it is to be narrowed to cannot be told.
    #[error("{0}")]
    Unreadable(String),
    /// It is too long for a token.
    #[error(transparent)]
    TooLong(#[from] TooManyCaveats),
    /// The document has as many.
    #[error("a document delegates at most {MAX_DELEGATIONS} times until some of that has expired")]
    TooMany,
    /// The token that was shown is over, or the session's tables are broken.
    #[error("the token to be narrowed is not there any more")]
    Gone,
}

/// The delegations of one session.
#[derive(Debug, Default)]
pub(super) struct Delegations {
    made: Vec<Delegation>,
}

#[derive(Debug)]
struct Delegation {
    number: u64,
    token: Token,
    by: super::Lineage,
    ends: Moment,
}

impl Bearer {
    /// Narrows the token that was `shown`, as delegation `number`. What comes with the token is how
    /// it was narrowed.
    pub(crate) fn delegate(
        &self,
        (number, shown): (u64, &Token),
        wanted: Wanted,
        now: Moment,
    ) -> Result<(Token, Vec<Caveat>), NotDelegated> {
        let Wanted { scopes: mut caveats, life, uses } = wanted;
        let issued =
            self.session.tokens.lock().ok().and_then(|tokens| tokens.issued(self.generation));
        let since = now.since(issued.ok_or(NotDelegated::Gone)?);
        caveats.push(Caveat::expires(since.saturating_add(life)));
        // Its number is the document's alone: no two delegations share their uses.
        caveats.extend(uses.map(|count| Caveat::uses(count, number)));
        let mut token = shown.clone();
        for caveat in &caveats {
            token = token.attenuate(caveat)?;
        }
        let mut delegations = self.session.delegations.lock().map_err(|_| NotDelegated::Gone)?;
        // One that was taken back is remembered as revoked for as long.
        let kept = |delegation: &Delegation| now < delegation.ends.after(STILL_STARTING);
        delegations.made.retain(kept);
        if delegations.made.len() >= MAX_DELEGATIONS {
            return Err(NotDelegated::TooMany);
        }
        let (ends, by) = (now.after(life), self.lineage());
        delegations.made.push(Delegation { number, token: token.clone(), by, ends });
        Ok((token, caveats))
    }

    /// Takes back what was delegated with this token or one narrowed from it; `None` where there is
    /// nothing to take.
    pub(crate) fn take_back(&self, number: u64, now: Moment) -> Option<Taken> {
        let token = {
            let delegations = self.session.delegations.lock().ok()?;
            let mut made = delegations.made.iter();
            let found =
                made.find(|delegation| delegation.number == number && now < delegation.ends)?;
            found.by.comes_from(&self.lineage()).then(|| found.token.clone())?
        };
        revoke_token_of(self.session.clone(), &token, now)
    }

    /// Whether the session, or the token that was shown, was revoked.
    pub(crate) fn is_revoked(&self) -> bool {
        self.session.calls.forbids(&self.lineage())
    }
}
