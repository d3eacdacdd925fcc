//! Whether a call that is allowed has to be put to the person first, and how often. Who asks, and
//! what becomes of the answer, is the broker's: here is only what the policy wants.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::verdict::RuleRef;

/// How often the person is asked; in order, the one that asks more often first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum AskWhen {
    /// Before each call.
    #[serde(rename = "each call")]
    EachCall,
    /// Before the first such call of a document; a page that is loaded anew asks again.
    #[serde(rename = "each session")]
    EachSession,
    /// Before the first such call of a window, for good.
    #[serde(rename = "once")]
    Once,
}

impl AskWhen {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::EachCall, Self::EachSession, Self::Once];

    /// As it stands in a capability file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::EachCall => "each call",
            Self::EachSession => "each session",
            Self::Once => "once",
        }
    }

    /// The one that is written so.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|when| when.word() == word)
    }
}

impl fmt::Display for AskWhen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The `ask` of an allow entry as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenAsk {
    pub(crate) when: AskWhen,
    pub(crate) text: Option<String>,
}

/// The `ask` of a compiled allow entry.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AskRule {
    pub(crate) when: AskWhen,
    pub(crate) text: Option<String>,
    /// What the entry is about, in one text: to tell it from what it was before a change.
    pub(crate) terms: String,
}

/// As it is written: the terms repeat what the entry around it says.
impl fmt::Debug for AskRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AskRule").field("when", &self.when).field("text", &self.text).finish()
    }
}

/// What a permit says of asking: of the entries that match the call, the one that asks most often;
/// of several such the first in the order of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    rule: Arc<RuleRef>,
    said: Arc<AskRule>,
}

impl Ask {
    pub(crate) fn new(rule: Arc<RuleRef>, said: Arc<AskRule>) -> Self {
        Self { rule, said }
    }

    /// How often.
    #[must_use]
    pub fn when(&self) -> AskWhen {
        self.said.when
    }

    /// What the policy's author has the person asked, where they wrote something.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.said.text.as_deref()
    }

    /// The entry that wants it.
    #[must_use]
    pub fn rule(&self) -> &Arc<RuleRef> {
        &self.rule
    }

    /// What the entry is about: its commands, scopes, schema and its `ask`. The same text in another
    /// policy means that a yes still stands for what it was given for, wherever the entry has moved.
    #[must_use]
    pub fn terms(&self) -> &str {
        &self.said.terms
    }
}
