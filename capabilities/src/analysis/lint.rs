//! Rules that do nothing, and rules that say a thing twice. Warnings: the policy means what it says, and
//! probably not what its author thinks.
//!
//! Exact, with one exception on the quiet side: where an answer depends on a schema, nothing is said.
//! A deny entry is held against what would be allowed if wildcards stood for hidden names too: one
//! that keeps hidden names out twice is a belt beside the braces.

use std::collections::{BTreeMap, BTreeSet};

use super::patterns::{self, may_meet};
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
use crate::verdict::RuleRef;

/// The most steps of all remarks on one policy, so that ten thousand rules take a few seconds.
const MAX_STEPS: u64 = 500_000_000;

/// Remarks on the rules of a policy that was compiled from these texts.
#[must_use]
pub fn lint(policy: &Policy, sources: &Sources) -> Diagnostics {
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
    lint.found.diagnostics(sources, &uses)
}

/// File, line and column of an entry.
type At = (String, u32, u32);

fn place_of(rule: &RuleRef) -> At {
    (rule.file.clone(), rule.line, rule.column)
}

/// A rule, and the capability that has it.
type Placed<'p> = (&'p Capability, &'p Rule);

struct Lint<'p> {
    capabilities: &'p [Capability],
    prover: Prover<'p>,
    index: Index<'p>,
    found: Found,
}

/// Rules by the front of their commands, up to the first dot or `*`: two rules that may name a
/// command in common have it in common, or one of them has none.
#[derive(Default)]
struct Index<'p> {
    allow: BTreeMap<String, Vec<Placed<'p>>>,
    deny: BTreeMap<String, Vec<Placed<'p>>>,
}

impl<'p> Index<'p> {
    fn of(capabilities: &'p [Capability]) -> Self {
        let mut index = Self::default();
        for capability in capabilities {
            for (rules, map) in
                [(&capability.allow, &mut index.allow), (&capability.deny, &mut index.deny)]
            {
                for rule in rules {
                    for front in fronts(rule) {
                        map.entry(front).or_default().push((capability, rule));
                    }
                }
            }
        }
        index
    }

    fn meeting(map: &BTreeMap<String, Vec<Placed<'p>>>, mine: Placed<'_>) -> Vec<Placed<'p>> {
        let fronts = fronts(mine.1);
        let lists: Vec<_> = if fronts.contains("") {
            map.values().collect()
        } else {
            fronts
                .iter()
                .map(String::as_str)
                .chain([""])
                .filter_map(|front| map.get(front))
                .collect()
        };
        let meets = |(capability, rule): &&Placed<'p>| {
            may_meet(&mine.0.windows, &capability.windows, |one| &one.0)
                && may_meet(&mine.1.entry.commands, &rule.entry.commands, |one| &one.0)
        };
        let mut found: Vec<_> = lists.into_iter().flatten().filter(meets).copied().collect();
        found.sort_by(|a, b| a.1.reference.cmp(&b.1.reference));
        found.dedup_by(|a, b| a.1.reference == b.1.reference);
        found
    }
}

fn fronts(rule: &Rule) -> BTreeSet<String> {
    let front = |text: &str| match text.split_once(['.', '*']) {
        // `fs*` may be `fs.read`, and `fsx.read`.
        Some((front, _)) if text.get(front.len()..).is_some_and(|rest| rest.starts_with('.')) => {
            front.to_owned()
        }
        Some(_) => String::new(),
        None => text.to_owned(),
    };
    rule.entry.commands.iter().map(|pattern| front(&pattern.0)).collect()
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
            self.found.say(&rule.reference, Remark::Empty);
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
            self.found.say(&rule.reference, Remark::Unreachable);
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
    let rest = format!("{schema:?} {:?} {:?} {:?}", entry.limits, entry.result, entry.audit);
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

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Remark {
    Empty,
    Unreachable,
    Shadowed(RuleRef),
    Idle,
    Near(RuleRef),
}

impl Remark {
    /// Whether it is about the entry as one capability uses it.
    fn is_of_one_use(&self) -> bool {
        match self {
            Self::Empty | Self::Near(_) => false,
            Self::Unreachable | Self::Shadowed(_) | Self::Idle => true,
        }
    }
}

/// Remarks by the entry that they are about, however many capabilities use it.
#[derive(Default)]
struct Found {
    /// The entry as it stands in a file.
    remarks: BTreeMap<At, BTreeMap<RuleRef, BTreeSet<Remark>>>,
    /// Entries that are best removed: of these nothing else needs to be said.
    shadowed: BTreeSet<At>,
}

impl Found {
    fn say(&mut self, rule: &RuleRef, remark: Remark) {
        self.remarks
            .entry(place_of(rule))
            .or_default()
            .entry(rule.clone())
            .or_default()
            .insert(remark);
    }

    fn shadowed(&mut self, rule: &RuleRef, by: &RuleRef) {
        self.shadowed.insert(place_of(rule));
        self.say(rule, Remark::Shadowed(by.clone()));
    }

    fn near(&mut self, rule: &RuleRef, first: &RuleRef) {
        // A permission that is used twice with other parameters has its entries twice.
        let is_shadowed = |rule| self.shadowed.contains(&place_of(rule));
        if place_of(rule) != place_of(first) && !is_shadowed(rule) && !is_shadowed(first) {
            self.say(rule, Remark::Near(first.clone()));
        }
    }

    /// An entry of a permission is idle only where it is so for all who use it.
    fn diagnostics(self, sources: &Sources, uses: &BTreeMap<At, usize>) -> Diagnostics {
        let mut diagnostics = Vec::new();
        for (at, rules) in self.remarks {
            let said = rules.values().filter(|remarks| remarks.iter().any(Remark::is_of_one_use));
            let is_everywhere = uses.get(&at).is_none_or(|count| *count <= said.count());
            let (file, line, column) = at;
            let Some(text) = sources.text(&file) else { continue };
            let text = FileText::new(&file, text);
            let place = Place::of(&text, text.entry_at(line, column));
            let all: BTreeSet<_> = rules
                .values()
                .flatten()
                .filter(|remark| is_everywhere || !remark.is_of_one_use())
                .collect();
            let is_shadowed = all.iter().any(|remark| matches!(remark, Remark::Shadowed(_)));
            let all =
                all.into_iter().filter(|remark| !is_shadowed || !matches!(remark, Remark::Near(_)));
            diagnostics.extend(all.map(|remark| diagnostic(remark, &place, sources)));
        }
        diagnostics.into_iter().collect()
    }
}

fn diagnostic(remark: &Remark, place: &Place<'_>, sources: &Sources) -> Diagnostic {
    let warning = |code, message: &str| Diagnostic::warning(code, place, message);
    let also = |found: Diagnostic, other: &RuleRef, text: &str| {
        let Some(source) = sources.text(&other.file) else { return found };
        let file = FileText::new(&other.file, source);
        found.also(&Place::of(&file, file.entry_at(other.line, other.column)), text)
    };
    match remark {
        Remark::Empty => warning("unreachable-rule", "no call is ever within this entry")
            .help("remove it, or write into its lists what it should allow"),
        Remark::Unreachable => {
            warning("unreachable-rule", "everything that this entry allows is denied")
                .help("remove it, or narrow the entry that denies")
        }
        Remark::Shadowed(by) => {
            let found = warning("shadowed-rule", "another entry allows all of this already")
                .help("remove it: no call would be refused, and no condition be another");
            also(found, by, "this one")
        }
        Remark::Idle => warning("idle-deny", "nothing that this entry denies is allowed")
            .help("look for a slip in its patterns, or remove it"),
        Remark::Near(first) => {
            let found =
                warning("near-duplicate", "but for one list this entry is the same as another")
                    .help("write the patterns of both into one entry");
            also(found, first, "the other one")
        }
    }
}
