//! Tokens: what a document shows with each call. A token says nothing that can be read or
//! edited to advantage: it names a session and carries an HMAC-SHA256 over everything that the
//! session was minted for. What it allows stands in the broker, not in the token.
//!
//! Text form: 60 characters of unpadded base64url over 45 bytes: version (1), session (8, big
//! endian), generation (4, big endian), tag (32). There is one spelling of each token; any
//! other is refused.
//!
//! Who holds which session, and what becomes of a token that does not fit, is `session`'s.

use std::fmt;

use ring::hmac;
use ring::rand::SystemRandom;
use subtle::ConstantTimeEq;

use crate::clock::Moment;
use crate::wire::{DocumentId, WindowId};

/// The version byte of this format.
const VERSION: u8 = 1;
const TAG_BYTES: usize = 32;
const TOKEN_BYTES: usize = 1 + 8 + 4 + TAG_BYTES;
/// Characters of a token's text form.
pub const TOKEN_TEXT: usize = TOKEN_BYTES / 3 * 4;

/// The number of a session, unique for the life of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// The number of a host process, unique for the life of the broker: a host that is started
/// again has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostId(pub u64);

/// Everything that a token is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Claims<'a> {
    /// The session that it stands for.
    pub session: SessionId,
    /// Which of the session's tokens it is; a renewal counts one up.
    pub generation: u32,
    /// The host on whose connection it may be shown.
    pub host: HostId,
    /// The window it was minted for.
    pub window: WindowId,
    /// The document of that window.
    pub document: DocumentId,
    /// The origin of that document.
    pub origin: &'a str,
    /// The version of the policy that its principal was resolved under.
    pub policy: &'a str,
    /// When it ends.
    pub expires: Moment,
}

/// A token as it was shown or minted. It prints as `[redacted]`.
#[derive(Clone)]
pub struct Token {
    session: SessionId,
    generation: u32,
    tag: [u8; TAG_BYTES],
}

impl Token {
    /// Reads the text form.
    ///
    /// # Errors
    /// [`NotAToken`] for anything but the one spelling of a token.
    pub fn parse(text: &[u8]) -> Result<Self, NotAToken> {
        let bytes = decode_base64url(text).ok_or(NotAToken)?;
        let (&version, rest) = bytes.split_first().ok_or(NotAToken)?;
        let (&session, rest) = rest.split_first_chunk::<8>().ok_or(NotAToken)?;
        let (&generation, rest) = rest.split_first_chunk::<4>().ok_or(NotAToken)?;
        if version != VERSION {
            return Err(NotAToken);
        }
        Ok(Self {
            session: SessionId(u64::from_be_bytes(session)),
            generation: u32::from_be_bytes(generation),
            tag: rest.try_into().map_err(|_| NotAToken)?,
        })
    }

    /// The text form, for the bridge of the document it was minted for.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = [0; TOKEN_BYTES];
        let fields = [
            &[VERSION] as &[u8],
            &self.session.0.to_be_bytes(),
            &self.generation.to_be_bytes(),
            &self.tag,
        ];
        for (slot, byte) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *slot = *byte;
        }
        encode_base64url(&bytes)
    }

    /// The session it names; an assertion until [`Token::is`] said yes.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Whether this is `other`, in a time that does not depend on where they differ.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let names = self.session == other.session && self.generation == other.generation;
        bool::from(self.tag.ct_eq(&other.tag)) && names
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// The bytes are not the text of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token")]
pub struct NotAToken;

/// The broker's key: made when it starts, never written, gone when it ends.
pub struct Mint {
    key: hmac::Key,
}

impl Mint {
    /// A mint with a fresh random key.
    ///
    /// # Errors
    /// [`NoRandomness`] where the operating system gives none.
    pub fn new() -> Result<Self, NoRandomness> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        Ok(Self { key: key.map_err(|_| NoRandomness)? })
    }

    /// The token for `claims`.
    #[must_use]
    pub fn mint(&self, claims: &Claims<'_>) -> Token {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"sidegate token 1\0");
        for number in [
            claims.session.0,
            u64::from(claims.generation),
            claims.host.0,
            u64::from(claims.window.0),
            claims.document.0,
            claims.expires.as_nanos(),
        ] {
            context.update(&number.to_be_bytes());
        }
        for text in [claims.origin, claims.policy] {
            // The length goes first, so that no two lists of fields have the same bytes.
            let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
            context.update(&length.to_be_bytes());
            context.update(text.as_bytes());
        }
        let mut tag = [0; TAG_BYTES];
        for (slot, byte) in tag.iter_mut().zip(context.sign().as_ref()) {
            *slot = *byte;
        }
        Token { session: claims.session, generation: claims.generation, tag }
    }
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mint([redacted])")
    }
}

/// The operating system gave no random bytes, so there can be no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct NoRandomness;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Unpadded base64url (RFC 4648, section 5) of a length that three divides, which leaves no
/// spare bits: one text for each value.
fn encode_base64url(bytes: &[u8; TOKEN_BYTES]) -> String {
    let mut text = String::with_capacity(TOKEN_TEXT);
    for group in bytes.chunks_exact(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for shift in [18, 12, 6, 0] {
            let index = usize::try_from(bits >> shift & 63).unwrap_or(0);
            text.push(ALPHABET.get(index).map_or('A', |letter| char::from(*letter)));
        }
    }
    text
}

fn decode_base64url(text: &[u8]) -> Option<[u8; TOKEN_BYTES]> {
    if text.len() != TOKEN_TEXT {
        return None;
    }
    let mut bytes = [0; TOKEN_BYTES];
    for (group, slots) in text.chunks_exact(4).zip(bytes.chunks_exact_mut(3)) {
        let mut bits = 0_u32;
        for letter in group {
            bits = bits << 6 | u32::from(letter_value(*letter)?);
        }
        let [_, first, second, third] = bits.to_be_bytes();
        slots.copy_from_slice(&[first, second, third]);
    }
    Some(bytes)
}

fn letter_value(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => letter.checked_sub(b'A'),
        b'a'..=b'z' => letter.checked_sub(b'a')?.checked_add(26),
        b'0'..=b'9' => letter.checked_sub(b'0')?.checked_add(52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAIMS: Claims<'static> = Claims {
        session: SessionId(7),
        generation: 1,
        host: HostId(2),
        window: WindowId(3),
        document: DocumentId(4),
        origin: "app://localhost",
        policy: "0123456789abcdef",
        expires: Moment::from_nanos(5),
    };

    #[test]
    fn a_token_has_one_spelling() {
        let token = Mint::new().unwrap().mint(&CLAIMS);
        let text = token.text();
        assert_eq!(text.len(), TOKEN_TEXT);
        assert!(Token::parse(text.as_bytes()).unwrap().is(&token));
        for wrong in [
            String::new(),
            text.get(1..).unwrap().to_owned(),
            format!("{text}A"),
            format!("{text}="),
            text.replace(text.chars().next().unwrap(), "!"),
            format!("/{}", text.get(1..).unwrap()),
        ] {
            assert_eq!(Token::parse(wrong.as_bytes()).unwrap_err(), NotAToken, "{wrong}");
        }
    }

    #[test]
    fn b02_a_flipped_bit_anywhere_is_another_token() {
        let token = Mint::new().unwrap().mint(&CLAIMS);
        let bytes = decode_base64url(token.text().as_bytes()).unwrap();
        for position in 0..TOKEN_BYTES * 8 {
            let mut flipped = bytes;
            flipped[position / 8] ^= 1 << (position % 8);
            let shown = Token::parse(encode_base64url(&flipped).as_bytes());
            assert!(!shown.is_ok_and(|shown| shown.is(&token)), "bit {position}");
        }
    }

    #[test]
    fn every_claim_changes_the_tag() {
        let mint = Mint::new().unwrap();
        let tag = |claims: Claims<'_>| mint.mint(&claims).tag;
        let base = tag(CLAIMS);
        for (what, other) in [
            ("session", Claims { session: SessionId(8), ..CLAIMS }),
            ("generation", Claims { generation: 2, ..CLAIMS }),
            ("host", Claims { host: HostId(3), ..CLAIMS }),
            ("window", Claims { window: WindowId(4), ..CLAIMS }),
            ("document", Claims { document: DocumentId(5), ..CLAIMS }),
            ("origin", Claims { origin: "app://localhos", ..CLAIMS }),
            ("policy", Claims { policy: "t0123456789abcdef", ..CLAIMS }),
            ("expiry", Claims { expires: Moment::from_nanos(6), ..CLAIMS }),
        ] {
            assert_ne!(tag(other), base, "{what}");
        }
        assert_eq!(tag(CLAIMS), base);
        assert_ne!(Mint::new().unwrap().mint(&CLAIMS).tag, base, "another broker's key");
    }

    #[test]
    fn b11_a_token_does_not_print() {
        let mint = Mint::new().unwrap();
        let printed = format!("{:?} {:?}", mint.mint(&CLAIMS), mint);
        assert_eq!(printed, "Token([redacted]) Mint([redacted])");
    }
}
