//! What stands at `app://dev/` in a debug run: the files of the developer's server, and the
//! WebSocket by which it says that they have changed. A page has no network, so the script of
//! Vite's that would open one is given another [`WebSocket`](VITE), which asks for messages here.

use super::client::Client;
use super::sockets::Sockets;
use super::{DevServer, DevServerError, FetchError, Fetched};
use crate::assets::{DEV, OWN};

/// Put before Vite's own client: a `WebSocket` of that module's that needs no network.
const VITE: &str = include_str!("vite.js");

/// Where Vite serves its client, whatever its base.
const CLIENT: &str = "@vite/client";

/// Where the sockets are asked for. Vite's own addresses begin with `@` too, and none is ours.
const SOCKETS: &str = "@sidegate/";

/// The way to a dev server.
#[derive(Debug)]
pub(in crate::assets) struct Proxy {
    prefix: &'static str,
    client: Client,
    sockets: Sockets,
}

impl Proxy {
    /// The way to `server`. It does not have to listen yet.
    #[expect(clippy::unnecessary_wraps, reason = "where it is not built, there is none")]
    pub(in crate::assets) fn to(server: DevServer) -> Result<Self, DevServerError> {
        let prefix = if server.is_local() { OWN } else { DEV };
        Ok(Self { prefix, client: Client::of(server.clone()), sockets: Sockets::to(server) })
    }

    /// What its addresses begin with.
    pub(in crate::assets) fn prefix(&self) -> &'static str {
        self.prefix
    }

    /// What is at `path`, a path with its query. It blocks.
    pub(in crate::assets) fn fetch(
        &self,
        path: &str,
        accept: Option<&str>,
    ) -> Result<Fetched, FetchError> {
        let path = path.split('#').next().unwrap_or_default();
        if let Some(order) = path.strip_prefix(SOCKETS) {
            let body = self.sockets.obey(order)?.to_string().into_bytes();
            return Ok(Fetched { media_type: "application/json".to_owned(), body });
        }
        let mut fetched = self.client.get(path, accept)?;
        if path.split('?').next().is_some_and(|path| path.ends_with(CLIENT)) {
            fetched.body = [VITE.as_bytes(), &fetched.body].concat();
        }
        Ok(fetched)
    }
}
