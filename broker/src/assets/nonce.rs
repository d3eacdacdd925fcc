//! The nonce of a document: a number that its content security policy names, and that its own
//! inline scripts and styles show. What somebody else got into the page does not know it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::rand::{SecureRandom, SystemRandom};

use crate::token::NoRandomness;

/// What an author writes into the `nonce` of a script or a style, within quotation marks.
const PLACEHOLDERS: [(&[u8], &str); 2] =
    [(b"nonce=\"{{nonce}}\"", "\""), (b"nonce='{{nonce}}'", "'")];

/// Bytes of a nonce: as many as the specification asks for, and nobody guesses them.
const BYTES: usize = 16;

/// A nonce in base64.
pub(super) struct Nonce(String);

impl Nonce {
    /// Draws one.
    pub(super) fn draw() -> Result<Self, NoRandomness> {
        let mut bytes = [0; BYTES];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(BASE64_STANDARD.encode(bytes)))
    }

    /// As text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// `document`, where every attribute `nonce="{{nonce}}"` shows it. Nothing else is touched:
    /// templates of other kinds are written with such brackets too.
    pub(super) fn put_into(&self, document: &[u8]) -> Vec<u8> {
        let mut written = Vec::with_capacity(document.len());
        let mut rest = document;
        while let Some((first, tail)) = rest.split_first() {
            let found = PLACEHOLDERS.iter().find_map(|(placeholder, mark)| {
                rest.strip_prefix(*placeholder).map(|after| (after, *mark))
            });
            if let Some((after, mark)) = found {
                written.extend_from_slice(format!("nonce={mark}{}{mark}", self.0).as_bytes());
                rest = after;
            } else {
                written.push(*first);
                rest = tail;
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_placeholder_becomes_the_nonce_and_nothing_else_does() {
        let nonce = Nonce("NONCE".to_owned());
        for (written, served) in [
            ("<script nonce=\"{{nonce}}\">a</script>", "<script nonce=\"NONCE\">a</script>"),
            ("<style nonce='{{nonce}}'>", "<style nonce='NONCE'>"),
            ("nonce=\"{{nonce}}\"nonce=\"{{nonce}}\"", "nonce=\"NONCE\"nonce=\"NONCE\""),
            ("<p>{{nonce}}</p>", "<p>{{nonce}}</p>"),
            ("nonce=\"{{ nonce }}\"", "nonce=\"{{ nonce }}\""),
            ("nonce=\"{{nonce}}'", "nonce=\"{{nonce}}'"),
            ("nonce=\"{{nonce}}", "nonce=\"{{nonce}}"),
            ("", ""),
        ] {
            assert_eq!(nonce.put_into(written.as_bytes()), served.as_bytes(), "{written}");
        }
        assert_eq!(nonce.put_into(b"\xff\xfe"), b"\xff\xfe");
    }

    #[test]
    fn no_two_are_alike() {
        let (one, other) = (Nonce::draw().unwrap(), Nonce::draw().unwrap());
        assert_ne!(one.as_str(), other.as_str());
        assert_eq!(one.as_str().len(), 24);
    }
}
