//! How messages print, to whoever prints one. A page's message holds its token, and so does what a document is
//! given, or told when it has delegated: of these there is the length, and nothing of what they say.

use std::fmt;

use super::{FromHost, ToHost};

/// Stands where a secret does.
const REDACTED: &str = "[redacted]";

impl fmt::Debug for FromHost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(report) => f.debug_tuple("Ready").field(report).finish(),
            Self::Document { window, document, url } => {
                let mut shown = f.debug_struct("Document");
                shown.field("window", window).field("document", document).field("url", url).finish()
            }
            Self::Committed { window, document } => {
                let mut shown = f.debug_struct("Committed");
                shown.field("window", window).field("document", document).finish()
            }
            Self::Message { window, document, bytes } => {
                let mut shown = f.debug_struct("Message");
                shown.field("window", window).field("document", document);
                shown.field("length", &bytes.len()).finish_non_exhaustive()
            }
            Self::Asset(request) => f.debug_tuple("Asset").field(request).finish(),
            Self::Closed { window } => f.debug_struct("Closed").field("window", window).finish(),
            Self::Crashed { window } => f.debug_struct("Crashed").field("window", window).finish(),
            Self::Dropped { window, why } => {
                f.debug_struct("Dropped").field("window", window).field("why", why).finish()
            }
            Self::Ask { window, document, number, power, url } => {
                let mut shown = f.debug_struct("Ask");
                shown.field("window", window).field("document", document).field("number", number);
                shown.field("power", power).field("url", url).finish()
            }
            Self::Stands { window, stance } => {
                f.debug_struct("Stands").field("window", window).field("stance", stance).finish()
            }
            Self::Chosen { window, number } => {
                f.debug_struct("Chosen").field("window", window).field("number", number).finish()
            }
            Self::Pong { number } => f.debug_struct("Pong").field("number", number).finish(),
            Self::Responsive { window } => {
                f.debug_struct("Responsive").field("window", window).finish()
            }
        }
    }
}

impl fmt::Debug for ToHost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(open) => f.debug_tuple("Open").field(open).finish(),
            Self::Token { window, document, .. } => {
                let mut shown = f.debug_struct("Token");
                shown.field("window", window).field("document", document);
                shown.field("token", &format_args!("{REDACTED}")).finish()
            }
            Self::Reply { window, document, json } => {
                let mut shown = f.debug_struct("Reply");
                shown.field("window", window).field("document", document);
                shown.field("length", &json.len()).finish_non_exhaustive()
            }
            Self::Bytes { window, document, json, bytes } => {
                let mut shown = f.debug_struct("Bytes");
                shown.field("window", window).field("document", document);
                shown.field("length", &json.len()).field("bytes", &bytes.len());
                shown.finish_non_exhaustive()
            }
            Self::Asset(reply) => f.debug_tuple("Asset").field(reply).finish(),
            Self::Answer { window, number, allowed } => {
                let mut shown = f.debug_struct("Answer");
                shown.field("window", window).field("number", number);
                shown.field("allowed", allowed).finish()
            }
            Self::Change { window, change } => {
                f.debug_struct("Change").field("window", window).field("change", change).finish()
            }
            Self::Load { window, url } => {
                f.debug_struct("Load").field("window", window).field("url", url).finish()
            }
            Self::Restart { window } => f.debug_struct("Restart").field("window", window).finish(),
            Self::Ping { number } => f.debug_struct("Ping").field("number", number).finish(),
            Self::Quit => f.write_str("Quit"),
            Self::Asking { window, number } => {
                f.debug_struct("Asking").field("window", window).field("number", number).finish()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{DocumentId, WindowId};

    /// B11: a message that is printed for whatever reason prints no token.
    #[test]
    fn b11_no_message_prints_a_token() {
        let (window, document) = (WindowId(7), DocumentId(8));
        let secret = "AQsecret";
        let (said, bytes) = (format!("c{secret} 1\n{{}}"), secret.as_bytes());
        let json = &format!(r#"{{"id":1,"ok":{{"token":"{secret}"}}}}"#);
        let printed = [
            format!("{:?}", FromHost::Message { window, document, bytes: said.as_bytes() }),
            format!("{:?}", ToHost::Token { window, document, token: secret.to_owned() }),
            format!("{:?}", ToHost::Reply { window, document, json }),
            format!("{:?}", ToHost::Bytes { window, document, json, bytes }),
        ];
        let expected = [
            "Message { window: WindowId(7), document: DocumentId(8), length: 14, .. }",
            "Token { window: WindowId(7), document: DocumentId(8), token: [redacted] }",
            "Reply { window: WindowId(7), document: DocumentId(8), length: 34, .. }",
            "Bytes { window: WindowId(7), document: DocumentId(8), length: 34, bytes: 8, .. }",
        ];
        assert_eq!(printed, expected);
    }
}
