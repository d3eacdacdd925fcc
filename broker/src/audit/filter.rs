//! Which records are to be shown.

use std::time::Duration;

use super::read::Entry;
use super::time::Timestamp;

/// A choice of records: those that fit everything that is asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only what was refused.
    pub denied: bool,
    /// Only windows with such a label.
    pub window: Option<Pattern>,
    /// Only commands with such a name.
    pub command: Option<Pattern>,
    /// Only what happened then or later.
    pub since: Option<Timestamp>,
}

impl Filter {
    /// Whether `entry` is one of them.
    #[must_use]
    pub fn takes(&self, entry: &Entry) -> bool {
        let fits = |pattern: &Option<Pattern>, key: &str| match pattern {
            None => true,
            Some(pattern) => entry.text(key).is_some_and(|text| pattern.fits(text)),
        };
        (!self.denied || entry.is_refusal())
            && fits(&self.window, "window")
            && fits(&self.command, "command")
            && self.since.is_none_or(|since| entry.time() >= since)
    }
}

/// A name in which each `*` stands for any characters, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// The pattern written as `text`; every text is one.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether `name` fits, from its first character to its last. Takes time in proportion to
    /// the two lengths multiplied, at worst.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        let Some((start, rest)) = self.0.split_once('*') else {
            return self.0 == name;
        };
        let Some(mut name) = name.strip_prefix(start) else {
            return false;
        };
        let (middle, end) =
            rest.rsplit_once('*').map_or((None, rest), |(middle, end)| (Some(middle), end));
        // The earliest place for each piece leaves the most for those after it.
        for piece in middle.into_iter().flat_map(|middle| middle.split('*')) {
            match name.split_once(piece) {
                Some((_, after)) => name = after,
                None => return false,
            }
        }
        name.ends_with(end)
    }
}

/// The moment that `text` means: in RFC 3339, or so long before `now` (`30s`, `10m`, `2h`, `1d`,
/// `1w`).
#[must_use]
pub fn since(text: &str, now: Timestamp) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|| ago(text).map(|span| now.minus(span)))
}

fn ago(text: &str) -> Option<Duration> {
    let (unit, number) = match text.char_indices().next_back()? {
        (at, 's') => (1, text.get(..at)?),
        (at, 'm') => (60, text.get(..at)?),
        (at, 'h') => (3600, text.get(..at)?),
        (at, 'd') => (86_400, text.get(..at)?),
        (at, 'w') => (604_800, text.get(..at)?),
        _ => return None,
    };
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(unit).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, fits) in [
            ("fs.read_text", "fs.read_text", true),
            ("fs.read_text", "fs.read_texts", false),
            ("fs.*", "fs.read_text", true),
            ("fs.*", "fs.", true),
            ("fs.*", "xfs.list", false),
            ("*.list", "fs.list", true),
            ("*.list", "fs.lists", false),
            ("*", "", true),
            ("**", "anything", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("*é*", "café!", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(Pattern::new(pattern).fits(name), fits, "`{pattern}` and `{name}`");
        }
    }

    proptest::proptest! {
        /// Against the definition, tried out.
        #[test]
        fn the_walk_agrees_with_trying_everything(pattern in "[ab*]{0,7}", name in "[ab]{0,9}") {
            fn naive(pattern: &[u8], name: &[u8]) -> bool {
                match pattern {
                    [] => name.is_empty(),
                    [b'*', rest @ ..] => (0..=name.len()).any(|used| naive(rest, &name[used..])),
                    [byte, rest @ ..] => name.first() == Some(byte) && naive(rest, &name[1..]),
                }
            }
            assert_eq!(Pattern::new(&*pattern).fits(&name), naive(pattern.as_bytes(), name.as_bytes()));
        }
    }

    #[test]
    fn since_is_a_moment_or_a_time_ago() {
        let now = Timestamp::parse("2026-11-23T12:00:00Z").unwrap();
        for (text, means) in [
            ("2026-11-23T06:54:26Z", Some("2026-11-23T06:54:26.000000Z")),
            ("30s", Some("2026-11-23T11:59:30.000000Z")),
            ("10m", Some("2026-11-23T11:50:00.000000Z")),
            ("2h", Some("2026-11-23T10:00:00.000000Z")),
            ("1d", Some("2026-11-22T12:00:00.000000Z")),
            ("1w", Some("2026-11-16T12:00:00.000000Z")),
            ("99999999w", Some("1970-01-01T00:00:00.000000Z")),
            ("99999999999999999999s", None),
            ("-1d", None),
            ("+1d", None),
            ("d", None),
            ("10", None),
            ("1 d", None),
            ("é", None),
            ("", None),
        ] {
            let read = since(text, now).map(|moment| moment.to_string());
            assert_eq!(read.as_deref(), means, "{text}");
        }
    }
}
