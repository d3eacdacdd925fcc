//! Keys of settings and the like: words joined by dots.
//!
//! In a pattern `*` is any run of characters within one word, and `**`, alone between two dots, any
//! number of words, none too. `editor.*` matches `editor.font`, and neither `editor` nor
//! `editor.font.size`.

use super::PatternError;
use crate::glob::{self, Items, Question};

/// The most bytes of a key.
const MAX_BYTES: usize = 256;

/// A key: words of `[A-Za-z0-9_-]` joined by `.`, at most 256 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key<'a>(&'a str);

impl<'a> Key<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, &'static str> {
        if text.len() > MAX_BYTES {
            return Err("the key is too long");
        }
        if !text.split('.').all(|word| !word.is_empty() && word.bytes().all(is_word_byte)) {
            return Err("a key is words of letters, digits, `_` and `-`, joined by dots");
        }
        Ok(Self(text))
    }

    pub(crate) fn as_str(&self) -> &'a str {
        self.0
    }
}

/// A pattern of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyPattern(String);

impl KeyPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        if text.len() > MAX_BYTES {
            return Err(PatternError::new("the key pattern is longer than 256 bytes"));
        }
        for word in text.split('.') {
            if word.is_empty() || !word.bytes().all(|byte| is_word_byte(byte) || byte == b'*') {
                return Err(PatternError::new(
                    "a key is words of letters, digits, `_` and `-`, joined by dots",
                )
                .help("write it like `editor.font` or `editor.*`"));
            }
            if word.contains("**") && word != "**" {
                return Err(PatternError::new(
                    "`**` stands for whole words and must stand alone between two dots",
                )
                .help("write `*` for a run of characters within one word"));
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The pattern as written.
    pub(crate) fn written(&self) -> &str {
        &self.0
    }

    pub(crate) fn matches(&self, key: &Key<'_>) -> bool {
        glob::matches(self.0.split('.'), key.0.split('.'), &Words)
    }

    /// The keys that match as a regular expression, each word with a dot before it.
    pub(crate) fn regex(&self) -> String {
        let item = |word: &str| match word {
            "**" => r"(?:\.[A-Za-z0-9_-]+)*".to_owned(),
            _ => format!(r"\.{}", glob::text_regex(word, "[A-Za-z0-9_-]", Question::Literal)),
        };
        self.0.split('.').map(item).collect()
    }
}

struct Words;

impl Items<&str, &str> for Words {
    fn is_run(&self, item: &&str) -> bool {
        *item == "**"
    }

    fn fits(&self, item: &&str, found: &&str) -> bool {
        glob::text_matches(item, found, Question::Literal)
    }

    fn crosses(&self, _: &&str) -> bool {
        true
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_keys() {
        let cases = [
            ("editor.font", "editor.font", true),
            ("editor.*", "editor.font", true),
            ("editor.*", "editor", false),
            ("editor.*", "editor.font.size", false),
            ("editor.*", "editors.font", false),
            ("editor.**", "editor.font.size", true),
            ("editor.**", "editor", true),
            ("**.size", "editor.font.size", true),
            ("*.font", "editor.font", true),
            ("editor.font*", "editor.fontSize", true),
            ("*", "editor", true),
            ("*", "editor.font", false),
            ("editor.font", "Editor.font", false),
            ("editor.font-size", "editor.font-size", true),
            ("*.tab_width", "editor.tab_width", true),
        ];
        for (written, text, matches) in cases {
            let (pattern, key) = (KeyPattern::parse(written).unwrap(), Key::parse(text).unwrap());
            assert_eq!(pattern.matches(&key), matches, "{written} {text}");
            assert_eq!((pattern.written(), key.as_str()), (written, text));
        }
    }

    #[test]
    fn what_is_no_key() {
        let long = "k".repeat(MAX_BYTES + 1);
        for bad in
            ["", ".", "a.", ".a", "a..b", "a b", "a/b", "a\0", "a\u{e9}", "../a", "a:b", &long]
        {
            assert!(Key::parse(bad).is_err(), "{bad:?}");
            assert!(KeyPattern::parse(bad).is_err(), "{bad:?}");
        }
        let longest = "k".repeat(MAX_BYTES);
        assert!(Key::parse(&longest).is_ok());
        assert!(KeyPattern::parse(&longest).is_ok());
        assert!(Key::parse("a.*").is_err());
        for bad in ["a**", "**a.b", "***", "a.?"] {
            assert!(KeyPattern::parse(bad).is_err(), "{bad}");
        }
    }
}
