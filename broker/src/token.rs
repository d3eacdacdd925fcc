//! Tokens: what a document shows with each call. A token names a session and carries a chain of
//! HMAC-SHA256; what it allows stands in the broker, and the token can only say *less*.
//!
//! A root token is what the broker mints. Whoever holds a token can add a [`Caveat`] to it, offline
//! and without asking ([`Token::attenuate`]), and hand the result on; nobody can take one off. The
//! construction is that of macaroons (Birgisson et al., *Macaroons: Cookies with Contextual Caveats
//! for Decentralized Authorization in the Cloud*, NDSS 2014): each caveat's tag is an HMAC keyed
//! with the tag before it, which the new token no longer shows. `broker/TOKENS.md` has the format
//! byte by byte, and test vectors.
//!
//! Who holds which session, and what becomes of a token that does not fit, is `session`'s.
//!
//! # Handing a token on
//!
//! What a page delegates to a frame or a worker the broker narrows, when the page's bridge asks for it
//! (`pipeline::delegate`), so that the log has who was given what. Whoever else holds a token narrows
//! it alone. For both:
//!
//! * the calls of whoever got it come back through the bridge, which shows *their* token and counts
//!   the call up with its own: a number is good once in a document, whoever's it is;
//! * an expiry is counted from the issue of the root. A holder that was not there adds the time since
//!   the root came to it, which ends the token a little early and never late;
//! * a root is renewed, and what was narrowed from it ends with it: who was given a token for longer
//!   than that is given another, narrowed in the same way, with what is left of its uses;
//! * a child window is another document, with a token of its own; what its opener wants to keep from it
//!   the broker adds to that token before it is sent, since the broker holds it as well.

mod base64url;
mod caveat;
mod chain;
mod mint;
mod patterns;

use std::fmt;

use crate::clock::Moment;
use crate::wire::{DocumentId, WindowId};

pub use caveat::{Caveat, CaveatKind};
pub use chain::TooManyCaveats;
pub use mint::{Mint, NoRandomness};
pub use patterns::{Patterns, PatternsError};

pub(crate) use chain::{Caveats, Tag};

/// The version byte of this format.
const VERSION: u8 = 1;
pub(crate) const TAG_BYTES: usize = 32;
/// What stands before the caveats: version, session, generation.
const HEAD_BYTES: usize = 1 + 8 + 4;
const ROOT_BYTES: usize = HEAD_BYTES + TAG_BYTES;

/// Characters of a root token's text.
pub const ROOT_TEXT: usize = ROOT_BYTES / 3 * 4;

/// The most caveats of a token: each hand that it passes through adds two or three, and no page
/// hands its token on through more than five.
pub const MAX_CAVEATS: usize = 16;

/// The most bytes of all caveats of a token. It travels with each call, so it stays small beside
/// one: enough for twenty paths of a hundred characters.
pub const MAX_CAVEAT_BYTES: usize = 2048;

/// The most characters of a token's text.
pub const MAX_TOKEN_TEXT: usize = (ROOT_BYTES + MAX_CAVEAT_BYTES).div_ceil(3) * 4;

/// The number of a session, unique for the life of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// The number of a host process, unique for the life of the broker: a host that is started
/// again has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostId(pub u64);

/// Everything that a root token is bound to.
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
    /// When it was minted: what an expiry in a caveat is counted from.
    pub issued: Moment,
    /// When it ends.
    pub expires: Moment,
}

/// A token as it was shown, minted or narrowed. It prints as `[redacted]`.
///
/// ```
/// use sidegate::token::{Caveat, Token};
///
/// # fn narrowed(token: &Token) -> Result<Token, Box<dyn std::error::Error>> {
/// let reads_notes = token
///     .attenuate(&Caveat::commands(["fs.read_text", "fs.list"])?)?
///     .attenuate(&Caveat::path(["$APPDATA/notes/**"])?)?;
/// # Ok(reads_notes)
/// # }
/// ```
#[derive(Clone)]
pub struct Token {
    session: SessionId,
    generation: u32,
    caveats: Caveats,
    tag: Tag,
}

impl Token {
    /// Reads the text form. What its caveats say is read by [`Token::caveats`].
    ///
    /// # Errors
    /// [`NotAToken`] for anything but the one spelling of a token with caveats of known kinds, and
    /// within the bounds.
    pub fn parse(text: &[u8]) -> Result<Self, NotAToken> {
        if text.len() > MAX_TOKEN_TEXT {
            return Err(NotAToken);
        }
        if text.len() == ROOT_TEXT {
            let bytes: [u8; ROOT_BYTES] = base64url::decode_array(text).ok_or(NotAToken)?;
            return Self::from_bytes(&bytes);
        }
        Self::from_bytes(&base64url::decode(text).ok_or(NotAToken)?)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, NotAToken> {
        let (&version, rest) = bytes.split_first().ok_or(NotAToken)?;
        let (&session, rest) = rest.split_first_chunk::<8>().ok_or(NotAToken)?;
        let (&generation, rest) = rest.split_first_chunk::<4>().ok_or(NotAToken)?;
        let (caveats, &tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(NotAToken)?;
        if version != VERSION {
            return Err(NotAToken);
        }
        Ok(Self {
            session: SessionId(u64::from_be_bytes(session)),
            generation: u32::from_be_bytes(generation),
            caveats: Caveats::read(caveats).ok_or(NotAToken)?,
            tag: Tag::new(tag),
        })
    }

    /// The text form: unpadded base64url (RFC 4648, section 5). Whoever has it can do what the token
    /// allows; it belongs into no log.
    #[must_use]
    pub fn text(&self) -> String {
        let mut bytes = Vec::with_capacity(ROOT_BYTES.saturating_add(self.caveats.bytes().len()));
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.session.0.to_be_bytes());
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(self.caveats.bytes());
        bytes.extend_from_slice(self.tag.bytes());
        base64url::encode(&bytes)
    }

    /// The same token with one caveat more, made without its broker: what it allows and `caveat`
    /// does not is no longer allowed.
    ///
    /// # Errors
    /// [`TooManyCaveats`] past [`MAX_CAVEATS`] and [`MAX_CAVEAT_BYTES`].
    pub fn attenuate(&self, caveat: &Caveat) -> Result<Self, TooManyCaveats> {
        let (kind, body) = (caveat.kind(), caveat.body());
        let caveats = self.caveats.with(kind, &body)?;
        let tag = self.tag.extended(kind, &body);
        Ok(Self { session: self.session, generation: self.generation, caveats, tag })
    }

    /// The caveats, from the first on. They are what the token says of itself: whether it is
    /// genuine only its broker knows.
    ///
    /// # Errors
    /// [`NotAToken`] where one of them says nothing that a broker would understand: it would refuse
    /// the token.
    pub fn caveats(&self) -> Result<Vec<Caveat>, NotAToken> {
        self.caveats.iter().map(|(kind, body)| Caveat::read(kind, body).ok_or(NotAToken)).collect()
    }

    /// Whether it is as it was minted.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.caveats.bytes().is_empty()
    }

    /// The session it names; an assertion until [`Token::is`] said yes.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Which of its session's tokens it names, or was narrowed from.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Whether this is `other`, in a time that does not depend on where their tags differ.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let names = self.session == other.session && self.generation == other.generation;
        // Not secret: whoever shows a token wrote them.
        let caveats = self.caveats.bytes() == other.caveats.bytes();
        self.tag.is(&other.tag) && names && caveats
    }

    pub(crate) fn tag(&self) -> &Tag {
        &self.tag
    }

    /// The caveats as they are written.
    pub(crate) fn written(&self) -> &Caveats {
        &self.caveats
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

#[cfg(test)]
mod tests;
