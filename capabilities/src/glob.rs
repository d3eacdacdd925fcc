//! The one matcher behind every pattern: a sequence in which some items stand for a run of others.
//! What an item is (a character, a file name, a label) and what a run may cross is the caller's word.

/// How the items of a pattern stand to those of a text.
pub(crate) trait Items<P, T> {
    /// Whether the pattern's item stands for a run of any length.
    fn is_run(&self, item: &P) -> bool;
    /// Whether the pattern's item, which is no run, stands for this item of the text.
    fn fits(&self, item: &P, found: &T) -> bool;
    /// Whether a run may go over this item of the text.
    fn crosses(&self, found: &T) -> bool;
}

/// Whether the whole text matches the whole pattern. At most pattern length times text length
/// steps, and no recursion: on a mismatch only the last run is made one longer. An earlier run need
/// not be tried again, since the last one may go over all that the earlier could have.
pub(crate) fn matches<P, T>(pattern: P, text: T, items: &impl Items<P::Item, T::Item>) -> bool
where
    P: Iterator + Clone,
    T: Iterator + Clone,
{
    let (mut pattern, mut text) = (pattern, text);
    let mut last_run: Option<(P, T)> = None;
    loop {
        let here = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some(item), _) if items.is_run(&item) => {
                last_run = Some((pattern.clone(), here.clone()));
                text = here;
            }
            (Some(item), Some(found)) if items.fits(&item, &found) => {}
            _ => {
                let Some((after, mut rest)) = last_run.take() else {
                    return false;
                };
                if !rest.next().is_some_and(|found| items.crosses(&found)) {
                    return false;
                }
                last_run = Some((after.clone(), rest.clone()));
                (pattern, text) = (after, rest);
            }
        }
    }
}

/// Characters: `*` is a run of any, and `?` is any one where it is special at all.
pub(crate) struct Characters {
    pub(crate) question: Question,
}

/// What `?` means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Itself.
    Literal,
    /// Any one character.
    AnyOne,
}

impl Items<char, char> for Characters {
    fn is_run(&self, item: &char) -> bool {
        *item == '*'
    }

    fn fits(&self, item: &char, found: &char) -> bool {
        item == found || (*item == '?' && self.question == Question::AnyOne)
    }

    fn crosses(&self, _: &char) -> bool {
        true
    }
}

/// Whether a text matches a pattern in which `*` is any run of characters.
pub(crate) fn text_matches(pattern: &str, text: &str, question: Question) -> bool {
    matches(pattern.chars(), text.chars(), &Characters { question })
}

/// The texts that match a pattern as a regular expression: the second road to [`text_matches`].
/// `any` is the class of one character.
pub(crate) fn text_regex(pattern: &str, any: &str, question: Question) -> String {
    let one = |c: char| match c {
        '*' => format!("{any}*"),
        '?' if question == Question::AnyOne => any.to_owned(),
        _ => character_regex(c),
    };
    pattern.chars().map(one).collect()
}

/// A text that means itself, as a regular expression.
pub(crate) fn literal_regex(text: &str) -> String {
    text.chars().map(character_regex).collect()
}

fn character_regex(c: char) -> String {
    if c.is_ascii_alphanumeric() { c.to_string() } else { format!("\\x{{{:x}}}", u32::from(c)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn runs_of_characters() {
        let cases = [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("*", "fs.read", true),
            ("fs.*", "fs.read.all", true),
            ("fs.*", "fs.", true),
            ("fs.*", "fs", false),
            ("*.read", "fs.read", true),
            ("*.read", "fs.reads", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("**", "x", true),
            ("?", "?", true),
            ("?", "x", false),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(
                text_matches(pattern, text, Question::Literal),
                expected,
                "{pattern} {text}"
            );
        }
        assert!(text_matches("a?c*", "aéc", Question::AnyOne));
        assert!(!text_matches("a?", "a", Question::AnyOne));
    }

    #[test]
    fn as_regular_expressions() {
        let of = |question| text_regex("a?*", ".", question);
        assert_eq!(of(Question::Literal), r"a\x{3f}.*");
        assert_eq!(of(Question::AnyOne), "a..*");
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let pattern = "*a".repeat(60);
        assert!(!text_matches(&pattern, &"a".repeat(59), Question::Literal));
        assert!(!text_matches(&format!("{pattern}b"), &"a".repeat(4_000), Question::Literal));
    }

    /// The road on foot: try every length of every run.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => (0..=text.len()).any(|length| naive(rest, &text[length..])),
            (Some((item, pattern)), Some((found, text))) => item == found && naive(pattern, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_naive_matcher(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            let chars = |s: &str| s.chars().collect::<Vec<_>>();
            prop_assert_eq!(
                text_matches(&pattern, &text, Question::Literal),
                naive(&chars(&pattern), &chars(&text))
            );
        }
    }
}
