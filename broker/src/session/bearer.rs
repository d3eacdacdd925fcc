//! The bearer: whoever showed a genuine token where it may be shown. What a bearer may do is the
//! session's standing *and* what the token's caveats leave of it; nothing else of the crate can
//! look at the one without the other, since only this module is given the standing of a session.

use std::sync::Arc;

use sidegate_capabilities::{Args, CommandName, Limits, Permit, Principal, Scope, Verdict};

use super::attenuation::{Attenuation, Outside};
use super::gate::Pass;
use super::tokens::{Spent, Tokens};
use super::{Identity, Impostor, InFlight, Lineage, Policies, Session, Standing, StartError};
use crate::clock::Now;
use crate::streams::{Forged, Open, Shape, Step};
use crate::token::{Patterns, SessionId};

/// A session, and the token that was shown for it.
#[derive(Debug, Clone)]
pub(crate) struct Bearer {
    pub(super) session: Arc<Session>,
    pub(super) generation: u32,
    attenuation: Option<Arc<Attenuation>>,
}

/// Why a bearer may do nothing now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Barred {
    /// The session's table is broken, and nothing can be told.
    Unknown,
    /// A caveat that does not depend on the call.
    Outside(Outside),
}

impl Bearer {
    /// Made where the token was checked, and nowhere else.
    pub(super) fn new(
        session: Arc<Session>,
        generation: u32,
        attenuation: Option<Arc<Attenuation>>,
    ) -> Self {
        Self { session, generation, attenuation }
    }

    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.session.identity
    }

    /// Accepts a call's number, once in a session, whichever of its tokens was shown.
    pub(crate) fn accept(&self, call: u64) -> Result<(), Impostor> {
        self.session.accept(call)
    }

    /// Stops a call that was made with this token or one narrowed from it; any other is not there.
    pub(crate) fn cancel(&self, call: u64) -> bool {
        self.session.calls.cancel(call, &self.lineage())
    }

    /// Takes a step of a call that was made with this token or one narrowed from it. Of any other it
    /// takes none, as of one that has ended: whoever was handed a token has no hand on its owner's
    /// calls, nor any way to have its host ended.
    pub(crate) fn step(&self, call: u64, step: Step<'_>) -> Result<(), Forged> {
        if self.session.calls.is_anothers(call, &self.lineage()) {
            return Ok(());
        }
        self.session.step(call, step)
    }

    /// Takes steps of a call, which has `most` bytes for its body, until what this returns is dropped.
    pub(crate) fn open(&self, call: u64, shape: Shape, most: u64) -> Open {
        self.session.flows.open(call, shape, most)
    }

    /// Starts a call, unless the session or the token was revoked or there are too many.
    pub(crate) fn start(
        &self,
        (call, pass): (u64, Pass),
        asked: (&CommandName, &Args),
        most: usize,
        most_of_command: Option<usize>,
    ) -> Result<InFlight, StartError> {
        let call = (call, self.lineage(), pass);
        self.session.calls.start(call, asked, most, most_of_command)
    }

    /// Stops the calls in flight of its session that `policies` do not allow.
    pub(crate) fn review(&self, policies: &Policies, now: Now) {
        self.session.review(policies, now.wall);
    }

    /// What the bearer may do, as of now.
    pub(crate) fn attenuated(&self, policies: &Policies, now: Now) -> Result<Attenuated, Barred> {
        if let Some(attenuation) = &self.attenuation {
            attenuation.holds(now.moment).map_err(Barred::Outside)?;
        }
        let standing = self.session.standing(policies, now.wall).ok_or(Barred::Unknown)?;
        Ok(Attenuated { standing, bearer: self.clone() })
    }

    pub(super) fn lineage(&self) -> Lineage {
        Lineage { generation: self.generation, attenuation: self.attenuation.clone() }
    }
}

/// What a bearer may do: all that there is to ask before a grant.
#[derive(Debug, Clone)]
pub(crate) struct Attenuated {
    standing: Standing,
    bearer: Bearer,
}

impl Attenuated {
    /// Whether these are patterns that a token can be narrowed to.
    pub(crate) fn reads(&self, scope: Scope, patterns: &Patterns) -> bool {
        self.standing.enforced.narrowing().add(scope, patterns.iter()).is_ok()
    }

    /// The limits of the command, which narrowing does not change.
    pub(crate) fn limits(&self, command: &CommandName) -> Limits {
        self.standing.enforced.limits(command)
    }

    /// Which policies it is resolved from.
    pub(crate) fn epoch(&self) -> u64 {
        self.standing.epoch
    }

    /// The principal of the policy that is only observed.
    pub(crate) fn observed(&self) -> Option<&Principal> {
        self.standing.shadow.as_ref()
    }

    /// Decides one call.
    pub(crate) fn decide<'a>(&'a self, command: &CommandName, args: &'a Args) -> Judged<'a> {
        let policy = self.standing.enforced.decide(command, args);
        let caveats = self.bearer.attenuation.as_ref();
        let outside = caveats.and_then(|caveats| caveats.allows(command, args).err());
        Judged { policy, outside }
    }

    /// What it comes to at another time, under these policies.
    pub(crate) fn again(&self, policies: &Policies, now: Now) -> Result<Self, Barred> {
        self.bearer.attenuated(policies, now)
    }

    /// The session that it is of.
    pub(crate) fn session(&self) -> SessionId {
        self.bearer.session.id
    }

    /// Takes a use, where the token has so many and no more.
    pub(crate) fn spend(&self) -> Result<Spent, Outside> {
        let Some(attenuation) = &self.bearer.attenuation else {
            return Ok(Tokens::uncounted());
        };
        // A poisoned lock: what was taken cannot be told, so nothing is left.
        let mut tokens = self.bearer.session.tokens.lock().map_err(|_| Outside::Uncounted)?;
        tokens.spend(self.bearer.generation, attenuation)
    }
}

/// What policy and caveats say of one call.
#[must_use]
#[derive(Debug)]
pub(crate) struct Judged<'a> {
    policy: Verdict<'a>,
    outside: Option<Outside>,
}

/// Why a call may not be made.
#[derive(Debug)]
pub(crate) enum No {
    Denied(sidegate_capabilities::Denial),
    Outside(Outside),
}

impl<'a> Judged<'a> {
    /// What the policy alone says, to hold against another policy's verdict.
    pub(crate) fn policy(&self) -> &Verdict<'a> {
        &self.policy
    }

    /// Leave for the call, where both give it. The policy's refusal comes first: it is the one that
    /// the policy's author can do something about.
    pub(crate) fn permit(self) -> Result<Permit<'a>, No> {
        match (self.policy, self.outside) {
            (Verdict::Deny(denial), _) => Err(No::Denied(denial)),
            (Verdict::Allow(_), Some(outside)) => Err(No::Outside(outside)),
            (Verdict::Allow(permit), None) => Ok(permit),
        }
    }
}
