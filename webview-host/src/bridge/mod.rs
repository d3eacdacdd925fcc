//! The way from a page to the host and back. Two scripts, both for the top frame of the
//! bridged origins alone:
//!
//! * `bridge.js` runs in a script world of its own, which no page can reach into. It holds the
//!   nonce and the token, counts the calls in flight, and is the only one that can speak to
//!   the host. `delegate.js` is the part of it that reads the ports of whom a page delegated to.
//! * `page.js` runs in the page's world before the page, and gives it `window.sidegate`;
//!   `source.js` is the part of it that reads what a page uploads.
//!
//! They meet over an event whose name is drawn for each window, and from then on speak over a
//! node that is in no document. Between the two worlds bytes are `ArrayBuffer`s, copied. Between
//! the isolated world and this process WebKit carries text alone (of an `ArrayBuffer` nothing
//! arrives, of a view an object of numbers; a `GVariant` of bytes is refused), so there they are
//! base64, which WebKit 2.50 writes and reads natively: for 128 KiB that takes 0.8 to 5 ms there
//! and about 3 ms back, a text of Latin-1 characters 3 to 12 ms either way. A `fetch` of a custom
//! scheme is subject to the page's own content policy, and frames can do it too. This module puts them in place and writes the few calls from
//! the host to `bridge.js`; whom to believe is decided in [`crate::document`].

use serde_json::json;
use sidegate::wire::Calls;
use webkit2gtk::gio::Cancellable;
use webkit2gtk::glib::{base64_decode, base64_encode};
use webkit2gtk::{
    UserContentInjectedFrames, UserContentManager, UserContentManagerExt, UserScript,
    UserScriptInjectionTime, WebView, WebViewExt,
};

use crate::document::Nonce;
use crate::origins::Origins;

/// The isolated script world. Pages cannot name it; the name is for the inspector.
const WORLD: &str = "sidegate";

/// The message handler, which exists in that world alone.
const HANDLER: &str = "sidegate";

/// The most messages over a port that are refused in the bridge itself, with no answer of the core's
/// in between, before the port is closed: a frame that calls too often for a moment has that many to
/// find out, one that floods has no more.
const MAX_FAULTS: usize = 256;

/// Puts both scripts in place for every document to come, and `heard` where the bridge's
/// messages arrive. False where WebKit refuses the handler.
#[must_use]
pub(crate) fn install(
    manager: &UserContentManager,
    origins: &Origins,
    channel: &Nonce,
    heard: impl Fn(&str) + 'static,
) -> bool {
    manager.connect_script_message_received(Some(HANDLER), move |_, message| {
        if let Some(value) = message.js_value() {
            heard(&value.to_string());
        }
    });
    if !manager.register_script_message_handler_in_world(HANDLER, WORLD) {
        return false;
    }
    let config = json!({
        "handler": HANDLER,
        "channel": channel.as_str(),
        "origins": origins.for_scripts(),
        "maxInFlight": Calls::MAX_IN_FLIGHT,
        "maxMessage": Calls::MAX_MESSAGE,
        "maxChunk": Calls::MAX_CHUNK,
        "maxDelegated": Calls::MAX_DELEGATED,
        "maxDelegatedEach": Calls::MAX_DELEGATED_EACH,
        "maxFaults": MAX_FAULTS,
    });
    let patterns = origins.script_patterns();
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    let top = UserContentInjectedFrames::TopFrame;
    let start = UserScriptInjectionTime::Start;
    let loans = function(include_str!("delegate.js"));
    let bridge = called(include_str!("bridge.js"), &[&config.to_string(), &loans]);
    manager.add_script(&UserScript::for_world(&bridge, top, start, WORLD, &patterns, &[]));
    let source = called(include_str!("source.js"), &[]);
    let page = called(include_str!("page.js"), &[&config.to_string(), &source]);
    manager.add_script(&UserScript::new(&page, top, start, &patterns, &[]));
    true
}

/// Asks whatever document is there to name itself. A bridge that is not there yet finds the
/// challenge when it comes.
pub(crate) fn challenge(view: &WebView, nonce: &Nonce) {
    run(view, include_str!("challenge.js"), &[nonce.as_str()]);
}

/// Hands the bridge its token.
pub(crate) fn deliver_token(view: &WebView, nonce: &Nonce, token: &str) {
    run(view, "(nonce, token) => sidegateBridge.token(nonce, token)", &[nonce.as_str(), token]);
}

/// Hands the bridge a reply.
pub(crate) fn deliver_reply(view: &WebView, nonce: &Nonce, json: &str) {
    run(view, "(nonce, reply) => sidegateBridge.reply(nonce, reply)", &[nonce.as_str(), json]);
}

/// Hands the bridge a reply with bytes.
pub(crate) fn deliver_bytes(view: &WebView, nonce: &Nonce, json: &str, bytes: &[u8]) {
    let function = "(nonce, reply, bytes) => sidegateBridge.reply(nonce, reply, bytes)";
    run(view, function, &[nonce.as_str(), json, &base64_encode(bytes)]);
}

/// The bytes of a chunk that the bridge wrote as `<head>\n<base64>`, as they go to the broker.
pub(crate) fn chunk(body: &str) -> Option<Vec<u8>> {
    let (head, text) = body.split_once('\n')?;
    let mut chunk = Vec::with_capacity(body.len());
    chunk.extend_from_slice(head.as_bytes());
    chunk.push(b'\n');
    chunk.extend_from_slice(&base64_decode(text));
    Some(chunk)
}

/// Has `answered` called when the web process has run a script, in the isolated world, where no
/// page can tell. One that died has answered too: it does not spin.
pub(crate) fn ask(view: &WebView, answered: impl FnOnce() + 'static) {
    view.evaluate_javascript("0", Some(WORLD), None, None::<&Cancellable>, |_| answered());
}

/// Calls a function in the isolated world. The arguments travel as JSON strings, and JSON is
/// a subset of JavaScript: no argument can become code.
fn run(view: &WebView, function: &str, arguments: &[&str]) {
    let literals: Vec<String> = arguments.iter().map(|text| json!(text).to_string()).collect();
    let script = format!("({function})({})", literals.join(","));
    view.evaluate_javascript(&script, Some(WORLD), None, None::<&Cancellable>, |_| {});
}

/// A function of a script, called with arguments that are JavaScript.
fn called(function: &str, arguments: &[&str]) -> String {
    let arguments = arguments.join(", ");
    format!("{}({arguments})", self::function(function))
}

/// A function of a script, as an expression.
fn function(function: &str) -> String {
    format!("({})", function.trim_end().trim_end_matches(';'))
}
