//! The identifier of an app, which also names its directories.

use super::{ManifestError, value};

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
