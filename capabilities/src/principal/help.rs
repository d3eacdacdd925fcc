//! What a policy's author would write to allow a refused call. It speaks of rules, never of the
//! values of the call.

use super::Principal;
use crate::names::CommandName;
use crate::origin::Origin;
use crate::verdict::{Reason, RuleRef};

/// The most capabilities that a help names: a refusal costs the same, however many a window has.
pub(super) const MAX_NAMED: usize = 3;

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
            Reason::NoCapability => self.capability_help(),
            Reason::NotGranted => {
                let ids = self.0.capabilities.iter().map(|id| format!("`{id}`"));
                let ids = ids.collect::<Vec<_>>().join(" or ");
                format!("add `{{ commands = [\"{command}\"] }}` to `allow` of the capability {ids}")
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
