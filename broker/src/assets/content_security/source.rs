//! One source of a content security policy: whether it is one that an app may add, and whether
//! it undoes what the policy is for. All of its letters are from a short list, so that none of
//! them ends a directive or a header.

/// It lets every inline script or style run.
pub(super) const UNSAFE_INLINE: &str = "'unsafe-inline'";

/// The longest source: an origin with a path.
const MAX_LENGTH: usize = 512;

/// What undoes a policy, or opens more than one place.
const DANGEROUS: [&str; 12] = [
    UNSAFE_INLINE,
    "'unsafe-eval'",
    "'unsafe-hashes'",
    "'strict-dynamic'",
    "*",
    "https:",
    "http:",
    "wss:",
    "ws:",
    "data:",
    "blob:",
    "app:",
];

/// Directives that take data of the page's own making, which runs nothing there.
const PASSIVE: [&str; 4] = ["img-src", "font-src", "media-src", "connect-src"];

/// How much a source opens. The order is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Risk {
    /// One place, or one script by its hash.
    None,
    /// The policy is no protection any more.
    Dangerous,
}

/// The risk of `source` in `directive`, if it is a source at all.
pub(super) fn risk(directive: &str, source: &str) -> Option<Risk> {
    let passive = PASSIVE.contains(&directive);
    match source {
        "'self'" => Some(Risk::None),
        "data:" | "blob:" if passive => Some(Risk::None),
        // WebAssembly has no more power than the script that starts it.
        "'wasm-unsafe-eval'" if directive == "script-src" => Some(Risk::None),
        _ if DANGEROUS.contains(&source) => Some(Risk::Dangerous),
        _ if is_hash(source) => {
            ["script-src", "style-src"].contains(&directive).then_some(Risk::None)
        }
        _ => place(source),
    }
}

/// `'sha256-…'`, and the longer ones.
fn is_hash(source: &str) -> bool {
    let inner = source.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let Some((algorithm, hash)) = inner.and_then(|inner| inner.split_once('-')) else {
        return false;
    };
    let length = match algorithm {
        "sha256" => 44,
        "sha384" => 64,
        "sha512" => 88,
        _ => return false,
    };
    hash.len() == length && hash.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
}

/// `https://host[:port][/path]`, where the host may begin with `*.`; the same without encryption
/// is somebody else's to change.
fn place(source: &str) -> Option<Risk> {
    let (scheme, rest) = source.split_once("://").filter(|_| source.len() <= MAX_LENGTH)?;
    let risk = match scheme {
        "https" | "wss" => Risk::None,
        "http" | "ws" => Risk::Dangerous,
        _ => return None,
    };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let port_is_good = port.parse::<u16>().is_ok() && port.bytes().all(|b| b.is_ascii_digit());
    let name = host.strip_prefix("*.").unwrap_or(host);
    let whole_country = host.starts_with("*.") && !name.contains('.');
    let label = |label: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !label.is_empty() && label.bytes().all(plain)
    };
    let path_is_good = path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/".contains(&b));
    let good = port_is_good && path_is_good && name.split('.').all(label);
    good.then_some(if whole_country { Risk::Dangerous } else { risk })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_one_place_or_dangerous_or_none_at_all() {
        let hash = format!("'sha256-{}='", "a".repeat(43));
        let short = format!("'sha256-{}='", "a".repeat(42));
        let odd = format!("'sha1-{}='", "a".repeat(43));
        let (safe, danger) = (Some(Risk::None), Some(Risk::Dangerous));
        for (directive, source, expected) in [
            ("img-src", "'self'", safe),
            ("img-src", "https://example.com", safe),
            ("img-src", "https://*.example.com", safe),
            ("img-src", "https://example.com:8443/a/b.png", safe),
            ("connect-src", "wss://example.com", safe),
            ("img-src", "data:", safe),
            ("frame-src", "data:", danger),
            ("worker-src", "blob:", danger),
            ("script-src", "blob:", danger),
            ("script-src", "'wasm-unsafe-eval'", safe),
            ("img-src", "'wasm-unsafe-eval'", None),
            ("script-src", &hash, safe),
            ("img-src", &hash, None),
            ("script-src", &short, None),
            ("script-src", &odd, None),
            ("script-src", "'unsafe-eval'", danger),
            ("script-src", "'UNSAFE-EVAL'", None),
            ("script-src", "unsafe-eval", None),
            ("img-src", "*", danger),
            ("img-src", "https://*.com", danger),
            ("img-src", "https://*", None),
            ("img-src", "http://example.com", danger),
            ("img-src", "ftp://example.com", None),
            ("img-src", "example.com", None),
            ("img-src", "https://Example.com", None),
            ("img-src", "https://a@example.com", None),
            ("img-src", "https://a.*.com", None),
            ("img-src", "https://a..com", None),
            ("img-src", "https://example.com:", None),
            ("img-src", "https://example.com:+1", None),
            ("img-src", "https://example.com:99999", None),
            ("img-src", "https://example.com/a?b", None),
            ("img-src", "https://example.com/;script-src", None),
            ("img-src", "https://example.com /", None),
            ("img-src", "https://example.com,x", None),
            ("img-src", "https://", None),
            ("img-src", "'none'", None),
            ("img-src", "'nonce-abc'", None),
            ("img-src", "", None),
        ] {
            assert_eq!(risk(directive, source), expected, "{directive} {source}");
        }
        assert_eq!(risk("img-src", &format!("https://a.example/{}", "a".repeat(MAX_LENGTH))), None);
    }
}
