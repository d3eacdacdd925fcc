//! Calls as a log tells them: plain values that a reader of logs fills in, and that [`crate::learn`],
//! [`crate::minimize`] and [`crate::replay`] work on. What is in no log is not made up here.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use sidegate_capabilities::{
    Args, CommandName, Origin, Policy, Principal, RuleRef, Verdict, WallTime, WindowLabel,
};

/// The codes of the reasons for which a policy refuses, as they stand in a log. Whatever else is
/// refused (by a limit, a token, a handler's schema) no capability file would have allowed.
pub const POLICY_REASONS: [&str; 7] = [
    "no-capability",
    "not-granted",
    "denied-by-rule",
    "scope-missing",
    "argument-missing",
    "out-of-scope",
    "argument-invalid",
];

/// A decided call, or a number of like ones that were only counted.
#[derive(Debug, Clone)]
pub struct Logged {
    /// Where it stands.
    pub line: Line,
    /// When it was written, as the log has it.
    pub time: String,
    /// The same, to the second.
    pub at: WallTime,
    /// The version of the policy that decided.
    pub policy: String,
    /// The window that asked.
    pub window: WindowLabel,
    /// The origin of its document.
    pub origin: Origin,
    /// The command.
    pub command: CommandName,
    /// Its arguments.
    pub args: Known,
    /// Whether it was allowed.
    pub allowed: bool,
    /// The code of the reason for a refusal.
    pub reason: Option<String>,
    /// The reason as a sentence.
    pub why: Option<String>,
    /// The rule that decided, as the log has it.
    pub rule: Option<String>,
    /// How many calls it stands for.
    pub count: u64,
}

/// What a log says of a call's arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    /// Nothing: by default a log holds no values.
    Nothing,
    /// All of them.
    All(Args),
    /// All but those under these JSON pointers, which are `null` here.
    But(Args, Vec<String>),
}

/// A record of a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Line {
    /// The log's file.
    #[serde(serialize_with = "as_text")]
    pub log: Arc<str>,
    /// The record's number, which is that of its line.
    pub record: u64,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.log, self.record)
    }
}

impl Logged {
    /// Whether a policy decided it: it was allowed, or refused for one of [`POLICY_REASONS`].
    #[must_use]
    pub fn is_of_policy(&self) -> bool {
        let reason = self.reason.as_deref().unwrap_or_default();
        self.allowed || POLICY_REASONS.contains(&reason)
    }

    /// The arguments, where the log has all of those that name a resource.
    #[must_use]
    pub fn resources(&self) -> Option<&Args> {
        let names_resource = |pointer: &String| {
            let first = pointer.split('/').nth(1).unwrap_or_default();
            matches!(first, "path" | "url" | "key")
        };
        match &self.args {
            Known::All(args) => Some(args),
            Known::But(args, pointers) if !pointers.iter().any(names_resource) => Some(args),
            Known::Nothing | Known::But(..) => None,
        }
    }
}

/// What a policy says of a call of which not everything may be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It allows it, by this rule.
    Allows(String),
    /// It refuses it, for this reason and perhaps by this rule.
    Refuses(&'static str, Option<String>),
    /// It depends on what is not in the log.
    CannotTell,
}

/// A policy that is asked about the calls of a log, each at its own time: what has expired since then
/// had not expired for that call.
pub struct Asked<'p> {
    policy: &'p Policy,
    version: String,
    principals: HashMap<(WindowLabel, String), (Principal, WallTime)>,
}

impl<'p> Asked<'p> {
    /// Asks `policy`.
    #[must_use]
    pub fn new(policy: &'p Policy) -> Self {
        Self { policy, version: policy.version().to_string(), principals: HashMap::new() }
    }

    /// Whether the call was decided by this very policy.
    #[must_use]
    pub fn decided(&self, call: &Logged) -> bool {
        call.policy == self.version
    }

    /// The principal of the call.
    pub fn principal(&mut self, call: &Logged) -> Principal {
        let resolve = || (self.policy.principal(&call.window, &call.origin, call.at), call.at);
        let key = (call.window.clone(), call.origin.to_string());
        let (known, since) = self.principals.entry(key).or_insert_with(resolve);
        let holds = *since <= call.at && known.until().is_none_or(|until| call.at < until);
        if !holds {
            (*known, *since) = resolve();
        }
        known.clone()
    }

    /// What the policy says of `call`.
    pub fn ask(&mut self, call: &Logged) -> Answer {
        let principal = self.principal(call);
        match &call.args {
            Known::All(args) => answer(&principal.decide(&call.command, args)),
            Known::But(args, _) if call.resources().is_some() && !self.has_schema(call) => {
                answer(&principal.decide(&call.command, args))
            }
            Known::Nothing | Known::But(..) => self.without_values(&principal, &call.command),
        }
    }

    /// What can be said whatever the arguments are: that no entry names the command, or that one
    /// denies it altogether.
    fn without_values(&self, principal: &Principal, command: &CommandName) -> Answer {
        let none = Args::empty();
        let verdict = principal.decide(command, &none);
        let Verdict::Deny(denial) = &verdict else {
            return Answer::CannotTell;
        };
        let whole = match denial.reason.code() {
            "no-capability" | "not-granted" => true,
            "denied-by-rule" => denial.rule.as_deref().is_some_and(|rule| self.denies_all(rule)),
            _ => false,
        };
        if whole { answer(&verdict) } else { Answer::CannotTell }
    }

    /// Whether a deny entry denies its commands whatever their arguments are.
    fn denies_all(&self, rule: &RuleRef) -> bool {
        let entries = self.policy.outline().into_iter().flat_map(|found| found.deny);
        entries.into_iter().any(|entry| {
            let free = [&entry.path, &entry.url, &entry.key].iter().all(|scope| scope.is_none());
            entry.rule == *rule && free && entry.args.is_none()
        })
    }

    fn has_schema(&self, call: &Logged) -> bool {
        let entries = self.policy.outline().into_iter().flat_map(|found| [found.allow, found.deny]);
        entries.flatten().any(|entry| {
            entry.args.is_some()
                && entry
                    .commands
                    .iter()
                    .any(|pattern| crate::scopes::text_fits(pattern, call.command.as_str()))
        })
    }
}

fn answer(verdict: &Verdict) -> Answer {
    let rule = verdict.rule().map(ToString::to_string);
    match verdict {
        Verdict::Allow(_) => Answer::Allows(rule.unwrap_or_default()),
        Verdict::Deny(denial) => Answer::Refuses(denial.reason.code(), rule),
    }
}

/// A rule as a log names it, without its file and line: those change when a file is edited.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleName(String);

impl RuleName {
    /// From `file:line (capability `a`, permission `b`, allow 1)`.
    #[must_use]
    pub fn of_log(text: &str) -> Option<Self> {
        let at = text.rfind(" (capability ")?;
        Some(Self(text.get(at..)?.to_owned()))
    }

    /// Of a rule of a policy.
    #[must_use]
    pub fn of(rule: &RuleRef) -> Option<Self> {
        Self::of_log(&rule.to_string())
    }
}

fn as_text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}
