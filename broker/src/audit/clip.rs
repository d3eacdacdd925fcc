//! How much of a text a record keeps. What is cut off is told by its length and a digest of
//! the whole, so that a page cannot fill the disk, and two long texts can still be told apart.

use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::ascii;
use super::hash::Digest;

/// Characters kept of a window, command, policy or other name. No name that the broker accepts
/// is longer: a longer one in the log was a stranger's, and was cut.
pub(super) const MAX_NAME: usize = 128;

/// Characters kept of an origin: a host name has at most 253.
pub(super) const MAX_ORIGIN: usize = 300;

/// Characters kept of a sentence for people, and of what is shown of arguments that are too long.
pub(super) const MAX_TEXT: usize = 1024;

/// Bytes of arguments that a record takes whole, where the policy wants them in the log.
pub(super) const MAX_ARGS: usize = 8 << 10;

/// Items kept of a list; the last one kept says how many there were.
pub(super) const MAX_ITEMS: usize = 64;

/// A name, cut at [`MAX_NAME`].
pub(super) fn name<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Clipped::new(text, MAX_NAME))
}

/// A name that may be missing.
pub(super) fn maybe_name<S: Serializer>(
    text: &Option<&str>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    text.map(|text| Clipped::new(text, MAX_NAME)).serialize(serializer)
}

/// An origin, cut at [`MAX_ORIGIN`].
pub(super) fn origin<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Clipped::new(text, MAX_ORIGIN))
}

/// A sentence, cut at [`MAX_TEXT`].
pub(super) fn text<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&Clipped::new(text, MAX_TEXT))
}

/// A sentence that may be missing.
pub(super) fn maybe_text<S: Serializer>(
    text: &Option<&str>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    text.map(|text| Clipped::new(text, MAX_TEXT)).serialize(serializer)
}

/// A list of names, cut at [`MAX_ITEMS`].
pub(super) fn list<S: Serializer>(items: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(None)?;
    for item in items.iter().take(MAX_ITEMS) {
        list.serialize_element(&Clipped::new(item, MAX_NAME))?;
    }
    if items.len() > MAX_ITEMS {
        list.serialize_element(&format!("… ({} in all)", items.len()))?;
    }
    list.end()
}

/// Arguments: `args` when they are short enough, else the start of their text as `args_cut`.
pub(super) fn args<S: Serializer>(
    args: &Option<&serde_json::Value>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    if let Some(args) = args {
        let mut written = Vec::new();
        ascii::push(&mut written, args).map_err(S::Error::custom)?;
        if written.len() <= MAX_ARGS {
            map.serialize_entry("args", args)?;
        } else {
            let text = String::from_utf8(written).map_err(S::Error::custom)?;
            map.serialize_entry("args_cut", &*Clipped::new(&text, MAX_TEXT))?;
        }
    }
    map.end()
}

/// A text, or its start and what is known of the rest. A clipped text is longer than its limit,
/// a whole one never is: none can be written to look like the other.
pub(super) enum Clipped<'a> {
    Whole(&'a str),
    Cut(String),
}

impl<'a> Clipped<'a> {
    pub(super) fn new(text: &'a str, limit: usize) -> Self {
        if text.len() <= limit {
            return Self::Whole(text);
        }
        match text.char_indices().nth(limit).and_then(|(end, _)| text.get(..end)) {
            None => Self::Whole(text),
            Some(start) => {
                let (length, digest) = (text.len(), Digest::of(text.as_bytes()));
                Self::Cut(format!("{start}… ({length} bytes, sha256 {digest})"))
            }
        }
    }
}

impl std::ops::Deref for Clipped<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Whole(text) => text,
            Self::Cut(text) => text,
        }
    }
}

impl Serialize for Clipped<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_at_its_limit_is_whole_and_one_over_it_is_cut() {
        for (text, limit, is_cut) in [
            ("", 4, false),
            ("abcd", 4, false),
            ("éééé", 4, false),
            ("abcde", 4, true),
            ("ééééé", 4, true),
        ] {
            let clipped = Clipped::new(text, limit);
            assert_eq!(matches!(clipped, Clipped::Cut(_)), is_cut, "{text}");
            assert_eq!(clipped.chars().count() > limit, is_cut, "{text}");
        }
        let digest = Digest::of(b"abcde");
        assert_eq!(&*Clipped::new("abcde", 4), format!("abcd… (5 bytes, sha256 {digest})"));
    }
}
