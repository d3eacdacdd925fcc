//! Unpadded base64url (RFC 4648, section 5), strict: one text for each value, so that spare bits are
//! zero and nothing is skipped.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for group in bytes.chunks(3) {
        let mut padded = [0; 4];
        for (slot, byte) in padded.iter_mut().skip(1).zip(group) {
            *slot = *byte;
        }
        let bits = u32::from_be_bytes(padded);
        for shift in [18, 12, 6, 0].into_iter().take(group.len().saturating_add(1)) {
            let index = usize::try_from(bits >> shift & 63).unwrap_or(0);
            text.push(ALPHABET.get(index).map_or('A', |letter| char::from(*letter)));
        }
    }
    text
}

/// The bytes of a text whose length four divides, without memory of their own.
pub(super) fn decode_array<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len().checked_mul(3)? != N.checked_mul(4)? {
        return None;
    }
    for (group, slots) in text.chunks_exact(4).zip(bytes.chunks_exact_mut(3)) {
        let [_, first, second, third] = bits_of(group)?.to_be_bytes();
        slots.copy_from_slice(&[first, second, third]);
    }
    Some(bytes)
}

/// The bytes of any text.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len().div_ceil(4).saturating_mul(3));
    let groups = text.chunks_exact(4);
    let rest = groups.remainder();
    for group in groups {
        let [_, first, second, third] = bits_of(group)?.to_be_bytes();
        bytes.extend_from_slice(&[first, second, third]);
    }
    // What is left over is two letters for one byte or three for two, and spare bits that are zero.
    let spare = match rest.len() {
        0 => return Some(bytes),
        2 => 12,
        3 => 6,
        _ => return None,
    };
    let [_, first, second, third] = (bits_of(rest)? << spare).to_be_bytes();
    bytes.push(first);
    if rest.len() == 3 {
        bytes.push(second);
        return (third == 0).then_some(bytes);
    }
    (second == 0 && third == 0).then_some(bytes)
}

fn bits_of(letters: &[u8]) -> Option<u32> {
    letters.iter().try_fold(0, |bits, letter| Some(bits << 6 | u32::from(letter_value(*letter)?)))
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

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    #[test]
    fn what_has_another_spelling_is_refused() {
        // The first of each row is the one spelling.
        for row in [
            ["AA", "AB", "AP", "A"],
            ["AAA", "AAB", "AAD", "AA="],
            ["-_-_", "+/+/", "-_-_=", " -_-"],
        ] {
            for (place, text) in row.into_iter().enumerate() {
                assert_eq!(decode(text.as_bytes()).is_some(), place == 0, "{text}");
            }
        }
        assert_eq!(decode(b""), Some(Vec::new()));
        assert_eq!(decode_array::<3>(b"-_-_"), Some([0xfb, 0xff, 0xbf]));
        assert_eq!((decode_array::<3>(b"-_-"), decode_array::<3>(b"-_-_-_-_")), (None, None));
    }

    proptest! {
        #[test]
        fn it_is_what_another_implementation_makes_of_it(bytes: Vec<u8>, text in "[-_A-Za-z0-9=+ ]{0,9}") {
            let encoded = encode(&bytes);
            prop_assert_eq!(&encoded, &URL_SAFE_NO_PAD.encode(&bytes));
            prop_assert_eq!(decode(encoded.as_bytes()), Some(bytes));
            prop_assert_eq!(decode(text.as_bytes()), URL_SAFE_NO_PAD.decode(&text).ok());
        }
    }
}
