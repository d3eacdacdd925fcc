//! URLs, and the patterns that take them in: one host at a time, and what lies beneath their first
//! segments. A host is never a wildcard.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::group::Generalised;
use super::keys::EVIDENCE;

/// The URL that a call names, without its query, which no pattern has.
///
/// # Errors
/// Why nothing is proposed for it.
pub(super) fn read(text: &str) -> Result<String, String> {
    let bad = || "its `url` is no address that a policy could name".to_owned();
    let url = Url::parse(text).map_err(|_| bad())?;
    if !matches!(url.scheme(), "https" | "wss") {
        return Err(format!(
            "its address is `{}`, which anybody on the way reads and changes, or worse",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad());
    }
    if is_within(&url.host().ok_or_else(bad)?) {
        return Err("its address leads into this machine or its network".to_owned());
    }
    if url.path().contains(['*', '{', '}']) {
        return Err("its address has a character that means something else in a pattern".to_owned());
    }
    let mut plain = url;
    plain.set_query(None);
    plain.set_fragment(None);
    Ok(plain.into())
}

/// Whether a host is this machine, or in its network.
fn is_within(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            !name.contains('.')
                || [".localhost", ".local", ".internal", ".lan", ".home.arpa"]
                    .iter()
                    .any(|end| name.ends_with(end))
        }
        Host::Ipv4(address) => is_within_v4(*address),
        Host::Ipv6(address) => is_within_v6(*address),
    }
}

fn is_within_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        // Shared address space (RFC 6598).
        || (first == 100 && (64..128).contains(&second))
}

fn is_within_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.to_ipv4_mapped().is_some_and(is_within_v4)
}

/// The patterns that take them all in.
pub(super) fn generalise(urls: &BTreeSet<String>) -> Vec<Generalised> {
    let mut by_front: BTreeMap<String, Vec<(Vec<&str>, &str)>> = BTreeMap::new();
    for url in urls {
        let (host, path) = split(url);
        let segments: Vec<&str> = path.split('/').collect();
        let first = if segments.len() > 1 { segments.first().copied() } else { None };
        let front = format!("{host}/{}", first.unwrap_or_default());
        by_front.entry(front).or_default().push((segments, url));
    }
    by_front.into_values().flat_map(|found| beneath_one_segment(&found)).collect()
}

/// Scheme and authority, and the path without its first slash.
fn split(url: &str) -> (&str, &str) {
    let authority = url.find("://").map_or(0, |at| at.saturating_add(3));
    let slash = url.get(authority..).and_then(|rest| rest.find('/'));
    let end = slash.map_or(url.len(), |at| authority.saturating_add(at));
    let path = url.get(end..).unwrap_or_default();
    (url.get(..end).unwrap_or(url), path.strip_prefix('/').unwrap_or(path))
}

fn beneath_one_segment(found: &[(Vec<&str>, &str)]) -> Vec<Generalised> {
    let Some((first, url)) = found.first() else {
        return Vec::new();
    };
    let shared = found.iter().fold(first.len().saturating_sub(1), |most, (segments, _)| {
        let same = segments.iter().zip(first).take_while(|(a, b)| a == b).count();
        most.min(same).min(segments.len().saturating_sub(1))
    });
    if found.len() < EVIDENCE || shared == 0 {
        return found.iter().map(|(_, url)| Generalised::literal(*url)).collect();
    }
    let front: Vec<&str> = first.iter().take(shared).copied().collect();
    let place = format!("{}/{}", split(url).0, front.join("/"));
    let next = shared.saturating_add(1);
    // A closing slash is an empty segment, which `*` alone does not match.
    let flat =
        found.iter().all(|(s, _)| s.len() == next && s.last().is_some_and(|s| !s.is_empty()));
    if flat {
        let also = Some(format!("any address one segment below `{place}`"));
        return vec![Generalised { text: format!("{place}/*"), also }];
    }
    let also = Some(format!("any address beneath `{place}`"));
    vec![Generalised { text: format!("{place}/**"), also }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_kept_and_the_first_segments_with_it() {
        let e = "https://e.com";
        #[rustfmt::skip]
        let cases = [
            (vec!["/a", "/b", "/c"], vec!["/a", "/b", "/c"]),
            (vec!["/v1/a", "/v1/b"], vec!["/v1/a", "/v1/b"]),
            (vec!["/v1/a", "/v1/b", "/v1/c"], vec!["/v1/*"]),
            (vec!["/v1/a", "/v1/b", "/v1/c/d"], vec!["/v1/**"]),
            (vec!["/v1/n/a", "/v1/n/b", "/v1/n/c"], vec!["/v1/n/*"]),
            (vec!["/v1/a", "/v1/b", "/v1/"], vec!["/v1/**"]),
            (vec!["/v1/a", "/v1/b", "/v2/c"], vec!["/v1/a", "/v1/b", "/v2/c"]),
        ];
        for (paths, patterns) in cases {
            let urls = paths.iter().map(|path| read(&format!("{e}{path}?q=1#f")).unwrap());
            let found = generalise(&urls.collect());
            let found: Vec<_> = found.into_iter().map(|pattern| pattern.text).collect();
            let patterns: Vec<_> = patterns.iter().map(|path| format!("{e}{path}")).collect();
            assert_eq!(found, patterns, "{paths:?}");
        }
        let hosts = ["https://a.com/v/1", "https://b.com/v/2", "https://c.com/v/3"];
        assert_eq!(generalise(&hosts.map(str::to_owned).into()).len(), 3);
    }

    #[test]
    fn what_no_grant_is_proposed_for() {
        for bad in [
            "nonsense",
            "http://e.com/",
            "file:///etc/passwd",
            "https://u:p@e.com/",
            "https://e.com/*",
            "https://localhost/",
            "https://router/",
            "https://nas.local/",
            "https://127.0.0.1/",
            "https://10.1.2.3/",
            "https://169.254.169.254/latest",
            "https://[::1]/",
            "https://[fd00::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://100.64.0.1/",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
