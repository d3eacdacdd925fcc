//! What a policy's author would write to allow a refused call. It speaks of rules, never of the
//! values of the call.

use std::sync::Arc;

use super::Principal;
use crate::names::CommandName;
use crate::never::Never;
use crate::origin::Origin;
use crate::verdict::{Reason, RuleRef};

/// The most capabilities that a help names: a refusal costs the same, however many a window has.
pub(super) const MAX_NAMED: usize = 3;

/// The most invariants that are looked at for a help, for the same reason.
const MAX_INVARIANTS: usize = 64;

/// The invariants of the policy, to tell of one that stands against a grant.
#[derive(Debug)]
pub(super) struct Invariants(Arc<[Never]>);

impl Invariants {
    pub(super) fn of(nevers: &Arc<[Never]>) -> Self {
        Self(nevers.clone())
    }

    /// Why the principal may never be granted the command, where one of the first invariants says
    /// so whatever the arguments are.
    fn against(&self, principal: &Principal, command: &CommandName) -> Option<&str> {
        let (window, origin) = (principal.window(), principal.origin());
        let looked_at = self.0.iter().take(MAX_INVARIANTS);
        let mut found =
            looked_at.filter(|one| one.names(command) && one.is_whole_for(window, origin));
        found.next().map(|never| never.why.as_str())
    }
}

impl Principal {
    pub(super) fn help(
        &self,
        command: &CommandName,
        reason: &Reason,
        rule: Option<&RuleRef>,
    ) -> String {
        let entry =
            rule.map_or_else(|| "the entry".to_owned(), |rule| format!("the entry at {rule}"));
        match reason {
            Reason::NoCapability => self.grant(command, &self.capability_help()),
            Reason::NotGranted => {
                let ids = self.0.capabilities.iter().map(|id| format!("`{id}`"));
                let ids = ids.collect::<Vec<_>>().join(" or ");
                let entry = format!("`{{ commands = [\"{command}\"] }}`");
                self.grant(command, &format!("add {entry} to `allow` of the capability {ids}"))
            }
            Reason::DeniedByRule => format!("narrow {entry}, or remove it"),
            Reason::ScopeMissing { argument } => {
                format!("add `{argument} = [\"…\"]` to {entry}")
            }
            Reason::ArgumentMissing { argument } => {
                format!(
                    "call it with `{argument}`, or add an entry without that scope beside {entry}"
                )
            }
            Reason::OutOfScope { argument } => {
                format!("add a pattern for it to `{argument}` of {entry}")
            }
            Reason::ArgumentInvalid { .. } => {
                format!("call it with arguments as {entry} wants them")
            }
        }
    }

    /// What would be written for a grant, and what has to go first where the policy forbids it.
    fn grant(&self, command: &CommandName, edit: &str) -> String {
        match self.0.invariants.against(self, command) {
            Some(why) => format!("take back the invariant against it ({why}), and {edit}"),
            None => edit.to_owned(),
        }
    }

    fn capability_help(&self) -> String {
        let window = self.window();
        if *self.origin() == Origin::local() {
            format!("add a capability with `windows = [\"{window}\"]`")
        } else {
            let origin = self.origin();
            format!(
                "add a capability with `windows = [\"{window}\"]` and `origins = [\"{origin}\"]`"
            )
        }
    }
}
