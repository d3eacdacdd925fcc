//! From record to record through a file, and past the anchors that are known: what the writer
//! does when it takes a log up again, and the verifier from the first record on.

use std::fs::File;
use std::io;

use super::chain::{Chain, Damage, Finding};
use super::hash::Digest;
use super::head::Head;
use super::lines::{Lines, Piece};

/// How the next step ended.
pub(super) enum Step {
    /// At a good record.
    Record,
    /// At the end of the file, which is the end of a record.
    End,
    /// At the end of the file, in the middle of a line.
    Torn(Tail),
    /// At something that is not the next record.
    Broken(Finding),
}

/// A piece of a line at the end of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    /// Bytes it has.
    pub(super) bytes: u64,
    /// What they are.
    pub(super) digest: Digest,
}

/// A walk along a chain.
pub(super) struct Walk {
    lines: Lines,
    chain: Chain,
    anchors: Vec<Known>,
}

/// A record that is known to have been in the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// Its number and hash.
    pub(super) chain: Chain,
    /// Where its line ended, as its head says.
    pub(super) bytes: Option<u64>,
}

impl From<Head> for Known {
    fn from(head: Head) -> Self {
        Self { chain: head.chain(), bytes: Some(head.bytes) }
    }
}

impl Walk {
    /// The walk through a whole log.
    pub(super) fn from_start(anchors: Vec<Known>) -> Self {
        Self { lines: Lines::from(0), chain: Chain::genesis(), anchors }
    }

    /// The walk on from the record that `head` names.
    pub(super) fn resumed(head: Head) -> Self {
        let anchors = vec![head.into()];
        Self { lines: Lines::from(head.bytes), chain: head.chain(), anchors }
    }

    /// The last good record.
    pub(super) fn chain(&self) -> Chain {
        self.chain
    }

    /// Where its line ends.
    pub(super) fn bytes(&self) -> u64 {
        self.lines.offset()
    }

    /// Looks at what comes next. After `End` and `Torn` it may be asked again: the file may have
    /// grown.
    pub(super) fn step(&mut self, file: &File) -> io::Result<Step> {
        let here = self.chain.next();
        let followed = match self.lines.next(file)? {
            Piece::End => return Ok(Step::End),
            Piece::Torn(tail) => {
                let (bytes, digest) = (tail.len() as u64, Digest::of(tail));
                return Ok(Step::Torn(Tail { bytes, digest }));
            }
            Piece::Long => {
                Err((here, Damage::Changed, "its line is longer than any record".to_owned()))
            }
            Piece::Line(line) => self.chain.follow(line),
        };
        // One record a line: up to here, the line has the number that the record ought to have.
        Ok(match followed.and_then(|()| self.pass_anchors()) {
            Ok(()) => Step::Record,
            Err((record, damage, message)) => {
                Step::Broken(Finding { record, line: here, damage, message })
            }
        })
    }

    /// What the anchors say of a log that ends here.
    pub(super) fn behind(&self) -> Option<Finding> {
        let known = self.anchors.iter().map(|anchor| anchor.chain.seq).max()?;
        let (last, record) = (self.chain.seq, self.chain.next());
        let message =
            format!("it is missing: the log ends after record {last}, and had {known} records");
        (known > last).then_some(Finding { record, line: record, damage: Damage::Behind, message })
    }

    /// The finding for a log that ends in the middle of a line.
    pub(super) fn torn(&self, tail: Tail) -> Finding {
        let record = self.chain.next();
        let message = format!("the log ends in {} bytes that are no whole record", tail.bytes);
        Finding { record, line: record, damage: Damage::Torn, message }
    }

    fn pass_anchors(&self) -> Result<(), (u64, Damage, String)> {
        for Known { chain, bytes } in
            self.anchors.iter().filter(|at| at.chain.seq == self.chain.seq)
        {
            if *chain != self.chain {
                let message = format!("it was rewritten: its hash was {}", chain.link);
                return Err((chain.seq, Damage::Changed, message));
            }
            if bytes.is_some_and(|bytes| bytes != self.lines.offset()) {
                let message = "the head file names another end of it".to_owned();
                return Err((chain.seq, Damage::Head, message));
            }
        }
        Ok(())
    }
}
