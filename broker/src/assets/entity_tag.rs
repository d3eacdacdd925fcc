//! What a file is called by its content, so that who has it already is not sent it again
//! (RFC 9110, section 8.8.3).

use std::fmt;

use ring::digest::{SHA256, digest};

/// Bytes of the hash that are kept: enough that no two files of an app share them.
const KEPT: usize = 16;

/// The strong entity tag of some bytes: a hash in hexadecimal, with its quotation marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EntityTag(String);

impl EntityTag {
    pub(super) fn of(body: &[u8]) -> Self {
        let hash = digest(&SHA256, body);
        let hex = hash.as_ref().iter().take(KEPT).map(|byte| format!("{byte:02x}"));
        Self(format!("\"{}\"", hex.collect::<String>()))
    }

    /// Whether an `If-None-Match` header names it. Weak ones count, as the standard has it.
    pub(super) fn is_among(&self, header: &str) -> bool {
        let mut names = header.split(',').map(str::trim);
        names.any(|name| name == "*" || name.strip_prefix("W/").unwrap_or(name) == self.0)
    }

    /// Whether an `If-Range` header is it, strongly compared. A date is not.
    pub(super) fn is(&self, header: &str) -> bool {
        header.trim() == self.0
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_bytes_have_the_same_name() {
        let (tag, other) = (EntityTag::of(b"a"), EntityTag::of(b"b"));
        assert_eq!(tag, EntityTag::of(b"a"));
        assert_ne!(tag, other);
        assert_eq!(tag.to_string(), "\"ca978112ca1bbdcafac231b39a23dc4d\"");
        for (header, among, is) in [
            (tag.to_string(), true, true),
            (format!("W/{tag}"), true, false),
            (format!("{other}, {tag}"), true, false),
            ("*".to_owned(), true, false),
            (other.to_string(), false, false),
            (tag.to_string().replace('"', ""), false, false),
            ("Wed, 21 Oct 2015 07:28:00 GMT".to_owned(), false, false),
            (String::new(), false, false),
        ] {
            assert_eq!((tag.is_among(&header), tag.is(&header)), (among, is), "{header}");
        }
    }
}
