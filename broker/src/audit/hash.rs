//! SHA-256 as the lower-case hexadecimal text that stands in the log. What is hashed is the
//! business of the caller.

use std::fmt;

use ring::digest::{SHA256, digest};
use serde::{Serialize, Serializer};

/// How many characters a whole hash has.
pub(super) const LINK_CHARS: usize = 64;

/// What the first record of every log names as the hash before it: no log begins with a chosen one.
const GENESIS: &[u8] = b"sidegate audit log, version 1";

/// The hash of one record: the link by which the next one holds on to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Link([u8; LINK_CHARS]);

impl Link {
    /// The link of `bytes`.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut text = [b'0'; LINK_CHARS];
        write_hex(digest(&SHA256, bytes).as_ref(), &mut text);
        Self(text)
    }

    /// The link that the first record of a log names.
    pub(super) fn genesis() -> Self {
        Self::of(GENESIS)
    }

    /// The link written as `text`: 64 digits, no upper case.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text: [u8; LINK_CHARS] = text.try_into().ok()?;
        let digits = text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        digits.then_some(Self(text))
    }

    /// The link as it is written.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The first 64 bits of a SHA-256: enough to see that two texts were the same, in sixteen
/// characters. It hides nothing that can be guessed: whoever suspects a short argument can hash
/// the suspicion and compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut text = [b'0'; 16];
        write_hex(digest(&SHA256, bytes).as_ref(), &mut text);
        Self(text)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Writes as many digits of `bytes` as `text` has room for.
fn write_hex(bytes: &[u8], text: &mut [u8]) {
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        if let [high, low] = pair {
            *high = digit(byte >> 4);
            *low = digit(byte & 0x0f);
        }
    }
}

/// A digit without a table, so that many are made at once.
fn digit(nibble: u8) -> u8 {
    let after_nine = if nibble > 9 { b'a' - b'9' - 1 } else { 0 };
    nibble.wrapping_add(b'0').wrapping_add(after_nine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nothing_is_the_published_one() {
        let published = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Link::of(b"").to_string(), published);
        assert!(published.starts_with(&Digest::of(b"").to_string()));
    }

    #[test]
    fn only_sixty_four_lower_case_digits_are_a_link() {
        let good = Link::genesis().to_string();
        let upper = good.to_uppercase();
        let long = format!("{good}0");
        let foreign = good.replace(good.chars().next().unwrap(), "g");
        for (text, is_link) in
            [(good.as_str(), true), (&upper, false), (&long, false), (&foreign, false), ("", false)]
        {
            assert_eq!(Link::parse(text.as_bytes()).is_some(), is_link, "{text}");
        }
    }
}
