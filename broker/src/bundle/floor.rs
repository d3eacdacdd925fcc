//! The version below which no bundle is taken: the highest that the broker ever ran. It stands in a
//! file of the person's own, so it guards against whoever can replace the bundle and not that file.

use std::path::{Path, PathBuf};

use crate::confined::{ConfinedPath, Directory, FileError, Relative};

/// More than the longest floor has: a `u64` and a line end.
const MAX_FLOOR_BYTES: u64 = 32;

/// The file that remembers the highest version.
#[derive(Debug)]
pub struct Floor {
    path: PathBuf,
    file: ConfinedPath,
}

/// Why a bundle's version is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FloorError {
    /// A higher one has run already.
    #[error("its version {version} is older than {floor}, which has run here")]
    Older {
        /// The version of the bundle.
        version: u64,
        /// The version that has run.
        floor: u64,
    },
    /// The file holds something else: nobody knows what has run, so nothing is taken.
    #[error("`{}` does not hold a version", .0.display())]
    Corrupt(PathBuf),
    /// The file cannot be read or written.
    #[error("`{}`: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        error: FileError,
    },
}

impl Floor {
    /// The floor kept at `path`. A file that is missing is made by the first bundle, its directory
    /// now (mode 0700).
    ///
    /// # Errors
    /// [`FloorError::File`].
    pub fn at(path: &Path) -> Result<Self, FloorError> {
        let failed = |error: FileError| FloorError::File { path: path.to_owned(), error };
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.and_then(|name| Relative::parse(name).ok());
        let (Some(parent), Some(name)) = (path.parent(), name) else {
            return Err(FloorError::Corrupt(path.to_owned()));
        };
        let directory = Directory::open_or_create(parent).map_err(failed)?;
        Ok(Self { path: path.to_owned(), file: ConfinedPath::new(directory, name) })
    }

    /// Whether a version is not below the floor, which stays as it is.
    ///
    /// # Errors
    /// [`FloorError`].
    pub fn admits(&self, version: u64) -> Result<(), FloorError> {
        match self.read()? {
            Some(floor) if version < floor => Err(FloorError::Older { version, floor }),
            _ => Ok(()),
        }
    }

    /// Takes a version that is not below the floor, and raises the floor to it. The new floor is on
    /// the disk when this returns.
    ///
    /// # Errors
    /// [`FloorError`]; the floor is as it was.
    pub fn raise_to(&self, version: u64) -> Result<(), FloorError> {
        self.admits(version)?;
        if self.read()? == Some(version) {
            return Ok(());
        }
        let failed = |error: FileError| FloorError::File { path: self.path.clone(), error };
        self.file.write_text(&format!("{version}\n")).map(drop).map_err(failed)
    }

    fn read(&self) -> Result<Option<u64>, FloorError> {
        match self.file.read_text(MAX_FLOOR_BYTES) {
            Ok(text) => {
                parse(&text).map(Some).ok_or_else(|| FloorError::Corrupt(self.path.clone()))
            }
            Err(FileError::NotFound) => Ok(None),
            Err(error) => Err(FloorError::File { path: self.path.clone(), error }),
        }
    }
}

/// The one writing of a number: no sign, no nought at the front.
fn parse(text: &str) -> Option<u64> {
    let number = text.strip_suffix('\n')?.parse().ok()?;
    (format!("{number}\n") == text).then_some(number)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn g10_a_version_never_goes_down() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state/policy.floor");
        for (version, taken) in [(3, true), (3, true), (2, false), (7, true), (6, false)] {
            let raised = Floor::at(&path).unwrap().raise_to(version);
            assert_eq!(raised.is_ok(), taken, "{version}: {raised:?}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "7\n");
    }

    #[test]
    fn a_floor_that_nobody_can_read_takes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.floor");
        for text in ["", "x\n", "07\n", "+7\n", "7", "7\n\n", "18446744073709551616\n"] {
            fs::write(&path, text).unwrap();
            let refused = Floor::at(&path).unwrap().raise_to(u64::MAX).unwrap_err();
            assert!(matches!(refused, FloorError::Corrupt(_)), "{text:?}: {refused}");
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let refused = Floor::at(&path).unwrap().raise_to(1).unwrap_err();
        assert!(matches!(refused, FloorError::File { .. }), "{refused}");
    }
}
