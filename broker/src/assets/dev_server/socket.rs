//! One WebSocket to the developer's server, on a thread of its own, which hands over what comes
//! and sends what it is given. It ends when either side wants it to, when nobody has asked for
//! messages for a while, and when nobody takes them.

use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use super::handshake::shake;
use super::{DevServer, FetchError};

/// How long connecting and the first answer may take.
const OPENING: Duration = Duration::from_secs(5);

/// How long the thread waits for the server before it looks what the page wants.
const TURN: Duration = Duration::from_millis(100);

/// How long a page may be silent before it is gone: one that is not seen asks once a second, and
/// one that stands in a debugger opens another socket.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most messages that wait for a page, or for the server.
const MAX_WAITING: usize = 256;

/// The longest message: Vite sends the list of what has changed, and a page the name of an event.
const MAX_MESSAGE: usize = 1 << 20;

/// An open WebSocket, as the page's side of it.
#[derive(Debug)]
pub(super) struct Socket {
    inbox: Arc<Mutex<Inbox>>,
    outbox: SyncSender<Message>,
}

/// What the server said, and whether the page still listens.
#[derive(Debug)]
struct Inbox {
    messages: Vec<String>,
    asked: Instant,
    closed: bool,
}

impl Socket {
    /// Opens one at `at`, a path with its query. All three are visible ASCII.
    pub(super) fn open(server: &DevServer, at: &str, protocol: &str) -> Result<Self, FetchError> {
        let silent = |why: std::io::Error| FetchError::Silent(server.clone(), why.to_string());
        let mut stream = connect(server).map_err(silent)?;
        stream.set_read_timeout(Some(OPENING)).map_err(silent)?;
        stream.set_write_timeout(Some(OPENING)).map_err(silent)?;
        shake(&mut stream, &server.authority(), at, protocol).map_err(silent)?;
        stream.set_read_timeout(Some(TURN)).map_err(silent)?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let line = WebSocket::from_raw_socket(stream, Role::Client, Some(config));
        let inbox = Inbox { messages: Vec::new(), asked: Instant::now(), closed: false };
        let inbox = Arc::new(Mutex::new(inbox));
        let (outbox, orders) = sync_channel(MAX_WAITING);
        let theirs = Arc::clone(&inbox);
        let thread = std::thread::Builder::new().name("dev server".to_owned());
        thread.spawn(move || carry(line, &orders, &theirs)).map_err(silent)?;
        Ok(Self { inbox, outbox })
    }

    /// What has come since this was asked last, and whether no more will.
    pub(super) fn take(&self) -> (Vec<String>, bool) {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.asked = Instant::now();
        (std::mem::take(&mut inbox.messages), inbox.closed)
    }

    /// Sends a text, if there is room for it.
    pub(super) fn send(&self, text: String) -> bool {
        self.outbox.try_send(Message::text(text)).is_ok()
    }

    /// Whether it has ended, with nothing left that anybody would take.
    pub(super) fn is_over(&self) -> bool {
        let inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.closed && (inbox.messages.is_empty() || inbox.asked.elapsed() > PATIENCE)
    }

    /// When messages were asked for last.
    pub(super) fn asked(&self) -> Instant {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner).asked
    }
}

fn connect(server: &DevServer) -> std::io::Result<TcpStream> {
    let mut refused = std::io::Error::from(ErrorKind::NotFound);
    for address in server.addresses() {
        match TcpStream::connect_timeout(&address, OPENING) {
            Ok(stream) => return Ok(stream),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// Carries messages until there is nobody to carry them for.
fn carry(mut line: WebSocket<TcpStream>, orders: &Receiver<Message>, inbox: &Mutex<Inbox>) {
    while obey(&mut line, orders).is_some() && hear(&mut line, inbox).is_some() {}
    inbox.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
    // Who does not read the farewell is gone already.
    let _gone = line.close(None).and_then(|()| line.flush());
}

/// Sends what is to be sent; nothing, when the page's side is gone.
fn obey(line: &mut WebSocket<TcpStream>, orders: &Receiver<Message>) -> Option<()> {
    loop {
        match orders.try_recv() {
            Ok(message) => line.send(message).ok()?,
            Err(TryRecvError::Empty) => return Some(()),
            Err(TryRecvError::Disconnected) => return None,
        }
    }
}

/// Takes what comes within one turn.
fn hear(line: &mut WebSocket<TcpStream>, inbox: &Mutex<Inbox>) -> Option<()> {
    let heard = match line.read() {
        Ok(Message::Text(text)) => Some(text.as_str().to_owned()),
        Ok(Message::Ping(_) | Message::Pong(_)) => None,
        Ok(Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => return None,
        Err(Error::Io(error)) if is_a_turn(error.kind()) => None,
        Err(_) => return None,
    };
    let mut inbox = inbox.lock().unwrap_or_else(PoisonError::into_inner);
    if inbox.asked.elapsed() > PATIENCE || inbox.messages.len() >= MAX_WAITING {
        return None;
    }
    inbox.messages.extend(heard);
    Some(())
}

fn is_a_turn(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
