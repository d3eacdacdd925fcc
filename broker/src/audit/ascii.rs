//! JSON in which every byte is a printable ASCII character. Whatever a page writes into its
//! command names, the log stays one record a line, and printing the raw file does nothing to a
//! terminal: no newline, escape, bidirectional override or look-alike space gets through.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

/// Appends `value` to `buffer`.
pub(super) fn push<T: Serialize + ?Sized>(
    buffer: &mut Vec<u8>,
    value: &T,
) -> Result<(), serde_json::Error> {
    value.serialize(&mut Serializer::with_formatter(buffer, Ascii))
}

/// The same of a text. Most texts are written as they are, which is asked of all their bytes at once.
pub(super) fn push_text(buffer: &mut Vec<u8>, text: &str) -> Result<(), serde_json::Error> {
    let as_it_is = |byte: u8| may_stand(byte) & (byte != b'"') & (byte != b'\\');
    if !text.bytes().fold(true, |all, byte| all & as_it_is(byte)) {
        return push(buffer, text);
    }
    buffer.push(b'"');
    buffer.extend_from_slice(text.as_bytes());
    buffer.push(b'"');
    Ok(())
}

/// Whether `byte` may stand in a record.
pub(super) fn may_stand(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

struct Ascii;

impl Formatter for Ascii {
    /// The characters that JSON itself would leave as they are. (The control characters below
    /// the space it escapes anyway.)
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if fragment.bytes().all(may_stand) {
            return writer.write_all(fragment.as_bytes());
        }
        for character in fragment.chars() {
            match u8::try_from(character) {
                Ok(byte) if may_stand(byte) => writer.write_all(&[byte])?,
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_printable_ascii_is_escaped() {
        for (text, written) in [
            ("plain", r#""plain""#),
            ("quote \" and \\", r#""quote \" and \\""#),
            ("a\nb\rc\0", r#""a\nb\rc\u0000""#),
            ("\u{1b}[31m\u{7}\u{7f}\u{9b}", r#""\u001b[31m\u0007\u007f\u009b""#),
            ("\u{2028}\u{2029}\u{202e}\u{feff}", r#""\u2028\u2029\u202e\ufeff""#),
            ("é😀\u{e0041}", r#""\u00e9\ud83d\ude00\udb40\udc41""#),
        ] {
            let mut buffer = Vec::new();
            push(&mut buffer, text).unwrap();
            assert_eq!(String::from_utf8(buffer.clone()).unwrap(), written);
            let mut at_once = Vec::new();
            push_text(&mut at_once, text).unwrap();
            assert_eq!(at_once, buffer);
            assert_eq!(serde_json::from_slice::<String>(&buffer).unwrap(), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_back_and_any_byte_may_stand(text in proptest::prelude::any::<String>()) {
            let mut buffer = Vec::new();
            push_text(&mut buffer, &text).unwrap();
            assert!(buffer.iter().copied().all(may_stand));
            assert_eq!(serde_json::from_slice::<String>(&buffer).unwrap(), text);
        }
    }
}
