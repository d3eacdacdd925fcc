//! What comes out of a handler: a value, bytes, or a stream of either.

use std::fmt;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, Stream};
use serde::Serialize;
use serde_json::Value;

use crate::handler::HandlerError;

/// The answer of a handler.
pub(crate) enum Answer {
    Value(Value),
    Bytes(Bytes),
    Stream(Pieces, Patience),
}

/// The items of a stream, in order. The first error is its end.
pub(crate) type Pieces = BoxStream<'static, Result<Piece, HandlerError>>;

/// One item.
#[derive(Debug)]
pub(crate) enum Piece {
    Value(Value),
    Bytes(Bytes),
}

/// How long a stream waits for a page that does not take its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// As long as anything waits for a page.
    Limited,
    /// For ever: what comes meanwhile is bounded at its source.
    Endless,
}

impl Answer {
    pub(crate) fn value<R: Serialize>(result: &R) -> Result<Self, HandlerError> {
        serde_json::to_value(result).map(Self::Value).map_err(HandlerError::internal)
    }

    pub(crate) fn values<T, S>(stream: S, patience: Patience) -> Self
    where
        T: Serialize,
        S: Stream<Item = Result<T, HandlerError>> + Send + 'static,
    {
        let pieces = stream.map(|item| {
            let value = serde_json::to_value(item?).map_err(HandlerError::internal)?;
            Ok(Piece::Value(value))
        });
        Self::Stream(pieces.boxed(), patience)
    }

    pub(crate) fn pieces<S>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, HandlerError>> + Send + 'static,
    {
        Self::Stream(stream.map(|item| item.map(Piece::Bytes)).boxed(), Patience::Limited)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value(_) => "Value",
            Self::Bytes(_) => "Bytes",
            Self::Stream(..) => "Stream",
        })
    }
}
