//! A path that can only lead downwards. Text alone: what lies at its end, and whether anything
//! does, is left to the directory it is opened beneath.

use std::fmt;

/// The longest name of one file, in bytes: what Linux and most file systems take.
const MAX_NAME: usize = 255;

/// The longest path, in bytes: Linux's `PATH_MAX`, which also bounds how deep one can go.
const MAX_PATH: usize = 4096;

/// How the names of unfinished files begin. Nobody can ask for such a file, so nobody reads a
/// half-written one or gets in the way of one.
pub(super) const UNFINISHED: &str = ".sidegate-unfinished-";

/// Zero or more names joined by `/`; none is empty, `.` or `..`, none holds NUL or another
/// control character or is longer than 255 bytes, and all are at most 4096 together. Bytes are
/// compared as they are: there is no normalisation. The default is no names: the directory itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Relative(String);

/// Why a text is no [`Relative`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RelativeError {
    /// It begins or ends with `/`, or has two in a row.
    #[error("the path begins or ends with `/`, or has two of them in a row")]
    EmptyName,
    /// It has a `.` or `..` in it.
    #[error("the path holds a `.` or `..`")]
    Dots,
    /// It holds NUL, a line break or another control character.
    #[error("the path holds a control character")]
    Control,
    /// It names a file that the broker keeps for itself.
    #[error("the path holds a name that is kept for unfinished files")]
    Reserved,
    /// One of its names is over 255 bytes.
    #[error("the path holds a name of more than 255 bytes")]
    NameTooLong,
    /// It is over 4096 bytes.
    #[error("the path is longer than 4096 bytes")]
    TooLong,
}

impl RelativeError {
    /// The word that a page may learn. It tells of the text alone, never of a file.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NameTooLong | Self::TooLong => "name_too_long",
            Self::EmptyName | Self::Dots | Self::Control | Self::Reserved => "invalid_path",
        }
    }
}

impl Relative {
    /// Parses a path. The empty text is the directory itself.
    ///
    /// # Errors
    /// [`RelativeError`]: the text could lead elsewhere than down, or cannot be a path.
    pub fn parse(text: &str) -> Result<Self, RelativeError> {
        if text.len() > MAX_PATH {
            return Err(RelativeError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(RelativeError::Control);
        }
        if !text.is_empty() {
            text.split('/').try_for_each(check_name)?;
        }
        Ok(Self(text.to_owned()))
    }

    /// The path as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its names from the top down; none for the directory itself.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }

    /// The directory that holds it and its own name; `None` for the directory itself.
    #[cfg(unix)]
    pub(super) fn split_last(&self) -> Option<(Self, Self)> {
        let (parent, name) = self.0.rsplit_once('/').unwrap_or(("", &self.0));
        (!name.is_empty()).then(|| (Self(parent.to_owned()), Self(name.to_owned())))
    }
}

impl fmt::Display for Relative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_name(name: &str) -> Result<(), RelativeError> {
    match name {
        "" => Err(RelativeError::EmptyName),
        "." | ".." => Err(RelativeError::Dots),
        _ if name.len() > MAX_NAME => Err(RelativeError::NameTooLong),
        _ if name.starts_with(UNFINISHED) => Err(RelativeError::Reserved),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e01_a_path_that_could_lead_elsewhere_is_refused() {
        use RelativeError::{Dots, EmptyName, Reserved};
        for (text, expected) in [
            ("..", Dots),
            ("../", Dots),
            ("../a", Dots),
            ("a/..", Dots),
            ("a/../../b", Dots),
            (".", Dots),
            ("./a", Dots),
            ("a/./b", Dots),
            ("a/.", Dots),
            ("/", EmptyName),
            ("/abs", EmptyName),
            ("//", EmptyName),
            ("//host/share", EmptyName),
            ("a//b", EmptyName),
            ("a/", EmptyName),
            ("a/b/", EmptyName),
            ("a/.sidegate-unfinished-0", Reserved),
        ] {
            assert_eq!(Relative::parse(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn e02_control_characters_and_long_names_are_refused() {
        use RelativeError::{Control, NameTooLong, TooLong};
        let name = |length| "n".repeat(length);
        let path =
            |length: usize| "d/".repeat(length / 2 - 1) + &name(length - (length / 2 - 1) * 2);
        for (text, expected) in [
            ("a\0".to_owned(), Err(Control)),
            ("a\0/../b".to_owned(), Err(Control)),
            ("a\nb".to_owned(), Err(Control)),
            ("a\rb".to_owned(), Err(Control)),
            ("\u{1b}[2J".to_owned(), Err(Control)),
            ("a\u{7f}".to_owned(), Err(Control)),
            ("a\u{85}b".to_owned(), Err(Control)),
            (name(255), Ok(())),
            (name(256), Err(NameTooLong)),
            (format!("a/{}/b", name(256)), Err(NameTooLong)),
            ("é".repeat(127), Ok(())),
            ("é".repeat(128), Err(NameTooLong)),
            (path(4096), Ok(())),
            (path(4097), Err(TooLong)),
            ("../".repeat(2000), Err(TooLong)),
        ] {
            assert_eq!(Relative::parse(&text).map(|_| ()), expected, "{text:?}");
        }
        assert_eq!(NameTooLong.code(), "name_too_long");
        assert_eq!(Control.code(), "invalid_path");
    }

    #[test]
    fn what_only_looks_odd_is_a_name_like_any_other() {
        for text in
            ["...", "..a", ".hidden", "a b", "~", "$HOME", "C:x", r"..\..\b", "*", "．．／", "ß"]
        {
            assert_eq!(Relative::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn names_are_those_between_the_slashes() {
        for (text, names) in [("", &[][..]), ("a", &["a"]), ("a/b.md", &["a", "b.md"])] {
            let path = Relative::parse(text).unwrap();
            assert_eq!(path.names().collect::<Vec<_>>(), names, "{text:?}");
            assert_eq!(path.to_string(), text);
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_last_name_comes_off_and_the_directory_itself_has_none() {
        for (text, expected) in [("", None), ("a", Some(("", "a"))), ("a/b/c", Some(("a/b", "c")))]
        {
            let split = Relative::parse(text).unwrap().split_last();
            let split = split.as_ref().map(|(parent, name)| (parent.as_str(), name.as_str()));
            assert_eq!(split, expected, "{text:?}");
        }
    }
}
