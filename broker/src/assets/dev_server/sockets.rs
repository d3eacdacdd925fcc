//! The WebSockets that pages have opened to the developer's server, by the number that each of
//! them was told. A page opens, asks for messages, sends and closes by addresses, since it has no
//! other way out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::socket::Socket;
use super::{DevServer, FetchError};

/// The most sockets at once: one for each window, and some whose window was just reloaded.
pub(in crate::assets) const MAX_SOCKETS: usize = 128;

/// Bytes of a number: nobody guesses that of another page.
const BYTES: usize = 16;

/// The sockets to one server.
#[derive(Debug)]
pub(super) struct Sockets {
    server: DevServer,
    open: Mutex<HashMap<String, Arc<Socket>>>,
}

impl Sockets {
    pub(super) fn to(server: DevServer) -> Self {
        Self { server, open: Mutex::default() }
    }

    /// Does what a page asks for: `open?at=…&protocol=…`, `take?id=…`, `send?id=…&text=…`,
    /// `close?id=…`.
    pub(super) fn obey(&self, order: &str) -> Result<Value, FetchError> {
        let (what, query) = order.split_once('?').ok_or(FetchError::Address)?;
        let values: HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
        let value = |name| values.get(name).map(AsRef::as_ref).ok_or(FetchError::Address);
        match what {
            "open" => self.open(value("at")?, value("protocol")?),
            "take" => {
                let (messages, closed) = self.of(value("id")?)?.take();
                Ok(json!({ "messages": messages, "closed": closed }))
            }
            "send" => {
                let sent = self.of(value("id")?)?.send(value("text")?.to_owned());
                if sent { Ok(json!({})) } else { Err(FetchError::Full) }
            }
            "close" => {
                let id = value("id")?;
                self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
                Ok(json!({}))
            }
            _ => Err(FetchError::Address),
        }
    }

    fn open(&self, at: &str, protocol: &str) -> Result<Value, FetchError> {
        let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if !at.starts_with('/') || !visible(at) || !protocol.bytes().all(token) {
            return Err(FetchError::Address);
        }
        let id = number()?;
        let socket = Arc::new(Socket::open(&self.server, at, protocol)?);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut open);
        open.insert(id.clone(), socket);
        Ok(json!({ "id": id }))
    }

    fn of(&self, id: &str) -> Result<Arc<Socket>, FetchError> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(id).map(Arc::clone).ok_or(FetchError::Address)
    }
}

/// Lets go of what has ended, and of the one that has been silent for longest if that is not
/// enough: a page that is reloaded does not say goodbye.
fn make_room(open: &mut HashMap<String, Arc<Socket>>) {
    open.retain(|_, socket| !socket.is_over());
    while open.len() >= MAX_SOCKETS {
        let oldest = open.iter().min_by_key(|(_, socket)| socket.asked()).map(|(id, _)| id.clone());
        let Some(id) = oldest else { return };
        open.remove(&id);
    }
}

fn number() -> Result<String, FetchError> {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).map_err(|_| FetchError::NoRandomness)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
