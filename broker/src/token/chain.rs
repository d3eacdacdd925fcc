//! The chain: the caveats of a token one after another as they are written, and the tag that each
//! of them turns the tag before it into.

use std::fmt;

use ring::hmac;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{CaveatKind, MAX_CAVEAT_BYTES, MAX_CAVEATS, TAG_BYTES};

/// Keeps a tag of a caveat from being taken for anything else that is ever made with the same key.
const CAVEAT_DOMAIN: &[u8] = b"sidegate caveat 1\0";

/// A tag: who knows it can make the token that it is of. Gone from memory when it is dropped.
#[derive(Clone)]
pub(crate) struct Tag(Zeroizing<[u8; TAG_BYTES]>);

impl Tag {
    pub(super) fn new(bytes: [u8; TAG_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn of(signed: &hmac::Tag) -> Self {
        let mut bytes = [0; TAG_BYTES];
        for (slot, byte) in bytes.iter_mut().zip(signed.as_ref()) {
            *slot = *byte;
        }
        Self::new(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; TAG_BYTES] {
        &self.0
    }

    /// Whether both are the same, in a time that does not depend on where they differ.
    pub(crate) fn is(&self, other: &Self) -> bool {
        bool::from(self.0.as_slice().ct_eq(other.0.as_slice()))
    }

    /// The tag of the token with one caveat more: an HMAC keyed with this one.
    pub(crate) fn extended(&self, kind: CaveatKind, body: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice());
        let mut context = hmac::Context::with_key(&key);
        context.update(CAVEAT_DOMAIN);
        context.update(&[kind.byte()]);
        context.update(&length_of(body));
        context.update(body);
        Self::of(&context.sign())
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tag([redacted])")
    }
}

/// Bytes of a caveat beside its body: kind and length.
const FRAME_BYTES: usize = 3;

/// Caveats as they are written: of known kinds, each whole, within the bounds. None takes no
/// memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Caveats(Vec<u8>);

/// A token has no room for another caveat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a token has at most {MAX_CAVEATS} caveats of {MAX_CAVEAT_BYTES} bytes together; narrow one that has fewer"
)]
pub struct TooManyCaveats;

impl Caveats {
    /// Takes bytes that are caveats and nothing else.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_CAVEAT_BYTES {
            return None;
        }
        let (mut rest, mut count) = (bytes, 0_usize);
        while !rest.is_empty() {
            (_, _, rest) = first(rest)?;
            count = count.checked_add(1).filter(|count| *count <= MAX_CAVEATS)?;
        }
        Some(Self(bytes.to_vec()))
    }

    pub(super) fn with(&self, kind: CaveatKind, body: &[u8]) -> Result<Self, TooManyCaveats> {
        let more = [&[kind.byte()] as &[u8], &length_of(body), body];
        // A body too long for its length is too long for the bound as well.
        Self::read(&[&self.0 as &[u8], &more.concat()].concat()).ok_or(TooManyCaveats)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first so many of them.
    pub(crate) fn first(&self, count: usize) -> Self {
        let bytes = self.iter().take(count).fold(0_usize, |sum, (_, body)| {
            sum.saturating_add(FRAME_BYTES).saturating_add(body.len())
        });
        Self(self.0.get(..bytes).unwrap_or_default().to_vec())
    }

    /// Whether the first of them are those of `other`: each says how long it is, so that bytes which
    /// are caveats end where a caveat ends.
    pub(crate) fn begins_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Kind and body of each.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (CaveatKind, &[u8])> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let (kind, body, more) = first(rest)?;
            rest = more;
            Some((kind, body))
        })
    }
}

fn first(bytes: &[u8]) -> Option<(CaveatKind, &[u8], &[u8])> {
    let (&kind, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first_chunk::<2>()?;
    let (body, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(length)))?;
    Some((CaveatKind::of(kind)?, body, rest))
}

fn length_of(body: &[u8]) -> [u8; 2] {
    u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes()
}
