//! The rules of two policies side by side, and when it is plain that they say the same.

use std::collections::{BTreeSet, HashMap};

use super::super::dimension::{DIMENSIONS, Dimension};
use super::super::patterns;
use super::super::region::{Region, Scope};
use super::super::words::{Conditions, ask_of, audit_of};
use crate::capability::Capability;
use crate::directories::Directories;
use crate::limits::Limits;
use crate::policy::Policy;
use crate::rule::Rule;
use crate::time::WallTime;
use crate::verdict::Effect;

/// Which of the two policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Old,
    New,
}

/// The rules of both policies.
pub(super) struct Rules<'p> {
    sides: Vec<Side<'p>>,
    pub(super) directories: &'p Directories,
}

/// A rule of one of them.
pub(super) struct Side<'p> {
    age: Age,
    pub(super) capability: &'p Capability,
    pub(super) rule: &'p Rule,
    region: Region,
    /// A number for all that the rule says from each dimension on: rules that say the same have
    /// the same.
    says: [usize; DIMENSIONS + 1],
}

impl<'p> Rules<'p> {
    pub(super) fn of(old: &'p Policy, new: &'p Policy, time: WallTime) -> Self {
        let mut numbers = HashMap::new();
        let mut sides = Vec::new();
        for (age, policy) in [(Age::Old, old), (Age::New, new)] {
            for capability in policy.capabilities().iter().filter(|one| !one.is_over(time)) {
                for rule in capability.allow.iter().chain(&capability.deny) {
                    let region = patterns::region_in_parts(capability, rule);
                    let says = says(rule, &region, &mut numbers);
                    sides.push(Side { age, capability, rule, region, says });
                }
            }
        }
        Self { sides, directories: new.directories() }
    }

    pub(super) fn regions(&self) -> Vec<&Region> {
        self.sides.iter().map(|side| &side.region).collect()
    }

    pub(super) fn get(&self, at: usize) -> Option<&Side<'p>> {
        self.sides.get(at)
    }

    /// Whether the policies may differ in what is left to choose: they do not where they have the
    /// same to say about it, nor where neither allows anything.
    pub(super) fn may_differ(
        &self,
        rest: &[Dimension],
        naming: Option<&[usize]>,
        inside: &[usize],
    ) -> bool {
        let level = DIMENSIONS.saturating_sub(rest.len());
        let said = |age: Age| -> BTreeSet<usize> {
            let sides = inside.iter().filter_map(|at| self.get(*at));
            let mine = sides.filter(|side| side.age == age);
            mine.filter_map(|side| side.says.get(level).copied()).collect()
        };
        let allows = |at: &usize| self.get(*at).is_some_and(Side::is_allow);
        if !inside.iter().any(allows) {
            return false;
        }
        let limits_differ =
            naming.is_some_and(|all| self.limits(Age::Old, all) != self.limits(Age::New, all));
        limits_differ || said(Age::Old) != said(Age::New)
    }

    /// What a policy says of a call that is in these regions: the first rule that allows it, and the
    /// conditions.
    pub(super) fn judge(
        &self,
        age: Age,
        naming: &[usize],
        inside: &[usize],
    ) -> Option<(usize, Conditions)> {
        let mine = || {
            let all = inside.iter().filter_map(|at| Some((*at, self.get(*at)?)));
            all.filter(|(_, side)| side.age == age)
        };
        if mine().any(|(_, side)| !side.is_allow()) {
            return None;
        }
        let (first, _) = mine().next()?;
        let entries = || mine().map(|(_, side)| &side.rule.entry);
        let conditions = Conditions {
            ask: ask_of(entries().map(AsRef::as_ref)),
            limits: self.limits(age, naming),
            results: entries().filter_map(|entry| entry.result.clone()).collect(),
            audit: audit_of(entries().map(AsRef::as_ref)),
        };
        Some((first, conditions))
    }

    fn limits(&self, age: Age, naming: &[usize]) -> Limits {
        let sides = naming.iter().filter_map(|at| self.get(*at));
        let mine = sides.filter(|side| side.age == age && side.is_allow());
        mine.fold(Limits::default(), |limits, side| limits.tighten(side.rule.entry.limits))
    }
}

impl Side<'_> {
    fn is_allow(&self) -> bool {
        self.rule.reference.effect == Effect::Allow
    }
}

/// What a rule says from each dimension on, numbered.
fn says(
    rule: &Rule,
    region: &Region,
    numbers: &mut HashMap<String, usize>,
) -> [usize; DIMENSIONS + 1] {
    let entry = &rule.entry;
    let schema = region.schema.as_ref().map(|schema| schema.written().to_string());
    let mut text = format!(
        "{:?} {schema:?} {:?} {:?} {:?} {:?}",
        rule.reference.effect, entry.ask, entry.limits, entry.result, entry.audit
    );
    let mut says = [0; DIMENSIONS + 1];
    let mut number = |text: &str| {
        let next = numbers.len();
        *numbers.entry(text.to_owned()).or_insert(next)
    };
    for (level, slot) in says.iter_mut().enumerate().rev() {
        if let Some(dimension) = Dimension::ALL.get(level) {
            let scope: &Scope = region.scope(*dimension);
            text.push_str(&format!(" {scope:?}"));
        }
        *slot = number(&text);
    }
    says
}
