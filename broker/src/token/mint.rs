//! The mint: the broker's key, and the root tokens made with it. The key is drawn when the broker
//! starts, never written, and replaced as time goes by.
//!
//! A session keeps the tag of each root token that it was given, so that no key is needed to check
//! one: a token outlives its key until its own end, and a key that was replaced is gone at once. Who
//! learned it could make tags that no session knows.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use super::chain::{Caveats, Tag};
use super::{Claims, Token};
use crate::clock::Moment;

/// Bytes of a key: those of the digest, which RFC 2104 recommends.
const KEY_BYTES: usize = 32;

/// How long one key is in use: a day is short beside the life of an app, and long beside that of a
/// token.
pub(crate) const KEY_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Keeps a root tag from being taken for anything else.
const ROOT_DOMAIN: &[u8] = b"sidegate token 1\0";

/// The broker's key.
pub struct Mint {
    key: Mutex<Key>,
}

struct Key {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    /// From then on it is replaced before it is used.
    until: Moment,
}

impl Mint {
    /// A mint with a fresh random key.
    ///
    /// # Errors
    /// [`NoRandomness`] where the operating system gives none.
    pub fn new() -> Result<Self, NoRandomness> {
        Ok(Self { key: Mutex::new(Key::draw(Moment::now())?) })
    }

    /// A mint with a key of the caller's, for test vectors.
    #[cfg(test)]
    pub(crate) fn with_key(bytes: [u8; KEY_BYTES]) -> Self {
        let key = Key { bytes: Zeroizing::new(bytes), until: Moment::from_nanos(u64::MAX) };
        Self { key: Mutex::new(key) }
    }

    /// The root token for `claims`. A key that is a day old when it is issued is replaced first;
    /// without randomness for that, the old one stays in use and is tried to be replaced next time.
    #[must_use]
    pub fn mint(&self, claims: &Claims<'_>) -> Token {
        let mut key = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if claims.issued >= key.until
            && let Ok(fresh) = Key::draw(claims.issued)
        {
            *key = fresh;
        }
        let tag = Tag::of(&key.sign(claims));
        let (session, generation) = (claims.session, claims.generation);
        Token { session, generation, caveats: Caveats::default(), tag }
    }

    /// Replaces the key. Tokens that it made are good until their own end.
    ///
    /// # Errors
    /// [`NoRandomness`], and the key is the one it was.
    pub fn rotate(&self, now: Moment) -> Result<(), NoRandomness> {
        let fresh = Key::draw(now)?;
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

impl Key {
    fn draw(now: Moment) -> Result<Self, NoRandomness> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        SystemRandom::new().fill(bytes.as_mut_slice()).map_err(|_| NoRandomness)?;
        Ok(Self { bytes, until: now.after(KEY_LIFE) })
    }

    fn sign(&self, claims: &Claims<'_>) -> hmac::Tag {
        // Made anew for each token, of which there are few: what `ring` derives from a key is not
        // wiped, so it does not stay in one known place for a day.
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.bytes.as_slice());
        let mut context = hmac::Context::with_key(&key);
        context.update(ROOT_DOMAIN);
        for number in [
            claims.session.0,
            u64::from(claims.generation),
            claims.host.0,
            u64::from(claims.window.0),
            claims.document.0,
            claims.issued.as_nanos(),
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
        context.sign()
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
