//! The files of a log: opened so that no link and no stranger's file is taken for them, locked
//! for one writer, and replaced only whole. What stands in them is not seen here.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{self, AtFlags, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::AuditError;
use super::head::{Head, MAX_HEAD};

/// Never through a link; never waiting for a pipe's other end; never into a child.
const CAREFULLY: OFlags =
    OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// The log file and the directory it is in.
#[derive(Debug)]
pub(super) struct Store {
    /// The log itself, opened for appending.
    pub(super) file: File,
    dir: OwnedFd,
    path: PathBuf,
    name: OsString,
    /// A descriptor set aside for the next head: where all others are taken, a log that cannot be
    /// brought to the disk would refuse calls that want none.
    reserve: Mutex<Option<OwnedFd>>,
}

impl Store {
    /// Opens the log for its one writer, and makes it where there is none.
    pub(super) fn open(path: &Path) -> Result<Self, AuditError> {
        let failed =
            |error: Errno| AuditError::Open { path: path.to_owned(), source: error.into() };
        let (dir, name) = open_place(path).map_err(failed)?;
        let flags = CAREFULLY | OFlags::RDWR | OFlags::APPEND | OFlags::CREATE;
        let file = fs::openat(&dir, &name, flags, Mode::RUSR | Mode::WUSR).map_err(failed)?;
        let stat = fs::fstat(&file).map_err(failed)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(AuditError::NotAFile { path: path.to_owned() });
        }
        if Mode::from_raw_mode(stat.st_mode).intersects(Mode::WGRP | Mode::WOTH) {
            return Err(AuditError::WritableByOthers { path: path.to_owned() });
        }
        match fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => {
                return Err(AuditError::InUse { path: path.to_owned() });
            }
            result => result.map_err(failed)?,
        }
        let elsewhere = |source| AuditError::Open { path: path.to_owned(), source };
        let reserve = Mutex::new(Some(dir.try_clone().map_err(elsewhere)?));
        let store = Self { file: file.into(), dir, path: path.to_owned(), name, reserve };
        // The name itself has to outlive a power cut.
        fs::fsync(&store.dir).map_err(failed)?;
        if store.is_in_place().map_err(elsewhere)? { Ok(store) } else { Err(AuditError::Moved) }
    }

    /// Where the log is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path still leads to this file.
    pub(super) fn is_in_place(&self) -> io::Result<bool> {
        let ours = fs::fstat(&self.file)?;
        match fs::statat(&self.dir, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(there) => Ok((there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The head beside the log.
    pub(super) fn read_head(&self) -> io::Result<HeadFile> {
        Ok(read_head_at(&self.dir, &self.name)?)
    }

    /// Puts `head` in the place of the one before: whoever reads sees the old one or the new one.
    pub(super) fn write_head(&self, head: &Head) -> Result<(), AuditError> {
        let (name, fresh) =
            (with_suffix(&self.name, ".head"), with_suffix(&self.name, ".head.new"));
        let mut reserve = self.reserve.lock().unwrap_or_else(PoisonError::into_inner);
        let mut write = || -> io::Result<()> {
            drop(reserve.take());
            let flags = CAREFULLY | OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
            let mut file: File =
                fs::openat(&self.dir, &fresh, flags, Mode::RUSR | Mode::WUSR)?.into();
            file.write_all(&head.to_line())?;
            file.sync_data()?;
            fs::renameat(&self.dir, &fresh, &self.dir, &name)?;
            // The descriptor of this head is the next one's.
            *reserve = Some(file.into());
            Ok(())
        };
        write().map_err(AuditError::Sync)
    }
}

impl Drop for Store {
    /// Lets the lock go by name: a child that is just being started has the file open until it
    /// runs its own program, and would hold the lock so long.
    fn drop(&mut self) {
        // Where this fails, closing the file lets it go, a moment later.
        let _ = fs::flock(&self.file, FlockOperation::Unlock);
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
    let (dir, name) = open_place(path)?;
    Ok(read_head_at(&dir, &name)?)
}

fn read_head_at(dir: &OwnedFd, name: &OsString) -> Result<HeadFile, Errno> {
    let name = with_suffix(name, ".head");
    let file: File = match fs::openat(dir, &name, CAREFULLY | OFlags::RDONLY, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(HeadFile::Missing),
        Err(Errno::LOOP) => return Ok(HeadFile::Broken),
        result => result?.into(),
    };
    let mut text = Vec::new();
    let read = file.take(MAX_HEAD as u64).read_to_end(&mut text);
    Ok(match read.ok().and_then(|_| Head::parse(&text)) {
        Some(head) => HeadFile::Found(head),
        None => HeadFile::Broken,
    })
}

/// The directory of `path`, opened, and the name in it.
fn open_place(path: &Path) -> Result<(OwnedFd, OsString), Errno> {
    let name = path.file_name().ok_or(Errno::ISDIR)?;
    let dir = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok((fs::open(dir, flags, Mode::empty())?, name.to_owned()))
}

fn with_suffix(name: &OsString, suffix: &str) -> OsString {
    let mut name = name.clone();
    name.push(suffix);
    name
}
