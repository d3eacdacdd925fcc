//! Who may call a command: every window and origin pattern, with the conditions in words and a call
//! that `decide` allows.
//!
//! Exact but for schemas: a pattern is named only where some call of it is allowed, and every call
//! that is allowed is of a pattern that is named. Where the only such calls depend on a schema for which no
//! arguments could be made up, the grant says that it is not certain.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::call::{Call, calls_of};
use super::cells::{Cell, Reading, Visitor, readings, walk};
use super::dimension::Dimension;
use super::kinds::Exhausted;
use super::named::Patterns;
use super::patterns;
use super::prove::Prover;
use super::region::{Candidate, Question, Region, Scope};
use super::words::{Conditions, ask_of, audit_of};
use crate::args::Args;
use crate::capability::Capability;
use crate::glob::literal_regex;
use crate::limits::Limits;
use crate::names::{CommandName, WindowLabel};
use crate::origin::Origin;
use crate::policy::Policy;
use crate::rule::{Entry, Rule};
use crate::scope::Resources;
use crate::time::WallTime;
use crate::verdict::{Effect, RuleRef};

/// The most steps of one question: a thousand capabilities that all name the command take about a
/// tenth of it.
const MAX_STEPS: u64 = 200_000_000;

/// Who may call a command.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Holders {
    /// What allows it, in the order of the files.
    pub grants: Vec<Grant>,
    /// Whether the search came to its end: where it did not, there may be more.
    pub complete: bool,
}

/// An allow entry by which some call may be made.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Grant {
    /// The entry.
    pub rule: RuleRef,
    /// Those of its patterns of which some call is allowed.
    #[serde(flatten)]
    pub patterns: Patterns,
    /// What it needs beside: limits, result filters, the log. Where the limits differ with who calls, each
    /// of them, with a caller.
    pub conditions: Vec<String>,
    /// The schema of the arguments.
    pub args: Option<Value>,
    /// The deny entries that cut into it.
    pub except: Vec<Exception>,
    /// Whether there is such a call: `false` where it depends on what a schema admits.
    pub certain: bool,
    /// One such call.
    pub example: Option<Call>,
    /// When it ends, in seconds since 1970.
    pub until: Option<i64>,
}

/// A deny entry, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Exception {
    /// The entry.
    pub rule: RuleRef,
    /// Its patterns.
    #[serde(flatten)]
    pub patterns: Patterns,
}

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Inquiry<'a> {
    /// The command.
    pub command: &'a CommandName,
    /// The arguments; `None`: any.
    pub args: Option<&'a Args>,
    /// The window and the origin; `None`: any.
    pub caller: Option<(&'a WindowLabel, &'a Origin)>,
}

/// Everybody who may make such a call.
#[must_use]
pub fn who_can(policy: &Policy, inquiry: Inquiry<'_>, now: WallTime) -> Holders {
    let Inquiry { command, args, caller } = inquiry;
    let rules = naming(policy, command, args, now);
    let regions: Vec<_> = rules.iter().map(|naming| &naming.region).collect();
    let literal = |text: &str| Scope::In(literal_regex(text).into());
    let mut within = Region::everything().with(Dimension::Command, literal(command.as_str()));
    if let Some((window, origin)) = caller {
        within = within
            .with(Dimension::Window, literal(window.as_str()))
            .with(Dimension::Origin, literal(&origin.to_string()));
    }
    let mut prover = Prover::new(policy.directories(), MAX_STEPS);
    prover.prefer_names_of([policy]);
    let mut search =
        Search { policy, now, args, rules: &rules, regions: &regions, found: BTreeMap::new() };
    let walked = walk(&[&within], &regions, &mut prover, &mut search);
    let mut grants: Vec<Grant> = search.found.into_values().map(Found::grant).collect();
    for grant in &mut grants {
        grant.except = exceptions(grant, &within, &rules, &mut prover);
    }
    Holders { grants, complete: walked.is_ok() }
}

/// A rule that names the command, and the calls that it speaks of.
struct Naming<'p> {
    capability: &'p Capability,
    rule: &'p Rule,
    region: Region,
}

impl Naming<'_> {
    fn is_allow(&self) -> bool {
        self.rule.reference.effect == Effect::Allow
    }
}

/// The rules that name the command. With arguments given, only those that apply to them, and what
/// is left of a region is who calls.
fn naming<'p>(
    policy: &'p Policy,
    command: &CommandName,
    args: Option<&Args>,
    now: WallTime,
) -> Vec<Naming<'p>> {
    let resources = args.map(|args| Resources::of(args, policy.directories(), policy.platform()));
    let applies = |rule: &Rule| match (&resources, args, rule.reference.effect) {
        (Some(resources), Some(args), Effect::Allow) => rule.entry.allows(resources, args).is_ok(),
        (Some(resources), Some(args), Effect::Deny) => rule.entry.denies(resources, args),
        _ => true,
    };
    let mut found = Vec::new();
    for capability in policy.capabilities().iter().filter(|one| !one.is_over(now)) {
        let rules = capability.rules();
        let names =
            |rule: &Rule| rule.entry.commands.iter().any(|one| one.matches(command.as_str()));
        for rule in rules.filter(|rule| names(rule) && applies(rule)) {
            let region = patterns::region_in_parts(capability, rule);
            let region = if args.is_some() { callers(region) } else { region };
            found.push(Naming { capability, rule, region });
        }
    }
    found
}

/// Whom a region speaks of, whatever the arguments.
fn callers(region: Region) -> Region {
    let absent = |region: Region, dimension| region.with(dimension, Scope::Any);
    let region = [Dimension::Path, Dimension::Url, Dimension::Key].into_iter().fold(region, absent);
    Region { schema: None, ..region }
}

struct Search<'s> {
    policy: &'s Policy,
    now: WallTime,
    args: Option<&'s Args>,
    rules: &'s [Naming<'s>],
    regions: &'s [&'s Region],
    found: BTreeMap<usize, Found>,
}

impl Visitor for Search<'_> {
    fn goes_on(&mut self, _: &[Dimension], _: Option<&[usize]>, inside: &[usize]) -> bool {
        inside.iter().any(|at| self.rules.get(*at).is_some_and(Naming::is_allow))
    }

    fn visit(&mut self, cell: &Cell) -> Result<(), Exhausted> {
        for reading in readings(cell, self.regions)? {
            let rules = || reading.inside.iter().filter_map(|at| Some((*at, self.rules.get(*at)?)));
            let is_denied = rules().any(|(_, naming)| !naming.is_allow());
            let allowing: Vec<_> = rules().map(|(at, _)| at).collect();
            if !is_denied && !allowing.is_empty() {
                self.allowed(cell, &reading, &allowing);
            }
        }
        Ok(())
    }
}

impl Search<'_> {
    fn allowed(&mut self, cell: &Cell, reading: &Reading, allowing: &[usize]) {
        let depends = !reading.candidate.schemas_of.is_empty();
        let is_shown = |at| self.found.get(at).is_some_and(|found: &Found| found.grant.certain);
        let example =
            if depends || !allowing.iter().all(is_shown) { self.example(reading) } else { None };
        let limits = self.limits(cell);
        for at in allowing {
            let Some(naming) = self.rules.get(*at) else { continue };
            let found = self.found.entry(*at).or_insert_with(|| Found::of(naming));
            found.bound(limits, &reading.candidate);
            let grant = &mut found.grant;
            let is_certain = example.is_some() || !depends;
            if grant.certain && !is_certain {
                continue;
            }
            if is_certain && !grant.certain {
                grant.patterns = Patterns::default();
            }
            grant.patterns.add(naming.capability, naming.rule, &reading.candidate.texts);
            grant.certain = is_certain;
            if grant.example.is_none() {
                grant.example.clone_from(&example);
            }
        }
    }

    fn example(&self, reading: &Reading) -> Option<Call> {
        let calls = calls_of(&reading.candidate, self.policy.directories());
        let with_args = calls.into_iter().map(|call| match self.args {
            Some(args) => Call { args: args.clone(), ..call },
            None => call,
        });
        let is_allowed = |Call { window, origin, command, args }: &Call| {
            self.policy.principal(window, origin, self.now).decide(command, args).is_allowed()
        };
        with_args.into_iter().find(is_allowed)
    }

    fn limits(&self, cell: &Cell) -> Limits {
        let rules = cell.naming.iter().filter_map(|at| self.rules.get(*at));
        let allowing = rules.filter(|naming| naming.is_allow());
        allowing.fold(Limits::default(), |all, naming| all.tighten(naming.rule.entry.limits))
    }
}

/// A grant, and the limits of its calls: a limit is the command's, so that they may differ with who
/// calls.
struct Found {
    grant: Grant,
    limits: Vec<(Limits, String)>,
}

impl Found {
    fn of(naming: &Naming<'_>) -> Self {
        let entry = &naming.rule.entry;
        let grant = Grant {
            rule: naming.rule.reference.as_ref().clone(),
            patterns: Patterns::default(),
            conditions: conditions(Limits::default(), Some(entry)),
            args: entry.schema.as_ref().map(|schema| schema.written().clone()),
            except: Vec::new(),
            certain: false,
            example: None,
            until: naming.capability.expires.map(WallTime::unix),
        };
        Self { grant, limits: Vec::new() }
    }

    /// Takes in the limits of one more caller.
    fn bound(&mut self, limits: Limits, candidate: &Candidate) {
        if self.limits.iter().any(|(known, _)| *known == limits) {
            return;
        }
        let text = |dimension: Dimension| {
            candidate.texts.get(dimension.index()).cloned().flatten().unwrap_or_default()
        };
        let caller = format!("`{}` at {}", text(Dimension::Window), text(Dimension::Origin));
        self.limits.push((limits, caller));
    }

    fn grant(self) -> Grant {
        let mut bounds = Vec::new();
        for (limits, caller) in &self.limits {
            let words = conditions(*limits, None);
            if self.limits.len() == 1 {
                bounds = words;
            } else {
                let words = if words.is_empty() { "no limit".to_owned() } else { words.join(", ") };
                bounds.push(format!("limits differ: {words} from {caller}, say"));
            }
        }
        let conditions = bounds.into_iter().chain(self.grant.conditions);
        Grant { conditions: conditions.collect(), ..self.grant }
    }
}

/// Limits, and what else an entry says of a call, in words.
fn conditions(limits: Limits, entry: Option<&Arc<Entry>>) -> Vec<String> {
    let results = entry.and_then(|entry| entry.result.clone()).into_iter().collect();
    let audit = audit_of(entry.map(AsRef::as_ref).into_iter());
    let ask = ask_of(entry.map(AsRef::as_ref).into_iter());
    Conditions { ask, limits, results, audit }.words()
}

/// The deny entries that have a call in common with the grant, or would have if its wildcards stood for
/// hidden names: a reader wants to know that these are denied twice.
fn exceptions(
    grant: &Grant,
    within: &Region,
    rules: &[Naming<'_>],
    prover: &mut Prover<'_>,
) -> Vec<Exception> {
    let Some(mine) = rules.iter().find(|one| *one.rule.reference == grant.rule) else {
        return Vec::new();
    };
    let entry: &Entry = &mine.rule.entry;
    let mut region = mine.region.clone();
    if let (Some(paths), Scope::In(_)) = (&entry.path, region.scope(Dimension::Path)) {
        let paths: Vec<_> = paths.iter().map(|pattern| pattern.with_hidden()).collect();
        region = region.with(Dimension::Path, patterns::paths(&paths));
    }
    let denying = rules.iter().filter(|one| !one.is_allow());
    let meets = denying.filter(|deny| {
        let all_of = vec![within, &region, &deny.region];
        prover.may_exist(&Question { all_of, none_of: Vec::new() })
    });
    let exception = |deny: &Naming<'_>| Exception {
        rule: deny.rule.reference.as_ref().clone(),
        patterns: Patterns::of(deny.capability, deny.rule),
    };
    meets.map(exception).collect()
}
