//! What an import comes to: text, names, and where it is not what it was.

use std::collections::BTreeMap;

use serde::Serialize;

/// An app's files in our language.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Import {
    /// The capability file.
    pub text: String,
    /// Our names of Tauri's commands.
    pub commands: BTreeMap<String, String>,
    /// Every deliberate difference, once.
    pub differences: Vec<Difference>,
}

/// A place where the import is not what the app's files are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// How the import stands to the original.
    pub kind: Kind,
    /// A stable name for what differs.
    pub code: &'static str,
    /// The capability, where it is about one.
    pub capability: Option<String>,
    /// What was written: a permission, a command, a pattern.
    pub subject: String,
    /// A sentence.
    pub message: String,
}

/// How an import stands to the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// It allows calls that the original does not.
    Wider,
    /// It allows fewer calls.
    Narrower,
    /// The same is said in other words.
    Renamed,
}

impl Kind {
    /// As in the report.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Wider => "wider",
            Self::Narrower => "narrower",
            Self::Renamed => "renamed",
        }
    }
}
