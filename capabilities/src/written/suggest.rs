//! "Did you mean": the known word that is nearest to the one written.

/// The nearest of the known words, where it is near enough to be a slip of the fingers: a third of
/// its letters, two at most.
pub(crate) fn nearest<'k>(
    written: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    // A megabyte of text is nobody's slip, and the distance costs the product of the lengths.
    if written.len() > 128 {
        return None;
    }
    known
        .into_iter()
        .map(|word| (distance(written, word), word))
        .filter(|(distance, word)| *distance <= (word.len() / 3).clamp(1, 2))
        .min()
        .map(|(_, word)| word)
}

/// The letters that were slipped on; the case of a letter is none.
fn distance(written: &str, word: &str) -> usize {
    if written.eq_ignore_ascii_case(word) {
        return 0;
    }
    strsim::damerau_levenshtein(written, word)
}

/// The help of a message about an unknown word.
pub(crate) fn did_you_mean<'k>(
    written: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<String> {
    nearest(written, known).map(|word| format!("did you mean `{word}`?"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_of_the_fingers() {
        let known = ["allow", "deny", "windows", "fs.read_text"];
        let cases = [
            ("alow", Some("allow")),
            ("allwo", Some("allow")),
            ("dny", Some("deny")),
            ("window", Some("windows")),
            ("fs.readtext", Some("fs.read_text")),
            ("ALLOW", Some("allow")),
            ("x", None),
            ("permit", None),
        ];
        for (written, expected) in cases {
            assert_eq!(nearest(written, known), expected, "{written}");
        }
    }
}
