//! The app's pages, served from one directory and nothing beside it, under a policy that lets
//! them run their own scripts and reach nothing. A page may ask for a part of a file, or whether
//! it has changed. Each header of an answer is from a table or a number: nothing that a request
//! says is repeated in one.

mod entity_tag;
mod media_type;
mod range;

use std::path::Path;

use self::entity_tag::EntityTag;
use self::media_type::media_type;
use self::range::Asked;
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
            Ok((path, body)) => Asset::answering(request, media_type(&path), body),
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
    /// A file, as it was asked for: all of it, a part, or nothing where the page has it already.
    fn answering(request: &AssetRequest, media_type: &str, body: Vec<u8>) -> Self {
        let tag = EntityTag::of(&body);
        let length = body.len();
        let range = match (header(request, "range"), header(request, "if-range")) {
            (Some(range), None) => Asked::of(range, length),
            (Some(range), Some(name)) if tag.is(name) => Asked::of(range, length),
            _ => Asked::Whole,
        };
        let known = header(request, "if-none-match").is_some_and(|names| tag.is_among(names));
        let answer = match range {
            _ if known => Self { status: 304, ..Self::of(media_type, Vec::new()) },
            Asked::Whole => Self::of(media_type, body),
            Asked::Beyond => Self::plain(416, "the file is not that long")
                .with("content-range", format!("bytes */{length}")),
            Asked::Part(bytes) => {
                let last = bytes.end.saturating_sub(1);
                let place = format!("bytes {}-{last}/{length}", bytes.start);
                let part = body.get(bytes).unwrap_or_default().to_vec();
                Self { status: 206, ..Self::of(media_type, part) }.with("content-range", place)
            }
        };
        answer.with("etag", tag.to_string()).with("accept-ranges", "bytes".to_owned())
    }

    fn of(media_type: &str, body: Vec<u8>) -> Self {
        let headers = [
            ("content-type", media_type),
            ("content-security-policy", CONTENT_SECURITY_POLICY),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            // To be kept, and asked for again each time: an app that was updated shows it.
            ("cache-control", "no-cache"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self { status: 200, headers: headers.map(owned).into(), body }
    }

    fn with(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }

    fn plain(status: u16, text: &str) -> Self {
        let body = text.as_bytes().to_owned();
        Self { status, ..Self::of("text/plain; charset=utf-8", body) }
    }
}

/// The value of a header of the request, if it was sent once.
fn header<'a>(request: &'a AssetRequest, name: &str) -> Option<&'a str> {
    let mut found = request.headers.iter().filter(|(sent, _)| sent == name);
    let (_, value) = found.next()?;
    found.next().is_none().then_some(value.as_str())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{RequestId, WindowId};

    fn ask(assets: &Assets, method: &str, url: &str, headers: &[(&str, &str)]) -> Asset {
        assets.serve(&AssetRequest {
            request: RequestId(1),
            window: WindowId(1),
            method: method.to_owned(),
            url: url.to_owned(),
            headers: headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        })
    }

    fn get(assets: &Assets, method: &str, url: &str) -> (u16, String) {
        let asset = ask(assets, method, url, &[]);
        (asset.status, String::from_utf8(asset.body).unwrap())
    }

    fn value<'a>(asset: &'a Asset, name: &str) -> Option<&'a str> {
        asset.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn a_part_is_sent_and_what_the_page_has_is_not() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("film.mp4"), "0123456789").unwrap();
        let assets = Assets::in_directory(place.path()).unwrap();
        let url = "app://localhost/film.mp4";
        let whole = ask(&assets, "GET", url, &[]);
        let tag = value(&whole, "etag").unwrap();
        assert_eq!(value(&whole, "accept-ranges"), Some("bytes"));
        let range = ("range", "bytes=2-4");
        for (headers, status, body, place) in [
            (&[][..], 200, "0123456789", None),
            (&[range], 206, "234", Some("bytes 2-4/10")),
            (&[("range", "bytes=10-")], 416, "the file is not that long", Some("bytes */10")),
            (&[("range", "bytes=0-1,3-4")], 200, "0123456789", None),
            (&[range, range], 200, "0123456789", None),
            (&[range, ("if-range", tag)], 206, "234", Some("bytes 2-4/10")),
            (&[range, ("if-range", "\"other\"")], 200, "0123456789", None),
            (&[("if-none-match", tag)], 304, "", None),
            (&[("if-none-match", tag), range], 304, "", None),
            (&[("if-none-match", "\"other\"")], 200, "0123456789", None),
        ] {
            let asset = ask(&assets, "GET", url, headers);
            let text = String::from_utf8_lossy(&asset.body);
            let found = (asset.status, &*text, value(&asset, "content-range"));
            assert_eq!(found, (status, body, place), "{headers:?}");
            assert_eq!(value(&asset, "etag"), Some(tag), "{headers:?}");
        }
    }

    #[test]
    fn nothing_of_a_request_is_repeated_in_a_header() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("index.html"), "home").unwrap();
        std::fs::write(place.path().join("a\u{b}x-evil: 1.html"), "odd").unwrap();
        let assets = Assets::in_directory(place.path()).unwrap();
        let evil = "x\r\nx-evil: 1";
        for url in [
            "app://localhost/%0d%0ax-evil:%201".to_owned(),
            "app://localhost/?\r\nx-evil: 1".to_owned(),
            "app://localhost/a%0bx-evil:%201.html".to_owned(),
            format!("app://localhost/{evil}"),
        ] {
            for name in ["range", "if-range", "if-none-match", "accept", evil] {
                for value in [evil, "bytes=0-1\r\nx-evil: 1", "\"\r\nx-evil: 1\""] {
                    let asset = ask(&assets, "GET", &url, &[(name, value)]);
                    for (name, value) in &asset.headers {
                        let plain = |text: &str| text.bytes().all(|b| (b' '..0x7f).contains(&b));
                        assert!(plain(name) && plain(value), "{name}: {value}");
                        assert!(
                            !name.contains("evil") && !value.contains("evil"),
                            "{name}: {value}"
                        );
                    }
                }
            }
        }
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
