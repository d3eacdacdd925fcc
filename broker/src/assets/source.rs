//! Where files come from: a directory, an archive within the program, or nowhere. What is served
//! of them, and how, is for others.

use std::borrow::Cow;

use super::MAX_ASSET;
use super::archive::UiArchive;
use crate::confined::{ConfinedPath, Directory, FileError, Relative};

/// A place that holds an app's files.
#[derive(Debug)]
pub(super) enum Source {
    /// The app has no pages of its own.
    Nowhere,
    /// What lies beneath a directory, as it is when it is asked for.
    Directory(Directory),
    /// What was put together when the app was built.
    Archive(UiArchive),
}

impl Source {
    /// The bytes of the file at `path`, at most [`MAX_ASSET`] of them.
    pub(super) fn read(&self, path: &str) -> Result<Cow<'static, [u8]>, FileError> {
        match self {
            Self::Nowhere => Err(FileError::NotFound),
            Self::Directory(directory) => {
                let relative = Relative::parse(path)?;
                let file = ConfinedPath::new(directory.clone(), relative);
                file.read(MAX_ASSET).map(Cow::Owned)
            }
            Self::Archive(archive) => {
                let body = archive.get(path).ok_or(FileError::NotFound)?;
                match u64::try_from(body.len()) {
                    Ok(length) if length <= MAX_ASSET => Ok(Cow::Borrowed(body)),
                    _ => Err(FileError::TooLarge { limit: MAX_ASSET }),
                }
            }
        }
    }
}
