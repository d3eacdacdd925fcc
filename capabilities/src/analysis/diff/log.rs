//! What two policies keep out of the log. An entry's `redact` holds for every call of its commands,
//! from any window, allowed or refused, and no such call has a digest in the log. So it is compared by
//! command alone: to take one away lets the log learn more, even where no call is answered otherwise.
//!
//! Exact: every command that there is belongs to a kind, and of each kind one is looked at.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::dimension::Dimension;
use super::super::kinds::Exhausted;
use super::super::patterns;
use super::super::prove::Prover;
use super::super::region::{Scope, choices};
use super::super::words::covers;
use super::side::Age;
use crate::policy::Policy;
use crate::rule::{CommandPattern, Rule};
use crate::verdict::RuleRef;

/// Commands of which one policy keeps other arguments out of the log than the other does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LogChange {
    /// Whether the log may get what it did not get before.
    pub looser: bool,
    /// The command patterns of the entries that keep something out.
    pub commands: BTreeSet<String>,
    /// One such command.
    pub example: String,
    /// JSON pointers to what was kept out; where there is none, calls had a digest.
    pub before: BTreeSet<String>,
    /// To what is kept out now.
    pub after: BTreeSet<String>,
    /// An entry that keeps out what the other policy does not: of the old one where the log learns
    /// more, else of the new one.
    pub rule: RuleRef,
}

/// Every such change, what widens first.
pub(super) fn log_changes(
    old: &Policy,
    new: &Policy,
    prover: &mut Prover<'_>,
) -> Result<Vec<LogChange>, Exhausted> {
    let entries: Vec<_> = redacting(Age::Old, old).chain(redacting(Age::New, new)).collect();
    if said(&entries, Age::Old) == said(&entries, Age::New) {
        return Ok(Vec::new());
    }
    let scopes: Vec<_> = entries.iter().map(|one| patterns::commands(one.commands())).collect();
    let numbered: Vec<_> = scopes.iter().enumerate().collect();
    let Prover { kinds, work, .. } = prover;
    let parts = entries.iter().flat_map(|one| patterns::single_commands(one.commands())).collect();
    let kinds = choices(Dimension::Command, &[&Scope::Any], &numbered, parts, kinds, work)?;
    let mut found: BTreeMap<_, LogChange> = BTreeMap::new();
    for kind in kinds {
        let inside: Vec<_> = kind.inside.iter().filter_map(|at| entries.get(*at)).collect();
        let Some(change) = change(&inside, kind.text.unwrap_or_default()) else { continue };
        let key = (!change.looser, change.before.clone(), change.after.clone());
        let known = found.entry(key).or_insert_with(|| change.clone());
        known.commands.extend(change.commands);
    }
    Ok(found.into_values().collect())
}

/// An entry that keeps something out.
struct Redacting<'p> {
    age: Age,
    rule: &'p Rule,
    pointers: BTreeSet<String>,
}

impl Redacting<'_> {
    fn commands(&self) -> &[CommandPattern] {
        &self.rule.entry.commands
    }
}

/// Those of a policy. One that has expired is among them: what it keeps out, it keeps out.
fn redacting(age: Age, policy: &Policy) -> impl Iterator<Item = Redacting<'_>> {
    let rules = policy.capabilities().iter().flat_map(|capability| &capability.allow);
    let redacting = rules.filter(|rule| !rule.entry.audit.redact.is_empty());
    redacting.map(move |rule| {
        let pointers = rule.entry.audit.redact.iter().map(ToString::to_string).collect();
        Redacting { age, rule, pointers }
    })
}

/// What the entries of one policy say, wherever they stand.
fn said<'e>(
    entries: &'e [Redacting<'_>],
    age: Age,
) -> BTreeSet<(BTreeSet<&'e str>, &'e BTreeSet<String>)> {
    let mine = entries.iter().filter(|one| one.age == age);
    mine.map(|one| (one.commands().iter().map(|pattern| &*pattern.0).collect(), &one.pointers))
        .collect()
}

/// What changes for a command that is in these entries.
fn change(inside: &[&Redacting<'_>], command: String) -> Option<LogChange> {
    let of = |age| inside.iter().filter(move |one| one.age == age);
    let all =
        |age| -> BTreeSet<String> { of(age).flat_map(|one| &one.pointers).cloned().collect() };
    let (before, after) = (all(Age::Old), all(Age::New));
    let lost = |age, still: &BTreeSet<String>| {
        of(age).find(|one| !one.pointers.iter().all(|pointer| is_within(pointer, still)))
    };
    let (looser, one) = match (lost(Age::Old, &after), lost(Age::New, &before)) {
        (Some(one), _) => (true, one),
        (None, Some(one)) => (false, one),
        (None, None) => return None,
    };
    let patterns = inside.iter().flat_map(|one| one.commands());
    Some(LogChange {
        looser,
        commands: patterns
            .filter(|pattern| pattern.matches(&command))
            .map(|pattern| pattern.0.to_string())
            .collect(),
        example: command,
        before,
        after,
        rule: one.rule.reference.as_ref().clone(),
    })
}

fn is_within(pointer: &str, pointers: &BTreeSet<String>) -> bool {
    pointers.iter().any(|above| covers(above, pointer))
}
