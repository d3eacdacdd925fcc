//! The files of a log where the system is no Unix: locked for one writer and replaced only whole,
//! but opened by path alone, so that a link is followed. What stands in them is not seen here.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::AuditError;
use super::head::{Head, MAX_HEAD};

/// The log file.
#[derive(Debug)]
pub(super) struct Store {
    /// The log itself, opened for appending.
    pub(super) file: File,
    path: PathBuf,
}

impl Store {
    /// Opens the log for its one writer, and makes it where there is none.
    pub(super) fn open(path: &Path) -> Result<Self, AuditError> {
        let failed = |source| AuditError::Open { path: path.to_owned(), source };
        let options = OpenOptions::new().read(true).append(true).create(true).open(path);
        let file = options.map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(AuditError::NotAFile { path: path.to_owned() });
        }
        match file.try_lock() {
            Ok(()) => Ok(Self { file, path: path.to_owned() }),
            Err(TryLockError::WouldBlock) => Err(AuditError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Where the log is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a file at the path; an open file cannot be replaced here.
    pub(super) fn is_in_place(&self) -> io::Result<bool> {
        self.path.try_exists()
    }

    /// The head beside the log.
    pub(super) fn read_head(&self) -> io::Result<HeadFile> {
        read_head(&self.path)
    }

    /// Puts `head` in the place of the one before: whoever reads sees the old one or the new one.
    pub(super) fn write_head(&self, head: &Head) -> Result<(), AuditError> {
        let write = || -> io::Result<()> {
            let fresh = with_suffix(&self.path, ".head.new");
            let mut file = File::create(&fresh)?;
            file.write_all(&head.to_line())?;
            file.sync_data()?;
            drop(file);
            fs::rename(&fresh, with_suffix(&self.path, ".head"))
        };
        write().map_err(AuditError::Sync)
    }
}

/// What was found where the head of a log ought to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeadFile {
    /// Nothing.
    Missing,
    /// Something that is no head.
    Broken,
    /// A head.
    Found(Head),
}

/// The head beside the log at `path`.
pub(super) fn read_head(path: &Path) -> io::Result<HeadFile> {
    let file = match File::open(with_suffix(path, ".head")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HeadFile::Missing),
        result => result?,
    };
    let mut text = Vec::new();
    let read = file.take(MAX_HEAD as u64).read_to_end(&mut text);
    Ok(match read.ok().and_then(|_| Head::parse(&text)) {
        Some(head) => HeadFile::Found(head),
        None => HeadFile::Broken,
    })
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
