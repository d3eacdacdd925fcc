//! A path beneath an allowed directory, and what may be done with it: the only way to a file
//! that a handler is given. Which right each of them needs is left to the policy.

use std::fs::File;
use std::io::Read;

use rustix::fs::OFlags;

use super::{Directory, FileError, Listing, Relative, listing, replace};

/// How much is taken at once for a file that does not say how long it is.
const FIRST_READ: u64 = 64 << 10;

/// A [`Relative`] beneath a [`Directory`]. It names a place, and holds no file open: each call
/// resolves it anew, in one step with its use.
#[derive(Debug, Clone)]
pub struct ConfinedPath {
    directory: Directory,
    relative: Relative,
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

    /// The whole text of a regular file of at most `limit` bytes.
    ///
    /// # Errors
    /// Those of [`read`](Self::read), and [`FileError::NotText`].
    pub fn read_text(&self, limit: u64) -> Result<String, FileError> {
        String::from_utf8(self.read(limit)?).map_err(|_| FileError::NotText)
    }

    /// All bytes of a regular file of at most `limit` of them. The limit is kept while reading:
    /// a file may grow meanwhile, or not say how long it is.
    ///
    /// # Errors
    /// [`FileError`]; a pipe, socket or device is [`FileError::NotAFile`] at once, without waiting.
    pub fn read(&self, limit: u64) -> Result<Vec<u8>, FileError> {
        // Without NONBLOCK the open of a pipe waits for somebody to write to it.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = File::from(self.directory.open_beneath(&self.relative, flags)?);
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(FileError::NotAFile);
        }
        if metadata.len() > limit {
            return Err(FileError::TooLarge { limit });
        }
        read_at_most(&file, metadata.len(), limit)
    }

    /// Makes `text` the whole content of a file, at once or not at all: whoever reads it sees
    /// the old content or the new. The answer, its length in bytes, comes when it is on the disk.
    ///
    /// A new file is its owner's alone (mode 0600); one that is replaced keeps its permissions.
    /// The directory must exist. A process killed midway can leave one unfinished file behind,
    /// which no listing shows.
    ///
    /// # Errors
    /// [`FileError`]; what is neither absent nor a regular file that may be written stays as it is.
    pub fn write_text(&self, text: &str) -> Result<u64, FileError> {
        self.write(text.as_bytes())
    }

    /// The same with bytes of any kind.
    ///
    /// # Errors
    /// As [`write_text`](Self::write_text).
    pub fn write(&self, bytes: &[u8]) -> Result<u64, FileError> {
        replace::replace(&self.directory, &self.relative, bytes)
    }

    /// What is in a directory of at most `limit` entries.
    ///
    /// # Errors
    /// [`FileError`]; [`FileError::TooMany`] over the limit, for half a listing looks like a whole one.
    pub fn list(&self, limit: usize) -> Result<Listing, FileError> {
        listing::list(&self.directory, &self.relative, limit)
    }
}

fn read_at_most(file: &File, announced: u64, limit: u64) -> Result<Vec<u8>, FileError> {
    // One byte over the limit shows that there is more; one over the length finds its end.
    let room = announced.saturating_add(1).min(FIRST_READ);
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(FileError::TooLarge { limit });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Seek;

    use super::*;

    /// The file said it was empty, and is 16 MiB by the time it is read.
    #[test]
    fn e11_not_a_byte_is_read_beyond_the_one_that_shows_there_is_more() {
        let mut file = tempfile::tempfile().unwrap();
        file.set_len(16 << 20).unwrap();
        let result = read_at_most(&file, 0, 1000);
        assert!(matches!(result, Err(FileError::TooLarge { limit: 1000 })), "{result:?}");
        assert_eq!(file.stream_position().unwrap(), 1001);
    }
}
