//! A compiled policy as Cedar policies: for whoever has tools that read Cedar, a solver above all.
//!
//! Cedar's `like` knows one wildcard, which stands for any run of characters. That is just what `*`
//! is in our windows and commands, and all that `*` can be in a canonical origin, so those are
//! written with it. Paths, URLs, keys and JSON Schemas have no equal there: which of the policy's
//! patterns an argument matches is found out here and stands in the context of the request, and
//! Cedar puts together the rest. The text therefore decides just as the policy does. To a solver the
//! patterns are names without a meaning: it reckons with requests that no call makes, and so what it
//! proves of all requests holds of all calls, while a request that it finds may be none that a call
//! makes.
//!
//! What is left out: whether the person is asked, limits, what is kept back of results, and the audit
//! log. None of them allows a call. A capability that is only observed is not enforced, and not exported either.

mod policies;
mod request;
mod text;

use serde::Serialize;
use serde_json::Value;
use sidegate_capabilities::Policy;

pub use request::Request;

/// The schema of the requests. It is the same for every policy.
pub const SCHEMA: &str = include_str!("cedar/schema.cedarschema");

/// A policy in Cedar, and what it takes to ask it.
#[derive(Debug, Clone)]
pub struct Export {
    policy: Policy,
    text: String,
    counts: Counts,
    schemas: Vec<Value>,
}

/// What the text holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Allow entries, as `permit` policies.
    pub permits: usize,
    /// Deny entries, as `forbid` policies.
    pub forbids: usize,
    /// Allow entries that match no call, since a scope of theirs is empty.
    pub left_out: usize,
}

/// Writes a policy in Cedar. Everything that it enforces on its platform is in it; when a capability
/// ends is a condition of its own, so that the text holds at any time.
#[must_use]
pub fn export(policy: &Policy) -> Export {
    let outline = policy.outline();
    let mut schemas: Vec<Value> = Vec::new();
    let entries =
        outline.iter().flat_map(|capability| capability.allow.iter().chain(&capability.deny));
    for schema in entries.filter_map(|entry| entry.args.as_ref()) {
        if !schemas.contains(schema) {
            schemas.push(schema.clone());
        }
    }
    let (text, counts) = policies::write(policy, &outline, &schemas);
    Export { policy: policy.clone(), text, counts, schemas }
}

impl Export {
    /// The policies.
    #[must_use]
    pub fn policies(&self) -> &str {
        &self.text
    }

    /// How many there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The JSON Schemas that the policies name, each with its name.
    pub fn schemas(&self) -> impl Iterator<Item = (String, &Value)> {
        self.schemas.iter().enumerate().map(|(place, schema)| (schema_name(place), schema))
    }
}

/// The name of a JSON Schema in policies and requests.
fn schema_name(place: usize) -> String {
    format!("args-{}", place.saturating_add(1))
}

#[cfg(test)]
mod tests;
