//! Questions about a policy as a whole, answered over all calls there can be: what is never allowed,
//! what two policies differ in, who may do a thing, which rules do nothing.
//!
//! A call is a point in six dimensions (command, window, origin, path, URL, key), each of them a
//! regular language, and in the values of its other arguments. A rule is a product of languages and
//! a schema. The languages are treated exactly, by finite automata; of a schema nothing is known but
//! that the same one is not satisfied and failed at once. What follows is on the safe side: "no such
//! call" is a proof, "such a call" comes with one that `decide` has confirmed, and where neither can be
//! had the answer says that it depends on a schema. What it is on the safe side *of* stands in each
//! module.
//!
//! Deciding one call is not done here: that is [`crate::Principal`]'s.

mod broken;
mod call;
mod cells;
mod diff;
mod dimension;
mod invent;
mod kinds;
mod lint;
mod named;
mod never;
mod patterns;
mod prove;
mod region;
mod who_can;
mod words;

pub use call::Call;
pub use diff::{Change, ChangeKind, Difference, LogChange, diff};
pub use lint::lint;
pub use named::Patterns;
pub use who_can::{Exception, Grant, Holders, Inquiry, who_can};
pub use words::Shift;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::never::Never;
use crate::policy::Policy;
use crate::sources::Sources;

/// Proves the invariants of a policy; an error for each that does not hold, or is not proved.
pub(crate) fn broken_invariants(
    nevers: &[(Never, Diagnostic)],
    policy: &Policy,
    sources: &Sources,
) -> Diagnostics {
    let broken = never::prove_all(nevers.iter().map(|(never, _)| never), policy);
    let diagnostic = |(at, broken): (usize, never::Broken)| {
        let (never, place) = nevers.get(at)?;
        Some(broken::diagnostic(place, never, &broken, sources))
    };
    broken.into_iter().filter_map(diagnostic).collect()
}

/// Which invariants a policy breaks, or cannot be proved to hold, by their places.
pub(crate) fn broken_by(nevers: &[Never], policy: &Policy) -> Vec<usize> {
    never::prove_all(nevers.iter(), policy).into_iter().map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests;
