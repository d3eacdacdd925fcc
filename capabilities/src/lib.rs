//! Sidegate's policy core: TOML capability files in, verdicts out.
//!
//! Texts ([`Sources`]) are compiled into a [`Policy`]; the policy resolves a [`Principal`] for a
//! window and an origin; the principal decides each call. Deny by default; deny wins; what cannot
//! be evaluated denies.
//!
//! What is deliberately not here: no clock, no randomness, no async, no window, and but one module
//! that reads files ([`sources`]). Deciding is pure and total: the same values give the same verdict.

pub mod analysis;
pub mod args;
mod ask;
pub mod diagnostics;
pub mod directories;
pub mod json;
pub mod limits;
pub mod memberships;
pub mod names;
pub mod nearest;
pub mod origin;
pub mod outline;
pub mod platform;
pub mod policy;
pub mod result;
pub mod sources;
pub mod testing;
pub mod time;
pub mod verdict;

mod audit_rule;
mod capability;
mod compile;
mod explain;
mod glob;
mod never;
mod principal;
mod rule;
mod schema;
mod scope;
mod visible;
mod written;

pub use args::Args;
pub use ask::{Ask, AskWhen};
pub use audit_rule::{AuditPermit, CallRecords};
pub use diagnostics::{Color, Diagnostic, Diagnostics, Severity};
pub use directories::Directories;
pub use explain::{Explanation, Outcome, Step};
pub use json::{JsonError, parse_object};
pub use limits::{Limits, PerSecond, Rate};
pub use names::{CommandName, NameError, WindowLabel};
pub use nearest::{Condition, Edit, NearMiss};
pub use origin::{Origin, OriginError};
pub use platform::Platform;
pub use policy::{Compiled, Context, Policy, PolicyVersion};
pub use principal::{Narrowing, NotAPattern, Principal, Scope};
pub use result::{ResultFilter, TooLarge};
pub use sources::{SourceError, Sources};
pub use time::WallTime;
pub use verdict::{Denial, Effect, PathGrant, Permit, Reason, RuleRef, Verdict};
pub use visible::visible;
