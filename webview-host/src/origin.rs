//! Origins: scheme, host and port, compared as wholes. An address without an authority
//! (`data:`, `about:`, `file:///…`) has no origin here, and what has none equals nothing.
//!
//! The comparison is the host's second look at what WebKit says; which origin may do what is
//! for the broker.

use std::fmt;

/// A scheme, a host and the port if it is not the scheme's own; all of it lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: String,
    host: String,
    port: Option<u16>,
}

impl Origin {
    /// The origin of an absolute address; none where it has no host, carries a user name, or
    /// is written in a way that two readers could read differently.
    pub(crate) fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        if !is_scheme(&scheme) || scheme == "file" {
            return None;
        }
        let authority = rest.split(['/', '?', '#']).next()?.to_ascii_lowercase();
        let (host, port) = split_port(&authority)?;
        if !is_host(host) {
            return None;
        }
        let port = port.filter(|port| default_port(&scheme) != Some(*port));
        Some(Self { scheme, host: host.to_owned(), port })
    }

    /// An origin as it is written in a list: an address that is nothing but an origin.
    pub(crate) fn exactly(text: &str) -> Option<Self> {
        let (_, rest) = text.split_once("://")?;
        (!rest.contains(['/', '?', '#'])).then(|| Self::of(text)).flatten()
    }

    /// Whether this is `parent` with one label or more before its host.
    pub(crate) fn is_beneath(&self, parent: &Self) -> bool {
        let labels = self.host.strip_suffix(&parent.host).and_then(|rest| rest.strip_suffix('.'));
        (&self.scheme, self.port) == (&parent.scheme, parent.port)
            && labels.is_some_and(|labels| labels.split('.').all(|label| !label.is_empty()))
    }

    /// Scheme and host alone, with `prefix` before the host.
    pub(crate) fn without_port(&self, prefix: &str) -> String {
        format!("{}://{prefix}{}", self.scheme, self.host)
    }

    /// What stands before and after the labels of an origin beneath this one.
    pub(crate) fn around_subdomains(&self) -> (String, String) {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        (format!("{}://", self.scheme), format!(".{}{port}", self.host))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let tail = authority.rfind(']').map_or(Some(authority), |end| authority.get(end..))?;
    if !tail.contains(':') {
        return Some((authority, None));
    }
    let (host, port) = authority.rsplit_once(':')?;
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    Some((host, Some(port.parse().ok().filter(|_| digits)?)))
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

fn is_host(host: &str) -> bool {
    let name = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    match name {
        Some(six) => {
            !six.is_empty() && six.bytes().all(|b| b.is_ascii_hexdigit() || b":.".contains(&b))
        }
        None => {
            !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        }
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_the_origin_that_it_is_written_with() {
        for (url, origin) in [
            ("app://localhost/a/b?c#d", Some("app://localhost")),
            ("APP://LocalHost", Some("app://localhost")),
            ("https://example.com:443/", Some("https://example.com")),
            ("https://example.com:8443/", Some("https://example.com:8443")),
            ("http://[::1]:80/", Some("http://[::1]")),
            ("app://localhost?x", Some("app://localhost")),
            ("app://evil@localhost/", None),
            ("app://localhost:99999/", None),
            ("app://localhost:+1/", None),
            ("app://local host/", None),
            ("app:///", None),
            ("file:///etc/passwd", None),
            ("file://localhost/etc/passwd", None),
            ("data:text/html,app://localhost", None),
            ("blob:app://localhost/1", None),
            ("about:blank", None),
            ("null", None),
            ("", None),
        ] {
            assert_eq!(Origin::of(url).map(|o| o.to_string()).as_deref(), origin, "{url}");
        }
    }

    #[test]
    fn a_list_holds_origins_and_nothing_more() {
        assert!(Origin::exactly("app://localhost").is_some());
        for text in ["app://localhost/", "app://localhost/x", "app://*", "*", "null", "app://"] {
            assert_eq!(Origin::exactly(text), None, "{text}");
        }
    }
}
