//! The one way in which a capability file is laid out: the order of keys and tables, blanks,
//! quotes, and lines of at most 100 columns. Comments stay with what they stand at.
//!
//! Formatting never changes what a file says: the result is read again before it is handed out,
//! and where a value or a comment were different or gone there is an error instead. What the file
//! means is not looked at; one that does not compile is formatted all the same, as long as it is TOML.

mod comments;
mod order;
mod tables;
mod values;

use std::ops::Range;

use toml_edit::DocumentMut;

/// The most columns of a line, where it can be broken.
pub const WIDTH: usize = 100;

/// Why a text was not formatted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FmtError {
    /// The text is not TOML.
    #[error("not TOML: {message}")]
    Syntax {
        /// What is wrong.
        message: String,
        /// The bytes of the text that it is about.
        span: Range<usize>,
    },
    /// What was laid out does not say the same: a mistake of the formatter, which then does
    /// nothing.
    #[error("the file cannot be formatted without changing it")]
    Unfaithful,
}

/// The text as it should stand.
///
/// # Errors
/// [`FmtError::Syntax`] for what is not TOML.
pub fn format(text: &str) -> Result<String, FmtError> {
    let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        FmtError::Syntax { message: message(&error), span: error.span().unwrap_or(0..0) }
    })?;
    let formatted = tables::document(&document);
    if says_the_same(text, &formatted) { Ok(formatted) } else { Err(FmtError::Unfaithful) }
}

/// The parser's words, on one line.
fn message(error: &toml_edit::TomlError) -> String {
    error.message().trim().replace('\n', "; ")
}

fn says_the_same(before: &str, after: &str) -> bool {
    let read = |text: &str| toml::from_str::<toml::Table>(text).ok();
    let same_values = match (read(before), read(after)) {
        // Through `Debug`, for which a NaN is what it was.
        (Some(before), Some(after)) => {
            before == after || format!("{before:?}") == format!("{after:?}")
        }
        _ => false,
    };
    same_values && comments::all(before) == comments::all(after)
}

#[cfg(test)]
mod tests;
