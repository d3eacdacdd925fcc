//! A number and what it counts.

use std::fmt::Display;

/// `0 files`, `1 file`, `2 files`, `1 entry`, `2 entries`.
pub(super) fn plural(count: impl Copy + Display + PartialEq + From<u8>, what: &str) -> String {
    match what.strip_suffix('y') {
        _ if count == 1.into() => format!("1 {what}"),
        Some(stem) => format!("{count} {stem}ies"),
        None => format!("{count} {what}s"),
    }
}
