//! Origins: who is speaking. A type of our own, because the `url` crate calls every origin of a
//! custom scheme `null`, and two of those would be equal.

mod pattern;

use std::fmt;
use std::sync::Arc;

use url::{Host, Url};

pub(crate) use pattern::{
    HostPattern, OriginPattern, OriginPatternError, default_port, split_port,
};

/// The scheme of the app's own pages.
const LOCAL_SCHEME: &str = "app";

/// The host of the app's own pages.
const LOCAL_HOST: &str = "localhost";

/// The most bytes of an address whose origin is asked for.
pub const MAX_URL_BYTES: usize = 8 * 1024;

/// Schemes whose documents speak for nobody in particular, whatever stands after the colon.
const OPAQUE: [&str; 8] =
    ["about", "blob", "data", "file", "filesystem", "javascript", "null", "view-source"];

/// An origin: a scheme, a host and a port, compared as a whole.
///
/// Scheme and host are lower case, an international host is in A-labels, and a default port is no
/// port. There is no opaque origin of this type, so `null` never equals anything.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(Arc<Parts>);

#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Parts {
    scheme: Box<str>,
    host: Box<str>,
    port: Option<u16>,
    /// All of it: each call's record has it.
    text: Box<str>,
}

impl Origin {
    /// The origin of the app's own pages, `app://localhost`.
    #[must_use]
    pub fn local() -> Self {
        Self::new(LOCAL_SCHEME, LOCAL_HOST, None)
    }

    /// Reads `scheme://host[:port]`, and nothing after it.
    ///
    /// # Errors
    /// The text is no URL, has no origin to compare, or goes on after the port.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let origin = Self::of_url(text)?;
        let authority = text.split_once("://").map_or("", |(_, rest)| rest);
        if authority.contains(['/', '?', '#', '\\']) {
            Err(OriginError::Longer)
        } else {
            Ok(origin)
        }
    }

    /// The origin of a document's address.
    ///
    /// # Errors
    /// The text is no URL, or one without an origin to compare: `data:`, `blob:`, `about:`,
    /// `file:`, no host, or a user name in it.
    pub fn of_url(text: &str) -> Result<Self, OriginError> {
        if text.len() > MAX_URL_BYTES {
            return Err(OriginError::TooLong);
        }
        // The parser drops tabs, line ends and outer blanks; two texts would be one origin.
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(OriginError::NotAUrl);
        }
        let url = Url::parse(text).map_err(|_| OriginError::NotAUrl)?;
        Self::of(&url)
    }

    /// The scheme, without the colon.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.0.scheme
    }

    /// The host; an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The port, where it is not the scheme's own.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.0.port
    }

    /// The whole, as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    fn of(url: &Url) -> Result<Self, OriginError> {
        if OPAQUE.contains(&url.scheme()) || url.cannot_be_a_base() {
            return Err(OriginError::Opaque);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OriginError::UserInfo);
        }
        let host = match url.host() {
            None => return Err(OriginError::Opaque),
            Some(Host::Domain(name)) => canonical_host(name)?,
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => format!("[{address}]"),
        };
        Ok(Self::new(url.scheme(), &host, url.port()))
    }

    fn new(scheme: &str, host: &str, port: Option<u16>) -> Self {
        let text = match port {
            None => format!("{scheme}://{host}"),
            Some(port) => format!("{scheme}://{host}:{port}"),
        };
        let (scheme, host, text) = (scheme.into(), host.into(), text.into());
        Self(Arc::new(Parts { scheme, host, port, text }))
    }
}

/// Why an address has no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// More than [`MAX_URL_BYTES`].
    #[error("the address is too long")]
    TooLong,
    /// Not a URL, or one that only a lenient parser would read.
    #[error("this is not a URL")]
    NotAUrl,
    /// A scheme without a host, or one whose documents have no origin of their own.
    #[error("such an address has no origin of its own")]
    Opaque,
    /// A user name or a password before the host.
    #[error("an address with a user name in it has no origin here")]
    UserInfo,
    /// A host that is no list of labels.
    #[error("the host is not a name of labels joined by dots")]
    Host,
    /// A path, a query or a fragment where an origin should end.
    #[error("an origin ends after the port")]
    Longer,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({self})")
    }
}

/// The lower-case host of any scheme. For `app:` and its like the URL parser leaves the case as it
/// was and decodes nothing, so what is not plain ASCII labels is refused.
fn canonical_host(name: &str) -> Result<String, OriginError> {
    let host = name.to_ascii_lowercase();
    if host.split('.').all(is_label) { Ok(host) } else { Err(OriginError::Host) }
}

pub(crate) fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_of_addresses() {
        let cases = [
            ("app://localhost/index.html?q#f", Ok("app://localhost")),
            ("APP://LocalHost/", Ok("app://localhost")),
            ("https://Example.com:443/a", Ok("https://example.com")),
            ("https://example.com:8443", Ok("https://example.com:8443")),
            ("http://example.com:80/", Ok("http://example.com")),
            ("http://example.com:443/", Ok("http://example.com:443")),
            ("https://b\u{fc}cher.example/", Ok("https://xn--bcher-kva.example")),
            ("http://2130706433/", Ok("http://127.0.0.1")),
            ("http://[::1]:8080/", Ok("http://[::1]:8080")),
            ("https://user@example.com/", Err(OriginError::UserInfo)),
            ("https://:secret@example.com/", Err(OriginError::UserInfo)),
            ("data:text/html,x", Err(OriginError::Opaque)),
            ("about:blank", Err(OriginError::Opaque)),
            ("about:srcdoc", Err(OriginError::Opaque)),
            ("blob:https://example.com/1", Err(OriginError::Opaque)),
            ("file:///etc/passwd", Err(OriginError::Opaque)),
            ("file://example.com/x", Err(OriginError::Opaque)),
            ("javascript:1", Err(OriginError::Opaque)),
            ("null://localhost", Err(OriginError::Opaque)),
            ("app:/localhost", Err(OriginError::Opaque)),
            ("app:///index.html", Err(OriginError::Opaque)),
            ("app://a..b/", Err(OriginError::Host)),
            ("app://localhost./", Err(OriginError::Host)),
            ("app://b\u{fc}cher/", Err(OriginError::Host)),
            ("null", Err(OriginError::NotAUrl)),
            ("", Err(OriginError::NotAUrl)),
            (" app://localhost", Err(OriginError::NotAUrl)),
            ("app://local\thost", Err(OriginError::NotAUrl)),
        ];
        for (text, expected) in cases {
            let origin = Origin::of_url(text).map(|origin| origin.to_string());
            assert_eq!(origin, expected.map(str::to_owned), "{text:?}");
        }
        let long = |bytes: usize| format!("https://a/{}", "p".repeat(bytes - "https://a/".len()));
        assert!(Origin::of_url(&long(8_192)).is_ok());
        assert_eq!(Origin::of_url(&long(8_193)), Err(OriginError::TooLong));
        assert_eq!(format!("{:?}", Origin::local()), "Origin(app://localhost)");
    }

    #[test]
    fn an_origin_as_written_ends_after_the_port() {
        assert_eq!(Origin::parse("app://localhost"), Ok(Origin::local()));
        for longer in
            ["app://localhost/", "app://localhost/x", "app://localhost?q", "app://localhost#f"]
        {
            assert_eq!(Origin::parse(longer), Err(OriginError::Longer), "{longer}");
        }
    }

    #[test]
    fn f07_hosts_are_compared_in_a_labels() {
        // A Cyrillic е, a mixed script, a full-width dot, a name of the old IDNA.
        let cases = [
            ("https://\u{435}xample.com", "https://xn--xample-2of.com"),
            ("https://XN--XAMPLE-2OF.com", "https://xn--xample-2of.com"),
            ("https://ex\u{430}mple.com", "https://xn--exmple-4nf.com"),
            ("https://example\u{ff0e}com", "https://example.com"),
            ("https://stra\u{df}e.example", "https://xn--strae-oqa.example"),
        ];
        for (text, canonical) in cases {
            let origin = Origin::of_url(text).unwrap();
            assert_eq!(origin.to_string(), canonical, "{text}");
            assert_eq!(origin, Origin::of_url(canonical).unwrap());
        }
        assert_ne!(Origin::of_url(cases[0].0), Origin::of_url("https://example.com"));
        for bad in ["https://\u{202e}example.com", "https://a\u{200d}b.com", "app://\u{435}xample"]
        {
            assert!(Origin::of_url(bad).is_err(), "{bad:?}");
        }
    }

    /// For the `url` crate all of these have one and the same origin, `null`.
    #[test]
    fn c16_null_never_equals_anything() {
        let documents = [
            "app://localhost/",
            "data:text/html,x",
            "about:blank",
            "file:///x",
            "tauri://localhost",
        ];
        for document in documents {
            assert_eq!(Url::parse(document).unwrap().origin().ascii_serialization(), "null");
        }
        let origins: Vec<_> =
            documents.iter().filter_map(|text| Origin::of_url(text).ok()).collect();
        assert_eq!(origins.len(), 2, "those without a host have none");
        assert_ne!(origins[0], origins[1]);
        assert_eq!(origins[0], Origin::local());
    }
}
