//! Replies: the JSON text that goes back to the document that asked, and bytes beside it.

use std::fmt::Write;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::PageError;
use super::outcome::told;
use crate::handler::HandlerError;
use crate::json_text;
use crate::session::{InFlight, Stop};
use crate::streams::{Exit, Outlet, Unsent};
use crate::wire::Calls;

/// The longest reply: half of what a frame may hold, so that escapes cannot push one over it.
const MAX_REPLY: usize = 8 << 20;

/// A reply in its text form; where it has bytes, they stand for the null in the text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reply {
    json: String,
    bytes: Option<Bytes>,
}

impl Reply {
    /// What a handler answered; one too long for the wire becomes an error.
    pub(super) fn answer(call: u64, result: Result<Value, HandlerError>) -> Self {
        match result {
            Ok(value) => Self::ok(call, &value),
            Err(error) => Self::error(call, &PageError::from(error)),
        }
    }

    /// An error.
    pub(super) fn error(call: u64, error: &PageError) -> Self {
        Self::of(call, &Said::Error(error)).unwrap_or_default()
    }

    /// What takes the place of an answer that was taken back; `None` where nobody is there to tell.
    pub(crate) fn in_place_of_answer(call: u64, why: Stop) -> Option<Self> {
        told(why).map(|error| Self::error(call, &error))
    }

    /// Sends it on its way to whoever asked, or, where it is taken back before, what takes its place.
    /// It is on its way from when it is queued, and then it is the outcome: the one and the other are
    /// one step of the call's valve.
    pub(crate) async fn deliver(self, in_flight: &InFlight, outlet: &Arc<dyn Outlet>) {
        let sent = tokio::select! {
            biased;
            // While it waits for room.
            why = in_flight.taken_back() => Err(Unsent::Kept(why)),
            sent = outlet.send(self, Exit::Answer(in_flight.valve())) => sent,
        };
        match sent {
            // A document that is gone has nobody to tell.
            Ok(()) | Err(Unsent::Gone) => {}
            Err(Unsent::Kept(why)) => {
                if let Some(instead) = Self::in_place_of_answer(in_flight.id(), why) {
                    let _gone = outlet.send(instead, Exit::Free).await;
                }
            }
        }
    }

    /// The JSON text.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    /// The same, for whoever has no use for the rest.
    pub(crate) fn into_json(self) -> String {
        self.json
    }

    /// The bytes, where there are some.
    pub(crate) fn bytes(&self) -> Option<&Bytes> {
        self.bytes.as_ref()
    }

    /// A stream has begun.
    pub(crate) fn open(call: u64) -> Self {
        Self::of(call, &Said::Open(true)).unwrap_or_default()
    }

    /// Credit for so many chunks of the call's body.
    pub(crate) fn more(call: u64, chunks: usize) -> Self {
        Self::of(call, &Said::More(chunks)).unwrap_or_default()
    }

    /// An item of a stream; `None` where it is longer than items are.
    pub(crate) fn item(call: u64, value: &Value) -> Option<Self> {
        Self::of(call, &Said::Item(value)).filter(|item| item.json.len() <= Calls::MAX_CHUNK)
    }

    /// An item of a stream that is bytes.
    pub(crate) fn item_bytes(call: u64, bytes: Bytes) -> Self {
        let item = Self::of(call, &Said::Item(&Value::Null)).unwrap_or_default();
        Self { bytes: Some(bytes), ..item }
    }

    /// An answer that is bytes; one too long for the wire becomes an error.
    pub(super) fn ok_bytes(call: u64, bytes: Bytes) -> Self {
        if bytes.len() > MAX_REPLY {
            return Self::error(call, &PageError::too_large_a_reply());
        }
        Self { bytes: Some(bytes), ..Self::ok(call, &Value::Null) }
    }

    fn ok(call: u64, value: &Value) -> Self {
        let reply = Self::of(call, &Said::Ok(value)).filter(|reply| reply.json.len() <= MAX_REPLY);
        reply.unwrap_or_else(|| Self::error(call, &PageError::too_large_a_reply()))
    }

    fn of(call: u64, said: &Said<'_>) -> Option<Self> {
        let mut json = String::with_capacity(said.length());
        json.push_str("{\"id\":");
        json_text::push_number(&mut json, call);
        json.push(',');
        match said {
            Said::Ok(value) => {
                json.push_str("\"ok\":");
                json_text::push(&mut json, value);
            }
            Said::Item(value) => {
                json.push_str("\"item\":");
                json_text::push(&mut json, value);
            }
            Said::Error(error) => {
                json.push_str("\"error\":");
                json.push_str(&serde_json::to_string(error).ok()?);
            }
            Said::Open(open) => write!(json, "\"open\":{open}").ok()?,
            Said::More(chunks) => write!(json, "\"more\":{chunks}").ok()?,
        }
        json.push('}');
        Some(Self { json, bytes: None })
    }
}

enum Said<'a> {
    Ok(&'a Value),
    Error(&'a PageError),
    Open(bool),
    Item(&'a Value),
    More(usize),
}

impl Said<'_> {
    /// About how long its text is: of one that is a long text itself, so that it is not moved about
    /// while it is written.
    fn length(&self) -> usize {
        const ROUND_IT: usize = 128;
        match self {
            Self::Ok(Value::String(text)) | Self::Item(Value::String(text)) => {
                text.len().saturating_add(ROUND_IT)
            }
            Self::Ok(_) | Self::Error(_) | Self::Open(_) | Self::Item(_) | Self::More(_) => {
                ROUND_IT
            }
        }
    }
}
