//! The messages themselves. Numbers name windows, documents and requests; what a page
//! wrote travels as bytes and is parsed by the broker alone.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::window::{Menu, Placing, Power, Stance, WindowChange};

/// The version of this protocol. Broker and host are built together: any other number is refused.
pub const PROTOCOL: u16 = 7;

/// A window, numbered by the broker; unique for the life of the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WindowId(pub u32);

/// A document of a window, numbered by the host: each committed navigation counts one up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DocumentId(pub u64);

/// An asset request, numbered by the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// How far a host is contained. The order is meant: a greater level is a stronger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SandboxLevel {
    /// Nothing but the process boundary. A host never claims to be contained when it is not.
    None,
    /// Landlock and seccomp alone, without namespaces: degraded.
    C,
    /// Namespaces, Landlock on files and seccomp; WebKit's own sandbox is off.
    B,
    /// Namespaces outside, Landlock and seccomp in the host, WebKit's own sandbox nested inside.
    A,
}

impl fmt::Display for SandboxLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::C => "C",
            Self::B => "B",
            Self::A => "A",
        })
    }
}

/// What a host says of itself when it is up. The broker checks it against `/proc` and
/// believes `/proc`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostReport {
    /// The protocol it speaks: [`PROTOCOL`].
    pub protocol: u16,
    /// The level it set up.
    pub level: SandboxLevel,
    /// One line for each thing that it could not set up, for people.
    pub missing: Vec<String>,
}

/// A window to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenWindow {
    /// Its number from now on.
    pub window: WindowId,
    /// Its label in the app's manifest.
    pub label: String,
    /// The title in the title bar.
    pub title: String,
    /// The address of its first document, `app://localhost/…` for the app's own pages.
    pub url: String,
    /// Width of the content, in logical pixels.
    pub width: u32,
    /// Height of the content, in logical pixels.
    pub height: u32,
    /// The origins (`scheme://host[:port]`) whose documents get the bridge, and the only ones
    /// that the window may navigate to.
    pub origins: Vec<String>,
    /// Whether the WebView's inspector may be opened by anybody: debug runs only.
    pub devtools: bool,
    /// Where it is put; without this, where the window manager likes.
    pub placing: Option<Placing>,
    /// What some document of it may come to be allowed. For the rest the WebView's own switches
    /// stay off, and what has none is asked for and refused.
    pub powers: Vec<Power>,
    /// Its menu bar.
    pub menus: Vec<Menu>,
}

/// What a page asked of a custom-scheme address (`app://…`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetRequest {
    /// Repeated in the reply.
    pub request: RequestId,
    /// The window that asked.
    pub window: WindowId,
    /// The HTTP method, upper case.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// Names (lower case) and values of those of its headers that [`ASSET_HEADERS`] names, as
    /// the page wrote them.
    pub headers: Vec<(String, String)>,
}

/// The headers of a request for an asset that its answer depends on.
pub const ASSET_HEADERS: [&str; 4] = ["accept", "range", "if-range", "if-none-match"];

/// The answer to an [`AssetRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetReply<'a> {
    /// The number of the request.
    pub request: RequestId,
    /// The HTTP status.
    pub status: u16,
    /// Header names (lower case) and values; all of them are the broker's own words.
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(borrow)]
    pub body: &'a [u8],
}

/// How long a host holds what the person is asked about. A broker that lives has answered by then: a
/// question waits five minutes for its turn and one for its answer.
pub const ASKED_WITHIN: Duration = Duration::from_secs(7 * 60);

/// What a host tells the broker. It prints without what is secret in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromHost<'a> {
    /// The first message of a host, sent once its sandbox stands.
    Ready(HostReport),
    /// A document was committed in a window and its bridge answered the host's challenge.
    Document {
        /// The window.
        window: WindowId,
        /// The new document. The one before it is gone, and its token with it.
        document: DocumentId,
        /// The address as WebKit reported it when it committed the load.
        url: String,
    },
    /// A navigation was committed, whose bridge has not answered yet (or never will, where its
    /// origin gets none): the document before it is gone, and its token with it.
    Committed {
        /// The window.
        window: WindowId,
        /// The new document.
        document: DocumentId,
    },
    /// A page's message, passed on unread: see [`Calls`].
    Message {
        /// The window it came from, as the host's own handler knows it.
        window: WindowId,
        /// The document that was current when the message arrived at the host.
        document: DocumentId,
        /// The bytes of the message.
        #[serde(borrow)]
        bytes: &'a [u8],
    },
    /// A page asked for an asset.
    Asset(AssetRequest),
    /// The person closed a window.
    Closed {
        /// The window.
        window: WindowId,
    },
    /// The web process of a window died; the host reloads it.
    Crashed {
        /// The window.
        window: WindowId,
    },
    /// The bridge or the host dropped something: counted, and written to the log.
    Dropped {
        /// The window.
        window: WindowId,
        /// What was dropped and why, one line.
        why: String,
    },
    /// A document reaches for something that the WebView could give it. It is held until
    /// [`ToHost::Answer`].
    Ask {
        /// The window.
        window: WindowId,
        /// The document that was current.
        document: DocumentId,
        /// Repeated in the answer.
        number: u64,
        /// What for.
        power: Power,
        /// The address that it is about, where it is about one.
        url: Option<String>,
    },
    /// A window stands otherwise than before.
    Stands {
        /// The window.
        window: WindowId,
        /// How.
        stance: Stance,
    },
    /// An item of a window's menu was chosen.
    Chosen {
        /// The window.
        window: WindowId,
        /// The item.
        number: u32,
    },
    /// The answer to [`ToHost::Ping`].
    Pong {
        /// The number of the ping.
        number: u64,
    },
    /// The web process of a window answered, after a [`ToHost::Ping`]: no script keeps it.
    Responsive {
        /// The window.
        window: WindowId,
    },
}

/// What the broker tells a host. It prints without what is secret in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToHost<'a> {
    /// Open a window.
    Open(OpenWindow),
    /// The token of a document, for its bridge.
    Token {
        /// The window.
        window: WindowId,
        /// The document that it was minted for; where another one is current, it is dropped.
        document: DocumentId,
        /// The token in its text form.
        token: String,
    },
    /// A reply for a page: JSON, see [`Calls`]. Where another document is current, it is dropped.
    Reply {
        /// The window.
        window: WindowId,
        /// The document that asked.
        document: DocumentId,
        /// The JSON text.
        #[serde(borrow)]
        json: &'a str,
    },
    /// The same with bytes, which stand for the null in it.
    Bytes {
        /// The window.
        window: WindowId,
        /// The document that asked.
        document: DocumentId,
        /// The JSON text.
        #[serde(borrow)]
        json: &'a str,
        /// The bytes.
        #[serde(borrow)]
        bytes: &'a [u8],
    },
    /// An asset.
    #[serde(borrow)]
    Asset(AssetReply<'a>),
    /// The answer to [`FromHost::Ask`].
    Answer {
        /// The window.
        window: WindowId,
        /// The number of the question.
        number: u64,
        /// Whether it may be.
        allowed: bool,
    },
    /// Do something to a window.
    Change {
        /// The window.
        window: WindowId,
        /// What.
        change: WindowChange,
    },
    /// Load another document into a window. An address of none of the window's origins is dropped.
    Load {
        /// The window.
        window: WindowId,
        /// The address.
        url: String,
    },
    /// End the web process of a window, and load its page anew.
    Restart {
        /// The window.
        window: WindowId,
    },
    /// Answer with a pong, and ask each window's web process, which answers for itself.
    Ping {
        /// The number to repeat.
        number: u64,
    },
    /// Close everything and exit with status 0.
    Quit,
    /// The person is asked about a [`FromHost::Ask`]: its answer takes as long as they take. It is held
    /// for [`ASKED_WITHIN`] at most.
    Asking {
        /// The window.
        window: WindowId,
        /// The number of the question.
        number: u64,
    },
}

/// The form of a page's messages inside [`FromHost::Message`], [`ToHost::Reply`] and
/// [`ToHost::Bytes`]. Only the bridge and the broker read it. From a page:
///
/// * a call: `c<token> <id>\n<JSON>`, where the JSON is `{"command":"…","args":{…}}` (`args`
///   may be absent) and `id` is a decimal number, counted up by one for each call of a document;
///   `C` instead of `c` where the call has a body, `s` where its answer is a stream, `S` for both;
/// * a chunk of a call's body: `b<token> <id>\n<bytes>`, and its end: `e<token> <id>`;
/// * that the page has taken one item of a stream: `a<token> <id>`;
/// * a cancellation: `x<token> <id>`;
/// * a wish for a narrower token, for somebody else: `d<token> <id>\n<JSON>`, numbered as a call and
///   answered as one, with `{"token":"…","expires":<milliseconds>}`; and that it is taken back:
///   `r<token> <id>`.
///
/// To a page:
///
/// * the one reply to a call: `{"id":7,"ok":…}` or `{"id":7,"error":{"code":"denied","message":"…"}}`;
/// * before it, of a stream: `{"id":7,"open":true}`, then items `{"id":7,"item":…}`;
/// * before it, of a call with a body: `{"id":7,"more":4}`, credit for so many chunks more.
///
/// Nobody sends without credit: the broker has at most [`Calls::WINDOW`] items of a stream under
/// way that were not taken, the page sends as many chunks as it was given `more` for.
#[derive(Debug, Clone, Copy)]
pub enum Calls {}

impl Calls {
    /// The first byte of a call.
    pub const CALL: u8 = b'c';
    /// The first byte of a call with a body.
    pub const CALL_WITH_BODY: u8 = b'C';
    /// The first byte of a call for a stream.
    pub const STREAM: u8 = b's';
    /// The first byte of a call for a stream, with a body.
    pub const STREAM_WITH_BODY: u8 = b'S';
    /// The first byte of a wish for a narrower token.
    pub const DELEGATE: u8 = b'd';
    /// The first byte of the word that such a token is taken back.
    pub const TAKE_BACK: u8 = b'r';
    /// The first byte of a cancellation.
    pub const CANCEL: u8 = b'x';
    /// The first byte of the word that an item was taken.
    pub const TAKEN: u8 = b'a';
    /// The first byte of a chunk of a body.
    pub const CHUNK: u8 = b'b';
    /// The first byte of the end of a body.
    pub const END: u8 = b'e';
    /// The most calls that a document may have in flight: WebKit has no back-pressure of its
    /// own, and 64 keep a page busy that waits for nothing.
    pub const MAX_IN_FLIGHT: usize = 64;
    /// The most calls in flight of all whom a document has delegated to: half of its own, so that
    /// no frame of it keeps the page itself from calling.
    pub const MAX_DELEGATED: usize = 32;
    /// The most calls in flight of one of them: eight keep it busy, and leave room for others.
    pub const MAX_DELEGATED_EACH: usize = 8;
    /// The most bytes of one message of a page (UTF-8): enough for a large note, small enough
    /// that 64 of them fit the memory set aside for a host.
    pub const MAX_MESSAGE: usize = 1 << 20;
    /// The most bytes of the JSON of a call for a stream: 64 of them are one MiB.
    pub const MAX_STREAM_CALL: u64 = 16 << 10;
    /// Items or chunks under way in one direction of one call: enough that neither end waits for
    /// the other's word after each of them.
    pub const WINDOW: usize = 8;
    /// The most bytes of a chunk, and of an item: with [`Calls::WINDOW`], a MiB for each direction
    /// of a call. Larger ones carry little more at once, and hold up what else a page is to hear.
    pub const MAX_CHUNK: usize = 128 << 10;
}
