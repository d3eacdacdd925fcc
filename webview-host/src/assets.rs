//! Requests for `app://` addresses on their way to the broker and back. The host has no files:
//! it numbers the request, keeps the answer's place, and gives up at once when too many wait.
//! WebKit does not say that it has left off a load: what has waited for long then makes room.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sidegate::wire::{ASSET_HEADERS, AssetReply, AssetRequest, FromHost, RequestId, WindowId};
use wry::RequestAsyncResponder;
use wry::http::{Request, Response, StatusCode};

use crate::link::Outbox;

/// The most requests of a host that may wait for the broker: a page with its scripts, styles
/// and pictures asks for dozens, and what asks for more can ask again.
const MAX_WAITING: usize = 256;

/// How long a request keeps its place where others want it. The broker reads files: it answers
/// within moments, or not at all.
const KEEPS_ITS_PLACE: Duration = Duration::from_secs(30);

/// The longest address and method passed on, and the most of headers: longer than any file of an
/// app is named.
const MAX_ADDRESS: usize = 8 << 10;

/// The requests that the broker has not answered yet.
pub(crate) struct Assets {
    outbox: Outbox,
    places: Places<RequestAsyncResponder>,
}

impl Assets {
    pub(crate) fn new(outbox: Outbox) -> Self {
        Self { outbox, places: Places::default() }
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
        let headers = headers(asked);
        if headers.iter().map(|(_, value)| value.len()).fold(0, usize::saturating_add) > MAX_ADDRESS
        {
            return to.respond(refusal(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        }
        let request = match self.places.take(to, Instant::now()) {
            Ok((request, late)) => {
                late.into_iter().for_each(|to| to.respond(refusal(StatusCode::GATEWAY_TIMEOUT)));
                request
            }
            Err(to) => return to.respond(refusal(StatusCode::SERVICE_UNAVAILABLE)),
        };
        self.outbox.send(&FromHost::Asset(AssetRequest { request, window, method, url, headers }));
    }

    /// Answers a request with what the broker said; an answer to nothing is nothing.
    pub(crate) fn answer(&mut self, reply: &AssetReply<'_>) {
        if let Some(to) = self.places.leave(reply.request) {
            to.respond(response(reply).unwrap_or_else(|_| refusal(StatusCode::BAD_GATEWAY)));
        }
    }
}

/// Where answers are waited for.
#[derive(Debug)]
struct Places<T> {
    last: u64,
    waiting: HashMap<RequestId, (Instant, T)>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self { last: 0, waiting: HashMap::new() }
    }
}

impl<T> Places<T> {
    /// Takes a place; those that had to go for it come along. Where there is none, nobody goes.
    fn take(&mut self, who: T, now: Instant) -> Result<(RequestId, Vec<T>), T> {
        let mut late = Vec::new();
        if self.waiting.len() >= MAX_WAITING {
            let is_late = |_: &RequestId, (since, _): &mut (Instant, T)| {
                now.duration_since(*since) >= KEEPS_ITS_PLACE
            };
            late.extend(self.waiting.extract_if(is_late).map(|(_, (_, who))| who));
        }
        if self.waiting.len() >= MAX_WAITING {
            return Err(who);
        }
        self.last = self.last.saturating_add(1);
        self.waiting.insert(RequestId(self.last), (now, who));
        Ok((RequestId(self.last), late))
    }

    /// Leaves a place, if it is still there.
    fn leave(&mut self, request: RequestId) -> Option<T> {
        self.waiting.remove(&request).map(|(_, who)| who)
    }
}

/// The headers that the broker asks after. What is no text is not passed on.
fn headers(asked: &Request<Vec<u8>>) -> Vec<(String, String)> {
    let values = |name: &'static str| asked.headers().get_all(name).iter().map(move |v| (name, v));
    let wanted = ASSET_HEADERS.into_iter().flat_map(values);
    wanted.filter_map(|(name, v)| Some((name.to_owned(), v.to_str().ok()?.to_owned()))).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_never_answered_makes_room_after_a_while() {
        let start = Instant::now();
        let mut places = Places::default();
        for number in 0..MAX_WAITING {
            let at = if number < 10 { start } else { start + Duration::from_secs(20) };
            assert!(matches!(places.take(number, at), Ok((_, late)) if late.is_empty()));
        }
        assert_eq!(places.take(999, start + Duration::from_secs(29)), Err(999));
        let (request, mut late) = places.take(999, start + KEEPS_ITS_PLACE).unwrap();
        late.sort_unstable();
        assert_eq!(late, (0..10).collect::<Vec<_>>());
        assert_eq!(places.leave(RequestId(1)), None, "its place was taken from it");
        assert_eq!(places.leave(request), Some(999));
        assert_eq!(places.leave(request), None);
    }
}
