//! Refusals: every way in which a call can end before its handler, who is to blame, what the
//! host it came from has to expect, and the one table of what its page may learn.

use std::sync::Arc;

use serde::Serialize;
use sidegate_capabilities::{Denial, RuleRef};

use super::ask::Unconfirmed;
use crate::confined::FileError;
use crate::handler::HandlerError;
use crate::session::{Impostor, No, NotDelegated, Outside};
use crate::streams::Forged;
use crate::token::CaveatKind;

/// Why a call was refused, for the log and the developer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The message is not in the form of a call.
    #[error("the message is not in the form of a call")]
    Malformed,
    /// The token does not stand for whoever showed it.
    #[error(transparent)]
    Impostor(Impostor),
    /// A step of a stream that nobody had given credit for.
    #[error(transparent)]
    Forged(#[from] Forged),
    /// A token was to be narrowed, and was not.
    #[error("nothing was delegated: {0}")]
    NotDelegated(#[from] NotDelegated),
    /// The call's JSON is not one that this broker reads.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// A document that has not shown which origin it is of reached for something.
    #[error("the document that asks has shown no origin that a policy could name")]
    Unproved,
    /// A limit.
    #[error(transparent)]
    Limited(Limited),
    /// The session, or the token, was revoked.
    #[error("the token that the call was made with was revoked")]
    Revoked,
    /// The policy says yes, and a caveat of the token no.
    #[error(transparent)]
    Outside(Outside),
    /// The broker goes down, and starts nothing any more.
    #[error("the broker goes down")]
    Closing,
    /// The policy says no.
    #[error("{}", .0.reason)]
    Denied(Denial),
    /// The policy says yes if the person does, and they have not.
    #[error(transparent)]
    Unconfirmed(#[from] Unconfirmed),
    /// The policy says yes to a command that nobody answers.
    #[error("no handler is registered for this command")]
    NoHandler,
    /// The policy says yes to an address for which the app has no window.
    #[error("no template of the manifest takes this address")]
    NoTemplate,
    /// The arguments do not fit the handler's schema.
    #[error("the argument at `{pointer}` does not fit: {problem}")]
    Invalid {
        /// A JSON pointer into the arguments; empty for the arguments as a whole.
        pointer: String,
        /// What is wrong, without the value.
        problem: String,
    },
    /// The command needs a resource, and the call named none.
    #[error("the command needs a `{argument}` and the call has none")]
    NoResource {
        /// The argument.
        argument: &'static str,
    },
    /// The directory that the grant leads to cannot be opened.
    #[error("the granted directory cannot be opened: {0}")]
    Base(FileError),
    /// What the call named turned out, when it was opened, to lead where no grant leads.
    #[error("the resource was withheld when it was opened: {why}")]
    Withheld {
        /// The rule that had allowed the call.
        rule: Arc<RuleRef>,
        /// What was found.
        why: String,
    },
    /// The log could not be written, and what is not in the log does not happen.
    #[error("the audit log cannot be written: {0}")]
    Unrecorded(String),
}

/// Which limit a call ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Limited {
    #[error("the window calls this command more often than its `rate` allows")]
    Rate,
    #[error("as many calls of this command are in flight as its `in_flight` allows")]
    CommandInFlight,
    #[error("as many calls of this document are in flight as any document may have")]
    DocumentInFlight,
    #[error("the call has more bytes than its `bytes` allows")]
    Bytes,
}

impl From<Outside> for Refusal {
    fn from(outside: Outside) -> Self {
        Self::Outside(outside)
    }
}

impl From<No> for Refusal {
    fn from(no: No) -> Self {
        match no {
            No::Denied(denial) => Self::Denied(denial),
            No::Outside(outside) => Self::Outside(outside),
        }
    }
}

impl From<Limited> for Refusal {
    fn from(limited: Limited) -> Self {
        Self::Limited(limited)
    }
}

/// What is wrong with a call's JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the call is not JSON that is accepted here: {0}")]
    Json(String),
    #[error("the call's envelope is wrong: {0}")]
    Envelope(&'static str),
    #[error("the call's command is not a name: {0}")]
    Name(String),
}

/// What a host has to expect after one of its messages was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consequence {
    /// Nothing: pages make mistakes, and pages attack.
    None,
    /// It counts towards [`crate::host::MAX_BAD_TOKENS`]: an honest bridge shows no such token.
    BadToken,
    /// The host is ended: it showed what only another host can have been given.
    Kill,
    /// The host is ended: it went on with a stream without the credit to do so.
    Overdrawn,
}

impl Refusal {
    pub(crate) fn consequence(&self) -> Consequence {
        match self {
            Self::Malformed | Self::Impostor(Impostor::Unknown) => Consequence::BadToken,
            Self::Impostor(Impostor::OtherHost) => Consequence::Kill,
            Self::Forged(_) => Consequence::Overdrawn,
            Self::Impostor(
                Impostor::OtherWindow
                | Impostor::OtherDocument
                | Impostor::Expired
                | Impostor::Replayed,
            )
            | Self::NotDelegated(_)
            | Self::Unreadable(_)
            | Self::Unproved
            | Self::Limited(_)
            | Self::Revoked
            | Self::Outside(_)
            | Self::Closing
            | Self::Denied(_)
            | Self::Unconfirmed(_)
            | Self::NoHandler
            | Self::NoTemplate
            | Self::Invalid { .. }
            | Self::NoResource { .. }
            | Self::Base(_)
            | Self::Withheld { .. }
            | Self::Unrecorded(_) => Consequence::None,
        }
    }

    /// A stable word for the log.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Impostor(impostor) => match impostor {
                Impostor::Unknown => "token-unknown",
                Impostor::OtherHost => "token-of-another-host",
                Impostor::OtherWindow => "token-of-another-window",
                Impostor::OtherDocument => "token-of-another-document",
                Impostor::Expired => "token-expired",
                Impostor::Replayed => "replay",
            },
            Self::Forged(_) => "no-credit",
            Self::NotDelegated(_) => "not-delegated",
            Self::Unreadable(_) => "unreadable",
            Self::Unproved => "origin-unproved",
            Self::Limited(limited) => match limited {
                Limited::Rate => "rate",
                Limited::CommandInFlight | Limited::DocumentInFlight => "in-flight",
                Limited::Bytes => "bytes",
            },
            Self::Revoked => "revoked",
            Self::Outside(outside) => caveat_code(outside.kind()),
            Self::Closing => "closing",
            Self::Denied(denial) => denial.reason.code(),
            Self::Unconfirmed(why) => match why {
                Unconfirmed::Nobody => "ask-nobody",
                Unconfirmed::Power => "ask-power",
                Unconfirmed::No => "ask-no",
                Unconfirmed::Unanswered => "ask-unanswered",
                Unconfirmed::Unasked => "ask-unasked",
                Unconfirmed::TooMany => "ask-busy",
                Unconfirmed::WornOut => "ask-worn-out",
                Unconfirmed::Overtaken => "ask-overtaken",
            },
            Self::NoHandler => "no-handler",
            Self::NoTemplate => "no-template",
            Self::Invalid { .. } => "invalid",
            Self::NoResource { .. } => "no-resource",
            Self::Base(_) => "base",
            Self::Withheld { .. } => "withheld",
            Self::Unrecorded(_) => "audit-unavailable",
        }
    }

    /// The step that refused.
    pub(super) fn stage(&self) -> &'static str {
        match self {
            Self::Malformed => "receive",
            Self::Impostor(_) | Self::Forged(_) | Self::Unreadable(_) | Self::Unproved => {
                "authenticate"
            }
            Self::NotDelegated(_) | Self::Limited(_) | Self::Revoked | Self::Closing => "limit",
            Self::Outside(outside) => match outside.kind() {
                CaveatKind::Expires | CaveatKind::Origin | CaveatKind::Window => "authenticate",
                CaveatKind::Commands
                | CaveatKind::Path
                | CaveatKind::Url
                | CaveatKind::Key
                | CaveatKind::Uses => "decide",
            },
            Self::Denied(_) | Self::NoHandler | Self::NoTemplate => "decide",
            Self::Unconfirmed(_) => "ask",
            Self::Invalid { .. } => "validate",
            Self::NoResource { .. } | Self::Base(_) | Self::Withheld { .. } => "scope",
            Self::Unrecorded(_) => "record",
        }
    }

    /// The rule that refused, where one did.
    pub(super) fn rule(&self) -> Option<&RuleRef> {
        if let Self::Withheld { rule, .. } = self {
            return Some(rule);
        }
        if let Self::Denied(denial) = self { denial.rule.as_deref() } else { None }
    }

    /// For the developer: what would allow it.
    pub(super) fn help(&self) -> Option<&str> {
        match self {
            Self::Denied(denial) => Some(&denial.help),
            Self::NoTemplate => Some("a `[[template]]` with its `page`, or its origin in `takes`"),
            Self::Unconfirmed(why) => why.help(),
            Self::NoHandler => Some("register a handler for it, or take it out of the policy"),
            Self::Limited(Limited::Rate) => Some("a higher `limit.rate` or `limit.burst`"),
            Self::Limited(Limited::CommandInFlight) => Some("a higher `limit.in_flight`"),
            Self::Limited(Limited::Bytes) => Some("a higher `limit.bytes`"),
            Self::Outside(_) => Some("have whoever narrowed the token leave more of it"),
            Self::Limited(Limited::DocumentInFlight)
            | Self::Malformed
            | Self::Impostor(_)
            | Self::Forged(_)
            | Self::NotDelegated(_)
            | Self::Unreadable(_)
            | Self::Unproved
            | Self::Revoked
            | Self::Closing
            | Self::Invalid { .. }
            | Self::NoResource { .. }
            | Self::Base(_)
            | Self::Withheld { .. }
            | Self::Unrecorded(_) => None,
        }
    }
}

fn caveat_code(kind: CaveatKind) -> &'static str {
    match kind {
        CaveatKind::Commands => "caveat-commands",
        CaveatKind::Path => "caveat-path",
        CaveatKind::Url => "caveat-url",
        CaveatKind::Key => "caveat-key",
        CaveatKind::Expires => "caveat-expires",
        CaveatKind::Uses => "caveat-uses",
        CaveatKind::Origin => "caveat-origin",
        CaveatKind::Window => "caveat-window",
    }
}

/// What a page learns of an error: a stable code and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct PageError {
    code: &'static str,
    message: String,
}

impl PageError {
    /// The stable code: `denied`, `invalid`, `busy`, `limited`, `too_large`, `unavailable`,
    /// `timeout`, `cancelled`, or one of a handler's own.
    #[must_use]
    pub fn code(&self) -> &str {
        self.code
    }

    /// One sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn too_large_a_reply() -> Self {
        Self::new("too_large", "the reply is too large")
    }

    pub(super) fn cancelled() -> Self {
        Self::new("cancelled", "the call was cancelled")
    }

    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The table. What is forbidden and what does not exist look alike; what is wrong with the
/// arguments is said only of calls that are allowed.
impl From<&Refusal> for PageError {
    fn from(refusal: &Refusal) -> Self {
        const DENIED: &str = "this window may not do that";
        match refusal {
            Refusal::Denied(_)
            | Refusal::Unconfirmed(_)
            | Refusal::NoHandler
            | Refusal::NoTemplate
            | Refusal::Impostor(_)
            | Refusal::Unproved
            | Refusal::Revoked
            | Refusal::Outside(_)
            | Refusal::NoResource { .. } => Self::new("denied", DENIED),
            Refusal::Malformed | Refusal::Forged(_) | Refusal::Unreadable(_) => {
                Self::new("invalid", "the call is not well formed")
            }
            // All that it speaks of is what the page itself wrote, and bounds that are documented.
            Refusal::NotDelegated(why) => match why {
                NotDelegated::Unreadable(_) => Self::new("invalid", why.to_string()),
                NotDelegated::TooLong(_) => Self::new("too_large", why.to_string()),
                NotDelegated::TooMany => Self::new("busy", why.to_string()),
                NotDelegated::Gone => Self::new("denied", DENIED),
            },
            Refusal::Invalid { pointer, problem } if pointer.is_empty() => {
                Self::new("invalid", format!("the arguments do not fit: {problem}"))
            }
            Refusal::Invalid { pointer, problem } => {
                Self::new("invalid", format!("the argument at `{pointer}` does not fit: {problem}"))
            }
            Refusal::Limited(Limited::Rate) => Self::new("limited", "too many calls; wait a while"),
            Refusal::Limited(Limited::CommandInFlight | Limited::DocumentInFlight) => {
                Self::new("busy", "too many calls at once")
            }
            Refusal::Limited(Limited::Bytes) => Self::new("too_large", "the call is too large"),
            Refusal::Withheld { .. } => Self::new("not_found", "there is no such file"),
            Refusal::Base(error) => Self::new(error.code(), "there is no such file"),
            Refusal::Closing | Refusal::Unrecorded(_) => {
                Self::new("unavailable", "the core cannot answer just now")
            }
        }
    }
}

impl From<HandlerError> for PageError {
    fn from(error: HandlerError) -> Self {
        Self::new(error.code(), error.message())
    }
}

#[cfg(test)]
mod tests;
