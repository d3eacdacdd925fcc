//! Platforms where a path cannot be confined yet: the same face, and every call refused.

use std::path::Path;

use super::{FileError, Listing, Relative};

/// An allowed directory. On this platform there is none: it cannot be opened.
#[derive(Debug, Clone)]
pub struct Directory(Never);

/// A place beneath an allowed directory. On this platform there is none.
#[derive(Debug, Clone)]
pub struct ConfinedPath {
    directory: Directory,
    relative: Relative,
}

/// What cannot be made.
#[derive(Debug, Clone)]
enum Never {}

impl Directory {
    /// Refuses.
    ///
    /// # Errors
    /// [`FileError::Unsupported`], always.
    pub fn open(_: &Path) -> Result<Self, FileError> {
        Err(FileError::Unsupported)
    }

    /// Refuses, and creates nothing.
    ///
    /// # Errors
    /// [`FileError::Unsupported`], always.
    pub fn open_or_create(_: &Path) -> Result<Self, FileError> {
        Err(FileError::Unsupported)
    }

    /// Where it was when it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self.0 {}
    }
}

impl ConfinedPath {
    /// The place that `relative` names beneath `directory`.
    #[must_use]
    pub fn new(directory: Directory, relative: Relative) -> Self {
        Self { directory, relative }
    }

    /// The directory it is confined to.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Its path from there.
    #[must_use]
    pub fn relative(&self) -> &Relative {
        &self.relative
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// [`FileError::Unsupported`], always.
    pub fn read(&self, _limit: u64) -> Result<Vec<u8>, FileError> {
        Err(FileError::Unsupported)
    }

    /// The text of a file.
    ///
    /// # Errors
    /// [`FileError::Unsupported`], always.
    pub fn read_text(&self, _limit: u64) -> Result<String, FileError> {
        Err(FileError::Unsupported)
    }

    /// Replaces the text of a file.
    ///
    /// # Errors
    /// [`FileError::Unsupported`], always.
    pub fn write_text(&self, _text: &str) -> Result<u64, FileError> {
        Err(FileError::Unsupported)
    }

    /// Replaces the bytes of a file.
    ///
    /// # Errors
    /// [`FileError::Unsupported`], always.
    pub fn write(&self, _bytes: &[u8]) -> Result<u64, FileError> {
        Err(FileError::Unsupported)
    }

    /// What is in a directory.
    ///
    /// # Errors
    /// [`FileError::Unsupported`], always.
    pub fn list(&self, _limit: usize) -> Result<Listing, FileError> {
        Err(FileError::Unsupported)
    }
}
