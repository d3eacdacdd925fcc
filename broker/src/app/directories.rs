//! Where an app's files are on this machine, after the XDG base directory specification on
//! Linux; what the variables of a policy (`$APPDATA`, …) stand for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sidegate_capabilities::Directories;
use sidegate_capabilities::directories::DirectoryError;

use super::AppId;

/// The directories of one app for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppDirectories {
    home: PathBuf,
    data: PathBuf,
    config: PathBuf,
    cache: PathBuf,
    log: PathBuf,
    resources: PathBuf,
    temporary: PathBuf,
}

/// The environment says of no home directory, or of a relative one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`HOME` is not set to an absolute path")]
pub struct NoHome;

impl AppDirectories {
    /// The directories of `app`, by this process's environment; `resources` is the directory
    /// that the app itself lies in.
    ///
    /// # Errors
    /// [`NoHome`].
    pub fn of(app: &AppId, resources: &Path) -> Result<Self, NoHome> {
        Self::of_environment(app, resources, |name| std::env::var_os(name))
    }

    /// The same by another environment.
    ///
    /// # Errors
    /// [`NoHome`].
    pub fn of_environment(
        app: &AppId,
        resources: &Path,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, NoHome> {
        // A relative path in these variables is invalid and to be ignored, says the
        // specification; HOME has no fallback.
        let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = canonical(&absolute("HOME").ok_or(NoHome)?);
        let base = |name, fallback: &str| {
            let base = absolute(name).map_or_else(|| home.join(fallback), |base| canonical(&base));
            base.join(app.as_str())
        };
        Ok(Self {
            data: base("XDG_DATA_HOME", ".local/share"),
            config: base("XDG_CONFIG_HOME", ".config"),
            cache: base("XDG_CACHE_HOME", ".cache"),
            log: base("XDG_STATE_HOME", ".local/state"),
            resources: canonical(resources),
            temporary: canonical(&std::env::temp_dir()),
            home,
        })
    }

    /// Directories that all lie beneath `home`, whatever the environment says: for tests, and for
    /// apps that carry their files with them.
    #[must_use]
    pub fn beneath(home: &Path, app: &AppId) -> Self {
        let home = canonical(home);
        let base = |name: &str| home.join(name).join(app.as_str());
        Self {
            data: base(".local/share"),
            config: base(".config"),
            cache: base(".cache"),
            log: base(".local/state"),
            resources: home.clone(),
            temporary: home.join("tmp"),
            home,
        }
    }

    /// What a policy's variables stand for.
    ///
    /// # Errors
    /// [`DirectoryError`] where one of them cannot be the root of a pattern.
    pub fn variables(&self) -> Result<Directories, DirectoryError> {
        let home = |name: &str| self.home.join(name);
        Directories::new([
            ("HOME", self.home.clone()),
            ("APPDATA", self.data.clone()),
            ("APPCONFIG", self.config.clone()),
            ("APPCACHE", self.cache.clone()),
            ("APPLOG", self.log.clone()),
            ("RESOURCES", self.resources.clone()),
            ("TEMP", self.temporary.clone()),
            ("DOCUMENTS", home("Documents")),
            ("DOWNLOADS", home("Downloads")),
            ("PICTURES", home("Pictures")),
            ("MUSIC", home("Music")),
            ("VIDEOS", home("Videos")),
            ("DESKTOP", home("Desktop")),
        ])
    }

    /// Where the app keeps its data.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Where the audit log is.
    #[must_use]
    pub fn audit_log(&self) -> PathBuf {
        self.log.join("audit.jsonl")
    }

    /// Where the highest version of the app's policy bundles stands.
    #[must_use]
    pub fn policy_floor(&self) -> PathBuf {
        self.log.join("policy.floor")
    }

    /// Where the settings are.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.config.join("settings.json")
    }

    /// Where it is remembered how windows stood.
    #[must_use]
    pub fn windows(&self) -> PathBuf {
        self.config.join("windows.json")
    }

    /// Where it stands what the person answered for good.
    #[must_use]
    pub fn answers(&self) -> PathBuf {
        self.log.join("answers.json")
    }

    /// Where the window that asks the person has what it needs, its own audit log among it.
    #[must_use]
    pub fn question(&self) -> PathBuf {
        self.log.join("question")
    }

    /// The directories that are the app's alone: made when they are first needed.
    #[must_use]
    pub fn own(&self) -> Vec<PathBuf> {
        vec![self.data.clone(), self.config.clone(), self.cache.clone()]
    }
}

/// The path without links, so that a pattern and what is opened speak of the same place. What
/// does not exist yet stays as it is.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Result<AppDirectories, NoHome> {
        let app = AppId::parse("org.example.app").unwrap();
        AppDirectories::of_environment(&app, Path::new("/opt/app"), |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn directories_follow_the_environment() {
        let plain = of(&[("HOME", "/nowhere/ada")]).unwrap();
        assert_eq!(plain.data(), Path::new("/nowhere/ada/.local/share/org.example.app"));
        let audit = Path::new("/nowhere/ada/.local/state/org.example.app/audit.jsonl");
        assert_eq!(plain.audit_log(), audit);
        let moved = of(&[("HOME", "/nowhere/ada"), ("XDG_DATA_HOME", "/nowhere/data")]).unwrap();
        assert_eq!(moved.data(), Path::new("/nowhere/data/org.example.app"));
        let relative = of(&[("HOME", "/nowhere/ada"), ("XDG_DATA_HOME", "data")]).unwrap();
        assert_eq!(relative.data(), plain.data());
    }

    #[test]
    fn without_a_home_there_are_no_directories() {
        assert_eq!(of(&[]), Err(NoHome));
        assert_eq!(of(&[("HOME", "ada")]), Err(NoHome));
    }
}
