//! Requests for `app://` addresses on their way to the broker and back. The host has no files:
//! it numbers the request, keeps the answer's place, and gives up at once when too many wait.

use std::collections::HashMap;

use sidegate::wire::{AssetReply, AssetRequest, FromHost, RequestId, WindowId};
use wry::RequestAsyncResponder;
use wry::http::{Request, Response, StatusCode};

use crate::link::Outbox;

/// The most requests of a host that may wait for the broker: a page with its scripts, styles
/// and pictures asks for dozens, and what asks for more can ask again.
const MAX_WAITING: usize = 256;

/// The longest address and method passed on: longer than any file of an app is named.
const MAX_ADDRESS: usize = 8 << 10;

/// The requests that the broker has not answered yet.
pub(crate) struct Assets {
    outbox: Outbox,
    last: u64,
    waiting: HashMap<RequestId, RequestAsyncResponder>,
}

impl Assets {
    pub(crate) fn new(outbox: Outbox) -> Self {
        Self { outbox, last: 0, waiting: HashMap::new() }
    }

    /// Passes a request on to the broker, or answers it here with a refusal.
    pub(crate) fn ask(
        &mut self,
        window: WindowId,
        asked: &Request<Vec<u8>>,
        to: RequestAsyncResponder,
    ) {
        let (method, url) = (asked.method().to_string(), asked.uri().to_string());
        if method.len().saturating_add(url.len()) > MAX_ADDRESS {
            return to.respond(refusal(StatusCode::URI_TOO_LONG));
        }
        if self.waiting.len() >= MAX_WAITING {
            return to.respond(refusal(StatusCode::SERVICE_UNAVAILABLE));
        }
        self.last = self.last.saturating_add(1);
        let request = RequestId(self.last);
        self.waiting.insert(request, to);
        self.outbox.send(&FromHost::Asset(AssetRequest { request, window, method, url }));
    }

    /// Answers a request with what the broker said; an answer to nothing is nothing.
    pub(crate) fn answer(&mut self, reply: &AssetReply<'_>) {
        if let Some(to) = self.waiting.remove(&reply.request) {
            to.respond(response(reply).unwrap_or_else(|_| refusal(StatusCode::BAD_GATEWAY)));
        }
    }
}

fn response(reply: &AssetReply<'_>) -> Result<Response<Vec<u8>>, wry::http::Error> {
    let mut builder = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        builder = builder.header(name, value);
    }
    builder.body(reply.body.to_vec())
}

fn refusal(status: StatusCode) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    response
}
