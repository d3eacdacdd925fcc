//! The narrowest pattern for one resource of a call, as a policy would write it.

use url::Url;

/// The path itself. What means something in a pattern becomes `?`, which stands for any one
/// character: there is no other way to write a name with a `*` in it.
pub(super) fn path(named: &str) -> String {
    named.replace(['*', '?', '[', ']', '{', '}', '\\'], "?")
}

/// Scheme, host, port and path. In a path a run of stars becomes one, which stands for it.
pub(super) fn url(named: &Url) -> Option<String> {
    let host = named.host_str()?;
    let port = named.port().map_or_else(String::new, |port| format!(":{port}"));
    let segments: Vec<_> = named.path().split('/').map(one_star).collect();
    Some(format!("{}://{host}{port}{}", named.scheme(), segments.join("/")))
}

fn one_star(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    for c in segment.chars() {
        if c != '*' || !out.ends_with('*') {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directories::Directories;
    use crate::platform::Platform;
    use crate::scope::{PathPattern, ResolvedPath, UrlPattern, read_url};
    use crate::verdict::Effect;

    #[test]
    fn e14_a_path_with_glob_characters_is_matched_by_its_own_pattern() {
        let directories = Directories::sample();
        for named in
            ["/d/a.md", "$APPDATA/a", "/d/[ab]", "/d/{a,b}", "/d/*", "/d/**", "/d/.?", r"/d/a\b"]
        {
            let pattern = PathPattern::parse(&path(named), Effect::Allow, &directories).unwrap();
            let resolved = ResolvedPath::parse(named, &directories, Platform::Linux).unwrap();
            assert!(pattern.matches(&resolved), "{named}");
        }
    }

    #[test]
    fn a_url_is_matched_by_its_own_pattern() {
        for named in [
            "https://example.com",
            "https://example.com:8443/a/b?q#f",
            "http://[::1]:80/",
            "wss://h.example/**/a**b/*",
            "https://h.example/a b/é".replace(' ', "%20").as_str(),
        ] {
            let named = read_url(named).unwrap();
            let pattern = UrlPattern::parse(&url(&named).unwrap()).unwrap();
            assert!(pattern.matches(&named), "{named}");
        }
    }
}
