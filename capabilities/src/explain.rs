//! How a verdict was reached, rule by rule, for people and for programs.

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::names::{CommandName, WindowLabel};
use crate::origin::Origin;
use crate::rule::Rule;
use crate::verdict::{RuleRef, Verdict};

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
    pub verdict: Verdict,
    /// Every rule that names the command, in the order they were looked at.
    pub steps: Vec<Step>,
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

/// Sees each rule as it is looked at.
pub(crate) trait Watch {
    fn saw(&mut self, rule: &Rule, outcome: Outcome, text: impl FnOnce() -> String);
}

/// Nobody watches: a decision that nobody asked to explain pays nothing for it.
pub(crate) struct Silent;

/// Keeps every step.
#[derive(Default)]
pub(crate) struct Steps(pub(crate) Vec<Step>);

impl Watch for Silent {
    fn saw(&mut self, _: &Rule, _: Outcome, _: impl FnOnce() -> String) {}
}

impl Watch for Steps {
    fn saw(&mut self, rule: &Rule, outcome: Outcome, text: impl FnOnce() -> String) {
        self.0.push(Step { rule: rule.reference.clone(), outcome, text: text() });
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { window, origin, command, verdict, steps } = self;
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
            Verdict::Allow(permit) => writeln!(f, "because of {}", permit.rule),
            Verdict::Deny(denial) => {
                match &denial.rule {
                    Some(rule) => writeln!(f, "because {}: {rule}", denial.reason)?,
                    None => writeln!(f, "because {}", denial.reason)?,
                }
                writeln!(f, "help: {}", denial.help)
            }
        }
    }
}

/// Stable keys: `window`, `origin`, `command`, `verdict` (`"allow"` or `"deny"`), `rule`, `code`,
/// `reason` and `help` (`null` when allowed), `steps`.
impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let denial = match &self.verdict {
            Verdict::Allow(_) => None,
            Verdict::Deny(denial) => Some(denial),
        };
        let mut out = serializer.serialize_struct("Explanation", 9)?;
        out.serialize_field("window", self.window.as_str())?;
        out.serialize_field("origin", &self.origin.to_string())?;
        out.serialize_field("command", self.command.as_str())?;
        out.serialize_field("verdict", if denial.is_none() { "allow" } else { "deny" })?;
        out.serialize_field("rule", &self.verdict.rule().map(AsRef::as_ref))?;
        out.serialize_field("code", &denial.map(|denial| denial.reason.code()))?;
        out.serialize_field("reason", &denial.map(|denial| denial.reason.to_string()))?;
        out.serialize_field("help", &denial.map(|denial| denial.help.as_str()))?;
        out.serialize_field("steps", &self.steps)?;
        out.end()
    }
}

/// As the rule itself: that it is shared is nobody's business outside.
fn by_value<S: Serializer>(rule: &Arc<RuleRef>, serializer: S) -> Result<S::Ok, S::Error> {
    rule.as_ref().serialize(serializer)
}
