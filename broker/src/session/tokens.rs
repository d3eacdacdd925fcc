//! The tokens of one session: the roots that live, and what was narrowed from each. A narrowed token
//! is checked along its chain when it is first shown, and found again after that.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use sidegate_capabilities::Principal;

use super::attenuation::{Attenuation, Outside};
use super::{Identity, Impostor};
use crate::clock::Moment;
use crate::token::{CaveatKind, Caveats, Token};

/// The most roots of a session that are good at once; over it the oldest goes. A token lives for
/// three renewals, so that this many come about only where somebody renews out of turn.
pub(crate) const MAX_LIVE_ROOTS: usize = 4;

/// The most narrowed tokens of a root that are found again without checking their chain: as many as a
/// page has frames and workers, and then some. Who shows more in turn pays a few microseconds each.
pub(crate) const MAX_VERIFIED: usize = 64;

/// The most `uses` caveats of a root that are counted. A count is never forgotten while the root
/// lives, since it would begin anew; a token that there is no room for is refused.
pub(crate) const MAX_COUNTED: usize = 1024;

/// The roots of a session, the newest first.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    live: VecDeque<Root>,
}

#[derive(Debug)]
struct Root {
    token: Token,
    issued: Moment,
    expires: Moment,
    /// Found by what a token says, which is no secret; whether it may say so is then compared in
    /// constant time.
    verified: HashMap<Caveats, Arc<Attenuation>>,
    /// The same, the oldest first.
    order: VecDeque<Caveats>,
    /// Uses taken, by the caveats up to and with the one that counts.
    used: HashMap<Caveats, u32>,
}

/// Leave to make one call, taken off every count that the token is under. Only
/// [`Tokens::spend`] makes one.
#[derive(Debug)]
pub(crate) struct Spent(());

impl Tokens {
    /// The number of the newest root; 0 where there is none.
    pub(super) fn newest(&self) -> u32 {
        self.live.front().map_or(0, |root| root.token.generation())
    }

    /// Whether there was such a root, and it is gone.
    pub(super) fn is_past(&self, generation: u32) -> bool {
        let oldest = self.live.back().map_or(0, |root| root.token.generation());
        generation > 0 && generation < oldest
    }

    /// When the root of this number was issued, where it lives.
    pub(super) fn issued(&self, generation: u32) -> Option<Moment> {
        let root = self.live.iter().find(|root| root.token.generation() == generation);
        root.map(|root| root.issued)
    }

    /// Takes a new root.
    pub(super) fn push(&mut self, token: Token, issued: Moment, expires: Moment) {
        self.live.retain(|root| issued < root.expires);
        let root = Root {
            token,
            issued,
            expires,
            verified: HashMap::new(),
            order: VecDeque::new(),
            used: HashMap::new(),
        };
        self.live.push_front(root);
        self.live.truncate(MAX_LIVE_ROOTS);
    }

    /// Whether `shown` is one of them, or was narrowed from one. What a narrowed one is good for
    /// comes back; `None` is a root.
    pub(super) fn find(
        &mut self,
        shown: &Token,
        identity: &Identity,
        principal: impl FnOnce() -> Option<Principal>,
        now: Moment,
    ) -> Result<Option<Arc<Attenuation>>, Impostor> {
        let root = self.root(shown.generation()).ok_or(Impostor::Unknown)?;
        // The tag first: of a token that nobody made, nothing is said.
        let found = if shown.is_root() {
            root.token.tag().is(shown.tag()).then_some(None).ok_or(Impostor::Unknown)?
        } else {
            Some(root.narrowed(shown, identity, principal)?)
        };
        if now < root.expires { Ok(found) } else { Err(Impostor::Expired) }
    }

    /// Takes one use from each count that the token is under, or from none.
    pub(super) fn spend(
        &mut self,
        generation: u32,
        attenuation: &Attenuation,
    ) -> Result<Spent, Outside> {
        let counted = attenuation.uses();
        if counted.is_empty() {
            return Ok(Spent(()));
        }
        // A root that is gone takes its counts along, and with them what they allowed.
        let used = &mut self.root(generation).ok_or(Outside::Uncounted)?.used;
        let new = counted.iter().filter(|uses| !used.contains_key(&uses.of)).count();
        if used.len().saturating_add(new) > MAX_COUNTED {
            return Err(Outside::Uncounted);
        }
        let taken = |uses: &super::attenuation::Uses| used.get(&uses.of).copied().unwrap_or(0);
        if counted.iter().any(|uses| taken(uses) >= uses.most) {
            return Err(Outside::Of(CaveatKind::Uses));
        }
        for uses in counted {
            let taken = used.entry(uses.of.clone()).or_default();
            *taken = taken.saturating_add(1);
        }
        Ok(Spent(()))
    }

    /// Leave for a call with a root token, which nothing counts.
    pub(super) fn uncounted() -> Spent {
        Spent(())
    }

    fn root(&mut self, generation: u32) -> Option<&mut Root> {
        self.live.iter_mut().find(|root| root.token.generation() == generation)
    }
}

impl Root {
    fn narrowed(
        &mut self,
        shown: &Token,
        identity: &Identity,
        principal: impl FnOnce() -> Option<Principal>,
    ) -> Result<Arc<Attenuation>, Impostor> {
        if let Some(known) = self.verified.get(shown.written()) {
            let genuine = known.is(shown.tag()).then(|| Arc::clone(known));
            return genuine.ok_or(Impostor::Unknown);
        }
        let principal = principal().ok_or(Impostor::Unknown)?;
        let (root, narrowed) = ((self.token.tag(), self.issued), (shown.written(), shown.tag()));
        let verified = Attenuation::verify(root, narrowed, identity, &principal);
        let verified = Arc::new(verified.ok_or(Impostor::Unknown)?);
        if self.order.len() >= MAX_VERIFIED
            && let Some(oldest) = self.order.pop_front()
        {
            self.verified.remove(&oldest);
        }
        self.order.push_back(verified.caveats().clone());
        self.verified.insert(verified.caveats().clone(), Arc::clone(&verified));
        Ok(verified)
    }
}
