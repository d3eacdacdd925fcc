//! A kind of window that may be opened while the app runs: by `window.create`, which names it, or by
//! a page that opens an address, which does not. What each window of it is called is made here and
//! never said by a page.

use serde::Deserialize;
use sidegate_capabilities::{Origin, WindowLabel};

use crate::app::containment;

use super::window::{Look, Window, contained, default_height, default_width};
use super::{ManifestError, twice, value};

/// The most windows of one template where it says nothing.
const MOST: u32 = 4;

/// The longest name: with a dash and a number behind it, it is a label.
const MAX_NAME: usize = 56;

/// A kind of window.
#[derive(Debug, Clone)]
pub struct Template {
    name: String,
    /// The window that all of them are made like.
    model: Window,
    /// Origins beside its own page whose addresses open in such a window.
    takes: Vec<Origin>,
    /// So many at a time.
    most: u32,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: String,
    title: String,
    page: Option<String>,
    url: Option<String>,
    #[serde(default = "default_width")]
    width: u32,
    #[serde(default = "default_height")]
    height: u32,
    #[serde(default)]
    remember: bool,
    #[serde(default)]
    menu: bool,
    #[serde(default)]
    takes: Vec<String>,
    #[serde(default = "default_most")]
    most: u32,
    #[serde(default)]
    sandbox: containment::Written,
}

impl Template {
    /// Windows called `name-1`, `name-2` and so on, made like `model`.
    ///
    /// # Errors
    /// [`ManifestError::Value`] where the name is not the beginning of a label.
    pub fn new(name: &str, model: Window) -> Result<Self, ManifestError> {
        if name.len() > MAX_NAME || WindowLabel::parse(name).is_err() {
            let problem =
                format!("`{name}` is not letters, digits, `_` and `-`, {MAX_NAME} at most");
            return Err(value("template.name", problem));
        }
        Ok(Self { name: name.to_owned(), model, takes: Vec::new(), most: MOST })
    }

    /// The same, and addresses of `origin` open in such a window.
    #[must_use]
    pub fn take(mut self, origin: Origin) -> Self {
        self.takes.push(origin);
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of its own page.
    pub(crate) fn url(&self) -> &str {
        &self.model.url
    }

    /// Puts its own page at another address.
    pub(crate) fn move_to(&mut self, url: String) {
        self.model.url = url;
    }

    /// Whether addresses of `origin` open in such a window.
    pub(crate) fn takes(&self, origin: &Origin) -> bool {
        self.takes.contains(origin)
    }

    /// The labels that its windows may have, in order.
    pub(crate) fn labels(&self) -> impl Iterator<Item = WindowLabel> {
        let name = self.name.clone();
        (1..=self.most)
            .filter_map(move |number| WindowLabel::parse(&format!("{name}-{number}")).ok())
    }

    /// One of them, at its own page or at `url`.
    pub(crate) fn window(&self, label: WindowLabel, url: Option<&str>) -> Window {
        let mut window = Window { label, ..self.model.clone() };
        if let Some(url) = url {
            url.clone_into(&mut window.url);
        }
        window
    }
}

impl TryFrom<Written> for Template {
    type Error = ManifestError;

    fn try_from(written: Written) -> Result<Self, ManifestError> {
        let Written { name, title, page, url, width, height, remember, menu, takes, most, sandbox } =
            written;
        let sandbox = contained("template", sandbox)?;
        let look = Look { title, page, url, width, height, group: None, remember, menu, sandbox };
        let label =
            WindowLabel::parse(&name).map_err(|error| value("template.name", error.to_string()))?;
        let mut template = Self::new(&name, look.window("template", label)?)?;
        if !(1..=64).contains(&most) {
            return Err(value("template.most", "there are from 1 to 64 windows of a template"));
        }
        template.most = most;
        for origin in takes {
            let found = Origin::parse(&origin).ok().filter(|found| found.scheme() == "https");
            template.takes.push(found.ok_or_else(|| {
                let problem = format!("`{origin}` is not like `https://docs.example.com`");
                value("template.takes", problem)
            })?);
        }
        Ok(template)
    }
}

/// No two windows that could be open have one label.
pub(super) fn check(templates: &[Template], windows: &[Window]) -> Result<(), ManifestError> {
    if let Some(name) = twice(templates.iter().map(|template| template.name.as_str())) {
        return Err(value("template.name", format!("there are two templates `{name}`")));
    }
    let labels: Vec<_> = templates.iter().flat_map(Template::labels).collect();
    let all = windows.iter().map(|window| &window.label).chain(&labels);
    match twice(all.map(WindowLabel::as_str)) {
        Some(label) => {
            let problem = format!("another window could be called `{label}` as well");
            Err(value("template.name", problem))
        }
        None => Ok(()),
    }
}

fn default_most() -> u32 {
    MOST
}
