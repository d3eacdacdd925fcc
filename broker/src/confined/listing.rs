//! Reading a directory: what each entry is, without following or opening any.

use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, Dir, FileType, OFlags, Stat};
use rustix::io::Errno;

use super::relative::UNFINISHED;
use super::{Directory, Entry, FileError, Kind, Listing, Relative};

/// The listing of the directory at `path`, if it has at most `limit` entries.
pub(super) fn list(
    directory: &Directory,
    path: &Relative,
    limit: usize,
) -> Result<Listing, FileError> {
    let handle = directory.open_beneath(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
    let mut listing = Listing { entries: Vec::new(), left_out: 0 };
    for found in Dir::read_from(&handle)? {
        let found = found?;
        if is_no_entry(found.file_name()) {
            continue;
        }
        match nameable(found.file_name()) {
            Some(name) => listing.entries.extend(describe(handle.as_fd(), name)?),
            None => listing.left_out = listing.left_out.saturating_add(1),
        }
        if listing.entries.len().saturating_add(listing.left_out) > limit {
            return Err(FileError::TooMany { limit });
        }
    }
    listing.entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(listing)
}

fn is_no_entry(name: &CStr) -> bool {
    let name = name.to_bytes();
    name == b"." || name == b".." || name.starts_with(UNFINISHED.as_bytes())
}

fn nameable(name: &CStr) -> Option<&str> {
    let name = name.to_str().ok()?;
    Relative::parse(name).is_ok().then_some(name)
}

/// `None` for an entry that went while the directory was read.
fn describe(parent: BorrowedFd<'_>, name: &str) -> Result<Option<Entry>, FileError> {
    let stat = match rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(None),
        stat => stat?,
    };
    let kind = kind_of(FileType::from_raw_mode(stat.st_mode));
    let size = match kind {
        Kind::File => u64::try_from(stat.st_size).unwrap_or(0),
        Kind::Directory | Kind::Other => 0,
    };
    Ok(Some(Entry { name: name.to_owned(), kind, size, modified_ms: modified_ms(&stat) }))
}

fn kind_of(found: FileType) -> Kind {
    if found.is_file() {
        Kind::File
    } else if found.is_dir() {
        Kind::Directory
    } else {
        Kind::Other
    }
}

#[allow(clippy::useless_conversion, reason = "the types of these fields differ between systems")]
fn modified_ms(stat: &Stat) -> i64 {
    let seconds = i64::try_from(stat.st_mtime).unwrap_or(0);
    let nanoseconds = i64::try_from(stat.st_mtime_nsec).unwrap_or(0);
    seconds.saturating_mul(1000).saturating_add(nanoseconds / 1_000_000)
}
