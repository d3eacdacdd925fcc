//! A compiled policy as plain values: what its rules say, once permissions are copied into the
//! capabilities that use them and variables are looked up. For tools that list, count, translate or
//! draw what a policy grants; whether a call is allowed is for [`crate::Principal`] alone.

use serde::Serialize;
use serde_json::Value;

use crate::ask::AskWhen;
use crate::audit_rule::CallRecords;
use crate::capability;
use crate::limits::Limits;
use crate::rule::Rule;
use crate::time::WallTime;
use crate::verdict::RuleRef;

/// A capability.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Capability {
    /// Its id.
    pub id: String,
    /// What its author says of it.
    pub description: Option<String>,
    /// Patterns of window labels: `*` is any run of characters.
    pub windows: Vec<String>,
    /// Origin patterns in canonical form (`local` is `app://localhost`).
    pub origins: Vec<String>,
    /// When it ends, in seconds since 1970.
    #[serde(serialize_with = "seconds")]
    pub expires: Option<WallTime>,
    /// What it allows.
    pub allow: Vec<Entry>,
    /// What it denies.
    pub deny: Vec<Entry>,
}

/// An entry of an allow or a deny list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// Where it stands.
    pub rule: RuleRef,
    /// Patterns of command names: `*` is any run of characters.
    pub commands: Vec<String>,
    /// Path patterns as written. `None`: the entry has no such scope; empty: no path is in it.
    pub path: Option<Vec<String>>,
    /// URL patterns as written.
    pub url: Option<Vec<String>>,
    /// Key patterns as written.
    pub key: Option<Vec<String>>,
    /// The JSON Schema of the arguments.
    pub args: Option<Value>,
    /// How often the person is asked before a call that it allows.
    pub ask: Option<AskWhen>,
    /// How often and how much.
    #[serde(skip)]
    pub limits: Limits,
    /// What is kept back of the result.
    pub result: Option<ResultParts>,
    /// What the audit log gets of the calls.
    pub audit: AuditParts,
}

/// What is kept back of a result: JSON pointers, and bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ResultParts {
    /// Fields that are dropped.
    pub omit: Vec<String>,
    /// The only fields that are let through.
    pub keep: Option<Vec<String>>,
    /// The most bytes of JSON.
    pub max_bytes: Option<u64>,
}

/// What the audit log gets of the calls that an entry allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditParts {
    /// Whether the values of the arguments may stand in it.
    pub args: bool,
    /// JSON pointers of the values that never do.
    pub redact: Vec<String>,
    /// Whether each call has a record, or they are counted.
    pub calls: CallRecords,
}

pub(crate) fn of(capabilities: &[capability::Capability]) -> Vec<Capability> {
    capabilities.iter().map(capability).collect()
}

fn capability(found: &capability::Capability) -> Capability {
    Capability {
        id: found.id.clone(),
        description: found.description.clone(),
        windows: found.windows.iter().map(|pattern| pattern.0.to_string()).collect(),
        origins: found.origins.iter().map(ToString::to_string).collect(),
        expires: found.expires,
        allow: found.allow.iter().map(entry).collect(),
        deny: found.deny.iter().map(entry).collect(),
    }
}

pub(crate) fn entry(rule: &Rule) -> Entry {
    let entry = &rule.entry;
    Entry {
        rule: rule.reference.as_ref().clone(),
        commands: texts(&entry.commands, |pattern| &pattern.0),
        path: entry.path.as_deref().map(|list| texts(list, |pattern| pattern.written())),
        url: entry.url.as_deref().map(|list| texts(list, |pattern| pattern.written())),
        key: entry.key.as_deref().map(|list| texts(list, |pattern| pattern.written())),
        args: entry.schema.as_ref().map(|schema| schema.written().clone()),
        ask: entry.ask.as_ref().map(|ask| ask.when),
        limits: entry.limits,
        result: entry.result.as_ref().map(|result| ResultParts {
            omit: result.omit.iter().map(ToString::to_string).collect(),
            keep: result.keep.as_ref().map(|keep| keep.iter().map(ToString::to_string).collect()),
            max_bytes: result.max_bytes,
        }),
        audit: AuditParts {
            args: entry.audit.values,
            redact: entry.audit.redact.iter().map(ToString::to_string).collect(),
            calls: entry.audit.calls,
        },
    }
}

fn texts<P>(patterns: &[P], written: impl Fn(&P) -> &str) -> Vec<String> {
    patterns.iter().map(|pattern| written(pattern).to_owned()).collect()
}

fn seconds<S: serde::Serializer>(time: &Option<WallTime>, out: S) -> Result<S::Ok, S::Error> {
    time.map(WallTime::unix).serialize(out)
}
