//! What two policies differ in: the calls that one allows and the other does not, and the calls that both
//! allow under other conditions. How a policy is written (order, files, permissions, names) is no
//! difference.
//!
//! Exact but for schemas: a schema that both policies have is the same atom in both, and two that
//! differ are taken to differ for some arguments. Where no such arguments could be made up, the
//! change is reported as one that cannot be ruled out. Of filters that cannot be compared the new one
//! counts as looser. Whether a call is allowed is compared for now and for each moment from now on at
//! which a capability expires.

mod log;
mod side;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::call::{Call, calls_of};
use super::cells::{Cell, Reading, Visitor, readings, walk};
use super::dimension::Dimension;
use super::kinds::Exhausted;
use super::named::Patterns;
use super::prove::Prover;
use super::words::{Conditions, Shift, shifts};
use crate::names::WindowLabel;
use crate::origin::Origin;
use crate::policy::Policy;
use crate::principal::Principal;
use crate::time::WallTime;
use crate::verdict::{RuleRef, Verdict};
pub use log::LogChange;
use side::{Age, Rules};

/// The most steps of one comparison: policies of a thousand capabilities that have little in common
/// take about a tenth of it.
const MAX_STEPS: u64 = 500_000_000;

/// What two policies differ in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// Each change, what widens first.
    pub changes: Vec<Change>,
    /// Commands of which the log gets other arguments than before, what widens first.
    pub log: Vec<LogChange>,
    /// Whether the comparison came to its end: where it did not, there may be more.
    pub complete: bool,
}

/// Calls that the two policies answer differently, for the same reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// How.
    pub kind: ChangeKind,
    /// Whether there is such a call: `false` where it depends on what a schema admits.
    pub certain: bool,
    /// The rule that allows them: of the new policy, unless it denies them.
    pub rule: RuleRef,
    /// Those of its patterns that such a call matches.
    #[serde(flatten)]
    pub patterns: Patterns,
    /// Why the other policy refuses the example.
    pub otherwise: Option<String>,
    /// The conditions that are others, where both policies allow the calls.
    pub shifts: Vec<Shift>,
    /// One such call.
    pub example: Option<Call>,
    /// From when on, in seconds since 1970, where it is not so now.
    pub from: Option<i64>,
}

/// How the answer to a call changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// Allowed now, and not before.
    Allowed,
    /// Allowed as before, under looser conditions.
    Looser,
    /// Allowed as before, under tighter conditions.
    Tighter,
    /// Allowed before, and no longer.
    Denied,
}

impl Difference {
    /// Whether more is allowed than before, or the same under looser conditions, or the log learns
    /// more, or that cannot be ruled out.
    #[must_use]
    pub fn widens(&self) -> bool {
        let widens =
            |change: &Change| matches!(change.kind, ChangeKind::Allowed | ChangeKind::Looser);
        !self.complete
            || self.changes.iter().any(widens)
            || self.log.iter().any(|change| change.looser)
    }
}

/// Compares two policies, as they are from `now` on.
#[must_use]
pub fn diff(old: &Policy, new: &Policy, now: WallTime) -> Difference {
    let capabilities = old.capabilities().iter().chain(new.capabilities());
    let ends = capabilities.filter_map(|capability| capability.expires);
    let times: BTreeSet<_> = ends.filter(|end| *end > now).chain([now]).collect();
    let mut prover = Prover::new(new.directories(), MAX_STEPS);
    prover.prefer_names_of([new, old]);
    let mut found = Found::default();
    let log = log::log_changes(old, new, &mut prover);
    let mut complete = log.is_ok();
    for time in times {
        let rules = Rules::of(old, new, time);
        let from = (time != now).then_some(time.unix());
        let mut comparison = Comparison {
            rules: &rules,
            from,
            known: found.by_key.keys().cloned().collect(),
            found,
            asked: Asked::new(old, new, time),
        };
        let walked = walk(&[], &rules.regions(), &mut prover, &mut comparison);
        complete &= walked.is_ok();
        found = comparison.found;
    }
    Difference { changes: found.changes(), log: log.unwrap_or_default(), complete }
}

/// What calls have in common that are reported as one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    kind: ChangeKind,
    certain: bool,
    rule: RuleRef,
    shifts: Vec<Shift>,
}

#[derive(Default)]
struct Found {
    by_key: BTreeMap<Key, Change>,
}

struct Comparison<'c> {
    rules: &'c Rules<'c>,
    from: Option<i64>,
    /// What was found for an earlier time.
    known: BTreeSet<Key>,
    found: Found,
    asked: Asked<'c>,
}

impl Visitor for Comparison<'_> {
    fn goes_on(&mut self, rest: &[Dimension], naming: Option<&[usize]>, inside: &[usize]) -> bool {
        self.rules.may_differ(rest, naming, inside)
    }

    fn visit(&mut self, cell: &Cell) -> Result<(), Exhausted> {
        for reading in readings(cell, &self.rules.regions())? {
            let old = self.rules.judge(Age::Old, &cell.naming, &reading.inside);
            let new = self.rules.judge(Age::New, &cell.naming, &reading.inside);
            match (old, new) {
                (None, None) => {}
                (None, Some((rule, _))) => {
                    self.change(ChangeKind::Allowed, rule, &reading, Vec::new());
                }
                (Some((rule, _)), None) => {
                    self.change(ChangeKind::Denied, rule, &reading, Vec::new());
                }
                (Some((_, old)), Some((rule, new))) => self.compare(&old, &new, rule, &reading),
            }
        }
        Ok(())
    }
}

impl Comparison<'_> {
    fn compare(&mut self, old: &Conditions, new: &Conditions, rule: usize, reading: &Reading) {
        let shifts = shifts(old, new);
        if shifts.is_empty() {
            return;
        }
        let is_looser = shifts.iter().any(|shift| shift.looser);
        let kind = if is_looser { ChangeKind::Looser } else { ChangeKind::Tighter };
        self.change(kind, rule, reading, shifts);
    }

    fn change(&mut self, kind: ChangeKind, rule: usize, reading: &Reading, shifts: Vec<Shift>) {
        let Some(side) = self.rules.get(rule) else { return };
        let rule = side.rule.reference.as_ref().clone();
        let mut key = Key { kind, certain: true, rule, shifts };
        let candidate = &reading.candidate;
        let depends = !candidate.schemas_of.is_empty();
        let has_example = self.found.by_key.get(&key).is_some_and(|one| one.example.is_some());
        let mut example = None;
        if depends || !has_example {
            let calls = calls_of(candidate, self.rules.directories);
            example = calls.into_iter().find_map(|call| self.asked.confirm(kind, call));
            key.certain = example.is_some();
        }
        if self.known.contains(&key) {
            return;
        }
        let change = self.found.by_key.entry(key.clone()).or_insert_with(|| Change {
            kind,
            certain: key.certain,
            rule: key.rule,
            patterns: Patterns::default(),
            otherwise: None,
            shifts: key.shifts,
            example: None,
            from: self.from,
        });
        change.patterns.add(side.capability, side.rule, &candidate.texts);
        if let (None, Some((call, otherwise))) = (&change.example, example) {
            (change.example, change.otherwise) = (Some(call), otherwise);
        }
    }
}

impl Found {
    /// What is certain says enough: that of the same rule which is not is left out.
    fn changes(self) -> Vec<Change> {
        let certain: BTreeSet<_> = self
            .by_key
            .keys()
            .filter(|key| key.certain)
            .map(|key| (key.kind, key.rule.clone()))
            .collect();
        let is_needed = |key: &Key| key.certain || !certain.contains(&(key.kind, key.rule.clone()));
        let changes = self.by_key.into_iter().filter(|(key, _)| is_needed(key));
        changes.map(|(_, change)| change).collect()
    }
}

/// Both policies, asked about single calls.
struct Asked<'a> {
    old: &'a Policy,
    new: &'a Policy,
    time: WallTime,
    principals: HashMap<(WindowLabel, Origin), [Principal; 2]>,
}

impl<'a> Asked<'a> {
    fn new(old: &'a Policy, new: &'a Policy, time: WallTime) -> Self {
        Self { old, new, time, principals: HashMap::new() }
    }

    /// The call, where both policies say of it what they should; why the other one refuses it.
    fn confirm(&mut self, kind: ChangeKind, call: Call) -> Option<(Call, Option<String>)> {
        let who = (call.window.clone(), call.origin.clone());
        let [old, new] = self.principals.entry(who).or_insert_with(|| {
            [self.old, self.new].map(|one| one.principal(&call.window, &call.origin, self.time))
        });
        let decide = |principal: &Principal| refusal(&principal.decide(&call.command, &call.args));
        let (old, new) = (decide(old), decide(new));
        let otherwise = match (kind, old, new) {
            (ChangeKind::Allowed, Some(why), None) | (ChangeKind::Denied, None, Some(why)) => {
                Some(why)
            }
            (ChangeKind::Looser | ChangeKind::Tighter, None, None) => None,
            _ => return None,
        };
        Some((call, otherwise))
    }
}

fn refusal(verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Allow(_) => None,
        Verdict::Deny(denial) => Some(match &denial.rule {
            Some(rule) => format!("{}: {rule}", denial.reason),
            None => denial.reason.to_string(),
        }),
    }
}
