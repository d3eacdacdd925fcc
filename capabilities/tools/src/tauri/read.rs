//! The files of a Tauri app, found and read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::form::{APP, Capability, Manifest, PermissionFile};
use super::json5;

/// The most bytes of a file. The manifests of all plugins together are about a megabyte.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The deepest folder of permissions that is looked into.
const MAX_FOLDERS: usize = 8;

/// What a Tauri app says of its permissions.
#[derive(Debug, Clone, Default)]
pub struct App {
    /// Permissions by plugin; the app's own under `__app-acl__`.
    pub manifests: BTreeMap<String, Manifest>,
    /// The capabilities that are in force.
    pub capabilities: Vec<Capability>,
    /// Labels of the windows of the configuration.
    pub windows: Vec<String>,
}

/// Why an app cannot be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TauriError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {error}", path = .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        error: io::Error,
    },
    /// A file is not what it should be.
    #[error("`{path}`: {message}", path = .path.display())]
    Form {
        /// Which.
        path: PathBuf,
        /// A sentence.
        message: String,
    },
    /// There is no app.
    #[error("`{}` is no Tauri app: it has no `tauri.conf.json`, `tauri.conf.json5` or `Tauri.toml`", .0.display())]
    NoApp(PathBuf),
}

impl App {
    /// Reads the app in a directory: the one that holds `src-tauri`, or `src-tauri` itself.
    ///
    /// # Errors
    /// A file that cannot be read, or says what is not understood.
    pub fn read(directory: &Path) -> Result<Self, TauriError> {
        let below = directory.join("src-tauri");
        let root = if below.is_dir() { below } else { directory.to_owned() };
        let (path, config) =
            config(&root)?.ok_or_else(|| TauriError::NoApp(directory.to_owned()))?;
        let mut manifests: BTreeMap<String, Manifest> = BTreeMap::new();
        let generated = root.join("gen/schemas/acl-manifests.json");
        if generated.is_file() {
            manifests = typed(&generated, value(&generated)?)?;
            // What is generated may be older than the files it is generated from.
            manifests.remove(APP);
        }
        let mut own = Vec::new();
        let folder = root.join("permissions");
        files(&folder, MAX_FOLDERS, &mut own)?;
        for file in own.iter().filter(|file| !is_schema(file)) {
            let key = plugin_of(&folder, file).filter(|key| manifests.contains_key(*key));
            let key = key.unwrap_or(APP).to_owned();
            manifests.entry(key).or_default().add(typed(file, value(file)?)?);
        }
        let mut written = Vec::new();
        let mut found = Vec::new();
        files(&root.join("capabilities"), 1, &mut found)?;
        for file in &found {
            written.extend(capabilities(file, value(file)?)?);
        }
        one_of_each(&root, &written)?;
        let capabilities = config.in_force(&path, written)?;
        one_of_each(&path, &capabilities)?;
        Ok(Self { manifests, capabilities, windows: config.windows() })
    }
}

/// Reads the text of a capability file. The extension says what it is written in.
///
/// # Errors
/// What is wrong with it.
pub fn parse_capabilities(name: &Path, text: &str) -> Result<Vec<Capability>, TauriError> {
    capabilities(name, parse(name, text)?)
}

/// Reads the text of a permission file. The extension says what it is written in.
///
/// # Errors
/// What is wrong with it.
pub fn parse_permissions(name: &Path, text: &str) -> Result<PermissionFile, TauriError> {
    typed(name, parse(name, text)?)
}

/// What is looked at of an app's configuration.
#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    app: AppConfig,
}

#[derive(Default, Deserialize)]
struct AppConfig {
    #[serde(default)]
    windows: Vec<Window>,
    #[serde(default)]
    security: Security,
}

#[derive(Deserialize)]
struct Window {
    #[serde(default = "main_window")]
    label: String,
}

#[derive(Default, Deserialize)]
struct Security {
    #[serde(default)]
    capabilities: Vec<Value>,
}

/// Capabilities under a key of their own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    capabilities: Vec<Capability>,
    #[expect(dead_code, reason = "taken, and of no consequence")]
    #[serde(default, rename = "$schema")]
    schema: Option<IgnoredAny>,
}

impl Config {
    fn windows(&self) -> Vec<String> {
        self.app.windows.iter().map(|window| window.label.clone()).collect()
    }

    /// The capabilities that the configuration names; all of them where it names none.
    fn in_force(
        &self,
        path: &Path,
        mut written: Vec<Capability>,
    ) -> Result<Vec<Capability>, TauriError> {
        let named = &self.app.security.capabilities;
        if named.is_empty() {
            return Ok(written);
        }
        let mut found = Vec::with_capacity(named.len());
        for entry in named {
            let Some(name) = entry.as_str() else {
                found.push(typed(path, entry.clone())?);
                continue;
            };
            let Some(at) = written.iter().position(|capability| capability.identifier == name)
            else {
                return Err(form(path, format!("there is no capability `{name}`")));
            };
            found.push(written.remove(at));
        }
        Ok(found)
    }
}

/// Tauri takes the last of two capabilities with one name where they stand in the configuration, and
/// refuses two in files.
fn one_of_each(path: &Path, capabilities: &[Capability]) -> Result<(), TauriError> {
    let mut seen = BTreeSet::new();
    for capability in capabilities {
        if !seen.insert(&capability.identifier) {
            let name = &capability.identifier;
            return Err(form(path, format!("there are two capabilities `{name}`")));
        }
    }
    Ok(())
}

fn main_window() -> String {
    "main".to_owned()
}

fn config(root: &Path) -> Result<Option<(PathBuf, Config)>, TauriError> {
    let names = ["tauri.conf.json", "tauri.conf.json5", "Tauri.toml"];
    let Some(path) = names.map(|name| root.join(name)).into_iter().find(|path| path.is_file())
    else {
        return Ok(None);
    };
    let config = typed(&path, value(&path)?)?;
    Ok(Some((path, config)))
}

fn capabilities(path: &Path, value: Value) -> Result<Vec<Capability>, TauriError> {
    if value.is_array() {
        return typed(path, value);
    }
    match value.get("capabilities") {
        None => Ok(vec![typed(path, value)?]),
        Some(_) => typed::<List>(path, value).map(|list| list.capabilities),
    }
}

/// The files of a folder and the folders within, by name. A folder that is not there has none.
fn files(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), TauriError> {
    let Some(depth) = depth.checked_sub(1) else {
        return Ok(());
    };
    let failed = |error| TauriError::Read { path: folder.to_owned(), error };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    let entries = entries.map(|entry| Ok(entry.map_err(failed)?.path()));
    let mut paths = entries.collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() && !path.is_symlink() {
            files(&path, depth, found)?;
        } else if extension(&path).is_some_and(|e| matches!(e, "toml" | "json" | "json5")) {
            found.push(path);
        }
    }
    Ok(())
}

/// The folder right within that of all permissions: a plugin without a crate of its own keeps its
/// files in one of its name.
fn plugin_of<'p>(permissions: &Path, file: &'p Path) -> Option<&'p str> {
    let mut parts = file.strip_prefix(permissions).ok()?.iter();
    let folder = parts.next().and_then(|folder| folder.to_str());
    folder.filter(|_| parts.next().is_some())
}

/// Whether a file is one of those that Tauri's build writes for editors.
fn is_schema(path: &Path) -> bool {
    path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "schemas")
}

fn value(path: &Path) -> Result<Value, TauriError> {
    let failed = |error| TauriError::Read { path: path.to_owned(), error };
    if fs::metadata(path).map_err(failed)?.len() > MAX_BYTES {
        return Err(form(path, "the file is too long"));
    }
    parse(path, &fs::read_to_string(path).map_err(failed)?)
}

fn parse(path: &Path, text: &str) -> Result<Value, TauriError> {
    let parsed = match extension(path) {
        Some("toml") => toml::from_str(text).map_err(|error| error.to_string()),
        Some("json5") => json5::parse(text),
        _ => serde_json::from_str(text).map_err(|error| error.to_string()),
    };
    parsed.map_err(|message| form(path, message))
}

fn typed<T: DeserializeOwned>(path: &Path, value: Value) -> Result<T, TauriError> {
    serde_json::from_value(value).map_err(|error| form(path, error.to_string()))
}

fn form(path: &Path, message: impl Into<String>) -> TauriError {
    TauriError::Form { path: path.to_owned(), message: message.into() }
}

fn extension(path: &Path) -> Option<&str> {
    path.extension().and_then(|extension| extension.to_str())
}
