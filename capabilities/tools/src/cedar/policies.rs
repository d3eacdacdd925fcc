//! The policies: one for each entry, a `permit` or a `forbid`, with the same precedence here and
//! there.

use std::fmt::Write as _;

use serde_json::Value;
use sidegate_capabilities::outline::{Capability, Entry};
use sidegate_capabilities::{Effect, Policy};

use super::text::{comment, like_any, literal, set};
use super::{Counts, schema_name};

/// What stands before all policies.
const HEAD: &str = include_str!("head.txt");

/// The scopes of an entry, by the name of the argument.
type Scopes<'e> = [(&'static str, Option<&'e [String]>); 3];

pub(super) fn write(
    policy: &Policy,
    outline: &[Capability],
    schemas: &[Value],
) -> (String, Counts) {
    let mut text = head(policy, schemas);
    let mut counts = Counts::default();
    for capability in outline {
        for entry in capability.allow.iter().chain(&capability.deny) {
            let place = comment(&entry.rule.to_string());
            if is_empty(entry) {
                counts.left_out = counts.left_out.saturating_add(1);
                let _ =
                    write!(text, "\n// {place}: a scope of it is empty, and no call matches.\n");
                continue;
            }
            let count = match entry.rule.effect {
                Effect::Allow => &mut counts.permits,
                Effect::Deny => &mut counts.forbids,
            };
            *count = count.saturating_add(1);
            let _ = write!(text, "\n// {place}\n{}", statement(capability, entry, schemas));
        }
    }
    (text, counts)
}

fn head(policy: &Policy, schemas: &[Value]) -> String {
    let mut text = HEAD.to_owned();
    let _ = write!(
        text,
        "//\n// Exported from policy {}, as it is on {}.\n",
        policy.version(),
        policy.platform()
    );
    if !schemas.is_empty() {
        text.push_str("//\n// The schemas:\n");
    }
    for (place, schema) in schemas.iter().enumerate() {
        let _ = writeln!(text, "//   {}: {}", schema_name(place), comment(&schema.to_string()));
    }
    text
}

/// Whether no call matches an allow entry, whatever its arguments. (Cedar has no empty sets to
/// compare with.)
fn is_empty(entry: &Entry) -> bool {
    scopes(entry).into_iter().any(|(_, scope)| scope.is_some_and(<[String]>::is_empty))
}

fn statement(capability: &Capability, entry: &Entry, schemas: &[Value]) -> String {
    let effect = match entry.rule.effect {
        Effect::Allow => "permit",
        Effect::Deny => "forbid",
    };
    let mut text = format!(
        "@id({})\n{effect} (principal, action == Sidegate::Action::\"call\", resource)",
        literal(&entry.rule.to_string())
    );
    let mut when = |condition: &str| {
        let _ = write!(text, "\nwhen {{ {condition} }}");
    };
    if let Some(expires) = capability.expires {
        when(&format!("context.now < {}", expires.unix()));
    }
    when(&like_any("context.window", &capability.windows));
    when(&like_any("context.origin", &capability.origins));
    when(&like_any("context.command", &entry.commands));
    for (argument, scope) in scopes(entry) {
        if let Some(condition) = scope_condition(entry.rule.effect, argument, scope) {
            when(&condition);
        }
    }
    if let Some(place) =
        entry.args.as_ref().and_then(|args| schemas.iter().position(|one| one == args))
    {
        when(&format!("context.schemas.contains({})", literal(&schema_name(place))));
    }
    text + ";\n"
}

/// What a scope, or that there is none, asks of an argument: an allow entry without one allows no
/// call with the argument, and a deny entry with one denies the argument that names nothing.
fn scope_condition(effect: Effect, argument: &str, scope: Option<&[String]>) -> Option<String> {
    let here = format!("context.{argument}");
    match (effect, scope) {
        (Effect::Allow, None) => Some(format!("!(context has {argument})")),
        (Effect::Deny, None) => None,
        (Effect::Allow, Some(patterns)) => Some(format!(
            "context has {argument} && !{here}.unreadable && {here}.allowed.containsAny({})",
            set(patterns)
        )),
        (Effect::Deny, Some(patterns)) => Some(format!(
            "context has {argument} && ({here}.unreadable || {here}.denied.containsAny({}))",
            set(patterns)
        )),
    }
}

fn scopes(entry: &Entry) -> Scopes<'_> {
    [("path", entry.path.as_deref()), ("url", entry.url.as_deref()), ("key", entry.key.as_deref())]
}
