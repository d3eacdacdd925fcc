//! One request to the developer's server: GET, an address, what is accepted. Of the answer, body
//! and media type are taken, and neither a header nor a redirect.

use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;

use super::{DevServer, FetchError, Fetched};
use crate::assets::MAX_ASSET;

/// How long a connection within one machine may take.
const CONNECT: Duration = Duration::from_secs(2);

/// How long an answer may take: the first one waits until the server has looked through what the
/// app depends on.
const ANSWER: Duration = Duration::from_secs(60);

/// The longest media type that is taken, and the longest `accept` that is sent.
const MAX_VALUE: usize = 256;

/// What is served where the server does not say what it is.
const UNKNOWN: &str = "application/octet-stream";

/// A client of one server.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    server: DevServer,
}

impl Client {
    pub(super) fn of(server: DevServer) -> Self {
        let config = Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            // A server that was restarted is another: each request has a connection of its own.
            .max_idle_connections(0)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(ANSWER))
            .user_agent("sidegate");
        Self { agent: config.build().new_agent(), server }
    }

    /// What is at `path`, which has no leading slash.
    pub(super) fn get(&self, path: &str, accept: Option<&str>) -> Result<Fetched, FetchError> {
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(FetchError::Address);
        }
        let accept = accept.filter(|value| is_plain(value)).unwrap_or("*/*");
        let mut why = String::new();
        for address in self.server.addresses() {
            let url = format!("http://{address}/{path}");
            let request = self.agent.get(&url).header("host", self.server.authority());
            match request.header("accept", accept).call() {
                Ok(response) => return taken(response),
                // An address that is not one, and not a server that does not listen.
                Err(ureq::Error::BadUri(_) | ureq::Error::Http(_)) => {
                    return Err(FetchError::Address);
                }
                Err(error) => why = error.to_string(),
            }
        }
        Err(FetchError::Silent(self.server.clone(), why))
    }
}

fn taken(mut response: Response<ureq::Body>) -> Result<Fetched, FetchError> {
    if response.status() != 200 {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    if response.headers().contains_key("content-encoding") {
        return Err(FetchError::Body("it is encoded, and nobody asked for that".to_owned()));
    }
    let media_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let media_type = media_type.filter(|value| is_plain(value)).unwrap_or(UNKNOWN).to_owned();
    let body = response.body_mut().with_config().limit(MAX_ASSET).read_to_vec();
    let body = body.map_err(|error| FetchError::Body(error.to_string()))?;
    Ok(Fetched { media_type, body })
}

/// Whether it is a header's value of the common kind.
fn is_plain(value: &str) -> bool {
    value.len() <= MAX_VALUE && value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}
