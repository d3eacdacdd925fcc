//! What a session may do, as the policy has it today: the principal that decides and, where a
//! policy is observed beside the enforced one, the principal that is only asked.

use sidegate_capabilities::{Origin, Policy, Principal, WallTime, WindowLabel};

/// The policies of a broker.
#[derive(Debug, Clone)]
pub(crate) struct Policies {
    /// The one that decides.
    pub(crate) enforced: Policy,
    /// The one that is asked as well, and has no say.
    pub(crate) shadow: Option<Policy>,
}

/// What both policies have for one window and origin; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) enforced: Principal,
    pub(crate) shadow: Option<Principal>,
}

impl Policies {
    /// A policy alone.
    #[cfg(test)]
    pub(crate) fn enforced(policy: Policy) -> Self {
        Self { enforced: policy, shadow: None }
    }

    /// What a window at an origin may do, as it is `now`.
    pub(crate) fn standing(
        &self,
        window: &WindowLabel,
        origin: &Origin,
        now: WallTime,
    ) -> Standing {
        let of = |policy: &Policy| policy.principal(window, origin, now);
        Standing { enforced: of(&self.enforced), shadow: self.shadow.as_ref().map(of) }
    }
}

impl Standing {
    /// Whether nothing that it is made of has expired by `now`.
    pub(crate) fn holds(&self, now: WallTime) -> bool {
        let holds = |principal: &Principal| principal.until().is_none_or(|until| now < until);
        holds(&self.enforced) && self.shadow.as_ref().is_none_or(holds)
    }
}
