//! The verifier: walks a whole log and names the first thing that is wrong. It changes nothing,
//! needs no lock, and may run while the log is written.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::chain::{Chain, Finding};
use super::hash::Link;
use super::store::{self, HeadFile};
use super::walk::{Known, Step, Tail, Walk};

/// How often, and how far apart, a torn end is looked at again before it is believed: the writer
/// may be in the middle of its one write, which takes microseconds.
const LOOKS: u32 = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// What is known of a log after it was walked through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The log.
    pub log: PathBuf,
    /// How many records, from the first on, are good.
    pub records: u64,
    /// The last of them, to be noted elsewhere; none in an empty log.
    pub last: Option<Anchor>,
    /// Whether a head stood beside the log. Without one, records cut off the end are not seen.
    pub has_head: bool,
    /// The first thing that is wrong.
    pub finding: Option<Finding>,
}

impl Verification {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.finding.is_none()
    }
}

/// A record that is known to have been in the log: its number and its hash, as `7:ab12…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor(Chain);

impl FromStr for Anchor {
    type Err = NotAnAnchor;

    fn from_str(text: &str) -> Result<Self, NotAnAnchor> {
        let (seq, hash) = text.split_once(':').ok_or(NotAnAnchor)?;
        let seq = seq.parse().map_err(|_| NotAnAnchor)?;
        let link = Link::parse(hash.as_bytes()).ok_or(NotAnAnchor)?;
        Ok(Self(Chain { seq, link }))
    }
}

impl std::fmt::Display for Anchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.0.seq, self.0.link)
    }
}

impl Serialize for Anchor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The text is no anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an anchor is the number of a record, a colon, and the 64 digits of its hash")]
pub struct NotAnAnchor;

/// Checks the log at `path` against itself and its head.
///
/// # Errors
/// The log or its head cannot be read. What is wrong *with* them stands in the [`Verification`].
pub fn verify(path: &Path) -> io::Result<Verification> {
    verify_against(path, &[])
}

/// [`verify`], and whether the log still has the records of `anchors`, as they were.
///
/// # Errors
/// Those of `verify`.
pub fn verify_against(path: &Path, anchors: &[Anchor]) -> io::Result<Verification> {
    // The head first: it may fall behind a growing log, the log never behind it.
    let head = store::read_head(path)?;
    let file = File::open(path)?;
    let noted = |anchor: &Anchor| Known { chain: anchor.0, bytes: None };
    let mut known: Vec<Known> = anchors.iter().map(noted).collect();
    if let HeadFile::Found(head) = head {
        known.push(head.into());
    }
    let mut walk = Walk::from_start(known);
    let finding = first_finding(&mut walk, &file)?
        .or_else(|| walk.behind())
        .or_else(|| (head == HeadFile::Broken).then(Finding::of_head));
    let chain = walk.chain();
    Ok(Verification {
        log: path.to_owned(),
        records: chain.seq,
        last: (chain.seq > 0).then_some(Anchor(chain)),
        has_head: head != HeadFile::Missing,
        finding,
    })
}

fn first_finding(walk: &mut Walk, file: &File) -> io::Result<Option<Finding>> {
    let mut torn: Option<(Tail, u32)> = None;
    loop {
        match walk.step(file)? {
            Step::Record => torn = None,
            Step::End => return Ok(None),
            Step::Broken(finding) => return Ok(Some(finding)),
            Step::Torn(tail) => {
                let looks =
                    torn.filter(|(before, _)| *before == tail).map_or(1, |(_, looks)| looks);
                if looks >= LOOKS {
                    return Ok(Some(walk.torn(tail)));
                }
                torn = Some((tail, looks.saturating_add(1)));
                thread::sleep(BETWEEN_LOOKS);
            }
        }
    }
}
