//! Settings: a small store of keys and JSON values, in one file that is always whole.
//!
//! A change is on the disk when [`Settings::set`] returns, and a crash at any moment leaves the
//! file of before or of after. A file that cannot be understood is an error with its place, and is
//! never written over. One process owns the file: another's changes are not seen, and the last
//! one to write wins. Which keys a window may see is left to the policy.

mod document;
mod key;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use serde_json::Value;

use crate::confined::{ConfinedPath, Directory, FileError, Relative};
use document::Document;
use key::Key;

/// The most that one value takes, as JSON: what is larger is a document, and belongs in a file.
pub const MAX_VALUE_BYTES: usize = 64 << 10;

/// The most keys. A page that invents keys without end must come to one.
pub const MAX_KEYS: usize = 4096;

/// The most that the file takes. It is written whole at each change, and at this size that
/// still takes some tens of milliseconds.
pub const MAX_FILE_BYTES: usize = 8 << 20;

/// The deepest value, in arrays and objects: far within the 127 that can be read back.
pub const MAX_DEPTH: usize = 32;

/// The settings of an app. Threads may share it; who reads never waits for the disk.
#[derive(Debug)]
pub struct Settings {
    file: ConfinedPath,
    /// Held from the reading of the old values until the new ones are on the disk.
    changing: Mutex<()>,
    current: RwLock<Document>,
}

/// Why settings were not opened or not changed. `Display` is for the log; what a page may
/// learn is [`code`](SettingsError::code).
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The key is not one.
    #[error(
        "`{key}` is no settings key: names of `a-z`, `0-9` and `_` joined by `.`, each beginning with a letter, 128 bytes at most"
    )]
    Key {
        /// The key as it was given.
        key: String,
    },
    /// The value is over [`MAX_VALUE_BYTES`].
    #[error("the value of `{key}` is larger than {MAX_VALUE_BYTES} bytes")]
    ValueTooLarge {
        /// Its key.
        key: String,
    },
    /// The value is nested over [`MAX_DEPTH`].
    #[error("the value of `{key}` is nested deeper than {MAX_DEPTH}")]
    ValueTooDeep {
        /// Its key.
        key: String,
    },
    /// There would be more than [`MAX_KEYS`].
    #[error("there are {MAX_KEYS} settings already")]
    TooManyKeys,
    /// The file would be over [`MAX_FILE_BYTES`].
    #[error("the settings together are larger than {MAX_FILE_BYTES} bytes")]
    FileTooLarge,
    /// The file's path has no name that can be kept beneath a directory.
    #[error("`{path}` cannot be the path of a settings file")]
    Path {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The file is not what this module writes. It was left as it is.
    #[error("{path}:{line}:{column}: not a settings file: {why}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1; 0 for the end of the line before.
        column: usize,
        /// What is wrong there.
        why: String,
    },
    /// The file could not be read or written.
    #[error("the settings file `{path}`: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FileError,
    },
}

impl SettingsError {
    /// The word that a page may learn.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key { .. } => "invalid_key",
            Self::ValueTooLarge { .. } | Self::ValueTooDeep { .. } => "too_large",
            Self::TooManyKeys | Self::FileTooLarge => "too_many",
            Self::File { source: FileError::NoSpace, .. } => "no_space",
            Self::Path { .. } | Self::Corrupt { .. } | Self::File { .. } => "failed",
        }
    }
}

impl Settings {
    /// Opens the settings kept at `path`. A file that is missing is made by the first change, its
    /// directory now (mode 0700). A link in the file's place is refused, since a change would
    /// replace it.
    ///
    /// # Errors
    /// [`SettingsError::Corrupt`], [`SettingsError::File`] and [`SettingsError::Path`].
    pub fn open(path: &Path) -> Result<Self, SettingsError> {
        let file = confine(path)?;
        let text = match file.read_text(u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX)) {
            Ok(text) => Some(text),
            Err(FileError::NotFound) => None,
            Err(source) => {
                return Err(SettingsError::File { path: path.to_owned(), source });
            }
        };
        let current = text.map(|text| Document::parse(&text)).transpose();
        let current = current.map_err(|mistake| SettingsError::Corrupt {
            path: path.to_owned(),
            line: mistake.line,
            column: mistake.column,
            why: mistake.why,
        })?;
        let current = RwLock::new(current.unwrap_or_default());
        Ok(Self { file, changing: Mutex::new(()), current })
    }

    /// The value of a key. A key that cannot be has none.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value> {
        // A document is only ever replaced whole, so that a panic elsewhere has not torn it.
        self.current.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// The keys that have a value, sorted.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).keys()
    }

    /// Gives a key a value, or takes it away with `null`. The change is on the disk when this
    /// returns; after an error the values are those of before.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn set(&self, key: &str, value: Value) -> Result<(), SettingsError> {
        let key = Key::parse(key)?;
        document::check_value(&key, &value)?;
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let next = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            match current.with(key, value)? {
                Some(next) => next,
                None => return Ok(()),
            }
        };
        let text = next.to_text()?;
        self.file.write_text(&text).map_err(|source| self.file_error(source))?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    fn file_error(&self, source: FileError) -> SettingsError {
        let path = self.file.directory().path().join(self.file.relative().as_str());
        SettingsError::File { path, source }
    }
}

fn confine(path: &Path) -> Result<ConfinedPath, SettingsError> {
    let unusable = || SettingsError::Path { path: path.to_owned() };
    let in_file = |source| SettingsError::File { path: path.to_owned(), source };
    let whole = std::path::absolute(path).map_err(|error| in_file(error.into()))?;
    let name = whole.file_name().and_then(|name| name.to_str()).ok_or_else(unusable)?;
    let name = Relative::parse(name).map_err(|_| unusable())?;
    let parent = whole.parent().ok_or_else(unusable)?;
    let directory = Directory::open_or_create(parent).map_err(in_file)?;
    Ok(ConfinedPath::new(directory, name))
}
