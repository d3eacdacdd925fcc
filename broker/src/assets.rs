//! The app's pages, served from one directory and nothing beside it, under a policy that lets
//! them run their own scripts and reach nothing.

use std::path::Path;

use crate::confined::{ConfinedPath, Directory, FileError, Relative};
use crate::wire::AssetRequest;

/// The longest file that is served. A frame holds one, whole.
const MAX_ASSET: u64 = 16 << 20;

/// What a page may load and do, where its app does not say otherwise: its own files, and no
/// inline script, no `eval`, no form, no plugin, no other site. That a page has no network is
/// the sandbox's doing; this keeps it from trying.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; font-src 'self'; media-src 'self'; connect-src 'self'; \
     frame-src 'self'; worker-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'";

/// Where the app's own pages are.
const ORIGIN: &str = "app://localhost/";

/// The pages of an app.
#[derive(Debug)]
pub(crate) struct Assets {
    directory: Option<Directory>,
}

/// One answer.
#[derive(Debug, Default)]
pub(crate) struct Asset {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Assets {
    /// The files beneath `directory`.
    pub(crate) fn in_directory(directory: &Path) -> Result<Self, FileError> {
        Ok(Self { directory: Some(Directory::open(directory)?) })
    }

    /// An app without pages of its own.
    pub(crate) fn none() -> Self {
        Self { directory: None }
    }

    /// The answer to `request`. It blocks while it reads the file.
    pub(crate) fn serve(&self, request: &AssetRequest) -> Asset {
        if request.method != "GET" {
            return Asset::plain(405, "only GET is answered here");
        }
        match self.read(&request.url) {
            Ok((path, body)) => Asset::of(media_type(&path), body),
            Err(FileError::TooLarge { .. }) => Asset::plain(413, "the file is too large"),
            // What is forbidden, broken or not there looks the same to a page.
            Err(error) => {
                tracing::debug!(url = request.url, %error, "no such asset");
                Asset::plain(404, "there is no such file")
            }
        }
    }

    fn read(&self, url: &str) -> Result<(String, Vec<u8>), FileError> {
        let directory = self.directory.as_ref().ok_or(FileError::NotFound)?;
        let path = path_of(url).ok_or(FileError::NotFound)?;
        let relative = Relative::parse(&path)?;
        let body = ConfinedPath::new(directory.clone(), relative).read(MAX_ASSET)?;
        Ok((path, body))
    }
}

impl Asset {
    fn of(media_type: &str, body: Vec<u8>) -> Self {
        let headers = [
            ("content-type", media_type),
            ("content-security-policy", CONTENT_SECURITY_POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self { status: 200, headers: headers.map(owned).into(), body }
    }

    fn plain(status: u16, text: &str) -> Self {
        let body = text.as_bytes().to_owned();
        Self { status, ..Self::of("text/plain; charset=utf-8", body) }
    }
}

/// The file that an address names: `index.html` for a directory. Percent-encoding is decoded
/// once, and what then is not a plain path beneath the directory is refused by its type.
fn path_of(url: &str) -> Option<String> {
    let path = url.strip_prefix(ORIGIN)?;
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

/// By the file's ending; a file without a known one is not run as anything.
fn media_type(path: &str) -> &'static str {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/vnd.microsoft.icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{RequestId, WindowId};

    fn get(assets: &Assets, method: &str, url: &str) -> (u16, String) {
        let request = AssetRequest {
            request: RequestId(1),
            window: WindowId(1),
            method: method.to_owned(),
            url: url.to_owned(),
        };
        let asset = assets.serve(&request);
        (asset.status, String::from_utf8(asset.body).unwrap())
    }

    #[test]
    fn pages_come_from_their_directory_and_nowhere_else() {
        let place = tempfile::tempdir().unwrap();
        let ui = place.path().join("ui");
        std::fs::create_dir_all(ui.join("a b")).unwrap();
        std::fs::write(ui.join("index.html"), "home").unwrap();
        std::fs::write(ui.join("a b/c.js"), "script").unwrap();
        std::fs::write(place.path().join("secret"), "secret").unwrap();
        std::os::unix::fs::symlink("../secret", ui.join("link")).unwrap();
        let assets = Assets::in_directory(&ui).unwrap();
        for (method, url, status, body) in [
            ("GET", "app://localhost/", 200, "home"),
            ("GET", "app://localhost/index.html?x=1#y", 200, "home"),
            ("GET", "app://localhost/a%20b/c.js", 200, "script"),
            ("POST", "app://localhost/", 405, "only GET is answered here"),
            ("GET", "app://localhost/none", 404, "there is no such file"),
            ("GET", "app://localhost/link", 404, "there is no such file"),
            ("GET", "app://localhost/../secret", 404, "there is no such file"),
            ("GET", "app://localhost/%2e%2e/secret", 404, "there is no such file"),
            ("GET", "app://localhost/%2e%2e%2fsecret", 404, "there is no such file"),
            ("GET", "app://localhost//etc/passwd", 404, "there is no such file"),
            ("GET", "app://localhost/a%00", 404, "there is no such file"),
            ("GET", "app://localhost/%zz", 404, "there is no such file"),
            ("GET", "app://localhost.evil/", 404, "there is no such file"),
            ("GET", "file:///etc/passwd", 404, "there is no such file"),
        ] {
            assert_eq!(get(&assets, method, url), (status, body.to_owned()), "{method} {url}");
        }
    }
}
