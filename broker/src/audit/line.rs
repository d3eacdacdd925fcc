//! One record as a line: how it is put together, and how it is taken apart without being
//! believed. Whether it belongs where it stands is the business of the chain.

use super::AuditError;
use super::ascii;
use super::clip::{Clipped, MAX_NAME};
use super::event::Event;
use super::hash::{LINK_CHARS, Link};

use super::time::Timestamp;

/// The longest line, its newline not counted. A call has at most 128 × 3 + 300 + 1024 × 3
/// characters of its own, or twelve times as many bytes where each is escaped, and 8 KiB of
/// arguments: 54 KiB. What an observed policy says of it adds 14 KiB, and the names of 64 values
/// that are kept out 97 KiB; a policy of 64 files with names of that kind comes to 110 KiB.
pub(super) const MAX_LINE: usize = 256 << 10;

const SEQ: &[u8] = b"{\"seq\":";
const TIME: &[u8] = b",\"time\":\"";
const POLICY: &[u8] = b"\",\"policy\":";
const PREV: &[u8] = b",\"prev\":\"";
const HASH: &[u8] = b"\",\"hash\":\"";
const END: &[u8] = b"\"}";

/// Makes `buffer` the line of a record, newline and all.
pub(super) fn compose(
    buffer: &mut Vec<u8>,
    (seq, time, policy): (u64, Timestamp, &str),
    event: &Event<'_>,
    prev: &Link,
) -> Result<Link, AuditError> {
    buffer.clear();
    buffer.extend_from_slice(SEQ);
    ascii::push(buffer, &seq)?;
    buffer.extend_from_slice(TIME);
    time.push(buffer);
    buffer.extend_from_slice(POLICY);
    ascii::push_text(buffer, &Clipped::new(policy, MAX_NAME))?;
    push_event(buffer, event)?;
    buffer.extend_from_slice(PREV);
    buffer.extend_from_slice(prev.as_bytes());
    buffer.push(b'"');
    let link = Link::of(buffer);
    buffer.extend_from_slice(HASH.strip_prefix(b"\"").unwrap_or_default());
    buffer.extend_from_slice(link.as_bytes());
    buffer.extend_from_slice(END);
    if buffer.len() > MAX_LINE {
        return Err(AuditError::TooLong { bytes: buffer.len() });
    }
    buffer.push(b'\n');
    Ok(link)
}

/// Appends the members of an event to those that are there.
fn push_event(buffer: &mut Vec<u8>, event: &Event<'_>) -> Result<(), serde_json::Error> {
    if let Event::Call(call) = event
        && let Some(pushed) = call.push(buffer)
    {
        return pushed;
    }
    let opening = buffer.len();
    ascii::push(buffer, event)?;
    // The event is an object of its own: its braces become a comma and the end of the record.
    if let Some(brace) = buffer.get_mut(opening) {
        *brace = b',';
    }
    buffer.pop();
    Ok(())
}

/// A line taken apart at the places that are fixed.
pub(super) struct Parts<'a> {
    /// The number it gives itself.
    pub(super) seq: u64,
    /// The hash it names as the one before.
    pub(super) prev: Link,
    /// The hash it gives itself.
    pub(super) hash: Link,
    /// What its hash was made of.
    pub(super) hashed: &'a [u8],
}

impl<'a> Parts<'a> {
    /// The parts of `line` (without its newline), if it has them all.
    pub(super) fn of(line: &'a [u8]) -> Option<Self> {
        let (before, hash) = split_tail(line.strip_suffix(END)?, HASH)?;
        let hashed = line.get(..before.len().checked_add(1)?)?;
        let (before, prev) = split_tail(before, PREV)?;
        Some(Self { seq: leading_seq(before)?, prev, hash, hashed })
    }
}

/// What stands before `key` and its link at the end of `text`.
fn split_tail<'a>(text: &'a [u8], key: &[u8]) -> Option<(&'a [u8], Link)> {
    let (before, link) = text.split_at_checked(text.len().checked_sub(LINK_CHARS)?)?;
    Some((before.strip_suffix(key)?, Link::parse(link)?))
}

/// The number at the start of a record, in its only writing.
fn leading_seq(text: &[u8]) -> Option<u64> {
    let rest = text.strip_prefix(SEQ)?;
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = rest.split_at_checked(end)?;
    if digits.starts_with(b"0") || !rest.starts_with(TIME) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Clock;

    #[test]
    fn a_line_comes_apart_as_it_was_put_together() {
        let mut buffer = Vec::new();
        let event = Event::Start { app: "org.example", version: "1.0", log_args: false };
        let header = (7, Clock::system().now(), "p\n1");
        let link = compose(&mut buffer, header, &event, &Link::genesis()).unwrap();
        let line = buffer.strip_suffix(b"\n").unwrap();
        let parts = Parts::of(line).unwrap();
        assert_eq!((parts.seq, parts.prev, parts.hash), (7, Link::genesis(), link));
        assert_eq!(Link::of(parts.hashed), link);
        let value: serde_json::Value = serde_json::from_slice(line).unwrap();
        assert_eq!(value["policy"], "p\n1");
        assert_eq!(value["event"], "start");
        assert_eq!(value["app"], "org.example");
        assert_eq!(value["prev"], Link::genesis().to_string());
    }

    #[test]
    fn a_number_has_one_writing() {
        for (text, seq) in [
            (r#"{"seq":1,"time":""#, Some(1)),
            (r#"{"seq":18446744073709551615,"time":""#, Some(u64::MAX)),
            (r#"{"seq":18446744073709551616,"time":""#, None),
            (r#"{"seq":01,"time":""#, None),
            (r#"{"seq":0,"time":""#, None),
            (r#"{"seq":+1,"time":""#, None),
            (r#"{"seq": 1,"time":""#, None),
            (r#"{"seq":,"time":""#, None),
            (r#"{"seq":1"#, None),
        ] {
            assert_eq!(leading_seq(text.as_bytes()), seq, "{text}");
        }
    }
}
