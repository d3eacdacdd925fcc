//! A look at the number literals of a JSON text before it is read: the reader would turn a
//! 300-digit integer into a float and `1e-400` into nought without a word.
//!
//! It finds literals and judges their range. Whether the text is JSON at all is the reader's
//! question, so a literal that is no number passes here and fails there.

use super::{JsonError, JsonErrorKind};

/// Refuses the first number of the text that would not be kept.
pub(super) fn check(text: &str) -> Result<(), JsonError> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let length = match byte {
            b'"' => string_length(bytes, at),
            b'-' | b'0'..=b'9' => {
                let length = literal_length(bytes, at);
                let literal = text.get(at..at.saturating_add(length)).unwrap_or_default();
                if !is_kept(literal) {
                    return Err(JsonError::at_byte(JsonErrorKind::Number, bytes, at));
                }
                length
            }
            _ => 1,
        };
        at = at.saturating_add(length);
    }
    Ok(())
}

/// Whether the number that is read is the number that was written (for a fraction: to the
/// precision of an `f64`, but never to infinity, and never to nought).
fn is_kept(literal: &str) -> bool {
    if !literal.contains(['.', 'e', 'E']) {
        // `-0` is no integer of ours: it would be read as the float -0.0.
        return literal != "-0"
            && (literal.parse::<i64>().is_ok() || literal.parse::<u64>().is_ok());
    }
    let mantissa = literal.split(['e', 'E']).next().unwrap_or_default();
    let is_nought = !mantissa.contains(|digit: char| matches!(digit, '1'..='9'));
    literal.parse::<f64>().is_ok_and(|value| value.is_finite() && (value != 0.0 || is_nought))
}

fn literal_length(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.iter()
        .take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        .count()
}

/// The length of a string literal with both quotes, or of the whole rest where it has no end.
fn string_length(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let mut length = 1;
    while let Some(text) = rest.get(length..) {
        length = length.saturating_add(plain_length(text));
        match rest.get(length) {
            // What is escaped is passed over, whatever it is.
            Some(b'\\') => length = length.saturating_add(2),
            Some(_) => return length.saturating_add(1),
            None => return rest.len(),
        }
    }
    rest.len()
}

/// How many bytes there are before the next quote or backslash.
fn plain_length(bytes: &[u8]) -> usize {
    memchr::memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is escaped stands at each place of a block, and so does the end.
    #[test]
    fn a_string_ends_where_it_ends_however_long_it_is() {
        for length in 0..100 {
            for escaped in ["", r#"\""#, r"\\", r"\u0022", r#"\\\""#] {
                let text = "x".repeat(length);
                let whole = format!("\"{text}{escaped}{}\" 1", "é".repeat(length % 7));
                let expected = whole.len() - 2;
                assert_eq!(string_length(whole.as_bytes(), 0), expected, "{whole}");
                let open = format!("\"{text}{escaped}");
                assert_eq!(string_length(open.as_bytes(), 0), open.len(), "{open}");
                let dangling = format!("\"{text}\\");
                assert_eq!(string_length(dangling.as_bytes(), 0), dangling.len(), "{dangling}");
            }
        }
    }
}
