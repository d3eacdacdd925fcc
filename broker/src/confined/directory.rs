//! An allowed directory: opened once, and from then on known by its handle, not by its name.
//! What is beneath it is left to [`ConfinedPath`](super::ConfinedPath).

use std::fs::{DirBuilder, File, Metadata};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{CWD, Mode, OFlags};

#[cfg(any(target_os = "linux", target_os = "android"))]
use super::openat2::{SEARCH, open_beneath};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use super::walk::{SEARCH, open_beneath};
use super::{FileError, Relative};

/// The mode of a directory that the broker makes: its owner's alone.
const PRIVATE_DIRECTORY: u32 = 0o700;

/// An open handle of an allowed directory. It stays with the directory that was opened: when
/// another takes its place, every use is refused with [`FileError::Replaced`], for then
/// nobody can say which of the two was meant. A clone is the same handle.
#[derive(Debug, Clone)]
pub struct Directory(Arc<Pinned>);

#[derive(Debug)]
struct Pinned {
    handle: File,
    path: PathBuf,
    identity: Identity,
}

/// What a directory is, whatever it is called: no other has the same while it is open.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Directory {
    /// Opens a directory that exists. The path is the app's own word: links in it are followed,
    /// once, here.
    ///
    /// # Errors
    /// [`FileError`]; [`FileError::Unsupported`] where the kernel cannot confine a path.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let path = std::path::absolute(path)?;
        let flags = SEARCH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = File::from(rustix::fs::openat(CWD, &path, flags, Mode::empty())?);
        let identity = Identity::of(&handle.metadata()?);
        let directory = Self(Arc::new(Pinned { handle, path, identity }));
        // A kernel without the means says so here, before anybody relies on it.
        directory.open_beneath(&Relative::default(), SEARCH)?;
        Ok(directory)
    }

    /// Opens a directory; it and those above it that are missing are made first, for the
    /// owner alone (mode 0700).
    ///
    /// # Errors
    /// [`FileError`].
    pub fn open_or_create(path: &Path) -> Result<Self, FileError> {
        DirBuilder::new().recursive(true).mode(PRIVATE_DIRECTORY).create(path)?;
        Self::open(path)
    }

    /// Where it was when it was opened, for people to read.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Opens what is beneath it, following no link. It creates nothing.
    pub(super) fn open_beneath(
        &self,
        path: &Relative,
        flags: OFlags,
    ) -> Result<OwnedFd, FileError> {
        self.still_in_place()?;
        open_beneath(self.0.handle.as_fd(), path, flags)
    }

    fn still_in_place(&self) -> Result<(), FileError> {
        let now = std::fs::metadata(&self.0.path).map_err(|_| FileError::Replaced)?;
        match Identity::of(&now) == self.0.identity {
            true => Ok(()),
            false => Err(FileError::Replaced),
        }
    }
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}
