//! What a decision says: the verdict, what a permit carries on to the handler, and why a call was
//! refused. How it was reached is said by [`crate::Explanation`].

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use url::Url;

use crate::ask::Ask;
use crate::audit_rule::AuditPermit;
use crate::limits::Limits;
use crate::result::ResultFilter;

/// The answer to one call.
#[must_use]
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a box would take memory for each allowed call")]
pub enum Verdict<'a> {
    /// The call may run, as the permit says.
    Allow(Permit<'a>),
    /// The call may not run.
    Deny(Denial),
}

impl Verdict<'_> {
    /// The same, without a hold on the arguments.
    pub fn into_owned(self) -> Verdict<'static> {
        match self {
            Self::Allow(permit) => Verdict::Allow(permit.into_owned()),
            Self::Deny(denial) => Verdict::Deny(denial),
        }
    }

    /// Whether the call may run.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// The rule that decided, or the one that came nearest.
    #[must_use]
    pub fn rule(&self) -> Option<&Arc<RuleRef>> {
        match self {
            Self::Allow(permit) => Some(&permit.rule),
            Self::Deny(denial) => denial.rule.as_ref(),
        }
    }
}

/// Leave for one call. Nothing outside this crate can make one.
///
/// What it says of the arguments it borrows from them, so that to allow a call takes no memory
/// (but for a URL, which is parsed into a text of its own). [`Permit::into_owned`] is for who has to
/// keep it longer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Permit<'a> {
    /// The allow entry that matched (the first in the order of the files, where several did).
    pub rule: Arc<RuleRef>,
    /// The argument `path`, as a place beneath a directory.
    pub path: Option<PathGrant<'a>>,
    /// The argument `url`, parsed.
    pub url: Option<Url>,
    /// The argument `key`.
    pub key: Option<Cow<'a, str>>,
    /// The tightest limits over the allow entries that name the command.
    pub limits: Limits,
    /// Whether the person is to be asked before the call runs, as the strictest of the entries that
    /// matched has it. A permit alone is no leave then.
    pub ask: Option<Ask>,
    /// What is kept back of the result, by all of the entries that matched.
    pub result: ResultFilter,
    /// What the audit log gets of the call, by all of the entries that matched.
    pub audit: AuditPermit,
}

impl Permit<'_> {
    /// The same, without a hold on the arguments.
    #[must_use]
    pub fn into_owned(self) -> Permit<'static> {
        Permit {
            path: self.path.map(PathGrant::into_owned),
            key: self.key.map(|key| Cow::Owned(key.into_owned())),
            rule: self.rule,
            url: self.url,
            limits: self.limits,
            ask: self.ask,
            result: self.result,
            audit: self.audit,
        }
    }
}

/// A path as a place beneath a directory: what a handler opens relative to a directory handle, and
/// never as one string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathGrant<'a> {
    base: Arc<Path>,
    relative: Cow<'a, str>,
    pattern: Arc<str>,
}

impl<'a> PathGrant<'a> {
    pub(crate) fn new(base: Arc<Path>, relative: Cow<'a, str>, pattern: Arc<str>) -> Self {
        Self { base, relative, pattern }
    }

    /// The longest literal directory of the pattern that matched: absolute, canonical.
    #[must_use]
    pub fn base(&self) -> &Path {
        &self.base
    }

    /// The way from the base: names joined by `/`, none of them empty, `.` or `..`. Empty where
    /// the path is the base itself.
    #[must_use]
    pub fn relative(&self) -> &str {
        &self.relative
    }

    /// The pattern that matched, as written.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The same, without a hold on the arguments.
    #[must_use]
    pub fn into_owned(self) -> PathGrant<'static> {
        PathGrant { relative: Cow::Owned(self.relative.into_owned()), ..self }
    }
}

/// Why one call may not run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denial {
    /// The reason.
    pub reason: Reason,
    /// The deny entry that applied, or the allow entry that came nearest.
    pub rule: Option<Arc<RuleRef>>,
    /// What would allow the call. For developers: a page never sees it.
    pub help: String,
}

/// The reasons of a denial. `Display` is one lower-case sentence; [`Reason::code`] never changes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// No capability names the window and the origin together.
    #[error("no capability applies to this window and origin")]
    NoCapability,
    /// No allow entry names the command.
    #[error("no capability of this window allows the command")]
    NotGranted,
    /// A deny entry applies.
    #[error("a deny entry applies")]
    DeniedByRule,
    /// The call names a resource, and the entry that allows the command allows no such resource.
    #[error(
        "the argument `{argument}` names a resource, and no entry with a scope for it allows the command"
    )]
    ScopeMissing {
        /// The argument.
        argument: &'static str,
    },
    /// Every entry that allows the command wants the argument, and the call has none.
    #[error("the command is allowed only with the argument `{argument}`")]
    ArgumentMissing {
        /// The argument.
        argument: &'static str,
    },
    /// The resource lies outside of every scope.
    #[error("the argument `{argument}` is outside of what is allowed")]
    OutOfScope {
        /// The argument.
        argument: &'static str,
    },
    /// An argument is malformed, or the policy's schema refuses it.
    #[error("{} not valid: {message}", at(pointer))]
    ArgumentInvalid {
        /// The JSON pointer of the argument; empty for the arguments as a whole.
        pointer: String,
        /// What is wrong with it; never its value.
        message: String,
    },
}

impl Reason {
    /// Every code there is.
    pub(crate) const CODES: [&'static str; 7] = [
        "no-capability",
        "not-granted",
        "denied-by-rule",
        "scope-missing",
        "argument-missing",
        "out-of-scope",
        "argument-invalid",
    ];

    /// A stable name, for logs and programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCapability => "no-capability",
            Self::NotGranted => "not-granted",
            Self::DeniedByRule => "denied-by-rule",
            Self::ScopeMissing { .. } => "scope-missing",
            Self::ArgumentMissing { .. } => "argument-missing",
            Self::OutOfScope { .. } => "out-of-scope",
            Self::ArgumentInvalid { .. } => "argument-invalid",
        }
    }
}

fn at(pointer: &str) -> String {
    if pointer.is_empty() {
        "the arguments are".to_owned()
    } else {
        format!("the argument at `{pointer}` is")
    }
}

/// Whether an entry allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// An entry of an `allow` list.
    Allow,
    /// An entry of a `deny` list.
    Deny,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        })
    }
}

/// Where a rule stands: an entry of a capability, or of a permission that the capability uses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct RuleRef {
    /// The capability that grants or denies.
    pub capability: String,
    /// The permission that holds the entry, where it is not the capability's own.
    pub permission: Option<String>,
    /// Allow or deny.
    pub effect: Effect,
    /// The place of the entry in its list, from 1.
    pub index: u32,
    /// The file of the entry.
    pub file: String,
    /// The line of the entry, from 1.
    pub line: u32,
    /// The column of the entry, in characters, from 1.
    pub column: u32,
    /// All of it: each call's record has it.
    #[serde(skip)]
    text: Box<str>,
}

impl RuleRef {
    /// The rule of a capability, or of a permission that it uses, by its place in the list and in the
    /// file.
    pub(crate) fn new(
        (capability, permission): (&str, Option<&str>),
        (effect, index): (Effect, u32),
        (file, line, column): (&str, u32, u32),
    ) -> Self {
        let of = permission.map(|id| format!(", permission `{id}`")).unwrap_or_default();
        let text = format!("{file}:{line} (capability `{capability}`{of}, {effect} {index})");
        Self {
            capability: capability.to_owned(),
            permission: permission.map(str::to_owned),
            effect,
            index,
            file: file.to_owned(),
            line,
            column,
            text: text.into(),
        }
    }

    /// The same rule at another place of its file: to compare what two spellings of a file say.
    #[must_use]
    pub fn moved_to(&self, line: u32, column: u32) -> Self {
        let whose = (&*self.capability, self.permission.as_deref());
        Self::new(whose, (self.effect, self.index), (&self.file, line, column))
    }

    /// Where it stands, in words: `file:line (…)`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is of the capability or the permission of this id.
    pub(crate) fn is_of(&self, id: &str) -> bool {
        self.capability == id || self.permission.as_deref() == Some(id)
    }
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_sentences() {
        let invalid = |pointer: &str| Reason::ArgumentInvalid {
            pointer: pointer.to_owned(),
            message: "too long".to_owned(),
        };
        #[rustfmt::skip]
        let cases = [
            (Reason::NoCapability, "no-capability", "no capability applies to this window and origin"),
            (Reason::NotGranted, "not-granted", "no capability of this window allows the command"),
            (Reason::DeniedByRule, "denied-by-rule", "a deny entry applies"),
            (Reason::ScopeMissing { argument: "path" }, "scope-missing", "the argument `path` names a resource, and no entry with a scope for it allows the command"),
            (Reason::ArgumentMissing { argument: "url" }, "argument-missing", "the command is allowed only with the argument `url`"),
            (Reason::OutOfScope { argument: "key" }, "out-of-scope", "the argument `key` is outside of what is allowed"),
            (invalid("/n"), "argument-invalid", "the argument at `/n` is not valid: too long"),
            (invalid(""), "argument-invalid", "the arguments are not valid: too long"),
        ];
        for (reason, code, sentence) in cases {
            assert_eq!((reason.code(), reason.to_string().as_str()), (code, sentence));
        }
    }

    #[test]
    fn a_rule_is_named_by_its_place() {
        for (permission, text) in [
            (None, "p.toml:5 (capability `c`, deny 2)"),
            (Some("q"), "p.toml:5 (capability `c`, permission `q`, deny 2)"),
        ] {
            let rule = RuleRef::new(("c", permission), (Effect::Deny, 2), ("p.toml", 5, 3));
            assert_eq!((rule.as_str(), rule.to_string().as_str()), (text, text));
        }
    }
}
