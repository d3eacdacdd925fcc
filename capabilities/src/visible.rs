//! Texts from outside as a terminal may have them. A name can hold an escape sequence that hides what
//! follows, a line end that begins a line of its own, or a mark that turns the text around.

use std::borrow::Cow;

/// The text with every character that does not show written as Rust would write it, `\u{1b}` say.
/// What shows stays as it is, quotes and backslashes too.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_visible) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_visible(c) { out.push(c) } else { out.extend(c.escape_debug()) }
    }
    Cow::Owned(out)
}

/// Whether a character shows, alone or as an accent on another.
pub(crate) fn is_visible(c: char) -> bool {
    // After another character, accents are not escaped.
    let after = ['a', c];
    let text: String = after.iter().collect();
    matches!(c, '\'' | '"' | '\\') || text.escape_debug().eq(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_show_is_written_out() {
        let cases = [
            ("a b/c.toml", "a b/c.toml"),
            ("it's \"a\"\\b", "it's \"a\"\\b"),
            ("é e\u{301} ü 文 🦀", "é e\u{301} ü 文 🦀"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\nb\tc\r\0", "a\\nb\\tc\\r\\0"),
            ("\u{7f}\u{9b}", "\\u{7f}\\u{9b}"),
            ("a\u{202e}b\u{2066}\u{200b}\u{feff}", "a\\u{202e}b\\u{2066}\\u{200b}\\u{feff}"),
            ("\u{2028}\u{ad}\u{e0001}", "\\u{2028}\\u{ad}\\u{e0001}"),
        ];
        for (text, expected) in cases {
            assert_eq!(visible(text), expected, "{text:?}");
        }
    }
}
