//! The developer's own server, Vite's for example: which one it is, and that it is on this
//! machine. A debug run takes the app's pages from there, over a connection of the broker's; the
//! host that shows them has no network for it.

#[cfg(feature = "dev-server")]
mod client;
#[cfg(feature = "dev-server")]
mod handshake;
#[cfg(feature = "dev-server")]
mod proxy;
#[cfg(feature = "dev-server")]
mod socket;
#[cfg(feature = "dev-server")]
mod sockets;
#[cfg(not(feature = "dev-server"))]
mod without;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::Deserialize;

#[cfg(feature = "dev-server")]
pub(super) use self::proxy::Proxy;
#[cfg(all(test, feature = "dev-server"))]
pub(super) use self::sockets::MAX_SOCKETS;
#[cfg(not(feature = "dev-server"))]
pub(super) use self::without::Proxy;

/// Where the developer's server listens: this machine, and a port of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevServer {
    host: Loopback,
    port: u16,
    as_local: bool,
}

/// The names of this machine for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loopback {
    Localhost,
    V4,
    V6,
}

/// Why there is no dev server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DevServerError {
    /// The address is of another machine, or of another form.
    #[error(
        "`{}` is not `http://localhost:PORT`, with 127.0.0.1 or [::1] in its place: pages come from this machine alone",
        .0.escape_debug()
    )]
    Address(String),
    /// The program has no client for it.
    #[error("this program was built without the feature `dev-server` of Sidegate")]
    NotBuilt,
}

impl DevServer {
    /// Reads an address, `http://localhost:5173`. Its pages are at `app://dev`: an origin that a
    /// capability must name, since it is not the app's own.
    ///
    /// # Errors
    /// [`DevServerError::Address`] where it is not of this machine.
    pub fn parse(url: &str) -> Result<Self, DevServerError> {
        let refused = || DevServerError::Address(url.to_owned());
        let authority = url.strip_prefix("http://").ok_or_else(refused)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (host, port) = authority.rsplit_once(':').ok_or_else(refused)?;
        let host = match host {
            "localhost" => Loopback::Localhost,
            "127.0.0.1" => Loopback::V4,
            "[::1]" => Loopback::V6,
            _ => return Err(refused()),
        };
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|port| digits && *port != 0).ok_or_else(refused)?;
        Ok(Self { host, port, as_local: false })
    }

    /// Makes its pages the app's own, at `app://localhost`: whatever listens at the port has then
    /// all that the app's windows have.
    #[must_use]
    pub fn dangerously_as_local(mut self) -> Self {
        self.as_local = true;
        self
    }

    /// Whether its pages are the app's own.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.as_local
    }

    /// Host and port, as a request names them.
    #[cfg_attr(not(feature = "dev-server"), expect(dead_code, reason = "nobody asks it"))]
    fn authority(&self) -> String {
        format!("{}:{}", self.host.name(), self.port)
    }

    /// Where to connect to. The names of this machine are not looked up: who answers for them is
    /// written down elsewhere.
    #[cfg_attr(not(feature = "dev-server"), expect(dead_code, reason = "nobody connects to it"))]
    fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
        let hosts = match self.host {
            Loopback::Localhost => vec![v4, v6],
            Loopback::V4 => vec![v4],
            Loopback::V6 => vec![v6],
        };
        let port = self.port;
        hosts.into_iter().map(move |host| SocketAddr::new(host, port))
    }
}

impl fmt::Display for DevServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}", self.host.name(), self.port)
    }
}

impl Loopback {
    fn name(self) -> &'static str {
        match self {
            Self::Localhost => "localhost",
            Self::V4 => "127.0.0.1",
            Self::V6 => "[::1]",
        }
    }
}

/// What was fetched.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) media_type: String,
    pub(super) body: Vec<u8>,
}

/// Why nothing was. A developer reads it in the place of the page.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(not(feature = "dev-server"), expect(dead_code, reason = "nothing is fetched"))]
pub(super) enum FetchError {
    #[error("there is no such address")]
    Address,
    #[error("the dev server at {0} does not answer: {1}")]
    Silent(DevServer, String),
    #[error("the dev server answers with status {0}")]
    Status(u16),
    #[error("the dev server answers with a body that cannot be served: {0}")]
    Body(String),
    #[error("the dev server does not take what it is sent")]
    Full,
    #[error("the operating system gives no randomness")]
    NoRandomness,
}

impl FetchError {
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Address => 404,
            // What a redirect names is not repeated, so it is no redirect.
            Self::Status(status) if (400..=599).contains(status) => *status,
            Self::Silent(..) | Self::Status(_) | Self::Body(_) => 502,
            Self::Full => 503,
            Self::NoRandomness => 500,
        }
    }
}

/// As a manifest has it: an address, or a table with what is dangerous about it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Written {
    Address(String),
    Table(WrittenTable),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrittenTable {
    url: String,
    #[serde(default)]
    dangerously_as_local: bool,
}

impl TryFrom<Written> for DevServer {
    type Error = DevServerError;

    fn try_from(written: Written) -> Result<Self, DevServerError> {
        match written {
            Written::Address(url) => Self::parse(&url),
            Written::Table(WrittenTable { url, dangerously_as_local: false }) => Self::parse(&url),
            Written::Table(WrittenTable { url, dangerously_as_local: true }) => {
                Self::parse(&url).map(Self::dangerously_as_local)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dev_server_is_on_this_machine() {
        for (url, addresses) in [
            ("http://localhost:5173", Some("127.0.0.1:5173 [::1]:5173")),
            ("http://localhost:5173/", Some("127.0.0.1:5173 [::1]:5173")),
            ("http://127.0.0.1:80", Some("127.0.0.1:80")),
            ("http://[::1]:5173", Some("[::1]:5173")),
            ("http://localhost", None),
            ("http://localhost:0", None),
            ("http://localhost:+1", None),
            ("http://localhost:65536", None),
            ("http://localhost:5173/app", None),
            ("http://localhost:5173//", None),
            ("http://localhost:5173?x", None),
            ("http://localhost.evil.com:5173", None),
            ("http://evil.com:80/localhost:5173", None),
            ("http://localhost@evil.com:80", None),
            ("http://a@localhost:5173", None),
            ("http://127.0.0.2:5173", None),
            ("http://127.1:5173", None),
            ("http://0.0.0.0:5173", None),
            ("http://[::]:5173", None),
            ("http://[::ffff:127.0.0.1]:5173", None),
            ("http://192.168.0.1:5173", None),
            ("http://LOCALHOST:5173", None),
            ("https://localhost:5173", None),
            ("localhost:5173", None),
            ("http://localhost:5173\r\nx: y", None),
            ("", None),
        ] {
            let server = DevServer::parse(url);
            let found = server.as_ref().ok().map(|server| {
                server.addresses().map(|a| a.to_string()).collect::<Vec<_>>().join(" ")
            });
            assert_eq!(found.as_deref(), addresses, "{url}");
            let again = server.map(|server| DevServer::parse(&server.to_string()) == Ok(server));
            assert!(again.unwrap_or(true), "{url}");
        }
    }

    #[test]
    fn what_is_not_an_error_of_the_server_is_none_of_the_page() {
        for (status, shown) in
            [(404, 404), (500, 500), (599, 599), (301, 502), (204, 502), (0, 502)]
        {
            assert_eq!(FetchError::Status(status).status(), shown);
        }
    }
}
