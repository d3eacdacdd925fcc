//! The app's pages: from a directory and nothing beside it, from an archive within the program,
//! or, in a debug run, from the developer's own server. They are served under a policy that lets
//! them run their own scripts and reach nothing. A page may ask for a part of a file, or whether
//! it has changed. Each header of an answer is from a table, a number, or the app's manifest:
//! nothing that a request says is repeated in one.

mod answer;
mod archive;
mod compressed;
mod content_security;
mod dev_server;
mod entity_tag;
mod media_type;
mod nonce;
mod pages;
mod range;
mod source;

pub use self::archive::{ArchiveError, PackError, UiArchive};
pub use self::content_security::{ContentSecurity, ContentSecurityError};
pub use self::dev_server::{DevServer, DevServerError};

pub(crate) use self::content_security::Written as WrittenContentSecurity;
pub(crate) use self::dev_server::Written as WrittenDevServer;
pub(crate) use self::pages::{Pages, PagesError, Place};

use self::answer::Asset;
use self::dev_server::Proxy;
use self::media_type::media_type;
use self::nonce::Nonce;
use self::source::Source;
use crate::confined::FileError;
use crate::wire::AssetRequest;

/// The longest file that is served. A frame holds one, whole.
const MAX_ASSET: u64 = 16 << 20;

/// Where the app's own pages are.
const OWN: &str = "app://localhost/";

/// Where those of the developer's server are: another origin, which has no capability of the
/// app's own pages.
const DEV: &str = "app://dev/";

/// The pages of an app.
#[derive(Debug)]
pub(crate) struct Assets {
    source: Source,
    security: ContentSecurity,
    proxy: Option<Proxy>,
}

impl Assets {
    /// The answer to `request`. It blocks while it reads the file, or waits for the developer's
    /// server.
    pub(crate) fn serve(&self, request: &AssetRequest) -> Asset {
        if request.method != "GET" {
            return self.plain(405, "only GET is answered here");
        }
        let asked = self
            .proxy
            .as_ref()
            .and_then(|proxy| Some((proxy, request.url.strip_prefix(proxy.prefix())?)));
        let answer = match asked {
            Some((proxy, path)) => self.fetch(proxy, path, request),
            None => self.file(request),
        };
        // A document grows by its nonces.
        match u64::try_from(answer.body.len()) {
            Ok(length) if length <= MAX_ASSET => answer,
            _ => self.plain(413, "the file is too large"),
        }
    }

    /// Where a window's own page, `app://localhost/…`, is in this run.
    pub(crate) fn place_of(&self, url: &str) -> String {
        match (&self.proxy, url.strip_prefix(OWN)) {
            (Some(proxy), Some(page)) => format!("{}{page}", proxy.prefix()),
            _ => url.to_owned(),
        }
    }

    fn file(&self, request: &AssetRequest) -> Asset {
        let Some(path) = path_of(&request.url) else {
            return self.plain(404, "there is no such file");
        };
        match compressed::read(&self.source, &path) {
            Ok(body) => self.answer(request, media_type(&path), body),
            Err(FileError::TooLarge { .. }) => self.plain(413, "the file is too large"),
            // What is forbidden, broken or not there looks the same to a page.
            Err(error) => {
                tracing::debug!(url = request.url, %error, "no such asset");
                self.plain(404, "there is no such file")
            }
        }
    }

    fn fetch(&self, proxy: &Proxy, path: &str, request: &AssetRequest) -> Asset {
        match proxy.fetch(path, answer::header(request, "accept")) {
            Ok(fetched) => self.answer(request, &fetched.media_type, fetched.body.into()),
            Err(error) => {
                tracing::warn!(url = request.url, %error, "the dev server did not serve");
                self.plain(error.status(), &error.to_string())
            }
        }
    }

    fn answer(
        &self,
        request: &AssetRequest,
        media_type: &str,
        body: std::borrow::Cow<'static, [u8]>,
    ) -> Asset {
        if !media_type::is_document(media_type) {
            return Asset::answering(request, media_type, &self.security.header(None), body);
        }
        match Nonce::draw() {
            Ok(nonce) => {
                let policy = self.security.header(Some(&nonce));
                Asset::whole(media_type, &policy, nonce.put_into(&body).into())
            }
            Err(error) => self.plain(500, &error.to_string()),
        }
    }

    fn plain(&self, status: u16, text: &str) -> Asset {
        Asset::plain(status, &self.security.header(None), text)
    }
}

/// The file that an address names: `index.html` for a directory. Percent-encoding is decoded
/// once, and what then is not a plain path beneath the directory is refused by its type.
fn path_of(url: &str) -> Option<String> {
    let path = url.strip_prefix(OWN)?;
    let end = path.find(['?', '#']).unwrap_or(path.len());
    let path = decode(path.get(..end)?)?;
    Some(if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path })
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
