//! One answer to a request for an asset: all of a file, a part, or nothing where the page has it
//! already; and the headers that all of them have.

use std::borrow::Cow;

use super::entity_tag::EntityTag;
use super::range::Asked;
use crate::wire::AssetRequest;

/// To be kept, and asked for again each time: an app that was updated shows it.
const ASK_AGAIN: &str = "no-cache";

/// A document has a nonce of its own each time, so the one before it is worth nothing.
const FORGET: &str = "no-store";

/// One answer.
#[derive(Debug, Default)]
pub(crate) struct Asset {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Cow<'static, [u8]>,
}

impl Asset {
    /// A file, as it was asked for, under the content security policy `policy`.
    pub(super) fn answering(
        request: &AssetRequest,
        media_type: &str,
        policy: &str,
        body: Cow<'static, [u8]>,
    ) -> Self {
        let tag = EntityTag::of(&body);
        let length = body.len();
        let range = match (header(request, "range"), header(request, "if-range")) {
            (Some(range), None) => Asked::of(range, length),
            (Some(range), Some(name)) if tag.is(name) => Asked::of(range, length),
            _ => Asked::Whole,
        };
        let known = header(request, "if-none-match").is_some_and(|names| tag.is_among(names));
        let of = |status, body| Self { status, ..Self::of(media_type, policy, ASK_AGAIN, body) };
        let answer = match range {
            _ if known => of(304, Cow::default()),
            Asked::Whole => of(200, body),
            Asked::Beyond => Self::plain(416, policy, "the file is not that long")
                .with("content-range", format!("bytes */{length}")),
            Asked::Part(bytes) => {
                let last = bytes.end.saturating_sub(1);
                let place = format!("bytes {}-{last}/{length}", bytes.start);
                let part = body.get(bytes).unwrap_or_default().to_vec();
                of(206, part.into()).with("content-range", place)
            }
        };
        answer.with("etag", tag.to_string()).with("accept-ranges", "bytes".to_owned())
    }

    /// A document: all of it, each time.
    pub(super) fn whole(media_type: &str, policy: &str, body: Cow<'static, [u8]>) -> Self {
        Self::of(media_type, policy, FORGET, body)
    }

    /// A line of text.
    pub(super) fn plain(status: u16, policy: &str, text: &str) -> Self {
        let body = text.as_bytes().to_owned().into();
        Self { status, ..Self::of("text/plain; charset=utf-8", policy, ASK_AGAIN, body) }
    }

    fn of(media_type: &str, policy: &str, keep: &str, body: Cow<'static, [u8]>) -> Self {
        let headers = [
            ("content-type", media_type),
            ("content-security-policy", policy),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", keep),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self { status: 200, headers: headers.map(owned).into(), body }
    }

    fn with(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }
}

/// The value of a header of the request, if it was sent once.
pub(super) fn header<'a>(request: &'a AssetRequest, name: &str) -> Option<&'a str> {
    let mut found = request.headers.iter().filter(|(sent, _)| sent == name);
    let (_, value) = found.next()?;
    found.next().is_none().then_some(value.as_str())
}
