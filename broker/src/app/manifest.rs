//! `sidegate.toml`: which windows the app has and how it is kept. Nothing unknown is accepted.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sidegate_capabilities::WindowLabel;

use super::containment::{self, Containment};
use crate::wire::SandboxLevel;

/// The name of the file in an app's directory.
pub(crate) const FILE: &str = "sidegate.toml";

/// A window that is smaller than this cannot be used, and one that is larger than this was a
/// slip of the pen: the largest screens sold have 7,680 pixels.
const SIZE: std::ops::RangeInclusive<u32> = 64..=16_384;

/// The most windows that an app declares. Each may need a process of its own.
const MAX_WINDOWS: usize = 64;

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
    /// The sandbox level below which its hosts do not start.
    pub least: SandboxLevel,
    /// A directory of capability files in the app's that is observed beside `policies`: what it
    /// would decide otherwise is recorded.
    pub observe: Option<String>,
}

/// A window that opens when the app starts.
#[derive(Debug, Clone)]
pub struct Window {
    /// What capability files call it.
    pub label: WindowLabel,
    /// The title it opens with.
    pub title: String,
    /// The address of its first document.
    pub url: String,
    /// Logical pixels.
    pub width: u32,
    /// Logical pixels.
    pub height: u32,
    /// Windows of one group share a host process, whatever they may do. Without a group, those
    /// share one that may do the same and need the same of their sandbox.
    pub group: Option<String>,
    /// What it needs of its host's sandbox, and what it is held to.
    pub sandbox: Containment,
}

impl Window {
    /// A window on one of the app's own pages, 960 × 640.
    ///
    /// # Errors
    /// [`ManifestError::Value`] where the label or the page is not one.
    pub fn new(label: &str, page: &str) -> Result<Self, ManifestError> {
        WrittenWindow {
            label: label.to_owned(),
            title: label.to_owned(),
            page: Some(page.to_owned()),
            url: None,
            width: default_width(),
            height: default_height(),
            group: None,
            sandbox: containment::Written::default(),
        }
        .try_into()
    }

    /// The same with another title.
    #[must_use]
    pub fn title(mut self, title: &str) -> Self {
        title.clone_into(&mut self.title);
        self
    }
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
        Ok(Self {
            id: AppId::parse(&written.id)?,
            name: written.name,
            release: written.release,
            windows,
            least: written.sandbox.least.into(),
            observe: written.observe.map(observed).transpose()?,
        })
    }
}

fn check_windows(windows: &[Window]) -> Result<(), ManifestError> {
    if windows.is_empty() || windows.len() > MAX_WINDOWS {
        return Err(value("window", format!("an app has 1 to {MAX_WINDOWS} windows")));
    }
    let mut labels: Vec<_> = windows.iter().map(|window| &window.label).collect();
    labels.sort();
    let twice = labels.windows(2).find_map(|pair| match pair {
        [first, second] if first == second => Some(first),
        _ => None,
    });
    match twice {
        Some(label) => Err(value("window.label", format!("there are two windows `{label}`"))),
        None => Ok(()),
    }
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

/// An app's identifier: reversed domain, `org.example.notes`. It becomes the name of
/// directories, so it holds only letters, digits, `-` and `.`, and no part of it is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppId(String);

impl std::fmt::Display for AppId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl AppId {
    /// Reads an identifier.
    ///
    /// # Errors
    /// [`ManifestError::Value`].
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let part_is_good = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_alphanumeric())
                && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
        };
        let parts = text.split('.');
        if text.len() <= 128 && text.contains('.') && parts.into_iter().all(part_is_good) {
            return Ok(Self(text.to_owned()));
        }
        Err(value("id", format!("`{text}` is not of the form `org.example.notes`")))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
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
    window: Vec<WrittenWindow>,
    #[serde(default)]
    sandbox: WrittenSandbox,
    observe: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWindow {
    label: String,
    title: String,
    page: Option<String>,
    url: Option<String>,
    #[serde(default = "default_width")]
    width: u32,
    #[serde(default = "default_height")]
    height: u32,
    group: Option<String>,
    #[serde(default)]
    sandbox: containment::Written,
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

impl TryFrom<WrittenWindow> for Window {
    type Error = ManifestError;

    fn try_from(written: WrittenWindow) -> Result<Self, ManifestError> {
        let label = WindowLabel::parse(&written.label)
            .map_err(|error| value("window.label", error.to_string()))?;
        if !SIZE.contains(&written.width) || !SIZE.contains(&written.height) {
            let problem = format!("width and height are from {} to {}", SIZE.start(), SIZE.end());
            return Err(value("window.width", problem));
        }
        let url = match (written.page, written.url) {
            (Some(page), None) => own_page(&page)?,
            (None, Some(url)) => remote_page(url)?,
            _ => return Err(value("window", "a window has either a `page` or a `url`")),
        };
        Ok(Self {
            label,
            title: written.title,
            url,
            width: written.width,
            height: written.height,
            group: written.group,
            sandbox: written.sandbox.read().map_err(|(key, problem)| value(key, problem))?,
        })
    }
}

fn own_page(page: &str) -> Result<String, ManifestError> {
    if !is_plain_path(page) {
        return Err(value("window.page", format!("`{page}` is not a file beneath `ui`")));
    }
    Ok(format!("app://localhost/{page}"))
}

fn observed(directory: String) -> Result<String, ManifestError> {
    if is_plain_path(&directory) && directory != "policies" {
        return Ok(directory);
    }
    let problem =
        format!("`{directory}` is not another directory beneath the app's, like `policies-next`");
    Err(value("observe", problem))
}

/// Downwards, and nothing hidden.
fn is_plain_path(path: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    let downwards = path.split('/').all(|name| !name.is_empty() && !name.starts_with('.'));
    path.chars().all(plain) && downwards
}

fn remote_page(url: String) -> Result<String, ManifestError> {
    if url.starts_with("https://") {
        return Ok(url);
    }
    Err(value("window.url", format!("`{url}` is not an `https://` address")))
}

fn default_width() -> u32 {
    960
}

fn default_height() -> u32 {
    640
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
            ("[[window]]", "[[windows]]", "unknown field `windows`"),
        ] {
            let error = Manifest::parse(&GOOD.replace(from, to)).unwrap_err().to_string();
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
