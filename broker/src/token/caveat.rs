//! Caveats: what a holder takes away from a token before handing it on. Each is a condition on the
//! call and on whoever makes it; a token is as good as all of its caveats together.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use sidegate_capabilities::{Origin, WindowLabel};

use super::patterns::{Patterns, PatternsError};

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caveat {
    /// The command matches one of the patterns.
    Commands(Patterns),
    /// The call names a `path`, and it matches one of the patterns. As in an allow entry of a policy,
    /// wildcards do not stand for hidden names.
    Path(Patterns),
    /// The call names a `url`, and it matches one of the patterns.
    Url(Patterns),
    /// The call names a `key`, and it matches one of the patterns.
    Key(Patterns),
    /// Less than so many milliseconds have passed since the root token was issued, by a clock that
    /// counts suspend. A holder does not know that moment, only when the token reached it, which is
    /// later: to let a token live for `n` from now on, it writes the time since then, and `n` more.
    Expires {
        /// The milliseconds.
        after_issue: u64,
    },
    /// The token, and whatever is narrowed from it, is good for so many calls together; refused
    /// calls do not count.
    Uses {
        /// How many.
        count: NonZeroU32,
        /// Any number. Two tokens with the same caveats are the same token and share their uses; with
        /// another serial they are two.
        serial: u64,
    },
    /// The document that makes the call is of this origin.
    Origin(Origin),
    /// The window that makes the call has this label.
    Window(WindowLabel),
}

/// What a caveat speaks of; the number is its byte in a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum CaveatKind {
    /// [`Caveat::Commands`].
    Commands = 1,
    /// [`Caveat::Path`].
    Path = 2,
    /// [`Caveat::Url`].
    Url = 3,
    /// [`Caveat::Key`].
    Key = 4,
    /// [`Caveat::Expires`].
    Expires = 5,
    /// [`Caveat::Uses`].
    Uses = 6,
    /// [`Caveat::Origin`].
    Origin = 7,
    /// [`Caveat::Window`].
    Window = 8,
}

impl Caveat {
    /// Only these commands: names, or patterns with `*`.
    ///
    /// # Errors
    /// [`PatternsError`].
    pub fn commands<T: Into<String>>(
        patterns: impl IntoIterator<Item = T>,
    ) -> Result<Self, PatternsError> {
        Patterns::new(patterns).map(Self::Commands)
    }

    /// Only these paths: patterns as in a policy.
    ///
    /// # Errors
    /// [`PatternsError`].
    pub fn path<T: Into<String>>(
        patterns: impl IntoIterator<Item = T>,
    ) -> Result<Self, PatternsError> {
        Patterns::new(patterns).map(Self::Path)
    }

    /// Only these addresses: patterns as in a policy.
    ///
    /// # Errors
    /// [`PatternsError`].
    pub fn url<T: Into<String>>(
        patterns: impl IntoIterator<Item = T>,
    ) -> Result<Self, PatternsError> {
        Patterns::new(patterns).map(Self::Url)
    }

    /// Only these keys: patterns as in a policy.
    ///
    /// # Errors
    /// [`PatternsError`].
    pub fn key<T: Into<String>>(
        patterns: impl IntoIterator<Item = T>,
    ) -> Result<Self, PatternsError> {
        Patterns::new(patterns).map(Self::Key)
    }

    /// Only until so long after the root token was issued; what is left of a millisecond is dropped.
    #[must_use]
    pub fn expires(after_issue: Duration) -> Self {
        let after_issue = u64::try_from(after_issue.as_millis()).unwrap_or(u64::MAX);
        Self::Expires { after_issue }
    }

    /// Only so many calls.
    #[must_use]
    pub fn uses(count: NonZeroU32, serial: u64) -> Self {
        Self::Uses { count, serial }
    }

    /// What it speaks of.
    #[must_use]
    pub fn kind(&self) -> CaveatKind {
        match self {
            Self::Commands(_) => CaveatKind::Commands,
            Self::Path(_) => CaveatKind::Path,
            Self::Url(_) => CaveatKind::Url,
            Self::Key(_) => CaveatKind::Key,
            Self::Expires { .. } => CaveatKind::Expires,
            Self::Uses { .. } => CaveatKind::Uses,
            Self::Origin(_) => CaveatKind::Origin,
            Self::Window(_) => CaveatKind::Window,
        }
    }

    /// The bytes that follow kind and length.
    pub(super) fn body(&self) -> Vec<u8> {
        match self {
            Self::Commands(patterns)
            | Self::Path(patterns)
            | Self::Url(patterns)
            | Self::Key(patterns) => patterns.write(),
            Self::Expires { after_issue } => after_issue.to_be_bytes().to_vec(),
            Self::Uses { count, serial } => {
                [&count.get().to_be_bytes() as &[u8], &serial.to_be_bytes()].concat()
            }
            Self::Origin(origin) => origin.to_string().into_bytes(),
            Self::Window(label) => label.as_str().as_bytes().to_vec(),
        }
    }

    /// The caveat of these bytes, if they are its one spelling.
    pub(crate) fn read(kind: CaveatKind, body: &[u8]) -> Option<Self> {
        let text = || std::str::from_utf8(body).ok();
        Some(match kind {
            CaveatKind::Commands => Self::Commands(Patterns::read(body)?),
            CaveatKind::Path => Self::Path(Patterns::read(body)?),
            CaveatKind::Url => Self::Url(Patterns::read(body)?),
            CaveatKind::Key => Self::Key(Patterns::read(body)?),
            CaveatKind::Expires => {
                Self::Expires { after_issue: u64::from_be_bytes(body.try_into().ok()?) }
            }
            CaveatKind::Uses => {
                let (&count, serial) = body.split_first_chunk::<4>()?;
                let count = NonZeroU32::new(u32::from_be_bytes(count))?;
                Self::Uses { count, serial: u64::from_be_bytes(serial.try_into().ok()?) }
            }
            CaveatKind::Origin => {
                let origin = Origin::parse(text()?).ok()?;
                Self::Origin(Some(origin).filter(|origin| text() == Some(&origin.to_string()))?)
            }
            CaveatKind::Window => Self::Window(WindowLabel::parse(text()?).ok()?),
        })
    }
}

impl CaveatKind {
    /// Every kind there is.
    pub const ALL: [Self; 8] = [
        Self::Commands,
        Self::Path,
        Self::Url,
        Self::Key,
        Self::Expires,
        Self::Uses,
        Self::Origin,
        Self::Window,
    ];

    /// The kind of this byte.
    pub(super) fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.byte() == byte)
    }

    /// Its byte in a token.
    #[must_use]
    pub fn byte(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for CaveatKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commands => "commands",
            Self::Path => "path",
            Self::Url => "url",
            Self::Key => "key",
            Self::Expires => "expires",
            Self::Uses => "uses",
            Self::Origin => "origin",
            Self::Window => "window",
        })
    }
}
