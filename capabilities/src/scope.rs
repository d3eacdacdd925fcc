//! Scopes: which resources an entry speaks of. The name of a scope is the name of the argument
//! that names the resource.

mod key;
mod path;
mod path_pattern;
mod url;
mod windows;

use serde_json::Value;

pub(crate) use key::{Key, KeyPattern};
pub(crate) use path::ResolvedPath;
pub(crate) use path_pattern::{PathPattern, PlaceName};
pub(crate) use url::{UrlPattern, read_url};

use crate::args::Args;
use crate::directories::Directories;
use crate::platform::Platform;

/// An argument that names a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Argument {
    Path,
    Url,
    Key,
}

impl Argument {
    pub(crate) const ALL: [Self; 3] = [Self::Path, Self::Url, Self::Key];

    /// Its name in a call, and the scope's in an entry.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Url => "url",
            Self::Key => "key",
        }
    }
}

/// Why a text is no pattern: a sentence, and what to write instead where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PatternError {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// The variable, where it is one that nobody knows.
    pub(crate) variable: Option<String>,
}

impl PatternError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, variable: None }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// An argument of one call, as far as it names a resource.
#[derive(Debug)]
pub(crate) enum Named<T> {
    /// The call has no such argument.
    Absent,
    /// It has, and it names nothing: no allow entry ever matches, every deny entry with such a
    /// scope does.
    Bad(&'static str),
    /// It has.
    Good(T),
}

/// The resources that one call names.
#[derive(Debug)]
pub(crate) struct Resources<'a> {
    pub(crate) path: Named<ResolvedPath<'a>>,
    pub(crate) url: Named<::url::Url>,
    pub(crate) key: Named<Key<'a>>,
}

impl<'a> Resources<'a> {
    /// Reads them from the arguments, each once.
    pub(crate) fn of(args: &'a Args, directories: &'a Directories, platform: Platform) -> Self {
        let path = |text| ResolvedPath::parse(text, directories, platform);
        Self {
            path: named(args, Argument::Path, path),
            url: named(args, Argument::Url, read_url),
            key: named(args, Argument::Key, Key::parse),
        }
    }

    /// The first argument that names nothing, and why.
    pub(crate) fn first_bad(&self) -> Option<(Argument, &'static str)> {
        Argument::ALL.into_iter().find_map(|argument| {
            let message = match argument {
                Argument::Path => self.path.bad(),
                Argument::Url => self.url.bad(),
                Argument::Key => self.key.bad(),
            };
            message.map(|message| (argument, message))
        })
    }
}

impl<T> Named<T> {
    pub(crate) fn good(&self) -> Option<&T> {
        match self {
            Self::Good(value) => Some(value),
            Self::Absent | Self::Bad(_) => None,
        }
    }

    pub(crate) fn into_good(self) -> Option<T> {
        match self {
            Self::Good(value) => Some(value),
            Self::Absent | Self::Bad(_) => None,
        }
    }

    fn bad(&self) -> Option<&'static str> {
        match self {
            Self::Bad(message) => Some(message),
            Self::Absent | Self::Good(_) => None,
        }
    }
}

fn named<'a, T>(
    args: &'a Args,
    argument: Argument,
    read: impl FnOnce(&'a str) -> Result<T, &'static str>,
) -> Named<T> {
    match args.get(argument.name()) {
        None => Named::Absent,
        Some(Value::String(text)) => read(text).map_or_else(Named::Bad, Named::Good),
        Some(_) => Named::Bad("it is not a string"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_argument_that_names_nothing() {
        let directories = Directories::sample();
        let first_bad = |args: serde_json::Value| {
            let args = Args::new(args.as_object().unwrap().clone());
            Resources::of(&args, &directories, Platform::Linux).first_bad()
        };
        let no_text = "it is not a string";
        #[rustfmt::skip]
        let cases = [
            (serde_json::json!({}), None),
            (serde_json::json!({"path": "/a", "url": "https://a.b/", "key": "k"}), None),
            (serde_json::json!({"path": 1, "url": 1, "key": 1}), Some((Argument::Path, no_text))),
            (serde_json::json!({"path": "/a", "url": 1, "key": 1}), Some((Argument::Url, no_text))),
            (serde_json::json!({"url": "https://a.b/", "key": 1}), Some((Argument::Key, no_text))),
            (serde_json::json!({"path": ""}), Some((Argument::Path, "a path cannot be empty"))),
        ];
        for (args, expected) in cases {
            assert_eq!(first_bad(args.clone()), expected, "{args}");
        }
    }

    #[test]
    fn a_pattern_error_says_what_to_write() {
        let error = KeyPattern::parse("a..b").unwrap_err();
        assert_eq!(error.help.as_deref(), Some("write it like `editor.font` or `editor.*`"));
    }
}
