//! How a verdict was reached, rule by rule, for people and for programs.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::ask::Ask;
use crate::names::{CommandName, WindowLabel};
use crate::nearest::NearMiss;
use crate::origin::Origin;
use crate::rule::Rule;
use crate::verdict::{Effect, RuleRef, Verdict};

/// A verdict and the way to it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explanation {
    /// The window that asked.
    pub window: WindowLabel,
    /// The origin of its document.
    pub origin: Origin,
    /// The command.
    pub command: CommandName,
    /// The very verdict of [`crate::Principal::decide`].
    pub verdict: Verdict<'static>,
    /// The rules that name the command, the deny entries first and then in the order of the files.
    /// Where a deny entry applies, no allow entry was looked at.
    pub steps: Vec<Step>,
    /// For a refusal, what came closest; said by [`crate::Policy::explain`] alone.
    pub nearest: Option<NearMiss>,
}

/// One rule, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// The rule.
    #[serde(serialize_with = "by_value")]
    pub rule: Arc<RuleRef>,
    /// Whether it applies.
    pub outcome: Outcome,
    /// Why, in a sentence.
    pub text: String,
}

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The rule applies to the call.
    Applies,
    /// The rule does not.
    Passes,
}

/// Sees each rule as it is looked at: in no order, and some twice.
pub(crate) trait Watch {
    /// `place` is that of the rule in the order of the files.
    fn saw(&mut self, rule: &Rule, place: usize, outcome: Outcome, text: impl FnOnce() -> String);
}

/// Nobody watches: a decision that nobody asked to explain pays nothing for it.
pub(crate) struct Silent;

/// Keeps every step.
#[derive(Default)]
pub(crate) struct Steps(BTreeMap<(Reverse<Effect>, usize), Step>);

impl Steps {
    /// Deny entries first, then in the order of the files; each once.
    pub(crate) fn in_order(self) -> Vec<Step> {
        self.0.into_values().collect()
    }
}

impl Watch for Silent {
    fn saw(&mut self, _: &Rule, _: usize, _: Outcome, _: impl FnOnce() -> String) {}
}

impl Watch for Steps {
    fn saw(&mut self, rule: &Rule, place: usize, outcome: Outcome, text: impl FnOnce() -> String) {
        let rule = rule.reference.clone();
        let order = (Reverse(rule.effect), place);
        self.0.entry(order).or_insert_with(|| Step { rule, outcome, text: text() });
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { window, origin, command, verdict, steps, nearest } = self;
        let word = if verdict.is_allowed() { "allowed" } else { "denied" };
        writeln!(f, "{word}: `{command}` from window `{window}` at {origin}")?;
        for step in steps {
            let mark = match step.outcome {
                Outcome::Applies => "applies",
                Outcome::Passes => "passes over",
            };
            writeln!(f, "  {} {mark}: {}", step.rule, step.text)?;
        }
        match verdict {
            Verdict::Allow(permit) => {
                writeln!(f, "because of {}", permit.rule)?;
                let Some(ask) = &permit.ask else { return Ok(()) };
                writeln!(f, "asks the person first ({}): {}", ask.when(), ask.rule())
            }
            Verdict::Deny(denial) => {
                match &denial.rule {
                    Some(rule) => writeln!(f, "because {}: {rule}", denial.reason)?,
                    None => writeln!(f, "because {}", denial.reason)?,
                }
                let Some(near) = nearest else {
                    return writeln!(f, "help: {}", denial.help);
                };
                match &near.rule {
                    Some(rule) => writeln!(f, "nearest: {rule}: {}", near.text)?,
                    None => writeln!(f, "nearest: {}", near.text)?,
                }
                match (&near.edit, &near.refused) {
                    (Some(edit), _) => writeln!(f, "help: {edit}"),
                    (None, Some(why)) => writeln!(f, "help: `check` takes no edit for it: {why}"),
                    (None, None) => writeln!(f, "help: {}", denial.help),
                }
            }
        }
    }
}

/// Stable keys: `window`, `origin`, `command`, `verdict` (`"allow"` or `"deny"`), `rule`, `code`,
/// `reason`, `help` and `nearest` (`null` when allowed), `ask` (how often the person is asked before
/// an allowed call, `null` where they are not), `steps`.
impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let denial = match &self.verdict {
            Verdict::Allow(_) => None,
            Verdict::Deny(denial) => Some(denial),
        };
        let ask = match &self.verdict {
            Verdict::Allow(permit) => permit.ask.as_ref().map(Ask::when),
            Verdict::Deny(_) => None,
        };
        let mut out = serializer.serialize_struct("Explanation", 11)?;
        out.serialize_field("window", self.window.as_str())?;
        out.serialize_field("origin", &self.origin.to_string())?;
        out.serialize_field("command", self.command.as_str())?;
        out.serialize_field("verdict", if denial.is_none() { "allow" } else { "deny" })?;
        out.serialize_field("rule", &self.verdict.rule().map(AsRef::as_ref))?;
        out.serialize_field("code", &denial.map(|denial| denial.reason.code()))?;
        out.serialize_field("reason", &denial.map(|denial| denial.reason.to_string()))?;
        out.serialize_field("help", &denial.map(|denial| denial.help.as_str()))?;
        out.serialize_field("ask", &ask)?;
        out.serialize_field("steps", &self.steps)?;
        out.serialize_field("nearest", &self.nearest)?;
        out.end()
    }
}

/// As the rule itself: that it is shared is nobody's business outside.
fn by_value<S: Serializer>(rule: &Arc<RuleRef>, serializer: S) -> Result<S::Ok, S::Error> {
    rule.as_ref().serialize(serializer)
}
