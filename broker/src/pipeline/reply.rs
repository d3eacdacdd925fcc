//! Replies: the JSON text that goes back to the document that asked.

use serde::Serialize;
use serde_json::Value;

use super::PageError;
use super::outcome::told;
use crate::handler::HandlerError;
use crate::session::Stop;

/// The longest reply: half of what a frame may hold, so that escapes cannot push one over it.
const MAX_REPLY: usize = 8 << 20;

/// A reply in its text form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply(String);

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
        Self(text(&Text { id: call, ok: None, error: Some(error) }).unwrap_or_default())
    }

    /// What takes the place of an answer that was taken back; `None` where nobody is there to tell.
    pub(crate) fn in_place_of_answer(call: u64, why: Stop) -> Option<Self> {
        told(why).map(|error| Self::error(call, &error))
    }

    /// The JSON text.
    pub(crate) fn json(&self) -> &str {
        &self.0
    }

    fn ok(call: u64, value: &Value) -> Self {
        match text(&Text { id: call, ok: Some(value), error: None }) {
            Some(text) if text.len() <= MAX_REPLY => Self(text),
            _ => Self::error(call, &PageError::too_large_a_reply()),
        }
    }
}

#[derive(Serialize)]
struct Text<'a> {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ok: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a PageError>,
}

fn text(text: &Text<'_>) -> Option<String> {
    serde_json::to_string(text).ok()
}
