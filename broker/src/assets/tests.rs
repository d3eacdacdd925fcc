//! What a page gets for an address, whatever it asks with and wherever the files are.

use super::*;
use crate::wire::{RequestId, WindowId};

/// The pages in a directory, under the policy that nobody added to.
fn in_directory(path: &std::path::Path) -> Assets {
    Pages { place: Place::Directory(path.to_owned()), ..Pages::default() }.open(false).unwrap()
}

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
    (asset.status, String::from_utf8(asset.body.into_owned()).unwrap())
}

fn value<'a>(asset: &'a Asset, name: &str) -> Option<&'a str> {
    asset.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_part_is_sent_and_what_the_page_has_is_not() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("film.mp4"), "0123456789").unwrap();
    let assets = in_directory(place.path());
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
fn f09_nothing_of_a_request_is_repeated_in_a_header() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("index.html"), "home").unwrap();
    std::fs::write(place.path().join("a\u{b}x-evil: 1.html"), "odd").unwrap();
    let assets = in_directory(place.path());
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
                    assert!(!name.contains("evil") && !value.contains("evil"), "{name}: {value}");
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
    let assets = in_directory(&ui);
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

#[test]
fn an_archive_is_served_like_a_directory() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("a")).unwrap();
    for (name, body) in [("index.html", "home"), ("a/b.js", "script"), ("film.mp4", "0123456789")] {
        std::fs::write(place.path().join(name), body).unwrap();
    }
    let archive = UiArchive::parse(UiArchive::pack(place.path()).unwrap().leak()).unwrap();
    let packed = Pages { place: Place::Archive(archive), ..Pages::default() }.open(false).unwrap();
    let directory = in_directory(place.path());
    let plain = |asset: Asset| (asset.status, asset.headers, asset.body);
    for url in ["film.mp4", "a/b.js", "a/b.js?x", "none", "a", "../index.html", "%2e%2e/a", "a%00"]
    {
        let url = format!("{OWN}{url}");
        for headers in [&[][..], &[("range", "bytes=2-4")]] {
            let (one, other) =
                (ask(&packed, "GET", &url, headers), ask(&directory, "GET", &url, headers));
            assert_eq!(plain(one), plain(other), "{url} {headers:?}");
        }
    }
    assert_eq!(get(&packed, "GET", OWN), (200, "home".to_owned()));
}

#[test]
fn each_document_has_a_nonce_of_its_own_and_is_never_kept() {
    let place = tempfile::tempdir().unwrap();
    let page = "<script nonce=\"{{nonce}}\">run()</script>";
    for name in ["index.html", "page.xhtml", "template.js"] {
        std::fs::write(place.path().join(name), page).unwrap();
    }
    let assets = in_directory(place.path());
    for name in ["index.html", "page.xhtml"] {
        let mut seen = std::collections::BTreeSet::new();
        for headers in [&[][..], &[("range", "bytes=2-4")], &[("if-none-match", "*")]] {
            let asset = ask(&assets, "GET", &format!("{OWN}{name}"), headers);
            let body = String::from_utf8(asset.body.to_vec()).unwrap();
            let nonce = body.split('"').nth(1).unwrap().to_owned();
            let policy = value(&asset, "content-security-policy").unwrap();
            assert!(policy.contains(&format!("script-src 'self' 'nonce-{nonce}';")), "{policy}");
            assert!(policy.contains(&format!("style-src 'self' 'nonce-{nonce}';")), "{policy}");
            assert_eq!(asset.status, 200, "{name} {headers:?}");
            assert_eq!(value(&asset, "cache-control"), Some("no-store"));
            assert_eq!(value(&asset, "etag"), None);
            assert!(seen.insert(nonce), "{name}: a nonce twice");
        }
    }
    let script = ask(&assets, "GET", &format!("{OWN}template.js"), &[]);
    assert_eq!(script.body, page.as_bytes(), "no document, no nonce");
    assert!(!value(&script, "content-security-policy").unwrap().contains("nonce"));
}

#[test]
fn what_an_app_adds_to_the_policy_is_in_every_answer() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("a.html"), "a").unwrap();
    let security = ContentSecurity::default().add("img-src", "https://a.example").unwrap();
    let place = Place::Directory(place.path().to_owned());
    let assets = Pages { place, security, ..Pages::default() }.open(false).unwrap();
    for (method, page) in [("GET", "a.html"), ("GET", "none"), ("POST", "a.html")] {
        let asset = ask(&assets, method, &format!("{OWN}{page}"), &[]);
        let policy = value(&asset, "content-security-policy").unwrap();
        assert!(policy.contains("img-src 'self' data: blob: https://a.example;"), "{policy}");
    }
}

#[test]
fn a_dev_server_is_for_debug_runs_and_has_a_place_of_its_own() {
    let url = "http://localhost:1";
    let ours = DevServer::parse(url).unwrap().dangerously_as_local();
    for (server, debug, expected) in [
        (None, true, "app://localhost/a.html"),
        (Some(DevServer::parse(url).unwrap()), false, "app://localhost/a.html"),
        (Some(ours.clone()), false, "app://localhost/a.html"),
        #[cfg(feature = "dev-server")]
        (Some(DevServer::parse(url).unwrap()), true, "app://dev/a.html"),
        #[cfg(feature = "dev-server")]
        (Some(ours), true, "app://localhost/a.html"),
    ] {
        let shown = format!("{server:?} {debug}");
        let assets = Pages { dev_server: server, ..Pages::default() }.open(debug).unwrap();
        assert_eq!(assets.place_of("app://localhost/a.html"), expected, "{shown}");
        for elsewhere in ["https://example.com/", "app://localhost.evil/", "app://other/"] {
            assert_eq!(assets.place_of(elsewhere), elsewhere, "{shown}");
        }
    }
}

#[test]
fn a_directory_that_is_not_built_yet_is_missed_where_there_is_no_dev_server() {
    let missing = || Place::Directory("/nonexistent/ui".into());
    let server = DevServer::parse("http://localhost:1").ok();
    for (dev_server, debug, opens) in [
        (None, true, false),
        (server.clone(), false, false),
        #[cfg(feature = "dev-server")]
        (server, true, true),
    ] {
        let pages = Pages { place: missing(), dev_server, ..Pages::default() };
        assert_eq!(pages.open(debug).is_ok(), opens, "debug: {debug}");
    }
}

#[test]
fn whatever_is_served_fits_into_a_frame() {
    use crate::wire::{AssetReply, MAX_TO_HOST, ToHost, encode};
    let place = tempfile::tempdir().unwrap();
    let full = usize::try_from(MAX_ASSET).unwrap();
    let placeholder = "nonce=\"{{nonce}}\"";
    let grown = placeholder.repeat(full / placeholder.len());
    for (name, body) in
        [("a.css", &"x".repeat(full)), ("a.html", &"x".repeat(full)), ("b.html", &grown)]
    {
        std::fs::write(place.path().join(name), body).unwrap();
    }
    let mut security = ContentSecurity::default();
    while let Ok(more) = security.clone().add("connect-src", "https://a-server.example.com") {
        security = more;
    }
    let place = Place::Directory(place.path().to_owned());
    let assets = Pages { place, security, ..Pages::default() }.open(false).unwrap();
    for (name, status) in [("a.css", 200), ("a.html", 200), ("b.html", 413)] {
        let headers = [("range", "bytes=0-")];
        let asset = ask(&assets, "GET", &format!("{OWN}{name}"), &headers);
        assert_eq!(asset.status == 413, status == 413, "{name}: {}", asset.status);
        let (request, status, body) = (RequestId(u64::MAX), asset.status, &*asset.body);
        let reply = AssetReply { request, status, headers: asset.headers, body };
        assert!(encode(&ToHost::Asset(reply), MAX_TO_HOST).is_ok(), "{name}");
    }
}

#[cfg(feature = "dev-server")]
mod dev;
