//! Shadow: what a policy that is only observed says of a call that the enforced one has decided.
//! Its answer goes into the call's record, and nowhere else.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sidegate_capabilities::Verdict as Decided;

use super::authenticate::Authenticated;
use crate::audit::{Shadow, Verdict};

/// The answer of the observed policy, where it is not the enforced one's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Differing {
    verdict: Verdict,
    reason: Option<&'static str>,
    rule: Option<String>,
}

impl Differing {
    /// The same for the log.
    pub(super) fn event(&self) -> Shadow<'_> {
        Shadow { verdict: self.verdict, reason: self.reason, rule: self.rule.as_deref() }
    }
}

/// Asks the observed policy, if there is one. Both policies are asked the same question, and it
/// is the policies' alone: rates and other limits are counted for the enforced one only, and what
/// the handler's schema says is the same under both.
pub(super) fn differing(call: &Authenticated, enforced: &Decided) -> Option<Differing> {
    let shadow = call.standing.observed()?;
    // It is one more reader of what a page wrote: were it to fail, the call must not.
    let asked = catch_unwind(AssertUnwindSafe(|| {
        let observed = shadow.decide(&call.command, &call.args);
        (observed.is_allowed() != enforced.is_allowed()).then(|| Differing::of(&observed))
    }));
    asked.unwrap_or_else(|_| {
        let command = call.command.as_str();
        tracing::error!(command, "the observed policy failed on a call; it was decided without");
        None
    })
}

impl Differing {
    fn of(observed: &Decided) -> Self {
        let rule = observed.rule().map(ToString::to_string);
        match observed {
            Decided::Allow(_) => Self { verdict: Verdict::Allow, reason: None, rule },
            Decided::Deny(denial) => {
                Self { verdict: Verdict::Deny, reason: Some(denial.reason.code()), rule }
            }
        }
    }
}
