//! Host and origin patterns, matched label by label.
//!
//! | pattern | matches | never matches |
//! | --- | --- | --- |
//! | `example.com` | `example.com` | `www.example.com`, `notexample.com`, `example.com.evil.com` |
//! | `*.example.com` | `www.example.com`, `a.b.example.com` | `example.com`, `notexample.com` |
//!
//! A `*` is one or more whole labels, stands alone, and stands first. There is no pattern for
//! "any origin".

use std::fmt;

use url::Host;

use crate::glob;

use super::{LOCAL_HOST, LOCAL_SCHEME, OPAQUE, Origin, canonical_host, is_label};

/// A host as a pattern names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPattern {
    /// Whether labels may stand before [`Self::host`].
    subdomains: Subdomains,
    host: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subdomains {
    None,
    OneOrMore,
}

/// Why a text is no host pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HostPatternError {
    #[error("a host pattern cannot be empty")]
    Empty,
    #[error("`*` stands for whole labels, and only as the first one")]
    Star,
    #[error("this is not a host name")]
    Host,
    #[error("a host of numbers has no subdomains")]
    Address,
}

impl HostPattern {
    /// Reads a host pattern; an international name is turned to A-labels.
    pub(crate) fn parse(text: &str, scheme: &str) -> Result<Self, HostPatternError> {
        let (subdomains, name) = match text.strip_prefix("*.") {
            Some(rest) => (Subdomains::OneOrMore, rest),
            None => (Subdomains::None, text),
        };
        if name.is_empty() {
            return Err(HostPatternError::Empty);
        }
        if name.contains('*') {
            return Err(HostPatternError::Star);
        }
        let host = if is_web(scheme) { web_host(name, subdomains)? } else { plain_host(name)? };
        Ok(Self { subdomains, host })
    }

    /// Whether a canonical host matches.
    pub(crate) fn matches(&self, host: &str) -> bool {
        match self.subdomains {
            Subdomains::None => host == self.host,
            Subdomains::OneOrMore => host
                .strip_suffix(self.host.as_str())
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|labels| labels.split('.').all(is_label)),
        }
    }

    /// Whether the pattern covers everybody beneath a top-level name, as `*.com` does.
    pub(crate) fn is_too_wide(&self) -> bool {
        self.subdomains == Subdomains::OneOrMore && !self.host.contains('.')
    }

    /// The hosts that match, as a regular expression.
    pub(crate) fn regex(&self) -> String {
        let host = glob::literal_regex(&self.host);
        match self.subdomains {
            Subdomains::None => host,
            Subdomains::OneOrMore => format!(r"(?:[a-z0-9_-]+\.)+{host}"),
        }
    }

    /// Whether every host that matches is this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "[::1]")
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = match self.subdomains {
            Subdomains::None => "",
            Subdomains::OneOrMore => "*.",
        };
        write!(f, "{star}{}", self.host)
    }
}

/// An origin as a capability names it: `local`, or `scheme://host-pattern[:port]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OriginPattern {
    scheme: String,
    host: HostPattern,
    port: Option<u16>,
}

/// Why a text is no origin pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OriginPatternError {
    #[error("no pattern stands for every origin")]
    Any,
    #[error("an opaque origin cannot be granted anything")]
    Opaque,
    #[error("an origin is `local` or `scheme://host[:port]`")]
    Shape,
    #[error("an origin ends after the port")]
    Longer,
    #[error("the port is not a number from 1 to 65535")]
    Port,
    #[error(transparent)]
    Host(#[from] HostPatternError),
}

impl OriginPattern {
    /// The app's own pages.
    pub(crate) fn local() -> Self {
        let host = HostPattern { subdomains: Subdomains::None, host: LOCAL_HOST.into() };
        Self { scheme: LOCAL_SCHEME.into(), host, port: None }
    }

    /// Reads an origin pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, OriginPatternError> {
        match text {
            "local" => return Ok(Self::local()),
            "*" => return Err(OriginPatternError::Any),
            "null" => return Err(OriginPatternError::Opaque),
            _ => {}
        }
        let (scheme, rest) = text.split_once("://").ok_or(OriginPatternError::Shape)?;
        if !is_scheme(scheme) {
            return Err(OriginPatternError::Shape);
        }
        if OPAQUE.contains(&scheme) {
            return Err(OriginPatternError::Opaque);
        }
        if rest == "*" || rest.starts_with("*:") {
            return Err(OriginPatternError::Any);
        }
        if rest.contains(['/', '?', '#', '\\', '@']) {
            return Err(OriginPatternError::Longer);
        }
        let (host, port) = split_port(rest).ok_or(OriginPatternError::Port)?;
        let host = HostPattern::parse(host, scheme)?;
        let port = port.filter(|port| default_port(scheme) != Some(*port));
        Ok(Self { scheme: scheme.to_owned(), host, port })
    }

    /// Whether the pattern names this origin.
    pub(crate) fn matches(&self, origin: &Origin) -> bool {
        self.scheme == origin.scheme()
            && self.port == origin.port()
            && self.host.matches(origin.host())
    }

    /// The pattern as a policy writes it.
    pub(crate) fn written(&self) -> String {
        if *self == Self::local() { "local".to_owned() } else { self.to_string() }
    }

    /// The origins that match, as a regular expression.
    pub(crate) fn regex(&self) -> String {
        let scheme = glob::literal_regex(&self.scheme);
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}://{}{port}", self.host.regex())
    }

    /// The host part.
    pub(crate) fn host(&self) -> &HostPattern {
        &self.host
    }

    /// Whether anybody on the network's way can speak for this origin.
    pub(crate) fn is_plain_text(&self) -> bool {
        matches!(self.scheme.as_str(), "http" | "ws") && !self.host.is_loopback()
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Splits `host[:port]`; `None` where what follows the host is no port.
pub(crate) fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let after_brackets = text.rfind(']').map_or(text, |end| text.get(end..).unwrap_or_default());
    if !after_brackets.contains(':') {
        return Some((text, None));
    }
    let (host, port) = text.rsplit_once(':')?;
    if port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let port = port.parse().ok().filter(|port| *port != 0)?;
    Some((host, Some(port)))
}

/// The port that a scheme has when none is written.
pub(crate) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b))
}

fn is_web(scheme: &str) -> bool {
    default_port(scheme).is_some()
}

fn web_host(name: &str, subdomains: Subdomains) -> Result<String, HostPatternError> {
    match (Host::parse(name), subdomains) {
        (Ok(Host::Domain(name)), _) => plain_host(&name),
        (Ok(_), Subdomains::OneOrMore) => Err(HostPatternError::Address),
        (Ok(address), Subdomains::None) => Ok(address.to_string()),
        (Err(_), _) => Err(HostPatternError::Host),
    }
}

fn plain_host(name: &str) -> Result<String, HostPatternError> {
    canonical_host(name).map_err(|_| HostPatternError::Host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_wise_matches() {
        let cases = [
            ("local", "app://localhost", true),
            ("local", "https://localhost", false),
            ("https://example.com", "https://example.com", true),
            ("https://EXAMPLE.com", "https://example.com", true),
            ("https://example.com:443", "https://example.com", true),
            ("https://example.com", "https://example.com:8443", false),
            ("https://example.com:8443", "https://example.com:8443", true),
            ("https://example.com", "http://example.com", false),
            ("https://example.com", "https://www.example.com", false),
            ("https://example.com", "https://notexample.com", false),
            ("https://example.com", "https://example.com.evil.com", false),
            ("https://*.example.com", "https://www.example.com", true),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://notexample.com", false),
            ("https://*.example.com", "https://www.example.com.evil.com", false),
            ("https://b\u{fc}cher.example", "https://xn--bcher-kva.example", true),
            ("https://\u{435}xample.com", "https://example.com", false),
            ("http://127.0.0.1:5173", "http://127.0.0.1:5173", true),
            ("http://[::1]:5173", "http://[::1]:5173", true),
            ("http://[::1]", "http://[::1]", true),
            ("tauri://localhost", "tauri://localhost", true),
            ("z3950.r+x-y://example", "z3950.r+x-y://example", true),
        ];
        for (pattern, origin, matches) in cases {
            let pattern = OriginPattern::parse(pattern).unwrap();
            assert_eq!(
                pattern.matches(&Origin::of_url(origin).unwrap()),
                matches,
                "{pattern} {origin}"
            );
        }
    }

    #[test]
    fn what_is_no_origin_pattern() {
        use OriginPatternError::{Any, Host, Longer, Opaque, Port, Shape};
        let cases = [
            ("*", Any),
            ("https://*", Any),
            ("https://*:8443", Any),
            ("null", Opaque),
            ("file://x", Opaque),
            ("data://x", Opaque),
            ("", Shape),
            ("example.com", Shape),
            ("HTTPS://example.com", Shape),
            ("*://example.com", Shape),
            ("1app://example.com", Shape),
            ("-://example.com", Shape),
            ("aPp://example.com", Shape),
            ("a_p://example.com", Shape),
            ("https://example.com/", Longer),
            ("https://example.com/a", Longer),
            ("https://user@example.com", Longer),
            ("https://example.com:0", Port),
            ("https://example.com:65536", Port),
            ("https://example.com:*", Port),
            ("https://example.com:", Port),
            ("https://example.com:+80", Port),
            ("https://", Host(HostPatternError::Empty)),
            ("https://*.", Host(HostPatternError::Empty)),
            ("https://a*.example.com", Host(HostPatternError::Star)),
            ("https://*.*.example.com", Host(HostPatternError::Star)),
            ("https://www.*.com", Host(HostPatternError::Star)),
            ("https://*.0.0.1", Host(HostPatternError::Address)),
            ("https://exa mple.com", Host(HostPatternError::Host)),
            ("https://example.com.", Host(HostPatternError::Host)),
            // What a web address may be spelt like, another one may not.
            ("tauri://b\u{fc}cher.example", Host(HostPatternError::Host)),
        ];
        for (text, error) in cases {
            assert_eq!(OriginPattern::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn what_anybody_on_the_way_can_forge() {
        let cases = [
            ("http://example.com", true),
            ("ws://*.example.com", true),
            ("http://localhost:5173", false),
            ("http://127.0.0.1", false),
            ("ws://[::1]:80", false),
            ("http://localhost.example", true),
            ("https://example.com", false),
            ("wss://example.com", false),
            ("app://localhost", false),
        ];
        for (text, expected) in cases {
            assert_eq!(OriginPattern::parse(text).unwrap().is_plain_text(), expected, "{text}");
        }
    }

    #[test]
    fn patterns_print_as_the_origins_they_name() {
        for text in ["https://*.example.com:8443", "https://example.com", "tauri://localhost"] {
            assert_eq!(OriginPattern::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(OriginPattern::parse("local").unwrap().to_string(), "app://localhost");
        assert_eq!(OriginPattern::parse("app://localhost").unwrap().written(), "local");
        assert_eq!(OriginPattern::parse("https://a.b").unwrap().written(), "https://a.b");
    }
}
