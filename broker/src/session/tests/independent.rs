//! A verifier of another make: it takes a token's text apart by hand, recomputes every tag with
//! `ring`'s HMAC alone, from the key on, and has to agree with the real one on tokens that are
//! genuine and on tokens that were tampered with.

use super::*;

use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ring::hmac::{HMAC_SHA256, Key, sign};

use crate::token::Caveat;

const KEY: [u8; 32] = [0x42; 32];
const LIFE: u64 = 3_600_000_000_000;

/// The tag that the bytes of a token should have, by what its broker knows of the session.
fn tag_of(bytes: &[u8]) -> Option<Vec<u8>> {
    let ends = bytes.len().checked_sub(32)?;
    let (head, mut caveats) = bytes.get(..ends)?.split_at_checked(13)?;
    if head != [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1] || caveats.len() > 2048 {
        return None;
    }
    let mut message = b"sidegate token 1\0".to_vec();
    let issued = NOW.as_nanos();
    for number in [1, 1, 2, 10, 100, issued, issued + LIFE] {
        message.extend_from_slice(&u64::to_be_bytes(number));
    }
    for text in ["app://localhost", "0"] {
        message.extend_from_slice(&u64::to_be_bytes(text.len().try_into().unwrap()));
        message.extend_from_slice(text.as_bytes());
    }
    let mut tag = sign(&Key::new(HMAC_SHA256, &KEY), &message).as_ref().to_vec();
    let mut count = 0;
    while !caveats.is_empty() {
        let length = usize::from(*caveats.get(1)?) * 256 + usize::from(*caveats.get(2)?);
        let (caveat, rest) = caveats.split_at_checked(3 + length)?;
        if !(1..=8).contains(&caveat[0]) || count == 16 {
            return None;
        }
        let message = [b"sidegate caveat 1\0", caveat].concat();
        tag = sign(&Key::new(HMAC_SHA256, &tag), &message).as_ref().to_vec();
        (caveats, count) = (rest, count + 1);
    }
    Some(tag)
}

fn is_genuine(text: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(text) else { return false };
    tag_of(&bytes).is_some_and(|tag| bytes.ends_with(&tag))
}

pub(super) fn any_caveat() -> impl Strategy<Value = Caveat> {
    let commands = proptest::collection::vec("[a-z.*]{1,8}", 1..4);
    let paths = proptest::collection::vec("[$/a-z*.]{1,12}", 1..3);
    prop_oneof![
        commands.prop_map(|patterns| Caveat::commands(patterns).unwrap()),
        paths.clone().prop_map(|patterns| Caveat::path(patterns).unwrap()),
        paths.clone().prop_map(|patterns| Caveat::url(patterns).unwrap()),
        paths.prop_map(|patterns| Caveat::key(patterns).unwrap()),
        any::<u64>().prop_map(|after_issue| Caveat::Expires { after_issue }),
        (1_u32.., any::<u64>())
            .prop_map(|(count, serial)| Caveat::uses(NonZeroU32::new(count).unwrap(), serial)),
        Just(Caveat::Origin(Origin::local())),
        Just(Caveat::Window(WindowLabel::parse("editor").unwrap())),
    ]
}

/// What is done to the bytes of a token.
#[derive(Debug, Clone)]
enum Tampering {
    None,
    Flip(proptest::sample::Index),
    Cut(proptest::sample::Index),
    Insert(proptest::sample::Index, u8),
    /// Takes bytes out of the middle.
    Drop(proptest::sample::Index, usize),
}

fn any_tampering() -> impl Strategy<Value = Tampering> {
    use proptest::sample::Index;
    prop_oneof![
        Just(Tampering::None),
        any::<Index>().prop_map(Tampering::Flip),
        any::<Index>().prop_map(Tampering::Cut),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Tampering::Insert(at, byte)),
        (any::<Index>(), 1_usize..40).prop_map(|(at, count)| Tampering::Drop(at, count)),
    ]
}

fn tampered(mut bytes: Vec<u8>, tampering: &Tampering) -> Vec<u8> {
    match tampering {
        Tampering::None => {}
        Tampering::Flip(at) => {
            let bit = at.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        Tampering::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Tampering::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
        Tampering::Drop(at, count) => {
            let from = at.index(bytes.len());
            bytes.drain(from..bytes.len().min(from + count));
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn two_verifiers_agree(
        caveats in proptest::collection::vec(any_caveat(), 0..6),
        tampering in any_tampering(),
    ) {
        let sessions = Sessions::new(Mint::with_key(KEY));
        let (_, root) = sessions.open(identity(2, 10, 100), nobody(), NOW).unwrap();
        let token = caveats.iter().fold(root, |token, caveat| token.attenuate(caveat).unwrap());
        let bytes = URL_SAFE_NO_PAD.decode(token.text()).unwrap();
        let text = URL_SAFE_NO_PAD.encode(tampered(bytes, &tampering));
        let authenticate = |shown: &Token| {
            sessions.authenticate(shown, HostId(2), WindowId(10), DocumentId(100), NOW).is_ok()
        };
        let accepted = Token::parse(text.as_bytes()).is_ok_and(|shown| authenticate(&shown));
        prop_assert_eq!(accepted, is_genuine(&text));
        if matches!(tampering, Tampering::None) {
            prop_assert!(accepted);
        }
        // What was found once is not taken for another token with the same words.
        if authenticate(&token) {
            let again = Token::parse(text.as_bytes()).is_ok_and(|shown| authenticate(&shown));
            prop_assert_eq!(again, is_genuine(&text));
        }
    }
}
