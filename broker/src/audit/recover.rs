//! Taking a log up again: what was written since its head is followed record by record, and what
//! a crash tore off is taken away. A log that is broken in any other way is left as it is: no
//! record is put on top of evidence.

use std::io;

use super::AuditError;
use super::chain::{Chain, Finding};
use super::hash::LINK_CHARS;
use super::head::Head;
use super::lines::read_exact_at;
use super::store::{HeadFile, Store};
use super::walk::{Step, Tail, Walk};

/// Where a log goes on.
#[derive(Debug)]
pub(super) struct Recovered {
    /// Its last record.
    pub(super) chain: Chain,
    /// Where that one's line ends.
    pub(super) bytes: u64,
    /// What was cut off behind it.
    pub(super) torn: Option<Tail>,
}

/// Follows the log of `store` to its end, and cuts off a torn line there.
pub(super) fn recover(store: &Store) -> Result<Recovered, AuditError> {
    let unreadable = |source: io::Error| AuditError::Open { path: store.path().to_owned(), source };
    let broken = |finding| AuditError::Broken { path: store.path().to_owned(), finding };
    let mut walk = match store.read_head().map_err(unreadable)? {
        HeadFile::Missing => Walk::from_start(Vec::new()),
        HeadFile::Broken => return Err(broken(Finding::of_head())),
        HeadFile::Found(head) => from_head(store, head).map_err(unreadable)?,
    };
    let torn = loop {
        match walk.step(&store.file).map_err(unreadable)? {
            Step::Record => {}
            Step::End => break None,
            Step::Torn(tail) => break Some(tail),
            Step::Broken(finding) => return Err(broken(finding)),
        }
    };
    if let Some(finding) = walk.behind() {
        return Err(broken(finding));
    }
    if torn.is_some() {
        store.file.set_len(walk.bytes()).map_err(unreadable)?;
    }
    Ok(Recovered { chain: walk.chain(), bytes: walk.bytes(), torn })
}

/// The walk on from the head, where the file still has its record there; else the walk from the
/// start, which will say what is wrong.
fn from_head(store: &Store, head: Head) -> io::Result<Walk> {
    let chain = head.chain();
    let mut expected = chain.link.as_bytes().to_vec();
    expected.extend_from_slice(b"\"}\n");
    let mut there = [0; LINK_CHARS + 3];
    let start = head.bytes.checked_sub(there.len() as u64);
    let stands = match start.map(|start| read_exact_at(&store.file, &mut there, start)) {
        None => chain == Chain::genesis() && head.bytes == 0,
        Some(Ok(())) => there.as_slice() == expected,
        Some(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => false,
        Some(Err(error)) => return Err(error),
    };
    Ok(if stands { Walk::resumed(head) } else { Walk::from_start(vec![head.into()]) })
}
