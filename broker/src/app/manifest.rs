//! `sidegate.toml`: which windows the app has and how it is kept. Nothing unknown is accepted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::assets::{ContentSecurity, DevServer, WrittenContentSecurity, WrittenDevServer};
use crate::windows::MAX_OPEN;
use crate::wire::SandboxLevel;

mod id;
mod menu;
mod template;
mod window;

pub use id::AppId;
pub(crate) use menu::CORE;
pub use menu::{Chosen, Menu, MenuEntry, Menus};
pub use template::Template;
pub(crate) use window::SIZE;
pub use window::Window;

/// The name of the file in an app's directory.
pub(crate) const FILE: &str = "sidegate.toml";

/// The longest that an app may ask to be waited for: systemd ends a service after 90 seconds, and a
/// session's processes with it.
const MAX_DRAIN_SECONDS: u64 = 60;

/// The manifest of an app.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The app's identifier, which also names its directories.
    pub id: AppId,
    /// Its name, for people.
    pub name: String,
    /// Its version, for people and for `app.info`.
    pub release: String,
    /// The windows that open when it starts.
    pub windows: Vec<Window>,
    /// The windows that may be opened beside them.
    pub templates: Vec<Template>,
    /// The menu bar of the windows that say `menu = true`.
    pub menus: Menus,
    /// The sandbox level below which its hosts do not start.
    pub least: SandboxLevel,
    /// A directory of capability files in the app's that is observed beside `policies`: what it
    /// would decide otherwise is recorded.
    pub observe: Option<String>,
    /// Whether `sidegate run` follows the files of the policy, and reloads when they change.
    pub watch: bool,
    /// How long calls in flight may take to finish when the app is asked to end.
    pub drain: Option<Duration>,
    /// Where the pages come from in a debug run.
    pub dev_server: Option<DevServer>,
    /// What is added to the content security policy of the pages.
    pub content_security: ContentSecurity,
}

impl Manifest {
    /// Reads `sidegate.toml` in `directory`.
    ///
    /// # Errors
    /// [`ManifestError`], with the place.
    pub fn read(directory: &Path) -> Result<Self, ManifestError> {
        let path = directory.join(FILE);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| ManifestError::Unreadable { path: path.clone(), error })?;
        Self::parse(&text).map_err(|error| error.in_file(&path))
    }

    /// Reads the text of a manifest.
    ///
    /// # Errors
    /// [`ManifestError`], with line and column where the text has one.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let written: Written = toml::from_str(text).map_err(|error| ManifestError::Syntax {
            path: FILE.into(),
            error: error.to_string(),
        })?;
        if written.version != 1 {
            let problem =
                format!("`version = {}` is not known; this is version 1", written.version);
            return Err(value("version", problem));
        }
        let windows: Vec<Window> =
            written.window.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        check_windows(&windows)?;
        let templates: Vec<Template> =
            written.template.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        template::check(&templates, &windows)?;
        Ok(Self {
            templates,
            menus: Menus::parse(written.menu)?,
            id: AppId::parse(&written.id)?,
            name: written.name,
            release: written.release,
            windows,
            least: written.sandbox.least.into(),
            observe: written.observe.map(observed).transpose()?,
            watch: written.watch,
            drain: written.drain_seconds.map(drain).transpose()?,
            dev_server: written.dev_url.map(dev_server).transpose()?,
            content_security: written.csp.map(content_security).transpose()?.unwrap_or_default(),
        })
    }
}

fn check_windows(windows: &[Window]) -> Result<(), ManifestError> {
    if windows.is_empty() || windows.len() > MAX_OPEN {
        return Err(value("window", format!("an app has 1 to {MAX_OPEN} windows")));
    }
    match twice(windows.iter().map(|window| window.label.as_str())) {
        Some(label) => Err(value("window.label", format!("there are two windows `{label}`"))),
        None => Ok(()),
    }
}

/// A name that stands there twice.
fn twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

/// What is wrong with a manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The text is not a manifest.
    #[error("{}: {error}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The parser's message, with line, column and the line itself.
        error: String,
    },
    /// A value is not one that the key takes.
    #[error("{}: `{key}`: {problem}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The key, with the table it stands in.
        key: String,
        /// What is wrong.
        problem: String,
    },
}

impl ManifestError {
    fn in_file(mut self, file: &Path) -> Self {
        match &mut self {
            Self::Unreadable { path, .. }
            | Self::Syntax { path, .. }
            | Self::Value { path, .. } => {
                file.clone_into(path);
            }
        }
        self
    }
}

fn value(key: impl Into<String>, problem: impl Into<String>) -> ManifestError {
    ManifestError::Value { path: FILE.into(), key: key.into(), problem: problem.into() }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    id: String,
    name: String,
    #[serde(default = "default_release")]
    release: String,
    #[serde(default)]
    window: Vec<window::Written>,
    #[serde(default)]
    template: Vec<template::Written>,
    #[serde(default)]
    menu: Vec<menu::Written>,
    #[serde(default)]
    sandbox: WrittenSandbox,
    observe: Option<String>,
    #[serde(default = "default_watch")]
    watch: bool,
    drain_seconds: Option<u64>,
    dev_url: Option<WrittenDevServer>,
    csp: Option<WrittenContentSecurity>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct WrittenSandbox {
    #[serde(default)]
    least: WrittenLevel,
}

/// An app that says nothing gets the strongest level or does not start.
#[derive(Deserialize, Default, Clone, Copy)]
enum WrittenLevel {
    #[default]
    A,
    B,
    C,
    #[serde(rename = "none")]
    None,
}

impl From<WrittenLevel> for SandboxLevel {
    fn from(level: WrittenLevel) -> Self {
        match level {
            WrittenLevel::A => Self::A,
            WrittenLevel::B => Self::B,
            WrittenLevel::C => Self::C,
            WrittenLevel::None => Self::None,
        }
    }
}

fn observed(directory: String) -> Result<String, ManifestError> {
    if is_plain_path(&directory) && directory != "policies" {
        return Ok(directory);
    }
    let problem =
        format!("`{directory}` is not another directory beneath the app's, like `policies-next`");
    Err(value("observe", problem))
}

fn dev_server(written: WrittenDevServer) -> Result<DevServer, ManifestError> {
    DevServer::try_from(written).map_err(|error| value("dev_url", error.to_string()))
}

fn content_security(written: WrittenContentSecurity) -> Result<ContentSecurity, ManifestError> {
    ContentSecurity::try_from(written).map_err(|error| value("csp", error.to_string()))
}

fn drain(seconds: u64) -> Result<Duration, ManifestError> {
    if seconds > MAX_DRAIN_SECONDS {
        let problem = format!("a person who closed an app waits for {MAX_DRAIN_SECONDS} at most");
        return Err(value("drain_seconds", problem));
    }
    Ok(Duration::from_secs(seconds))
}

/// Downwards, and nothing hidden.
fn is_plain_path(path: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    let downwards = path.split('/').all(|name| !name.is_empty() && !name.starts_with('.'));
    path.chars().all(plain) && downwards
}

fn default_watch() -> bool {
    true
}

fn default_release() -> String {
    "0.0.0".to_owned()
}

#[cfg(test)]
mod tests;
