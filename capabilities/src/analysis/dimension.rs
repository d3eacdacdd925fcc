//! The dimensions of a call, each of them a regular language: which texts there are, how long they
//! get, and which of two witnesses a person would rather read.
//!
//! Exact: labels, commands and keys are just the texts that their types accept. Wider than the truth,
//! which for a proof that no call exists is the safe side: the names of a path may be longer than 255
//! bytes, and a host may be one that no resolver knows (`xn--a`). A witness is verified by `decide`,
//! so that none of these is ever shown.

use crate::names::{MAX_COMMAND_BYTES, MAX_LABEL_BYTES};

/// One part of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Dimension {
    Command,
    Window,
    Origin,
    Path,
    Url,
    Key,
}

/// How many there are.
pub(super) const DIMENSIONS: usize = 6;

impl Dimension {
    /// In the order in which they are searched: those that tell most rules apart come first.
    pub(super) const ALL: [Self; DIMENSIONS] =
        [Self::Command, Self::Window, Self::Origin, Self::Path, Self::Url, Self::Key];

    /// Every text of the dimension, as a regular expression.
    pub(super) fn universe(self) -> String {
        match self {
            Self::Command => r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*".to_owned(),
            Self::Window => "[A-Za-z0-9_-]+".to_owned(),
            Self::Origin => format!("[a-z][a-z0-9+.-]*://{HOST}(?::[1-9][0-9]*)?"),
            Self::Path => format!("(?:/{})+", name_of(NAME)),
            Self::Url => {
                let segment = name_of(SEGMENT);
                format!("(?:https?|wss?)://{HOST}:[1-9][0-9]*/(?:{segment}(?:/{segment})*/?)?")
            }
            Self::Key => r"(?:\.[A-Za-z0-9_-]+)+".to_owned(),
        }
    }

    /// Texts that read well: of two witnesses of one kind the one of these is shown.
    pub(super) fn readable(self) -> Option<&'static str> {
        match self {
            Self::Command => Some(r"[a-z]+(?:[._][a-z]+)*"),
            Self::Window => Some(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*"),
            Self::Key => Some(r"(?:\.[A-Za-z]+(?:[-_][A-Za-z]+)*)+"),
            Self::Origin | Self::Path | Self::Url => None,
        }
    }

    /// The most bytes of a text. A search finds the shortest one of each kind, so that a kind whose
    /// shortest text is longer is empty.
    pub(super) fn longest(self) -> usize {
        match self {
            Self::Command => MAX_COMMAND_BYTES,
            Self::Window => MAX_LABEL_BYTES,
            // A key has a dot more here than in a call.
            Self::Key => 257,
            Self::Path => 4_096,
            // Of what a call names there are at most 8 KiB. Canonical it is longer: `é` in a path
            // is six bytes, one character of a host's name up to fifty, and the port is written.
            Self::Origin | Self::Url => 16 * 8_192,
        }
    }

    /// Whether a call may be without it.
    pub(super) fn may_be_absent(self) -> bool {
        matches!(self, Self::Path | Self::Url | Self::Key)
    }

    /// Its place in an array over all of them.
    pub(super) fn index(self) -> usize {
        match self {
            Self::Command => 0,
            Self::Window => 1,
            Self::Origin => 2,
            Self::Path => 3,
            Self::Url => 4,
            Self::Key => 5,
        }
    }
}

/// The hosts that an origin or a URL has here: labels, or an address in brackets.
const HOST: &str = r"(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])";

/// The characters of a file's name, and those but for the dot, as classes.
const NAME: [&str; 2] = [r"[^/\x00-\x1f\x7f-\x{9f}]", r"[^./\x00-\x1f\x7f-\x{9f}]"];

/// The same of a segment of a URL's path: what the `url` crate leaves as it is.
const SEGMENT: [&str; 2] =
    [r"[!$%&'()*+,;=:@A-Za-z0-9_~|\[\]\^.-]", r"[!$%&'()*+,;=:@A-Za-z0-9_~|\[\]\^-]"];

/// Names of these characters that are neither empty nor `.` nor `..`.
fn name_of([any, but_dot]: [&str; 2]) -> String {
    format!(r"(?:{but_dot}{any}*|\.{but_dot}{any}*|\.\.{any}+)")
}
