//! The part of a file that is asked for (RFC 9110, section 14): one range of bytes. Several at
//! once, other units and what cannot be read are as if nothing had been said, as the standard
//! has it.

use std::ops::Range;

/// What a `Range` header comes to, for a file of a known length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it.
    Whole,
    /// These bytes, at least one.
    Part(Range<usize>),
    /// Bytes that are not there.
    Beyond,
}

impl Asked {
    /// Reads the header's value.
    pub(super) fn of(header: &str, length: usize) -> Self {
        let range = header.trim().strip_prefix("bytes=").map(str::trim);
        let Some((first, last)) = range.and_then(|range| range.split_once('-')) else {
            return Self::Whole;
        };
        match (first, number(first), last, number(last)) {
            ("", _, _, Some(0)) => Self::Beyond,
            ("", _, _, Some(count)) => Self::part(length.saturating_sub(count)..length),
            (_, Some(first), "", _) if first < length => Self::part(first..length),
            (_, Some(first), _, Some(last)) if first <= last && first < length => {
                Self::part(first..last.saturating_add(1).min(length))
            }
            (_, Some(_), "", _) => Self::Beyond,
            (_, Some(first), _, Some(last)) if first <= last => Self::Beyond,
            _ => Self::Whole,
        }
    }

    fn part(bytes: Range<usize>) -> Self {
        if bytes.is_empty() { Self::Beyond } else { Self::Part(bytes) }
    }
}

/// Digits alone. A number that no file is as long as is the greatest there is.
fn number(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_taken_and_anything_else_is_the_whole() {
        for (header, expected) in [
            ("bytes=0-", Asked::Part(0..10)),
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=2-4", Asked::Part(2..5)),
            ("bytes=9-9", Asked::Part(9..10)),
            ("bytes=5-99", Asked::Part(5..10)),
            ("bytes=-3", Asked::Part(7..10)),
            ("bytes=-99", Asked::Part(0..10)),
            (" bytes=1-2 ", Asked::Part(1..3)),
            ("bytes=0-99999999999999999999999", Asked::Part(0..10)),
            ("bytes=10-", Asked::Beyond),
            ("bytes=10-11", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=99999999999999999999999-", Asked::Beyond),
            ("bytes=4-2", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=", Asked::Whole),
            ("lines=0-1", Asked::Whole),
            ("", Asked::Whole),
        ] {
            assert_eq!(Asked::of(header, 10), expected, "{header}");
        }
    }

    #[test]
    fn of_an_empty_file_there_is_no_part() {
        for header in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
            assert_eq!(Asked::of(header, 0), Asked::Beyond, "{header}");
        }
    }
}
