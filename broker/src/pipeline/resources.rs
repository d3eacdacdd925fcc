//! The directories that grants lead to, each opened once and pinned: what is put in its place
//! later does not count.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::RwLock;

use sidegate_capabilities::PathGrant;

use crate::confined::{ConfinedPath, Directory, FileError, Relative};

/// Open base directories by path.
#[derive(Debug)]
pub(crate) struct Bases {
    /// The app's own directories: what lies in them is made when it is first needed.
    own: Vec<PathBuf>,
    /// What calls under the policy before had opened.
    before: HashMap<PathBuf, Directory>,
    open: RwLock<HashMap<PathBuf, Directory>>,
}

impl Bases {
    /// `own` are the app's own directories.
    pub(crate) fn new(own: Vec<PathBuf>) -> Self {
        Self { own, before: HashMap::new(), open: RwLock::default() }
    }

    /// The bases of the policy that comes after. What calls have opened under this one stays
    /// pinned for it; what nobody needed for the time of a whole policy is let go.
    pub(crate) fn inherit(&self) -> Self {
        // A poisoned lock means that there is nothing to hand on: directories are opened anew.
        let before = self.open.read().map(|open| open.clone()).unwrap_or_default();
        Self { own: self.own.clone(), before, open: RwLock::default() }
    }

    /// What `grant` leads to.
    pub(crate) fn open(&self, grant: &PathGrant<'_>) -> Result<ConfinedPath, FileError> {
        let relative = Relative::parse(grant.relative())?;
        Ok(ConfinedPath::new(self.directory(grant.base())?, relative))
    }

    fn directory(&self, base: &Path) -> Result<Directory, FileError> {
        // A poisoned lock means a thread that panicked over a plain map: refuse all the same.
        let poisoned =
            || FileError::Io(std::io::Error::other("the table of directories is broken"));
        if let Some(open) = self.open.read().map_err(|_| poisoned())?.get(base) {
            return Ok(open.clone());
        }
        let directory = match self.before.get(base) {
            Some(pinned) => pinned.clone(),
            None if self.own.iter().any(|own| base.starts_with(own)) => {
                Directory::open_or_create(base)?
            }
            None => Directory::open(base)?,
        };
        self.open.write().map_err(|_| poisoned())?.insert(base.to_owned(), directory.clone());
        Ok(directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_made_in_the_apps_own_directories_alone() {
        let home = tempfile::TempDir::new().unwrap();
        let [own, others] = ["own", "others"].map(|name| home.path().join(name));
        let bases = Bases::new(vec![own.clone()]);
        for (base, made) in [(own.join("notes"), true), (others.clone(), false)] {
            assert_eq!(bases.directory(&base).is_ok(), made, "{}", base.display());
            assert_eq!(base.is_dir(), made, "{}", base.display());
        }
        std::fs::create_dir(&others).unwrap();
        bases.directory(&others).unwrap();
    }
}
