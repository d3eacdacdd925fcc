//! The name of a setting.

use std::borrow::Borrow;

use super::SettingsError;

/// The longest key, in bytes: longer than any that a person would write.
const MAX_KEY: usize = 128;

/// One or more names joined by `.`; each begins with `a-z` and goes on in `a-z`, `0-9` and `_`;
/// 128 bytes at most.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(String);

impl Key {
    pub(super) fn parse(text: &str) -> Result<Self, SettingsError> {
        match text.len() <= MAX_KEY && text.split('.').all(is_name) {
            true => Ok(Self(text.to_owned())),
            // What was given may be of any length; its beginning shows what it was.
            false => Err(SettingsError::Key { key: text.chars().take(MAX_KEY).collect() }),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A document is asked by text.
impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_dotted_lower_case_names() {
        let long = "a".repeat(MAX_KEY);
        let longer = "a".repeat(MAX_KEY + 1);
        for (text, is_key) in [
            ("theme", true),
            ("editor.font_size", true),
            ("editor.tab2.width", true),
            (long.as_str(), true),
            (longer.as_str(), false),
            ("", false),
            (".", false),
            ("editor.", false),
            (".editor", false),
            ("editor..font", false),
            ("Editor.font", false),
            ("editor.2", false),
            ("_private", false),
            ("editor font", false),
            ("editor/font", false),
            ("editor-font", false),
            ("editor.fönt", false),
            ("editor.\n", false),
            ("__proto__", false),
        ] {
            assert_eq!(Key::parse(text).is_ok(), is_key, "{text:?}");
        }
    }

    #[test]
    fn a_refused_key_is_shown_in_part() {
        let error = Key::parse(&"X".repeat(1 << 20)).unwrap_err().to_string();
        assert!(error.len() < 400, "{} bytes", error.len());
    }
}
