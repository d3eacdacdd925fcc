//! Receive: a page's message is taken apart as far as is needed to know who sent it. What it
//! says is not looked at yet.

use super::{Refusal, Stopped, Trail};
use crate::streams::{Shape, Step};
use crate::token::{HostId, MAX_TOKEN_TEXT, ROOT_TEXT, Token};
use crate::wire::{Calls, DocumentId, WindowId};

/// A message of a page, as a connection received it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// Whose connection it came by.
    pub(crate) host: HostId,
    /// The window, which the connection has checked to be one of that host's.
    pub(crate) window: WindowId,
    /// The document that was current at the host.
    pub(crate) document: DocumentId,
    /// The message.
    pub(crate) bytes: &'a [u8],
}

/// What a message says of itself; nothing of it is believed yet.
#[derive(Debug)]
pub(crate) struct Said<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) trail: Trail,
    pub(super) token: Token,
    pub(super) call: u64,
    pub(super) what: What<'a>,
}

/// What the message is for.
#[derive(Debug)]
pub(super) enum What<'a> {
    /// A call, with its JSON.
    Call(&'a [u8], Shape),
    /// A cancellation of an earlier call.
    Cancel,
    /// A wish for a narrower token, with its JSON.
    Delegate(&'a [u8]),
    /// Such a token is taken back.
    TakeBack,
    /// A step of a call that streams, or of one that has a body.
    Step(Step<'a>),
}

pub(super) fn receive(frame: Frame<'_>, mut trail: Trail) -> Result<Said<'_>, Box<Stopped>> {
    let Some((token, call, what)) = take_apart(frame.bytes) else {
        return Err(Stopped::new(trail, Refusal::Malformed));
    };
    trail.call = Some(call);
    Ok(Said { frame, trail, token, call, what })
}

fn take_apart(bytes: &[u8]) -> Option<(Token, u64, What<'_>)> {
    let (&kind, rest) = bytes.split_first()?;
    let (token, rest) = rest.split_at_checked(token_length(rest)?)?;
    let token = Token::parse(token).ok()?;
    let rest = rest.strip_prefix(b" ")?;
    if let Some(shape) = Shape::of(kind) {
        let (call, text) = numbered(rest)?;
        return Some((token, call, What::Call(text, shape)));
    }
    let (call, what) = match kind {
        Calls::CANCEL => (call_number(rest)?, What::Cancel),
        Calls::DELEGATE => {
            let (call, text) = numbered(rest)?;
            (call, What::Delegate(text))
        }
        Calls::TAKE_BACK => (call_number(rest)?, What::TakeBack),
        Calls::TAKEN => (call_number(rest)?, What::Step(Step::Taken)),
        Calls::CHUNK => {
            let (call, bytes) = numbered(rest)?;
            (call, What::Step(Step::Chunk(bytes)))
        }
        Calls::END => (call_number(rest)?, What::Step(Step::End)),
        _ => return None,
    };
    Some((token, call, what))
}

/// A call's number, the end of its line, and what follows.
fn numbered(rest: &[u8]) -> Option<(u64, &[u8])> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (number, rest) = rest.split_at_checked(end)?;
    Some((call_number(number)?, rest.strip_prefix(b"\n")?))
}

/// Where the token ends: at the first space, which for a root is known beforehand.
fn token_length(bytes: &[u8]) -> Option<usize> {
    if bytes.get(ROOT_TEXT) == Some(&b' ') {
        return Some(ROOT_TEXT);
    }
    bytes.iter().take(MAX_TOKEN_TEXT.saturating_add(1)).position(|byte| *byte == b' ')
}

/// A decimal number with one spelling: no sign, no leading zero, at most what JavaScript counts
/// exactly (2^53 − 1).
fn call_number(digits: &[u8]) -> Option<u64> {
    let plain = digits.len() <= 16 && digits.iter().all(u8::is_ascii_digit);
    let number: u64 = std::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()?;
    let leading_zero = digits.first() == Some(&b'0');
    (number < 1 << 53 && !leading_zero).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "AQAAAAAAAAABAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    /// With a `window` caveat, `w`.
    const NARROWED: &str = "AQAAAAAAAAABAAAAAQgAAXcAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn a_message_has_one_form() {
        for (message, call) in [
            (format!("c{TOKEN} 1\n{{}}"), Some(1)),
            (format!("x{TOKEN} 12"), Some(12)),
            (format!("c{TOKEN} 9007199254740991\n"), Some((1 << 53) - 1)),
            (format!("C{TOKEN} 2\n{{}}"), Some(2)),
            (format!("s{TOKEN} 3\n{{}}"), Some(3)),
            (format!("S{TOKEN} 4\n{{}}"), Some(4)),
            (format!("a{TOKEN} 5"), Some(5)),
            (format!("b{TOKEN} 6\n\n\0"), Some(6)),
            (format!("e{TOKEN} 7"), Some(7)),
            (format!("d{TOKEN} 8\n{{}}"), Some(8)),
            (format!("d{NARROWED} 8\n{{}}"), Some(8)),
            (format!("r{TOKEN} 8"), Some(8)),
            (format!("d{TOKEN} 8"), None),
            (format!("r{TOKEN} 8\n"), None),
            (format!("a{TOKEN} 5\n"), None),
            (format!("e{TOKEN} 7\n"), None),
            (format!("b{TOKEN} 6"), None),
            (format!("b{TOKEN} 06\nx"), None),
            (format!("c{TOKEN} 9007199254740992\n"), None),
            (format!("c{TOKEN} 01\n{{}}"), None),
            (format!("c{TOKEN} 0\n{{}}"), None),
            (format!("c{TOKEN} +1\n{{}}"), None),
            (format!("c{TOKEN} -1\n{{}}"), None),
            (format!("c{TOKEN} 1"), None),
            (format!("c{TOKEN}  1\n"), None),
            (format!("c{TOKEN}1\n{{}}"), None),
            (format!("x{TOKEN} 12\n"), None),
            (format!("y{TOKEN} 1\n{{}}"), None),
            (format!("c{} 1\n{{}}", TOKEN.get(1..).unwrap()), None),
            (format!("c{NARROWED} 1\n{{}}"), Some(1)),
            (format!("x{NARROWED} 1"), Some(1)),
            (format!("c{NARROWED}A 1\n{{}}"), None),
            (format!("c{NARROWED}\n{{}}"), None),
            (format!("c{TOKEN}{TOKEN} 1\n{{}}"), None),
            (format!("c{} 1\n{{}}", "A".repeat(MAX_TOKEN_TEXT + 4)), None),
            (String::new(), None),
            ("c".to_owned(), None),
        ] {
            let said = take_apart(message.as_bytes());
            assert_eq!(said.map(|(_, call, _)| call), call, "{message:?}");
        }
    }
}
