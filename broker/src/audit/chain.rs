//! Whether a line is the next record: the one place where a chain is judged, for the writer that
//! takes a log up again and for the verifier alike. Files, tails and heads are not seen here.

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;

use super::hash::Link;
use super::line::Parts;
use super::strict;

/// The first thing that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The number of the record: the one that ought to stand here, or that stands here wrongly;
    /// 0 for the head.
    pub record: u64,
    /// The line of the file, from 1; the line after the last one when the end is missing.
    pub line: u64,
    /// What was done.
    pub damage: Damage,
    /// The same as a sentence.
    pub message: String,
}

impl Finding {
    /// What is said where the head cannot be read.
    pub(super) fn of_head() -> Self {
        let message = "the head file beside the log was changed".to_owned();
        Self { record: 0, line: 0, damage: Damage::Head, message }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.record == 0 {
            return f.write_str(&self.message);
        }
        write!(f, "record {} (line {}): {}", self.record, self.line, self.message)
    }
}

/// What was done to a log, as far as the log can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// The bytes of a record are not those that were written.
    Changed,
    /// Records are missing before this one.
    Cut,
    /// Something stands here that was not written here.
    Inserted,
    /// The log ends in the middle of a record.
    Torn,
    /// The log ends before the record that its head names.
    Behind,
    /// The head beside the log is not the one that was written.
    Head,
}

/// The end of a chain as far as it was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chain {
    /// The number of the last record; 0 before the first.
    pub(super) seq: u64,
    /// Its hash.
    pub(super) link: Link,
}

impl Chain {
    /// The chain before its first record.
    pub(super) fn genesis() -> Self {
        Self { seq: 0, link: Link::genesis() }
    }

    /// The number of the record to come.
    pub(super) fn next(&self) -> u64 {
        self.seq.saturating_add(1)
    }

    /// Takes `line` (without its newline) as the next record, or says what is wrong with it.
    pub(super) fn follow(&mut self, line: &[u8]) -> Result<(), (u64, Damage, String)> {
        let (here, before) = (self.next(), self.seq);
        let changed = |message: String| Err((here, Damage::Changed, message));
        if line.is_empty() {
            let message = format!("a blank line stands before record {here}");
            return Err((here, Damage::Inserted, message));
        }
        let Some(parts) = Parts::of(line) else {
            return changed("it has not the form of a record".to_owned());
        };
        if Link::of(parts.hashed) != parts.hash {
            return changed("its bytes are not those that its hash was made of".to_owned());
        }
        match parts.seq.cmp(&here) {
            Ordering::Equal => {}
            Ordering::Greater => {
                let message =
                    format!("it is missing: record {} comes next after {before}", parts.seq);
                return Err((here, Damage::Cut, message));
            }
            Ordering::Less => {
                let message = format!("it stands again after record {before}");
                return Err((parts.seq, Damage::Inserted, message));
            }
        }
        if parts.prev != self.link {
            return changed(format!("it does not follow record {before} as that one stands here"));
        }
        if let Some(fault) = strict::fault(line) {
            return changed(format!("it was not written by the log: {fault}"));
        }
        *self = Self { seq: here, link: parts.hash };
        Ok(())
    }
}
