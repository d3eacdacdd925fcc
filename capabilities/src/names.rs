//! The two names every decision turns on: a command's and a window's label. Parsed once, at the
//! edge; what they may *do* is said elsewhere.

use std::fmt;
use std::sync::Arc;

/// The most bytes of a command name. Long enough for any honest name, short enough to stand whole
/// in every audit record.
pub const MAX_COMMAND_BYTES: usize = 128;

/// The most bytes of a window label.
pub const MAX_LABEL_BYTES: usize = 64;

/// A command name: segments of `[a-z][a-z0-9_]*` joined by `.`, at most [`MAX_COMMAND_BYTES`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandName(Arc<str>);

impl CommandName {
    /// Reads a command name.
    ///
    /// # Errors
    /// The text is empty, too long, or holds a character that no command name has.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        bounded(text, MAX_COMMAND_BYTES)?;
        if text.split('.').all(is_segment) {
            Ok(Self(text.into()))
        } else {
            Err(NameError::Command)
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A window's label in the app's manifest: `[A-Za-z0-9_-]`, at most [`MAX_LABEL_BYTES`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WindowLabel(Arc<str>);

impl WindowLabel {
    /// Reads a window label.
    ///
    /// # Errors
    /// The text is empty, too long, or holds a character that no label has.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        bounded(text, MAX_LABEL_BYTES)?;
        if text.bytes().all(is_label_byte) { Ok(Self(text.into())) } else { Err(NameError::Label) }
    }

    /// The label as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not a name. The text itself is not repeated: it may be a megabyte long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was written.
    #[error("a name cannot be empty")]
    Empty,
    /// More bytes than the bound.
    #[error("a name is at most {0} bytes long")]
    TooLong(usize),
    /// Not the character set of a command.
    #[error("a command is lower-case words joined by dots, like `fs.read_text`")]
    Command,
    /// Not the character set of a window label.
    #[error("a window label is letters, digits, `_` and `-`, like `editor-2`")]
    Label,
}

impl fmt::Display for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandName({})", self.0)
    }
}

impl fmt::Display for WindowLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for WindowLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WindowLabel({})", self.0)
    }
}

pub(crate) fn is_command_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.')
}

pub(crate) fn is_label_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn is_segment(segment: &str) -> bool {
    segment.starts_with(|first: char| first.is_ascii_lowercase())
        && segment.bytes().all(|byte| is_command_byte(byte) && byte != b'.')
}

fn bounded(text: &str, most: usize) -> Result<(), NameError> {
    match text.len() {
        0 => Err(NameError::Empty),
        length if length > most => Err(NameError::TooLong(most)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_names() {
        let long = "a".repeat(MAX_COMMAND_BYTES);
        for good in ["a", "fs.read_text", "app.info", "a1.b_2.c3", long.as_str()] {
            assert_eq!(CommandName::parse(good).map(|name| name.to_string()), Ok(good.into()));
        }
        let longer = "a".repeat(MAX_COMMAND_BYTES + 1);
        let cases = [
            ("", NameError::Empty),
            (longer.as_str(), NameError::TooLong(MAX_COMMAND_BYTES)),
            (".", NameError::Command),
            ("fs.", NameError::Command),
            (".fs", NameError::Command),
            ("fs..read", NameError::Command),
            ("Fs.read", NameError::Command),
            ("fs.1read", NameError::Command),
            ("fs._read", NameError::Command),
            ("fs:read", NameError::Command),
            ("fs.*", NameError::Command),
            ("fs read", NameError::Command),
            ("fs.read\n", NameError::Command),
            ("fs.re\u{0430}d", NameError::Command),
            ("__proto__", NameError::Command),
        ];
        for (bad, error) in cases {
            assert_eq!(CommandName::parse(bad), Err(error), "{bad:?}");
        }
    }

    #[test]
    fn window_labels() {
        let long = "w".repeat(MAX_LABEL_BYTES);
        for good in ["editor", "editor-2", "A_b", "0", long.as_str()] {
            assert_eq!(WindowLabel::parse(good).map(|label| label.to_string()), Ok(good.into()));
        }
        let longer = "w".repeat(MAX_LABEL_BYTES + 1);
        let cases = [
            ("", NameError::Empty),
            (longer.as_str(), NameError::TooLong(MAX_LABEL_BYTES)),
            ("editor*", NameError::Label),
            ("editor.main", NameError::Label),
            ("editor main", NameError::Label),
            ("\u{0435}ditor", NameError::Label),
            ("editor\0", NameError::Label),
        ];
        for (bad, error) in cases {
            assert_eq!(WindowLabel::parse(bad), Err(error), "{bad:?}");
        }
    }

    #[test]
    fn names_print_as_themselves() {
        let command = CommandName::parse("fs.read").unwrap();
        assert_eq!(format!("{command} {command:?}"), "fs.read CommandName(fs.read)");
        let label = WindowLabel::parse("editor").unwrap();
        assert_eq!(format!("{label} {label:?}"), "editor WindowLabel(editor)");
    }

    /// D08: of a name that is none, nothing is repeated.
    #[test]
    fn d08_a_megabyte_is_no_name_and_is_not_repeated() {
        for text in ["a".repeat(1024 * 1024), "fs.".repeat(400_000), "*".repeat(1024 * 1024)] {
            let error = CommandName::parse(&text).unwrap_err();
            assert_eq!(error, NameError::TooLong(MAX_COMMAND_BYTES));
            assert!(error.to_string().len() < 100);
        }
        for bad in [":", "fs:*", "fs.\u{ff52}ead", "fs\u{2024}read", "fs.read ", "\u{202e}", "Fs"] {
            assert_eq!(CommandName::parse(bad), Err(NameError::Command), "{bad:?}");
        }
    }
}
