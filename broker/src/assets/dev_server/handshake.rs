//! The first words on a WebSocket (RFC 6455, section 4): the client's, and whether the server's
//! are the answer to them.

use std::io::{self, Read, Write};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use ring::rand::{SecureRandom, SystemRandom};

/// What the specification has both sides append.
const SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The longest answer: a status and a handful of headers.
const MAX_ANSWER: usize = 8 << 10;

/// Asks on `stream` for a WebSocket at `at`, a path with its query, of `authority`. Both are
/// visible ASCII, and so is `protocol`, which may be empty.
pub(super) fn shake(
    stream: &mut (impl Read + Write),
    authority: &str,
    at: &str,
    protocol: &str,
) -> io::Result<()> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("no randomness"))?;
    let key = BASE64_STANDARD.encode(bytes);
    let protocol = match protocol {
        "" => String::new(),
        name => format!("Sec-WebSocket-Protocol: {name}\r\n"),
    };
    let request = format!(
        "GET {at} HTTP/1.1\r\nHost: {authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{protocol}\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let answer = head(stream)?;
    if accepts(&answer, &key) {
        return Ok(());
    }
    let status = answer.lines().next().unwrap_or_default();
    Err(io::Error::other(format!("it opens no WebSocket: {}", status.escape_debug())))
}

/// All that comes before the first frame, and not a byte more.
fn head(stream: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= MAX_ANSWER {
            return Err(io::Error::other("it answers without end"));
        }
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    String::from_utf8(head).map_err(io::Error::other)
}

fn accepts(answer: &str, key: &str) -> bool {
    let mut lines = answer.split("\r\n");
    let status = lines.next().unwrap_or_default();
    let expected = accept(key);
    let accepted = lines.filter_map(|line| line.split_once(':')).any(|(name, value)| {
        name.eq_ignore_ascii_case("sec-websocket-accept") && value.trim() == expected
    });
    status.starts_with("HTTP/1.1 101") && accepted
}

fn accept(key: &str) -> String {
    let both = format!("{key}{SUFFIX}");
    BASE64_STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, both.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    #[test]
    fn only_who_understood_the_key_is_believed() {
        assert_eq!(accept(KEY), ACCEPT);
        for (answer, expected) in [
            (format!("HTTP/1.1 101 x\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n"), true),
            (format!("HTTP/1.1 101 x\r\nsec-websocket-accept:{ACCEPT} \r\n\r\n"), true),
            (format!("HTTP/1.1 200 x\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n"), false),
            (format!("HTTP/1.1 101 x\r\nSec-WebSocket-Accept: x{ACCEPT}\r\n\r\n"), false),
            ("HTTP/1.1 101 x\r\n\r\n".to_owned(), false),
            ("\r\n\r\n".to_owned(), false),
        ] {
            assert_eq!(accepts(&answer, KEY), expected, "{answer}");
        }
    }

    #[test]
    fn an_answer_has_an_end_and_what_follows_is_left() {
        let mut stream = &b"HTTP/1.1 101 x\r\n\r\nframe"[..];
        assert_eq!(head(&mut stream).unwrap(), "HTTP/1.1 101 x\r\n\r\n");
        assert_eq!(stream, b"frame");
        assert!(head(&mut &vec![b'x'; MAX_ANSWER * 2][..]).is_err());
        assert!(head(&mut &b"HTTP/1.1 101"[..]).is_err());
    }
}
