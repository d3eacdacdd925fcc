//! Messages on a stream: the frame of a header and a length, the JSON-RPC object within. What a
//! message asks for is the session's business.
//!
//! The client is a program of the same user, yet what it says is bounded all the same: a length is
//! not believed before the bytes are there, and a message that is none is answered, not died of.

use std::io::{self, BufRead, Read, Write};

use gen_lsp_types::json_rpc::Id;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::failure::{Failure, INVALID_REQUEST, PARSE_ERROR};

/// The most bytes of a message: a document at its bound (1 MiB), each byte of it written as
/// `\u00xx`, and room for what stands around it.
const MAX_MESSAGE_BYTES: u64 = 8 * 1024 * 1024;

/// The most bytes of a header. It holds two short lines.
const MAX_HEADER_BYTES: u64 = 4 * 1024;

/// What came.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Is to be answered.
    Request { id: Id, method: String, params: Value },
    /// Is not.
    Notification { method: String, params: Value },
    /// An answer to what the server never asked.
    Response,
    /// No message, and what to answer.
    Malformed(Failure),
}

/// Reads a message; `None` at the end of the stream.
///
/// # Errors
/// The stream breaks, within a message too, or is out of step: a header that is none does not say
/// where the next message begins.
pub(super) fn read(input: &mut dyn BufRead) -> io::Result<Option<Incoming>> {
    let Some(length) = read_header(input)? else {
        return Ok(None);
    };
    if length > MAX_MESSAGE_BYTES {
        let passed = io::copy(&mut input.take(length), &mut io::sink())?;
        if passed < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let failure = Failure::new(INVALID_REQUEST, "a message is at most 8 MiB");
        return Ok(Some(Incoming::Malformed(failure)));
    }
    let mut bytes = Vec::new();
    let read = input.take(length).read_to_end(&mut bytes)?;
    if u64::try_from(read).unwrap_or(u64::MAX) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(parse(&bytes)))
}

/// Writes a message and sends it on its way.
pub(super) fn write(output: &mut dyn Write, message: &Value) -> io::Result<()> {
    let text = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

/// The answer to a request; where its id is not known, to `null`.
pub(super) fn response(id: &Id, answer: Result<Value, Failure>) -> Value {
    match answer {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(failure) => json!({
            "jsonrpc": "2.0",
            "id": id,
            "error": { "code": failure.code, "message": failure.message },
        }),
    }
}

/// A message that wants no answer.
pub(super) fn notification(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

/// The length that the header gives; `None` where the stream ends before it.
fn read_header(input: &mut dyn BufRead) -> io::Result<Option<u64>> {
    let mut input = input.take(MAX_HEADER_BYTES);
    let (mut length, mut is_first) = (None, true);
    loop {
        let mut line = Vec::new();
        input.read_until(b'\n', &mut line)?;
        if line.is_empty() && is_first {
            return Ok(None);
        }
        is_first = false;
        let Some(line) = line.strip_suffix(b"\r\n") else {
            return Err(out_of_step("a line of the header does not end as it must"));
        };
        if line.is_empty() {
            return length.map(Some).ok_or_else(|| out_of_step("the header names no length"));
        }
        let field = std::str::from_utf8(line).ok().and_then(|line| line.split_once(':'));
        let Some((name, value)) = field else {
            return Err(out_of_step("a line of the header is no field"));
        };
        if name.eq_ignore_ascii_case("Content-Length") {
            let value = value.trim();
            let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
            let number = value.parse().ok().filter(|_| is_number && length.is_none());
            length = Some(number.ok_or_else(|| out_of_step("the length is no number"))?);
        }
    }
}

fn out_of_step(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// The members of a JSON-RPC object, whichever it is.
#[derive(Deserialize)]
struct Object {
    jsonrpc: String,
    #[serde(default, deserialize_with = "given")]
    id: Option<Id>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
}

/// `null` is an id that was given.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Id>, D::Error> {
    Id::deserialize(deserializer).map(Some)
}

fn parse(bytes: &[u8]) -> Incoming {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return Incoming::Malformed(Failure::new(PARSE_ERROR, "the message is no JSON"));
    };
    match serde_json::from_value::<Object>(value) {
        Ok(Object { jsonrpc, id, method, params }) if jsonrpc == "2.0" => match (id, method) {
            (Some(id), Some(method)) => Incoming::Request { id, method, params },
            (None, Some(method)) => Incoming::Notification { method, params },
            (Some(_), None) => Incoming::Response,
            (None, None) => Incoming::Malformed(Failure::new(INVALID_REQUEST, "no method")),
        },
        Ok(_) => Incoming::Malformed(Failure::new(INVALID_REQUEST, "this is JSON-RPC 2.0")),
        Err(_) => Incoming::Malformed(Failure::new(INVALID_REQUEST, "no JSON-RPC request")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> String {
        let mut input = bytes;
        match read(&mut input) {
            Ok(None) => "end".to_owned(),
            Ok(Some(Incoming::Request { id, method, .. })) => format!("{method} {id:?}"),
            Ok(Some(Incoming::Notification { method, .. })) => method,
            Ok(Some(Incoming::Response)) => "response".to_owned(),
            Ok(Some(Incoming::Malformed(failure))) => failure.code.to_string(),
            Err(error) => format!("{:?}", error.kind()),
        }
    }

    #[test]
    fn a_message_is_read_whole_or_not_at_all() {
        let framed = |text: &str| format!("Content-Length: {}\r\n\r\n{text}", text.len());
        let cases = [
            (String::new(), "end"),
            (framed(r#"{"jsonrpc":"2.0","id":1,"method":"a"}"#), "a Number(1)"),
            (framed(r#"{"jsonrpc":"2.0","id":"x","method":"a","params":[]}"#), "a String(\"x\")"),
            (framed(r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#), "a Null"),
            (framed(r#"{"jsonrpc":"2.0","method":"a"}"#), "a"),
            (framed(r#"{"jsonrpc":"2.0","id":7,"result":null}"#), "response"),
            (framed("{"), "-32700"),
            (framed(""), "-32700"),
            (framed("[]"), "-32600"),
            (framed(r#"{"jsonrpc":"1.0","id":1,"method":"a"}"#), "-32600"),
            (framed(r#"{"jsonrpc":"2.0","id":[],"method":"a"}"#), "-32600"),
            (framed(r#"{"jsonrpc":"2.0"}"#), "-32600"),
            ("Content-Length: 5\r\n\r\n{}".to_owned(), "UnexpectedEof"),
            ("Content-Length: 18446744073709551615\r\n\r\n{}".to_owned(), "UnexpectedEof"),
            ("Content-Length: 18446744073709551616\r\n\r\n{}".to_owned(), "InvalidData"),
            ("Content-Length: -1\r\n\r\n".to_owned(), "InvalidData"),
            ("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}".to_owned(), "InvalidData"),
            ("Content-Length: 2\n\n{}".to_owned(), "InvalidData"),
            ("Content-Type: x\r\n\r\n{}".to_owned(), "InvalidData"),
            ("{}\r\n\r\n".to_owned(), "InvalidData"),
            (format!("X: {}\r\n", "x".repeat(5000)), "InvalidData"),
        ];
        for (text, expected) in cases {
            assert_eq!(of(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn one_that_is_too_long_is_passed_over_and_the_next_one_read() {
        let long = "x".repeat(8 * 1024 * 1024 + 1);
        let text = format!("Content-Length: {}\r\n\r\n{long}", long.len());
        let next = "Content-Length: 33\r\n\r\n{\"jsonrpc\":\"2.0\",\"method\":\"next\"}";
        let both = text + next;
        let mut input = both.as_bytes();
        assert!(matches!(read(&mut input), Ok(Some(Incoming::Malformed(_)))));
        let next = read(&mut input);
        assert!(
            matches!(next, Ok(Some(Incoming::Notification { method, .. })) if method == "next")
        );
    }
}
