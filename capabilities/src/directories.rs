//! What `$HOME`, `$APPDATA` and their like stand for. Finding the real directories is the
//! broker's work; here they are values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The variables a path may begin with, written without the `$`.
pub const VARIABLES: [&str; 13] = [
    "HOME",
    "APPDATA",
    "APPCONFIG",
    "APPCACHE",
    "APPLOG",
    "DOCUMENTS",
    "DOWNLOADS",
    "PICTURES",
    "MUSIC",
    "VIDEOS",
    "DESKTOP",
    "RESOURCES",
    "TEMP",
];

/// The directory behind each variable: absolute, canonical, UTF-8, never the root.
///
/// A variable that has no directory here is unknown: a pattern that names it does not compile, a
/// path that names it is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directories(BTreeMap<String, PathBuf>);

impl Directories {
    /// Takes the directories by variable name (without `$`).
    ///
    /// # Errors
    /// A name is none of [`VARIABLES`], or a path is relative, the root, not UTF-8, or not written
    /// canonically (`.`, `..`, `//`).
    pub fn new<N, P>(directories: impl IntoIterator<Item = (N, P)>) -> Result<Self, DirectoryError>
    where
        N: Into<String>,
        P: Into<PathBuf>,
    {
        let mut map = BTreeMap::new();
        for (name, path) in directories {
            let (name, path) = (name.into(), path.into());
            if !VARIABLES.contains(&name.as_str()) {
                return Err(DirectoryError::UnknownVariable(name));
            }
            if !is_canonical(&path) {
                return Err(DirectoryError::NotCanonical(name, path));
            }
            map.insert(name, path);
        }
        Ok(Self(map))
    }

    /// Fixed directories, for golden tables, tests and examples; none of them need exist.
    #[must_use]
    pub fn sample() -> Self {
        let sample = [
            ("HOME", "/home/user"),
            ("APPDATA", "/home/user/.local/share/app"),
            ("APPCONFIG", "/home/user/.config/app"),
            ("APPCACHE", "/home/user/.cache/app"),
            ("APPLOG", "/home/user/.local/state/app"),
            ("DOCUMENTS", "/home/user/Documents"),
            ("DOWNLOADS", "/home/user/Downloads"),
            ("PICTURES", "/home/user/Pictures"),
            ("MUSIC", "/home/user/Music"),
            ("VIDEOS", "/home/user/Videos"),
            ("DESKTOP", "/home/user/Desktop"),
            ("RESOURCES", "/usr/lib/app"),
            ("TEMP", "/tmp/app"),
        ];
        Self(sample.map(|(name, path)| (name.to_owned(), PathBuf::from(path))).into())
    }

    /// The directory of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Path> {
        self.0.get(name).map(PathBuf::as_path)
    }

    /// The variables that have a directory, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The directory of a variable as text; [`Directories::new`] admitted nothing but UTF-8.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Path::to_str)
    }
}

/// Why a directory cannot stand behind a variable. The fault is the caller's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// None of [`VARIABLES`].
    #[error("there is no variable `${0}`")]
    UnknownVariable(String),
    /// Relative, the root, not UTF-8, or with a component that is no name.
    #[error("`${0}` needs an absolute canonical directory, not `{path}`", path = .1.display())]
    NotCanonical(String, PathBuf),
}

fn is_canonical(path: &Path) -> bool {
    let Some(names) = path.to_str().and_then(|text| text.strip_prefix('/')) else {
        return false;
    };
    names
        .split('/')
        .all(|name| !matches!(name, "" | "." | "..") && !name.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_names_and_canonical_directories() {
        for good in ["/a", "/a/.b", "/a b/ç"] {
            assert!(Directories::new([("HOME", good)]).is_ok(), "{good}");
        }
        for bad in ["", "/", "a", "/a/", "//a", "/a/./b", "/a/..", "/a\nb"] {
            assert_eq!(
                Directories::new([("HOME", bad)]),
                Err(DirectoryError::NotCanonical("HOME".into(), bad.into())),
            );
        }
        assert_eq!(
            Directories::new([("HOUSE", "/a")]),
            Err(DirectoryError::UnknownVariable("HOUSE".into())),
        );
    }

    #[test]
    fn the_sample_knows_every_variable_and_would_pass_its_own_check() {
        let sample = Directories::sample();
        assert_eq!(sample.names().count(), VARIABLES.len());
        assert_eq!(Directories::new(sample.0.clone()), Ok(sample));
    }
}
