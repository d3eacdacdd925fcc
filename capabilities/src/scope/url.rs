//! URL patterns: scheme, host, port and path, each compared as its own kind of thing.
//!
//! | pattern | matches | never matches |
//! | --- | --- | --- |
//! | `https://example.com/**` | every path of the host, `/` too | another scheme, host or port |
//! | `https://*.example.com/api/*` | `https://a.b.example.com/api/x` | `https://example.com/api/x` |
//! | `https://example.com:8443/a` | that port alone | `https://example.com/a` |
//!
//! In the path `*` is any run of characters within one segment and `**`, alone between two `/`, any
//! number of segments, none too. It is matched on the canonical path, as the `url` crate writes it. A query
//! or a fragment is not looked at, and a pattern has none. Where the host's name leads (a
//! loopback address, say) is for whoever connects.

use std::sync::Arc;

use url::{Host, Url};

use super::PatternError;
use crate::glob::{self, Items, Question};
use crate::origin::{HostPattern, default_port, split_port};

/// The most bytes of a URL that a call names.
const MAX_BYTES: usize = 8 * 1024;

/// Reads the URL that a call names, and refuses what two readers could take for different places.
pub(crate) fn read_url(text: &str) -> Result<Url, &'static str> {
    if text.len() > MAX_BYTES {
        return Err("the URL is too long");
    }
    // The parser drops tabs and line ends and takes `\` for `/`.
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err("the URL has a blank, a control character or a backslash");
    }
    // It takes `https:h`, `https:/h` and `https:///h` for `https://h`, which other readers do not.
    let (scheme, rest) = text.split_once("://").ok_or("it is not an absolute URL")?;
    if scheme.contains([':', '/', '?', '#']) {
        return Err("the URL has no `://` after its scheme");
    }
    if rest.starts_with('/') {
        return Err("the URL has no host");
    }
    let url = Url::parse(text).map_err(|_| "it is not an absolute URL")?;
    if default_port(url.scheme()).is_none() {
        return Err("the URL's scheme is none of https, http, wss and ws");
    }
    if !url.username().is_empty() || url.password().is_some() || has_userinfo(text) {
        return Err("the URL has a user name");
    }
    let path = url.path().to_ascii_lowercase();
    if ["%2f", "%5c", "%00"].iter().any(|encoded| path.contains(encoded)) {
        return Err("the URL's path has an encoded slash or nought");
    }
    if path.contains("//") {
        return Err("the URL's path has an empty segment");
    }
    Ok(url)
}

/// A pattern of URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UrlPattern {
    written: Arc<str>,
    scheme: String,
    host: HostPattern,
    /// With the scheme's own where none is written.
    port: u16,
    /// Canonical, without the `/` at the front.
    path: String,
}

impl UrlPattern {
    /// Reads a pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let (scheme, rest) = text.split_once("://").ok_or_else(shape)?;
        let port = default_port(scheme).ok_or_else(|| {
            PatternError::new(format!("the scheme `{scheme}` is none of https, http, wss and ws"))
        })?;
        let (authority, path) = rest.split_once('/').ok_or_else(|| {
            PatternError::new("the URL pattern has no path")
                .help(format!("write `{text}/**` for every path of the host"))
        })?;
        if authority.contains(['@', '?', '#', '\\']) {
            return Err(shape());
        }
        if authority == "*" {
            return Err(PatternError::new("no pattern stands for every host")
                .help("name the host, like `https://*.example.com/**`"));
        }
        let (host, written_port) = split_port(authority)
            .ok_or_else(|| PatternError::new("the port is not a number from 1 to 65535"))?;
        let host =
            HostPattern::parse(host, scheme).map_err(|e| PatternError::new(e.to_string()))?;
        let path = canonical_path(path)?;
        let port = written_port.unwrap_or(port);
        Ok(Self { written: text.into(), scheme: scheme.to_owned(), host, port, path })
    }

    /// The pattern as written.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// Whether the pattern matches the URL.
    pub(crate) fn matches(&self, url: &Url) -> bool {
        let path = url.path();
        self.scheme == url.scheme()
            && url.port_or_known_default() == Some(self.port)
            && self.matches_host(url)
            && glob::matches(
                self.path.split('/'),
                path.strip_prefix('/').unwrap_or(path).split('/'),
                &Segments,
            )
    }

    /// The URLs that match, as `scheme://host:port/path` with the port always written, as a regular
    /// expression.
    pub(crate) fn regex(&self) -> String {
        let item = |segment: &str| match segment {
            "**" => "(?:/[^/]*)*".to_owned(),
            "*" => "/[^/]+".to_owned(),
            _ => format!("/{}", glob::text_regex(segment, "[^/]", Question::Literal)),
        };
        let path: String = self.path.split('/').map(item).collect();
        format!("{}://{}:{}{path}", self.scheme, self.host.regex(), self.port)
    }

    /// Whether the pattern covers everybody beneath a top-level name.
    pub(crate) fn is_too_wide(&self) -> bool {
        self.host.is_too_wide()
    }

    fn matches_host(&self, url: &Url) -> bool {
        match url.host() {
            Some(Host::Domain(name)) => self.host.matches(name),
            Some(address @ (Host::Ipv4(_) | Host::Ipv6(_))) => {
                self.host.matches(&address.to_string())
            }
            None => false,
        }
    }
}

struct Segments;

impl Items<&str, &str> for Segments {
    fn is_run(&self, item: &&str) -> bool {
        *item == "**"
    }

    fn fits(&self, item: &&str, found: &&str) -> bool {
        // A `*` alone is one segment, and the nothing after a closing `/` is none.
        (*item != "*" || !found.is_empty()) && glob::text_matches(item, found, Question::Literal)
    }

    fn crosses(&self, _: &&str) -> bool {
        true
    }
}

/// The path of a pattern, encoded as that of a URL is, so that the two compare.
fn canonical_path(path: &str) -> Result<String, PatternError> {
    if path.contains(['?', '#']) {
        return Err(PatternError::new("a URL pattern ends with its path")
            .help("leave out what begins at `?` or `#`: a query is not looked at"));
    }
    if path.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(PatternError::new(
            "the URL pattern has a blank, a control character or a backslash",
        ));
    }
    if let Some(special) = path.chars().find(|c| matches!(c, '{' | '}')) {
        // The parser would write `%7B`, and the pattern would match nothing that its author meant.
        return Err(PatternError::new(format!("`{special}` means nothing in a URL pattern"))
            .help("write one pattern for each alternative"));
    }
    for segment in path.split('/') {
        // `a/../b` is one thing to the parser and another to the reader of the policy.
        if matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..") {
            return Err(PatternError::new("a URL pattern has no segment `.` or `..`"));
        }
        if segment.contains("**") && segment != "**" {
            return Err(PatternError::new(
                "`**` stands for whole segments and must stand alone between two `/`",
            )
            .help("write `*` for a run of characters within one segment"));
        }
    }
    let whole = read_url(&format!("https://h/{path}")).map_err(PatternError::new)?;
    let canonical = whole.path().strip_prefix('/').unwrap_or_default();
    // `a/../b` is one thing to the parser and another to the reader of the policy.
    if canonical.split('/').count() != path.split('/').count() {
        return Err(PatternError::new("a URL pattern has no segment `.` or `..`"));
    }
    Ok(canonical.to_owned())
}

/// Whether there is an `@` before the path: `https://@example.com` has a user name that is empty.
fn has_userinfo(text: &str) -> bool {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default().contains('@')
}

fn shape() -> PatternError {
    PatternError::new("a URL pattern is `scheme://host[:port]/path`")
        .help("write it like `https://*.example.com/api/**`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f08_hosts_are_compared_label_by_label_and_paths_segment_by_segment() {
        #[rustfmt::skip]
        let cases = [
            ("https://example.com/**", "https://example.com", true),
            ("https://example.com/**", "https://EXAMPLE.com:443/a/b?q#f", true),
            ("https://example.com/**", "http://example.com/a", false),
            ("https://example.com/**", "wss://example.com/a", false),
            ("https://example.com/**", "https://example.com:8443/a", false),
            ("https://example.com/**", "https://notexample.com/a", false),
            ("https://example.com/**", "https://example.com.evil.com/a", false),
            ("https://example.com/**", "https://example.com./a", false),
            ("https://example.com/**", "https://www.example.com/a", false),
            ("https://*.example.com/**", "https://www.example.com/a", true),
            ("https://*.example.com/**", "https://a.b.example.com/a", true),
            ("https://*.example.com/**", "https://example.com/a", false),
            ("https://*.example.com/**", "https://notexample.com/a", false),
            ("https://*.example.com/**", "https://www.example.com.evil.com/", false),
            ("https://example.com:8443/**", "https://example.com:8443/a", true),
            ("https://example.com/api/*", "https://example.com/api/x", true),
            ("https://example.com/api/*", "https://example.com/api/x/y", false),
            ("https://example.com/api/*", "https://example.com/api/", false),
            ("https://example.com/api/*", "https://example.com/api", false),
            ("https://example.com/api/**", "https://example.com/api", true),
            ("https://example.com/api/**", "https://example.com/api/", true),
            ("https://example.com/api/**", "https://example.com/apix", false),
            ("https://example.com/api/**", "https://example.com/api/../admin", false),
            ("https://example.com/api/**", "https://example.com/api/%2e%2e/admin", false),
            ("https://example.com/a*c/x", "https://example.com/abc/x", true),
            ("https://example.com/", "https://example.com", true),
            ("https://example.com/", "https://example.com/a", false),
            ("https://example.com/ü", "https://example.com/%C3%BC", true),
            ("https://bücher.example/**", "https://xn--bcher-kva.example/", true),
            ("https://xn--xample-2of.com/**", "https://\u{435}xample.com/", true),
            ("https://example.com/**", "https://\u{435}xample.com/", false),
            ("http://127.0.0.1:5173/**", "http://127.1:5173/", true),
            ("http://[::1]:5173/**", "http://[::1]:5173/", true),
        ];
        for (pattern, url, matches) in cases {
            let pattern = UrlPattern::parse(pattern).unwrap_or_else(|e| panic!("{pattern}: {e:?}"));
            assert_eq!(pattern.matches(&read_url(url).unwrap()), matches, "{pattern:?} {url}");
        }
    }

    #[test]
    fn f07_international_hosts_are_compared_in_a_labels() {
        let cases = [
            ("https://xn--xample-2of.com/**", "https://\u{435}xample.com/", true),
            ("https://\u{435}xample.com/**", "https://xn--xample-2of.com/", true),
            ("https://\u{435}xample.com/**", "https://example.com/", false),
            ("https://example.com/**", "https://\u{435}xample.com/", false),
            ("https://*.example/**", "https://b\u{fc}cher.example/", true),
            ("https://*.b\u{fc}cher.example/**", "https://a.xn--bcher-kva.example/", true),
            ("https://example.com/**", "https://example\u{3002}com/", true),
        ];
        for (pattern, url, matches) in cases {
            let pattern = UrlPattern::parse(pattern).unwrap();
            assert_eq!(pattern.matches(&read_url(url).unwrap()), matches, "{pattern:?} {url}");
        }
        for bad in ["https://\u{202e}example.com/", "https://a\u{200d}b.com/", "https://xn--a.com/"]
        {
            assert!(read_url(bad).is_err(), "{bad:?}");
            assert!(UrlPattern::parse(&format!("{bad}**")).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_longest_url() {
        let long = |bytes: usize| format!("https://a/{}", "p".repeat(bytes - "https://a/".len()));
        assert!(read_url(&long(8_192)).is_ok());
        assert_eq!(read_url(&long(8_193)), Err("the URL is too long"));
    }

    #[test]
    fn what_is_no_url_of_a_call() {
        let bad = [
            "",
            "example.com",
            "/a",
            "//example.com/a",
            "file:///etc/passwd",
            "javascript:1",
            "data:,x",
            "ftp://example.com/",
            "app://localhost/",
            "https://",
            "https:example.com",
            "https:example.com/://",
            "https:/example.com/",
            "https:/example.com/://a",
            "https:///example.com/",
            "https:////example.com/",
            "https://?example.com",
            "https://#example.com",
            "https:?a://example.com/",
            "https:@example.com/",
            "https:\\\\example.com/",
            "https:\\example.com/",
            "https:/\\example.com/",
            "https://\\example.com/",
            "\thttps://example.com/",
            "ht\ntps://example.com/",
            "https://user@example.com/",
            "https:user@example.com/",
            "https::secret@example.com/",
            "https://@example.com/",
            "http://example.com@127.0.0.1/",
            "https://a:b@example.com/",
            " https://example.com/",
            "https://example.com/a\tb",
            "https://example.com\\@evil.com/",
            "https://example.com\\a",
            "https://example.com/a\u{1}b",
            "https://example.com/a\u{7f}",
            "https://example.com/a%2fb",
            "https://example.com/a%5Cb",
            "https://example.com/%00",
            "https://example.com/a//b",
            "https://exa mple.com/",
        ];
        for text in bad {
            assert!(read_url(text).is_err(), "{text:?}");
        }
        assert!(read_url(&format!("https://example.com/{}", "a".repeat(MAX_BYTES))).is_err());
    }

    /// A pattern that the parser would read in its own way is refused in the pattern's words.
    #[test]
    fn a_url_pattern_is_written_plainly() {
        for path in ["a b", "a ", "a\u{1}", "a\tb", "a\\b", "\u{7f}"] {
            let error = UrlPattern::parse(&format!("https://example.com/{path}")).unwrap_err();
            let words = "the URL pattern has a blank, a control character or a backslash";
            assert_eq!(error.message, words, "{path:?}");
        }
    }

    /// A `*` wants a segment, and `**` wants none.
    #[test]
    fn patterns_as_regular_expressions() {
        let cases = [
            ("https://example.com/*", "/[^/]+"),
            ("https://example.com/**", "(?:/[^/]*)*"),
            ("https://example.com/a*", "/a[^/]*"),
        ];
        for (pattern, path) in cases {
            let host = glob::literal_regex("example.com");
            let parsed = UrlPattern::parse(pattern).unwrap();
            assert_eq!(parsed.regex(), format!("https://{host}:443{path}"), "{pattern}");
            assert_eq!(parsed.written(), pattern);
        }
    }

    #[test]
    fn what_is_no_url_pattern() {
        let bad = [
            "",
            "example.com",
            "https://example.com",
            "ftp://example.com/**",
            "*://example.com/**",
            "https://*/**",
            "https://*:443/**",
            "https://a*.com/**",
            "https://user@example.com/**",
            "https://example.com/a?b",
            "https://example.com/#f",
            "https://example.com/a**",
            "https://example.com/a/../b",
            "https://example.com/..",
            "https://example.com/%2E./a",
            "https://example.com/./a",
            "https://example.com:0/",
            "https://example.com:*/",
            "https://example.com//a",
            "https://example.com/{dir}/**",
            "https://example.com/{a,b}",
            "https://*.1/**",
        ];
        for text in bad {
            assert!(UrlPattern::parse(text).is_err(), "{text:?}");
        }
        assert!(UrlPattern::parse("https://*.com/**").unwrap().is_too_wide());
        assert!(!UrlPattern::parse("https://*.example.com/**").unwrap().is_too_wide());
    }
}
