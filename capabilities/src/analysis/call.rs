//! A call, concrete: what a witness is shown as, and what `decide` is asked about it.

use std::fmt;

use serde::Serialize;
use serde::ser::SerializeStruct;
use serde_json::{Map, Value};

use super::dimension::Dimension;
use super::invent;
use super::region::Candidate;
use crate::args::Args;
use crate::directories::Directories;
use crate::names::{CommandName, WindowLabel};
use crate::origin::Origin;

/// A call, and who makes it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Call {
    /// The window.
    pub window: WindowLabel,
    /// The origin of its document.
    pub origin: Origin,
    /// The command.
    pub command: CommandName,
    /// The arguments.
    pub args: Args,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { window, origin, command, args } = self;
        write!(f, "`{command}` with `{}` from window `{window}` at {origin}", args.as_value())
    }
}

/// Keys: `window`, `origin`, `command`, `args`.
impl Serialize for Call {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Call", 4)?;
        out.serialize_field("window", self.window.as_str())?;
        out.serialize_field("origin", &self.origin.to_string())?;
        out.serialize_field("command", self.command.as_str())?;
        out.serialize_field("args", self.args.as_value())?;
        out.end()
    }
}

/// The calls that a candidate may stand for: with a path in both ways of writing it, and with
/// arguments that satisfy and fail the schemas that it should.
pub(super) fn calls_of(candidate: &Candidate, directories: &Directories) -> Vec<Call> {
    let text = |dimension: Dimension| {
        candidate.texts.get(dimension.index()).and_then(|text| text.as_deref())
    };
    let parsed = || {
        let window = WindowLabel::parse(text(Dimension::Window)?).ok()?;
        let origin = Origin::parse(text(Dimension::Origin)?).ok()?;
        Some((window, origin, CommandName::parse(text(Dimension::Command)?).ok()?))
    };
    let Some((window, origin, command)) = parsed() else {
        return Vec::new();
    };
    let named =
        resources(text(Dimension::Path), text(Dimension::Url), text(Dimension::Key), directories);
    let args = named
        .into_iter()
        .flat_map(|named| invent::arguments(&named, &candidate.wanted, &candidate.refused));
    args.map(|args| Call {
        window: window.clone(),
        origin: origin.clone(),
        command: command.clone(),
        args,
    })
    .collect()
}

/// The resource arguments, in each way of writing them.
pub(super) fn resources(
    path: Option<&str>,
    url: Option<&str>,
    key: Option<&str>,
    directories: &Directories,
) -> Vec<Map<String, Value>> {
    let url = url.map(readable_url);
    let key = key.map(|key| key.strip_prefix('.').unwrap_or(key).to_owned());
    let paths = match path {
        None => vec![None],
        Some(path) => {
            let mut ways = vec![Some(shown_path(path, directories)), Some(path.to_owned())];
            ways.dedup();
            ways
        }
    };
    let with_path = |path: Option<String>| {
        let named = [("path", path), ("url", url.clone()), ("key", key.clone())];
        let given = named.into_iter().filter_map(|(name, text)| Some((name, text?)));
        given.map(|(name, text)| (name.to_owned(), Value::String(text))).collect()
    };
    paths.into_iter().map(with_path).collect()
}

/// A path beneath a directory that has a variable, with the variable.
pub(super) fn shown_path(path: &str, directories: &Directories) -> String {
    let below = directories.names().filter_map(|name| {
        let directory = directories.text(name)?;
        let rest = path.strip_prefix(directory)?;
        let is_below = rest.is_empty() || rest.starts_with('/');
        is_below.then_some((directory.len(), format!("${name}{rest}")))
    });
    below.max_by_key(|(length, _)| *length).map_or_else(|| path.to_owned(), |(_, shown)| shown)
}

/// Without the port that the scheme has anyway.
fn readable_url(url: &str) -> String {
    url::Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.to_string())
}
