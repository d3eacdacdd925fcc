//! The tests that a policy holds: calls, and what is expected to become of them. Running them asks
//! the policy just what the broker asks.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use crate::args::Args;
use crate::explain::Outcome;
use crate::names::{CommandName, WindowLabel};
use crate::origin::Origin;
use crate::policy::Policy;
use crate::time::WallTime;
use crate::verdict::{Effect, RuleRef, Verdict};

/// A compiled `[[test]]`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Test {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, in characters, from 1.
    pub column: u32,
    /// The window that calls.
    pub window: WindowLabel,
    /// The origin of its document.
    pub origin: Origin,
    /// The command.
    pub command: CommandName,
    /// The arguments.
    pub args: Args,
    /// The verdict that is expected.
    pub expect: Effect,
    /// The code of the reason, or the id of a capability or permission whose rule is to decide.
    pub because: Option<String>,
    /// When the call is made; at the time of the run where it does not say.
    pub at: Option<WallTime>,
}

/// What came of one test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TestResult {
    /// Whether it is as expected.
    pub passed: bool,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, in characters, from 1.
    pub column: u32,
    /// The call in a sentence: command, window, origin.
    pub call: String,
    /// The verdict that was expected.
    pub expected: Effect,
    /// The verdict.
    pub found: Effect,
    /// What was to decide, where the test says so.
    pub because: Option<String>,
    /// The code of the reason, where the call was denied.
    pub reason: Option<&'static str>,
    /// The rule that decided, or came nearest.
    pub rule: Option<RuleRef>,
    /// Why it did not pass, in a sentence.
    pub problem: Option<String>,
}

/// What came of all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestRun {
    /// Each test, in the order of the files.
    pub results: Vec<TestResult>,
    /// The rules that applied to the call of some test.
    pub touched: Vec<RuleRef>,
    /// The rules that applied to none.
    pub untouched: Vec<RuleRef>,
}

impl TestRun {
    /// Whether all tests passed.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.results.iter().all(|result| result.passed)
    }
}

/// Runs tests against a policy. Those that do not say when are run as of `now`.
#[must_use]
pub fn run(policy: &Policy, tests: &[Test], now: WallTime) -> TestRun {
    let mut touched: BTreeSet<Arc<RuleRef>> = BTreeSet::new();
    let results = tests.iter().map(|test| run_one(policy, test, now, &mut touched)).collect();
    let (hit, missed) = policy.rule_refs().into_iter().partition(|rule| touched.contains(rule));
    TestRun { results, touched: hit, untouched: missed }
}

fn run_one(
    policy: &Policy,
    test: &Test,
    now: WallTime,
    touched: &mut BTreeSet<Arc<RuleRef>>,
) -> TestResult {
    let principal = policy.principal(&test.window, &test.origin, test.at.unwrap_or(now));
    let explained = principal.explain(&test.command, &test.args);
    let applies = explained.steps.iter().filter(|step| step.outcome == Outcome::Applies);
    touched.extend(applies.map(|step| step.rule.clone()));
    let (found, reason) = match &explained.verdict {
        Verdict::Allow(_) => (Effect::Allow, None),
        Verdict::Deny(denial) => (Effect::Deny, Some(denial.reason.code())),
    };
    let rule = explained.verdict.rule().map(|rule| rule.as_ref().clone());
    // An allowed call may have several rules to thank: any of them will do.
    let allowing = explained.steps.iter().filter(|step| step.outcome == Outcome::Applies);
    let deciding: Vec<&RuleRef> = match found {
        Effect::Allow => allowing.map(|step| step.rule.as_ref()).collect(),
        // The allow entry that came nearest has denied nothing.
        Effect::Deny => rule.iter().filter(|rule| rule.effect == Effect::Deny).collect(),
    };
    let because_of = test
        .because
        .as_deref()
        .map(|because| reason == Some(because) || deciding.iter().any(|rule| rule.is_of(because)));
    let problem = problem(test, found, (reason, rule.as_ref()), because_of);
    TestResult {
        passed: problem.is_none(),
        file: test.file.clone(),
        line: test.line,
        column: test.column,
        call: format!("`{}` from window `{}` at {}", test.command, test.window, test.origin),
        expected: test.expect,
        found,
        because: test.because.clone(),
        reason,
        rule,
        problem,
    }
}

/// Why the test did not pass; `as_said` is whether what it gives as the cause was it.
fn problem(
    test: &Test,
    found: Effect,
    (reason, rule): (Option<&'static str>, Option<&RuleRef>),
    as_said: Option<bool>,
) -> Option<String> {
    let word = |effect: Effect| match effect {
        Effect::Allow => "allowed",
        Effect::Deny => "denied",
    };
    let by = || {
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        let rule = rule.map(|rule| format!(": {rule}")).unwrap_or_default();
        format!("{reason}{rule}")
    };
    if found != test.expect {
        let expected = word(test.expect);
        return Some(format!("it is {}, and was to be {expected}{}", word(found), by()));
    }
    let because = test.because.as_deref().filter(|_| as_said == Some(false))?;
    Some(format!("it is {}, but not because of `{because}`{}", word(found), by()))
}
