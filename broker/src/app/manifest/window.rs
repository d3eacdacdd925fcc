//! A window that opens when the app starts, and as what it is written.

use serde::Deserialize;
use sidegate_capabilities::WindowLabel;

use super::{ManifestError, is_plain_path, value};
use crate::app::containment::{self, Containment};

/// A window that is smaller than this cannot be used, and one that is larger than this was a
/// slip of the pen: the largest screens sold have 7,680 pixels.
pub(crate) const SIZE: std::ops::RangeInclusive<u32> = 64..=16_384;

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
    /// Whether it opens as it stood when the app ran last.
    pub remember: bool,
    /// Whether it has the app's menu bar.
    pub menu: bool,
    /// What it needs of its host's sandbox, and what it is held to.
    pub sandbox: Containment,
}

impl Window {
    /// A window on one of the app's own pages, 960 × 640.
    ///
    /// # Errors
    /// [`ManifestError::Value`] where the label or the page is not one.
    pub fn new(label: &str, page: &str) -> Result<Self, ManifestError> {
        let look = Look { title: label.to_owned(), page: Some(page.to_owned()), ..Look::default() };
        look.window("window", parse_label(label)?)
    }

    /// The same with another title.
    #[must_use]
    pub fn title(mut self, title: &str) -> Self {
        title.clone_into(&mut self.title);
        self
    }

    /// The same, and it opens as it stood when the app ran last.
    #[must_use]
    pub fn remember(mut self) -> Self {
        self.remember = true;
        self
    }
}

/// A window as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
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
    remember: bool,
    #[serde(default)]
    menu: bool,
    #[serde(default)]
    sandbox: containment::Written,
}

/// What a window and a template say alike.
pub(super) struct Look {
    pub(super) title: String,
    pub(super) page: Option<String>,
    pub(super) url: Option<String>,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) group: Option<String>,
    pub(super) remember: bool,
    pub(super) menu: bool,
    pub(super) sandbox: Containment,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            title: String::new(),
            page: None,
            url: None,
            width: default_width(),
            height: default_height(),
            group: None,
            remember: false,
            menu: false,
            sandbox: Containment::default(),
        }
    }
}

impl Look {
    /// The window that it describes, in the table `of` the manifest.
    pub(super) fn window(self, of: &str, label: WindowLabel) -> Result<Window, ManifestError> {
        let Self { title, page, url, width, height, group, remember, menu, sandbox } = self;
        for (side, pixels) in [("width", width), ("height", height)] {
            if !SIZE.contains(&pixels) {
                let problem = format!("{pixels} is not from {} to {}", SIZE.start(), SIZE.end());
                return Err(value(format!("{of}.{side}"), problem));
            }
        }
        let url = match (page, url) {
            (Some(page), None) => own_page(of, &page)?,
            (None, Some(url)) => remote_page(of, url)?,
            _ => return Err(value(of, "a window has either a `page` or a `url`")),
        };
        Ok(Window { label, title, url, width, height, group, remember, menu, sandbox })
    }
}

impl TryFrom<Written> for Window {
    type Error = ManifestError;

    fn try_from(written: Written) -> Result<Self, ManifestError> {
        let Written { label, title, page, url, width, height, group, remember, menu, sandbox } =
            written;
        let sandbox = contained("window", sandbox)?;
        let look = Look { title, page, url, width, height, group, remember, menu, sandbox };
        look.window("window", parse_label(&label)?)
    }
}

/// The section `sandbox` of the table `of`.
pub(super) fn contained(
    of: &str,
    written: containment::Written,
) -> Result<Containment, ManifestError> {
    written.read().map_err(|(key, problem)| value(format!("{of}.sandbox.{key}"), problem))
}

pub(super) fn parse_label(label: &str) -> Result<WindowLabel, ManifestError> {
    let label =
        WindowLabel::parse(label).map_err(|error| value("window.label", error.to_string()))?;
    if label.as_str() == super::menu::CORE {
        let problem = format!("`{label}` is the app itself, which its menu speaks for");
        return Err(value("window.label", problem));
    }
    Ok(label)
}

fn own_page(of: &str, page: &str) -> Result<String, ManifestError> {
    if !is_plain_path(page) {
        return Err(value(format!("{of}.page"), format!("`{page}` is not a file beneath `ui`")));
    }
    Ok(format!("app://localhost/{page}"))
}

fn remote_page(of: &str, url: String) -> Result<String, ManifestError> {
    if url.starts_with("https://") {
        return Ok(url);
    }
    Err(value(format!("{of}.url"), format!("`{url}` is not an `https://` address")))
}

pub(super) fn default_width() -> u32 {
    960
}

pub(super) fn default_height() -> u32 {
    640
}
