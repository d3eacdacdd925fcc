//! What a listing of a directory says.

use serde::Serialize;

/// The entries of a directory, sorted by name (by its bytes).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// Those that a [`Relative`](super::Relative) can name.
    pub entries: Vec<Entry>,
    /// How many there are besides: names that are not UTF-8 or hold a control character, which
    /// nobody could ask for.
    pub left_out: usize,
}

/// One entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its name, a single component.
    pub name: String,
    /// What it is. A link is not followed.
    pub kind: Kind,
    /// Its length in bytes; 0 for all but files.
    pub size: u64,
    /// When its content last changed, in milliseconds since 1970 UTC; negative before.
    pub modified_ms: i64,
}

/// What an entry is, as far as anybody can use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A link, pipe, socket or device: it can be seen and not opened.
    Other,
}
