//! A home directory of an app's own, so that no test finds what another left, and none touches
//! the home of whoever runs it.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// A home directory with the folders of the XDG base directory specification at their default
/// places.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    /// Removes the directory when the home is dropped, where it is a temporary one.
    _temporary: Option<TempDir>,
}

impl Home {
    /// A fresh one, removed when it is dropped.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn temporary() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("sidegate-home-").tempdir()?;
        let home = Self::at(folder.path())?;
        Ok(Self { _temporary: Some(folder), ..home })
    }

    /// One that stays, made where there is none.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn at(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        let home = Self { path: path.canonicalize()?, _temporary: None };
        // Programs refuse a runtime folder that others may read.
        DirBuilder::new().recursive(true).mode(0o700).create(home.runtime())?;
        Ok(home)
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where an app keeps its data.
    #[must_use]
    pub fn data(&self, app: &str) -> PathBuf {
        self.path.join(".local/share").join(app)
    }

    /// Where the broker keeps the audit log of an app.
    #[must_use]
    pub fn audit_log(&self, app: &str) -> PathBuf {
        self.path.join(".local/state").join(app).join("audit.jsonl")
    }

    /// The folder for sockets.
    #[must_use]
    pub fn runtime(&self) -> PathBuf {
        self.path.join(".run")
    }

    /// What makes this directory the home of a process: `HOME` and the folders in it.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, PathBuf); 5] {
        [
            ("HOME", self.path.clone()),
            ("XDG_DATA_HOME", self.path.join(".local/share")),
            ("XDG_STATE_HOME", self.path.join(".local/state")),
            ("XDG_CONFIG_HOME", self.path.join(".config")),
            ("XDG_CACHE_HOME", self.path.join(".cache")),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_temporary_home_is_gone_when_it_is_dropped_and_another_stays() {
        let outer = tempfile::tempdir().unwrap();
        let temporary = Home::temporary().unwrap();
        let kept = Home::at(&outer.path().join("a/home")).unwrap();
        let paths = [&temporary, &kept].map(|home| home.path().to_owned());
        for home in [&temporary, &kept] {
            let mode = fs::metadata(home.runtime()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
            assert!(home.environment().iter().all(|(_, path)| path.starts_with(home.path())));
        }
        drop((temporary, kept));
        assert_eq!(paths.map(|path| path.exists()), [false, true]);
    }

    #[test]
    fn a_home_is_taken_over_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let first = Home::at(folder.path()).unwrap();
        fs::write(first.path().join("kept"), "").unwrap();
        assert!(Home::at(folder.path()).unwrap().path().join("kept").exists());
    }
}
