//! Rules that do nothing, and rules that say a thing twice. Warnings: the policy means what it says, and
//! probably not what its author thinks.
//!
//! Exact, with one exception on the quiet side: where an answer depends on a schema, nothing is said.
//! A deny entry is held against what would be allowed if wildcards stood for hidden names too: one
//! that keeps hidden names out twice is a belt beside the braces.

mod found;
mod index;
mod remark;

use std::collections::BTreeMap;

use super::patterns;
use super::prove::Prover;
use super::region::{Question, Region, Scope};
use super::words::{Conditions, audit_of};
use crate::analysis::dimension::Dimension;
use crate::capability::Capability;
use crate::diagnostics::{Diagnostic, Diagnostics, FileText, Place};
use crate::directories::Directories;
use crate::platform::Platform;
use crate::policy::Policy;
use crate::rule::Rule;
use crate::scope::{PathPattern, ResolvedPath};
use crate::sources::Sources;
use crate::time::WallTime;
use found::{At, Found, place_of};
use index::Index;
use remark::{Remark, Rest};

/// The most steps of all remarks on one policy, so that ten thousand rules take a few seconds.
const MAX_STEPS: u64 = 500_000_000;

/// Remarks on a policy that was compiled from these texts, as it is `now`.
#[must_use]
pub fn lint(policy: &Policy, sources: &Sources, now: WallTime) -> Diagnostics {
    let mut lint = Lint {
        capabilities: policy.capabilities(),
        prover: Prover::new(policy.directories(), MAX_STEPS),
        index: Index::default(),
        found: Found::default(),
    };
    lint.index = Index::of(lint.capabilities);
    lint.allows();
    lint.denies();
    lint.near_duplicates();
    let mut uses: BTreeMap<At, usize> = BTreeMap::new();
    for rule in lint.capabilities.iter().flat_map(Capability::rules) {
        let count = uses.entry(place_of(&rule.reference)).or_default();
        *count = count.saturating_add(1);
    }
    let over = policy.capabilities().iter().filter(|capability| capability.is_over(now));
    let over = over.filter_map(|capability| expired(capability, sources));
    over.chain(lint.found.diagnostics(sources, &uses).iter().cloned()).collect()
}

/// A capability that has ended: it grants nothing, and what it denied is denied no longer.
fn expired(capability: &Capability, sources: &Sources) -> Option<Diagnostic> {
    let (name, span) = capability.expires_at.as_ref()?;
    let file = FileText::new(name, sources.text(name)?);
    let message = format!("the capability `{}` has expired", capability.id);
    let found = Diagnostic::warning("expired-capability", &Place::of(&file, *span), message);
    let help = "put off `expires`, or remove the capability";
    Some(found.label("it allows and denies nothing any longer").help(help))
}

/// A rule, and the capability that has it.
type Placed<'p> = (&'p Capability, &'p Rule);

struct Lint<'p> {
    capabilities: &'p [Capability],
    prover: Prover<'p>,
    index: Index<'p>,
    found: Found,
}

impl<'p> Lint<'p> {
    /// Allow entries that allow nothing, and those that allow what another one does.
    fn allows(&mut self) {
        for capability in self.capabilities {
            for rule in &capability.allow {
                if self.is_unreachable(capability, rule) {
                    continue;
                }
                for other in Index::meeting(&self.index.allow, (capability, rule)) {
                    if self.is_shadowed((capability, rule), other) {
                        self.found.shadowed(&rule.reference, &other.1.reference);
                        break;
                    }
                }
            }
        }
    }

    fn is_unreachable(&mut self, capability: &Capability, rule: &Rule) -> bool {
        let entry = &rule.entry;
        let is_empty = |count: Option<usize>| count == Some(0);
        if is_empty(entry.path.as_ref().map(Vec::len))
            || is_empty(entry.url.as_ref().map(Vec::len))
            || is_empty(entry.key.as_ref().map(Vec::len))
        {
            self.found.say(&rule.reference, Remark::Empty(Rest::of(rule)));
            return true;
        }
        let denying = Index::meeting(&self.index.deny, (capability, rule));
        if denying.iter().all(|(_, deny)| !paths_meet(rule, deny) || leaves_a_path(rule, deny)) {
            return false;
        }
        let mine = patterns::region(capability, rule);
        // One that expires earlier leaves a time in which the entry allows.
        let lasting = denying.iter().filter(|(other, _)| lasts(other, capability));
        let regions: Vec<_> =
            lasting.map(|(capability, deny)| patterns::region(capability, deny)).collect();
        if regions.is_empty() {
            return false;
        }
        let question = Question { all_of: vec![&mine], none_of: regions.iter().collect() };
        let is_denied = !self.prover.may_exist(&question);
        if is_denied {
            self.found.say(&rule.reference, Remark::Unreachable(Rest::of(rule)));
        }
        is_denied
    }

    fn is_shadowed(&mut self, (capability, rule): Placed<'_>, other: Placed<'_>) -> bool {
        let is_itself = place_of(&rule.reference) == place_of(&other.1.reference);
        if is_itself || !paths_meet(rule, other.1) || !lasts(other.0, capability) {
            return false;
        }
        let (my, their) = (conditions(rule), conditions(other.1));
        let is_free = my.are_no_stricter_than(&their);
        // Of two that are alike the second is the one too many.
        let both = is_free && their.are_no_stricter_than(&my);
        let theirs = patterns::region(other.0, other.1);
        let lies_in = |prover: &mut Prover<'_>, mine: &Region, theirs: &Region| {
            !prover.may_exist(&Question { all_of: vec![mine], none_of: vec![theirs] })
        };
        let mine = &patterns::region(capability, rule);
        is_free
            && lies_in(&mut self.prover, mine, &theirs)
            && !(both
                && rule.reference < other.1.reference
                && lies_in(&mut self.prover, &theirs, mine)
                && lasts(capability, other.0))
    }

    /// Deny entries whose scopes take nothing from what is allowed. One without a scope, or of
    /// commands that nobody is allowed, is a guard against grants to come.
    fn denies(&mut self) {
        for capability in self.capabilities {
            let scoped = |rule: &&Rule| {
                let entry = &rule.entry;
                entry.path.is_some() || entry.url.is_some() || entry.key.is_some()
            };
            for rule in capability.deny.iter().filter(scoped) {
                let mine = patterns::region(capability, rule);
                let allowed = Index::meeting(&self.index.allow, (capability, rule));
                let mut near = allowed.iter().filter(|(_, allow)| paths_meet(rule, allow));
                let takes = near.any(|(other, allow)| {
                    let theirs = hidden_too(patterns::region(other, allow), allow);
                    let all_of = vec![&mine, &theirs];
                    self.prover.may_exist(&Question { all_of, none_of: Vec::new() })
                });
                if !takes && !allowed.is_empty() {
                    self.found.say(&rule.reference, Remark::Idle);
                }
            }
        }
    }

    /// Entries of one list that are equal but for one list of patterns.
    fn near_duplicates(&mut self) {
        for capability in self.capabilities {
            for rules in [&capability.allow, &capability.deny] {
                let mut seen: BTreeMap<String, &Rule> = BTreeMap::new();
                for rule in rules {
                    for key in but_one(rule) {
                        match seen.get(&key) {
                            Some(first) => self.found.near(&rule.reference, &first.reference),
                            None => drop(seen.insert(key, rule)),
                        }
                    }
                }
            }
        }
    }
}

/// Whether a deny entry plainly leaves some call of an allow entry: a path of its first pattern. Nearly
/// all do, and looking costs less than an automaton.
fn leaves_a_path(rule: &Rule, deny: &Rule) -> bool {
    let sample = rule.entry.path.iter().flatten().next().map(PathPattern::sample);
    let (Some(sample), Some(denied)) = (sample, &deny.entry.path) else { return false };
    let (nothing, first) = (Directories::default(), rule.entry.path.iter().flatten().next());
    let Ok(path) = ResolvedPath::parse(&sample, &nothing, Platform::Linux) else { return false };
    first.is_some_and(|first| first.matches(&path))
        && !denied.iter().any(|pattern| pattern.matches(&path))
}

/// Whether a path may be in both entries, as far as their literal directories say.
fn paths_meet(one: &Rule, other: &Rule) -> bool {
    match (&one.entry.path, &other.entry.path) {
        (Some(mine), Some(theirs)) => {
            mine.iter().any(|one| theirs.iter().any(|other| one.may_meet(other)))
        }
        _ => true,
    }
}

fn lasts(other: &Capability, mine: &Capability) -> bool {
    match (other.expires, mine.expires) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(other), Some(mine)) => other >= mine,
    }
}

fn conditions(rule: &Rule) -> Conditions {
    let entry = &rule.entry;
    Conditions {
        ask: entry.ask.as_ref().map(|ask| ask.when),
        limits: entry.limits,
        results: entry.result.iter().cloned().collect(),
        audit: audit_of([entry.as_ref()].into_iter()),
    }
}

fn hidden_too(region: Region, rule: &Rule) -> Region {
    let Some(paths) = &rule.entry.path else { return region };
    let paths: Vec<_> = paths.iter().map(|pattern| pattern.with_hidden()).collect();
    let scope = patterns::paths(&paths);
    if scope == Scope::Nothing { region } else { region.with(Dimension::Path, scope) }
}

/// What an entry says but for one of its lists, once for each list that it has.
fn but_one(rule: &Rule) -> Vec<String> {
    let entry = &rule.entry;
    let schema = entry.schema.as_ref().map(|schema| schema.written().to_string());
    let rest = format!(
        "{schema:?} {:?} {:?} {:?} {:?}",
        entry.ask, entry.limits, entry.result, entry.audit
    );
    let owner = &rule.reference.permission;
    let lists = [
        Some(format!("{:?}", entry.commands)),
        entry.path.as_ref().map(|list| format!("{list:?}")),
        entry.url.as_ref().map(|list| format!("{list:?}")),
        entry.key.as_ref().map(|list| format!("{list:?}")),
    ];
    let without = |left_out: usize| {
        let kept = lists.iter().enumerate().map(|(at, list)| match list {
            Some(_) if at == left_out => Some("…"),
            other => other.as_deref(),
        });
        format!("{owner:?} {left_out} {:?} {rest}", kept.collect::<Vec<_>>())
    };
    (0..lists.len()).filter(|at| lists.get(*at).is_some_and(Option::is_some)).map(without).collect()
}
