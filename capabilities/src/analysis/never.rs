//! Proofs of `[[never]]`: no call that a statement names is allowed, from any window and origin, with
//! any command and arguments, at any time; or a call that is.
//!
//! Sound: what is proved holds for every call. Where the proof depends on what an argument schema
//! admits, and no arguments could be made up, the statement counts as broken and the message says so.

use std::sync::Arc;

use super::call::Call;
use super::dimension::Dimension;
use super::patterns::{self, may_meet};
use super::prove::{Answer, Doubt, Prover};
use super::region::{Question, Region, Scope};
use crate::capability::{Capability, WindowPattern};
use crate::never::{Never, NeverOrigin};
use crate::origin::OriginPattern;
use crate::policy::Policy;
use crate::rule::Rule;
use crate::time::WallTime;
use crate::verdict::{RuleRef, Verdict};

/// The most steps of the proofs of one policy. The statements of the examples take ten to a hundred
/// thousand each; this many take about a second.
const MAX_STEPS: u64 = 50_000_000;

/// And for each allow entry: two small automata.
const STEPS_A_RULE: u64 = 10_000;

/// A statement that does not hold, or that could not be proved.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Broken {
    /// The call is allowed, by the rule; at the time, where that matters.
    Call { call: Box<Call>, rule: Arc<RuleRef>, at: Option<WallTime> },
    /// Whether the rule allows such a call depends on the schemas of these rules.
    Schemas { rule: Arc<RuleRef>, schemas: Vec<Arc<RuleRef>> },
    /// The patterns of the rule and of what denies beside it take more work than one proof is given.
    Work { rule: Arc<RuleRef> },
    /// The patterns of the rule admit such a call, and none could be put into words.
    Unverified { rule: Arc<RuleRef> },
}

/// Proves each statement of a policy; what breaks those that do not hold, by their places.
pub(crate) fn prove_all<'n>(
    nevers: impl Iterator<Item = &'n Never>,
    policy: &Policy,
) -> Vec<(usize, Broken)> {
    let mut nevers = nevers.peekable();
    let rules = policy.capabilities().iter().map(|capability| capability.allow.len());
    let rules = u64::try_from(rules.sum::<usize>()).unwrap_or(u64::MAX);
    let steps = MAX_STEPS.saturating_add(rules.saturating_mul(STEPS_A_RULE));
    let mut prover = Prover::new(policy.directories(), steps);
    if nevers.peek().is_some() {
        prover.prefer_names_of([policy]);
    }
    let proofs = nevers.map(|never| prove(never, policy, &mut prover));
    let broken = proofs.enumerate().filter_map(|(at, proof)| Some((at, proof.err()?)));
    broken.collect()
}

/// Proves one statement, or says what breaks it.
fn prove(never: &Never, policy: &Policy, prover: &mut Prover<'_>) -> Result<(), Broken> {
    let capabilities = policy.capabilities();
    let proof = Proof { policy, cases: never.cases() };
    let mut doubted = None;
    for capability in capabilities.iter().filter(|one| never.may_name_windows(&one.windows)) {
        for rule in capability.allow.iter().filter(|rule| never.may_name(rule)) {
            match proof.of_rule(capability, rule, prover) {
                Ok(()) => {}
                Err(broken @ Broken::Call { .. }) => return Err(broken),
                Err(broken @ Broken::Work { .. }) => return Err(broken),
                Err(broken) => drop(doubted.get_or_insert(broken)),
            }
        }
    }
    doubted.map_or(Ok(()), Err)
}

struct Proof<'p> {
    policy: &'p Policy,
    cases: Vec<Case>,
}

/// A part of what the statement names: the calls in all of some regions and in none of others.
struct Case {
    within: Vec<Region>,
    without: Vec<Region>,
}

impl Proof<'_> {
    fn of_rule(
        &self,
        capability: &Capability,
        rule: &Rule,
        prover: &mut Prover<'_>,
    ) -> Result<(), Broken> {
        let allowed = patterns::region(capability, rule);
        let denied = self.denied(capability, rule);
        let at = self.worst_time(capability);
        for case in &self.cases {
            let question = Question {
                all_of: case.within.iter().chain([&allowed]).collect(),
                none_of: case.without.iter().chain(&denied).collect(),
            };
            let mut allowed_by = None;
            let answer = prover.answer(&question, &mut |call| {
                allowed_by = self.allows(call, at.unwrap_or(ANY_TIME));
                allowed_by.is_some()
            });
            let rule = rule.reference.clone();
            match (answer, allowed_by) {
                (Answer::None, _) => {}
                (Answer::Found(call), Some(rule)) => return Err(Broken::Call { call, rule, at }),
                (Answer::Unknown(Doubt::Schemas(schemas)), _) => {
                    return Err(Broken::Schemas { rule, schemas });
                }
                (Answer::Unknown(Doubt::Work), _) => return Err(Broken::Work { rule }),
                (Answer::Found(_) | Answer::Unknown(Doubt::Unverified), _) => {
                    return Err(Broken::Unverified { rule });
                }
            }
        }
        Ok(())
    }

    fn allows(&self, call: &Call, at: WallTime) -> Option<Arc<RuleRef>> {
        let Call { window, origin, command, args } = call;
        match self.policy.principal(window, origin, at).decide(command, args) {
            Verdict::Allow(permit) => Some(permit.rule),
            Verdict::Deny(_) => None,
        }
    }

    /// What denies for as long as the capability allows: an entry that expires before it does leaves
    /// a time in which nothing but the others stands in the way.
    fn denied(&self, capability: &Capability, rule: &Rule) -> Vec<Region> {
        let lasts = |other: &&Capability| match (other.expires, capability.expires) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(other), Some(mine)) => other >= mine,
        };
        let mut denied = Vec::new();
        for other in
            self.policy.capabilities().iter().filter(lasts).filter(|other| !other.deny.is_empty())
        {
            if !meets(&other.windows, &capability.windows) {
                continue;
            }
            let denying = other.deny.iter().filter(|deny| names_meet(deny, rule));
            denied.extend(denying.map(|deny| patterns::region(other, deny)));
        }
        denied
    }

    /// The last moment at which the capability allows: then the least is left of what denies.
    fn worst_time(&self, capability: &Capability) -> Option<WallTime> {
        match capability.expires {
            Some(end) => Some(WallTime::from_unix(end.unix().saturating_sub(1))),
            None => self.policy.capabilities().iter().filter_map(|other| other.expires).max(),
        }
    }
}

/// Where no capability expires, all times are one.
const ANY_TIME: WallTime = WallTime::from_unix(0);

fn meets(some: &[WindowPattern], others: &[WindowPattern]) -> bool {
    may_meet(some, others, |one| &one.0)
}

fn names_meet(one: &Rule, other: &Rule) -> bool {
    may_meet(&one.entry.commands, &other.entry.commands, |one| &one.0)
}

// What a statement names, as regions.
impl Never {
    fn may_name_windows(&self, windows: &[WindowPattern]) -> bool {
        self.windows.as_ref().is_none_or(|mine| meets(mine, windows))
    }

    fn may_name(&self, rule: &Rule) -> bool {
        let paths_meet = match (&self.path, &rule.entry.path) {
            (Some(mine), Some(theirs)) => {
                mine.iter().any(|one| theirs.iter().any(|other| one.may_meet(other)))
            }
            (mine, _) => mine.is_none(),
        };
        paths_meet && may_meet(&self.commands, &rule.entry.commands, |one| &one.0)
    }

    /// `remote` is no pattern but what a pattern leaves, and so is a case of its own.
    fn cases(&self) -> Vec<Case> {
        let whole = self.whole();
        let without = self.exceptions();
        let case = |within: Vec<Region>, more: Vec<Region>| Case {
            within,
            without: without.iter().cloned().chain(more).collect(),
        };
        let mut within = vec![whole];
        if self.except_origins.contains(&NeverOrigin::Remote) {
            within.push(local());
        }
        let Some(origins) = &self.origins else {
            return vec![case(within, Vec::new())];
        };
        let mut cases = Vec::new();
        if origins.contains(&NeverOrigin::Remote) {
            cases.push(case(within.clone(), vec![local()]));
        }
        let named = patterns::origins(&like(origins));
        if named != Scope::Nothing {
            within.push(Region::everything().with(Dimension::Origin, named));
            cases.push(case(within, Vec::new()));
        }
        cases
    }

    fn whole(&self) -> Region {
        let scope = |scope: Option<Scope>| scope.unwrap_or(Scope::Any);
        let windows = self.windows.as_deref().map(patterns::windows);
        Region::everything()
            .with(Dimension::Command, patterns::commands(&self.commands))
            .with(Dimension::Window, scope(windows))
            .with(Dimension::Path, scope(self.path.as_deref().map(patterns::paths)))
            .with(Dimension::Url, scope(self.url.as_deref().map(patterns::urls)))
            .with(Dimension::Key, scope(self.key.as_deref().map(patterns::keys)))
    }

    fn exceptions(&self) -> Vec<Region> {
        let windows = patterns::windows(&self.except_windows);
        let origins = patterns::origins(&like(&self.except_origins));
        let named = [(Dimension::Window, windows), (Dimension::Origin, origins)];
        let given = named.into_iter().filter(|(_, scope)| *scope != Scope::Nothing);
        given.map(|(dimension, scope)| Region::everything().with(dimension, scope)).collect()
    }
}

fn local() -> Region {
    let scope = patterns::origins(&[OriginPattern::local()]);
    Region::everything().with(Dimension::Origin, scope)
}

fn like(origins: &[NeverOrigin]) -> Vec<OriginPattern> {
    let pattern = |origin: &NeverOrigin| match origin {
        NeverOrigin::Remote => None,
        NeverOrigin::Like(pattern) => Some(pattern.clone()),
    };
    origins.iter().filter_map(pattern).collect()
}
