//! The nearest miss of a refused call: the rule that came closest, what failed, and the smallest edit
//! of the policy that would allow the call.
//!
//! It is for whoever writes the policy and asks about a call of their own: an edit repeats the
//! resources that the call names, so it never goes to a log or to a page. Other arguments are never
//! repeated. Whether the edit is a good idea is the author's to say.

mod literal;
mod refusal;
mod search;

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::verdict::RuleRef;

pub(crate) use search::Question;

/// What whoever adds a window or an origin should know before they do.
const ALL_OF_IT: &str = ", with all else that it grants";

/// The rule that came closest to allowing a call, and what it would take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NearMiss {
    /// The allow entry that came closest, or the deny entry that applies; `None` where the policy
    /// has no allow entry at all.
    pub rule: Option<RuleRef>,
    /// What failed: one condition, unless no rule came that near.
    pub failed: Vec<Condition>,
    /// The same in a sentence.
    pub text: String,
    /// The smallest edit that would allow the call, where one edit does that the policy compiles with.
    pub edit: Option<Edit>,
    /// Why no edit is proposed although one would allow the call: the policy would not compile with it.
    pub refused: Option<String>,
}

/// A condition of a rule, or of its capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Condition {
    /// The capability has expired.
    Expires,
    /// The path is not in the entry's scope.
    Path,
    /// The URL is not in the entry's scope.
    Url,
    /// The key is not in the entry's scope.
    Key,
    /// The schema refuses the arguments.
    Args,
    /// The capability is not for the origin.
    Origins,
    /// The capability is not for the window.
    Windows,
    /// The entry does not name the command.
    Commands,
    /// A deny entry applies.
    Deny,
}

/// One edit of a policy. `Display` is a sentence with the text to type.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Edit {
    /// One more pattern in a list of an entry.
    Pattern {
        /// The entry.
        rule: RuleRef,
        /// The list: `commands`, `path`, `url` or `key`.
        list: &'static str,
        /// The pattern.
        value: String,
    },
    /// One more window of a capability.
    Window {
        /// Its id.
        capability: String,
        /// The window's label.
        value: String,
    },
    /// One more origin of a capability.
    Origin {
        /// Its id.
        capability: String,
        /// All of its origins, with the new one last.
        origins: Vec<String>,
    },
    /// A capability that has expired holds again.
    Expiry {
        /// Its id.
        capability: String,
    },
    /// A new entry in the `allow` of a capability.
    Entry {
        /// Its id.
        capability: String,
        /// The entry, as TOML.
        entry: String,
    },
    /// A new capability.
    Capability {
        /// The capability, as TOML.
        text: String,
    },
    /// A deny entry less.
    Removal {
        /// The deny entry.
        rule: RuleRef,
    },
}

impl Edit {
    /// A stable name for the kind of edit.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Pattern { .. } => "pattern",
            Self::Window { .. } => "window",
            Self::Origin { .. } => "origin",
            Self::Expiry { .. } => "expiry",
            Self::Entry { .. } => "entry",
            Self::Capability { .. } => "capability",
            Self::Removal { .. } => "removal",
        }
    }

    /// What is typed, as TOML; `None` where something is taken away.
    #[must_use]
    pub fn toml(&self) -> Option<String> {
        match self {
            Self::Pattern { value, .. } | Self::Window { value, .. } => Some(quoted(value)),
            Self::Origin { origins, .. } => {
                let origins: Vec<_> = origins.iter().map(|origin| quoted(origin)).collect();
                Some(format!("origins = [{}]", origins.join(", ")))
            }
            Self::Entry { entry, .. } => Some(entry.clone()),
            Self::Capability { text } => Some(text.clone()),
            Self::Expiry { .. } | Self::Removal { .. } => None,
        }
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = self.toml().unwrap_or_default();
        match self {
            Self::Pattern { rule, list, .. } => {
                write!(f, "add `{typed}` to `{list}` of the entry at {rule}")
            }
            Self::Window { capability, .. } => {
                write!(f, "add `{typed}` to `windows` of the capability `{capability}`{ALL_OF_IT}")
            }
            Self::Origin { capability, .. } => {
                write!(f, "write `{typed}` in the capability `{capability}`{ALL_OF_IT}")
            }
            Self::Expiry { capability } => {
                write!(f, "put off `expires` of the capability `{capability}`, or remove it")
            }
            Self::Entry { capability, .. } => {
                write!(f, "add `{typed}` to `allow` of the capability `{capability}`")
            }
            Self::Capability { .. } => write!(f, "add a capability:\n\n{typed}"),
            Self::Removal { rule } => write!(f, "narrow the entry at {rule}, or remove it"),
        }
    }
}

/// Stable keys: `kind`, `text` (the sentence), `toml` (what is typed, or `null`), `list`,
/// `capability` and `rule` (`null` where the edit has none).
impl Serialize for Edit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (list, capability, rule) = match self {
            Self::Pattern { rule, list, .. } => (Some(*list), Some(&rule.capability), Some(rule)),
            Self::Window { capability, .. } => (Some("windows"), Some(capability), None),
            Self::Origin { capability, .. } => (Some("origins"), Some(capability), None),
            Self::Expiry { capability } => (None, Some(capability), None),
            Self::Entry { capability, .. } => (Some("allow"), Some(capability), None),
            Self::Capability { .. } => (None, None, None),
            Self::Removal { rule } => (None, Some(&rule.capability), Some(rule)),
        };
        let mut out = serializer.serialize_map(Some(6))?;
        out.serialize_entry("kind", self.kind())?;
        out.serialize_entry("text", &self.to_string())?;
        out.serialize_entry("toml", &self.toml())?;
        out.serialize_entry("list", &list)?;
        out.serialize_entry("capability", &capability)?;
        out.serialize_entry("rule", &rule)?;
        out.end()
    }
}

/// A TOML basic string. The names of files may have quotes and backslashes; what else TOML would
/// have escaped is in no pattern.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests;
