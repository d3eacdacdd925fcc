//! How a call goes on beyond its first message: what its page said of it, and what its command is
//! made for.

use serde::Serialize;

use crate::wire::Calls;

/// What a command answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Answers {
    /// One JSON value.
    #[default]
    Value,
    /// Bytes: an `ArrayBuffer` in the page.
    Bytes,
    /// JSON values, one after another.
    Values,
    /// Bytes, piece by piece.
    Pieces,
}

impl Answers {
    /// Whether it is the usual answer, which goes without saying.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
    pub(crate) fn is_value(&self) -> bool {
        *self == Self::Value
    }

    /// Whether it comes item by item.
    pub(crate) fn is_stream(self) -> bool {
        matches!(self, Self::Values | Self::Pieces)
    }
}

/// What a page said of its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// It takes its answer item by item.
    pub(crate) stream: bool,
    /// It brings a body.
    pub(crate) body: bool,
}

impl Shape {
    /// A question and an answer.
    pub(crate) const PLAIN: Self = Self { stream: false, body: false };

    /// The shape that the first byte of a call names.
    pub(crate) fn of(kind: u8) -> Option<Self> {
        match kind {
            Calls::CALL => Some(Self::PLAIN),
            Calls::CALL_WITH_BODY => Some(Self { stream: false, body: true }),
            Calls::STREAM => Some(Self { stream: true, body: false }),
            Calls::STREAM_WITH_BODY => Some(Self { stream: true, body: true }),
            _ => None,
        }
    }

    /// The first byte of a call of this shape.
    pub(crate) fn kind(self) -> char {
        char::from(match (self.stream, self.body) {
            (false, false) => Calls::CALL,
            (false, true) => Calls::CALL_WITH_BODY,
            (true, false) => Calls::STREAM,
            (true, true) => Calls::STREAM_WITH_BODY,
        })
    }

    /// Why a call of this shape is none of a command that answers so, and takes a body or not.
    pub(crate) fn misfit(self, answers: Answers, takes_body: bool) -> Option<&'static str> {
        match (self.stream, answers.is_stream()) {
            (true, false) => return Some("this command does not answer with a stream"),
            (false, true) => return Some("this command answers with a stream: ask it by `stream`"),
            (true, true) | (false, false) => {}
        }
        match (self.body, takes_body) {
            (true, false) => Some("this command takes no body"),
            (false, true) => Some("this command wants a body"),
            (true, true) | (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_the_shape_that_its_command_is_made_for() {
        for (kind, answers, takes_body, fits) in [
            (b'c', Answers::Value, false, true),
            (b'c', Answers::Bytes, false, true),
            (b'c', Answers::Values, false, false),
            (b'c', Answers::Value, true, false),
            (b'C', Answers::Value, true, true),
            (b'C', Answers::Value, false, false),
            (b's', Answers::Values, false, true),
            (b's', Answers::Pieces, false, true),
            (b's', Answers::Bytes, false, false),
            (b's', Answers::Pieces, true, false),
            (b'S', Answers::Pieces, true, true),
        ] {
            let shape = Shape::of(kind).unwrap();
            assert_eq!(shape.kind(), char::from(kind));
            assert_eq!(shape.misfit(answers, takes_body).is_none(), fits, "{kind} {answers:?}");
        }
        assert_eq!(Shape::of(b'x'), None);
    }
}
