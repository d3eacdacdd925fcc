//! What a session may do, as the policy has it today: the principal that decides and, where a
//! policy is observed beside the enforced one, the principal that is only asked.

use std::sync::Arc;

use sidegate_capabilities::{Origin, Policy, Principal, WallTime, WindowLabel};

/// The policies of a broker, for as long as they are in force.
#[derive(Debug, Clone)]
pub(crate) struct Policies {
    /// Counts the policies that were in force before.
    pub(crate) epoch: u64,
    /// The version of the one that decides.
    pub(crate) version: Arc<str>,
    /// The one that decides.
    pub(crate) enforced: Policy,
    /// The one that is asked as well, and has no say.
    pub(crate) shadow: Option<Policy>,
}

/// What both policies have for one window and origin; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    /// Which policies these are.
    pub(crate) epoch: u64,
    pub(crate) enforced: Principal,
    pub(crate) shadow: Option<Principal>,
}

impl Policies {
    /// The first policies of a broker.
    pub(crate) fn new(enforced: Policy, shadow: Option<Policy>) -> Self {
        let version = enforced.version().to_string().into();
        Self { epoch: 0, version, enforced, shadow }
    }

    /// What a window at an origin may do, as it is `now`.
    pub(crate) fn standing(
        &self,
        window: &WindowLabel,
        origin: &Origin,
        now: WallTime,
    ) -> Standing {
        let of = |policy: &Policy| policy.principal(window, origin, now);
        let (enforced, shadow) = (of(&self.enforced), self.shadow.as_ref().map(of));
        Standing { epoch: self.epoch, enforced, shadow }
    }
}

impl Standing {
    /// Whether it is of these policies, and nothing that it is made of has expired by `now`.
    pub(crate) fn holds(&self, policies: &Policies, now: WallTime) -> bool {
        let holds = |principal: &Principal| principal.until().is_none_or(|until| now < until);
        self.epoch == policies.epoch
            && holds(&self.enforced)
            && self.shadow.as_ref().is_none_or(holds)
    }
}
