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
        /// The key.
        key: &'static str,
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

fn value(key: &'static str, problem: impl Into<String>) -> ManifestError {
    ManifestError::Value { path: FILE.into(), key, problem: problem.into() }
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
mod tests {
    use super::*;

    const GOOD: &str = r#"
version = 1
id = "org.sidegate.notes"
name = "Notes"
[[window]]
label = "editor"
title = "Notes"
page = "editor.html"
"#;

    #[test]
    fn a_small_manifest_is_whole() {
        let manifest = Manifest::parse(GOOD).unwrap();
        assert_eq!(manifest.id.as_str(), "org.sidegate.notes");
        assert_eq!(manifest.least, SandboxLevel::A);
        let [window] = manifest.windows.as_slice() else { panic!("one window") };
        assert_eq!(window.url, "app://localhost/editor.html");
        assert_eq!((window.width, window.height), (960, 640));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (from, to, expected) in [
            ("version = 1", "version = 2", "sidegate.toml: `version`: `version = 2` is not known"),
            ("name =", "nmae =", "line 4"),
            ("org.sidegate.notes", "notes", "`id`: `notes` is not of the form"),
            ("org.sidegate.notes", "org..notes", "`id`"),
            ("org.sidegate.notes", "../../etc", "`id`"),
            ("\"editor\"", "\"the editor\"", "`window.label`"),
            ("editor.html", "../editor.html", "`window.page`"),
            ("editor.html", ".secret", "`window.page`"),
            ("page = \"editor.html\"", "url = \"http://example.com\"", "`window.url`"),
            ("page = \"editor.html\"", "", "either a `page` or a `url`"),
            ("page = \"editor.html\"", "page = \"a\"\nwidth = 5", "`window.width`"),
            (
                "[[window]]",
                "observe = \"../next\"\n[[window]]",
                "`observe`: `../next` is not another",
            ),
            (
                "[[window]]",
                "observe = \"policies\"\n[[window]]",
                "`observe`: `policies` is not another",
            ),
            ("editor.html\"", "a\"\n[window.sandbox]\ntasks = 1", "`window.sandbox.tasks`: `1`"),
            (
                "[[window]]",
                "drain_seconds = 61\n[[window]]",
                "`drain_seconds`: a person who closed",
            ),
            ("[[window]]", "[[windows]]", "unknown field `windows`"),
            (
                "[[window]]",
                "dev_url = \"http://example.com:80\"\n[[window]]",
                "`dev_url`: `http://example.com:80` is not `http://localhost:PORT`",
            ),
            (
                "[[window]]",
                "csp.script-src = [\"'unsafe-eval'\"]\n[[window]]",
                "`csp`: `'unsafe-eval'` in `script-src` undoes",
            ),
            ("[[window]]", "csp.img-src = \"data:\"\n[[window]]", "line 5"),
        ] {
            let error = Manifest::parse(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(expected), "{to}: {error}");
        }
    }

    #[test]
    fn a_dev_server_is_less_trusted_unless_it_says_otherwise() {
        for (written, local) in [
            ("dev_url = \"http://localhost:5173\"", Some(false)),
            ("dev_url = { url = \"http://localhost:5173\" }", Some(false)),
            ("dev_url = { url = \"http://[::1]:1\", dangerously_as_local = true }", Some(true)),
            ("dev_url = { url = \"http://localhost:1\", as_local = true }", None),
            ("dev_url = 5173", None),
        ] {
            let text = GOOD.replace("[[window]]", &format!("{written}\n[[window]]"));
            let server = Manifest::parse(&text).ok().and_then(|manifest| manifest.dev_server);
            assert_eq!(server.map(|server| server.is_local()), local, "{written}");
        }
    }

    const MORE: &str = r#"
[[template]]
name = "preview"
title = "Preview"
page = "preview.html"
most = 2
takes = ["https://docs.example.com"]
[[menu]]
title = "File"
[[menu.item]]
title = "Quit"
command = "app.quit"
[[menu.item]]
title = "Save"
event = "save"
keys = "<Control>s"
"#;

    #[test]
    fn templates_and_menus_are_read() {
        let manifest = Manifest::parse(&format!("{GOOD}{MORE}")).unwrap();
        let labels: Vec<_> = manifest.templates[0].labels().map(|it| it.to_string()).collect();
        assert_eq!(labels, ["preview-1", "preview-2"]);
        assert_eq!(manifest.menus.chosen(1), Some(&Chosen::Event("save".into())));
        assert_eq!(manifest.menus.chosen(2), None);
        let [menu] = &manifest.menus.for_host()[..] else { panic!("one menu") };
        let numbers: Vec<_> = menu.items.iter().map(|item| item.number).collect();
        assert_eq!(numbers, [0, 1]);
    }

    #[test]
    fn what_is_wrong_with_a_template_or_a_menu_is_said() {
        for (from, to, expected) in [
            ("\"preview\"", "\"the preview\"", "`template.name`"),
            ("most = 2", "most = 65", "`template.most`"),
            ("most = 2", "most = 0", "`template.most`"),
            ("https://docs.example.com", "http://docs.example.com", "`template.takes`"),
            ("https://docs.example.com", "https://docs.example.com/a", "`template.takes`"),
            ("https://docs.example.com", "https://*.example.com", "`template.takes`"),
            ("preview.html", "../preview.html", "`window.page`"),
            ("label = \"editor\"", "label = \"preview-1\"", "could be called `preview-1`"),
            ("label = \"editor\"", "label = \"core\"", "`core` is the app itself"),
            (
                "[[menu]]",
                "[[template]]\nname=\"preview\"\ntitle=\"x\"\npage=\"x\"\n[[menu]]",
                "two templates",
            ),
            ("\"app.quit\"", "\"App quit\"", "`menu.item.command`"),
            ("\"app.quit\"", "\"app.quit\"\nargs = 1", "`menu.item.args`"),
            ("\"app.quit\"", "\"app.quit\"\nevent = \"x\"", "either a `command`"),
            ("event = \"save\"", "args = {}", "either a `command`"),
            ("<Control>s", "<Control> s", "`menu.item.keys`"),
            ("\"Save\"", "\"\"", "`menu.title`"),
        ] {
            let text = format!("{GOOD}{MORE}").replacen(from, to, 1);
            let error = Manifest::parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{to}: {error}");
        }
    }

    #[test]
    fn a_label_stands_once() {
        let window = GOOD.split("[[window]]").nth(1).unwrap();
        let error = Manifest::parse(&format!("{GOOD}[[window]]{window}")).unwrap_err();
        assert!(error.to_string().contains("two windows `editor`"), "{error}");
    }
}
