//! What is said of a rule, in words.

use crate::diagnostics::{Diagnostic, FileText, Place};
use crate::rule::Rule;
use crate::sources::Sources;
use crate::verdict::RuleRef;

/// A thing to say of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Remark {
    /// Its scopes have no call in them.
    Empty(Rest),
    /// All that it allows is denied.
    Unreachable(Rest),
    /// The other one allows all of it.
    Shadowed(RuleRef),
    /// It denies nothing that is allowed.
    Idle,
    /// The other one is the same but for one list.
    Near(RuleRef),
}

/// What is left of an entry that allows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rest {
    Nothing,
    /// It keeps arguments of its commands out of the log, whoever calls.
    Redaction,
}

impl Rest {
    pub(super) fn of(rule: &Rule) -> Self {
        if rule.entry.audit.redact.is_empty() { Self::Nothing } else { Self::Redaction }
    }

    fn removal(self) -> &'static str {
        match self {
            Self::Nothing => "remove it",
            Self::Redaction => "move its `redact` to an entry of the same commands and remove it",
        }
    }
}

impl Remark {
    /// Whether it is about the entry as one capability uses it.
    pub(super) fn is_of_one_use(&self) -> bool {
        match self {
            Self::Empty(_) | Self::Near(_) => false,
            Self::Unreachable(_) | Self::Shadowed(_) | Self::Idle => true,
        }
    }
}

/// The warning.
pub(super) fn diagnostic(remark: &Remark, place: &Place<'_>, sources: &Sources) -> Diagnostic {
    let warning = |code, message: &str| Diagnostic::warning(code, place, message);
    let also = |found: Diagnostic, other: &RuleRef, text: &str| {
        let Some(source) = sources.text(&other.file) else { return found };
        let file = FileText::new(&other.file, source);
        found.also(&Place::of(&file, file.entry_at(other.line, other.column)), text)
    };
    match remark {
        Remark::Empty(rest) => {
            let removal = rest.removal();
            warning("unreachable-rule", "no call is ever within this entry")
                .help(format!("{removal}, or write into its lists what it should allow"))
        }
        Remark::Unreachable(rest) => {
            let removal = rest.removal();
            warning("unreachable-rule", "everything that this entry allows is denied")
                .help(format!("{removal}, or narrow the entry that denies"))
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
