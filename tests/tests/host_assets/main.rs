//! The app's pages in a real WebView, from the stock broker: which of their scripts run, what is
//! decoded for them, and where they come from in a debug run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::needless_pass_by_value,
    reason = "tests"
)]

mod dev_server;
mod folder;
mod security;

use std::collections::BTreeMap;

use serde_json::json;
use sidegate_tests::{
    Display,
    fake_broker::{Asset, FakeBroker, echo},
};

use folder::Folder;

/// `document.documentElement.dataset.packed = 'ran';`, by the reference implementation of brotli.
const BROTLI: &[u8] = &[
    0x1b, 0x2f, 0x00, 0x00, 0x1c, 0xa9, 0x51, 0x9f, 0x3b, 0xe2, 0x11, 0x2a, 0x3d, 0x77, 0xc2, 0xe4,
    0x9a, 0xcc, 0x6d, 0x8e, 0x4e, 0xba, 0x9c, 0x94, 0x81, 0x43, 0x0e, 0x9c, 0x5e, 0x5b, 0x82, 0x61,
    0x46, 0x95, 0xc5, 0x35, 0xc3, 0x79, 0x2b, 0x0b, 0x11, 0xf4, 0x1e, 0xa6, 0xbd, 0x83, 0x9f, 0x39,
    0x81, 0x9d, 0x01,
];

/// The same by zlib.
const GZIP: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x4b, 0xc9, 0x4f, 0x2e, 0xcd, 0x4d,
    0xcd, 0x2b, 0xd1, 0x4b, 0x81, 0x32, 0x5c, 0x73, 0x52, 0x21, 0xfc, 0xc4, 0x92, 0xc4, 0xe2, 0xd4,
    0x12, 0xbd, 0x82, 0xc4, 0xe4, 0xec, 0xd4, 0x14, 0x05, 0x5b, 0x05, 0xf5, 0xa2, 0xc4, 0x3c, 0x75,
    0x6b, 0x00, 0xc3, 0xfa, 0x1c, 0x5a, 0x30, 0x00, 0x00, 0x00,
];

/// What tells a test in a window's title how it went.
const TELL: &str = "
    const packed = document.documentElement.dataset.packed;
    sidegate.invoke('window.set_title', { title: `packed: ${packed}` });";

#[test]
fn compressed_files_are_decoded_before_the_page_gets_them() {
    for (name, body) in [("packed.js.br", BROTLI), ("packed.js.gz", GZIP)] {
        let page = "<script src=packed.js></script><script src=tell.js></script>";
        let folder = Folder::new("", "");
        folder.write("index.html", page);
        folder.write("tell.js", TELL);
        folder.write(name, body);
        folder.run(&[]).wait_for_title("packed: ran");
    }
}

/// Why the broker decodes: the day that WebKit does it itself, this says so.
#[test]
fn webkit_does_not_decode_what_a_custom_scheme_answers() {
    let plain = &b"document.documentElement.dataset.packed = 'ran';"[..];
    for (encoding, body, expected) in
        [("identity", plain, "ran"), ("br", BROTLI, "not run"), ("gzip", GZIP, "not run")]
    {
        let page = "<!doctype html><body><script src=packed.js></script><script>
            sidegate.invoke('report', document.documentElement.dataset.packed ?? 'not run');
            </script>";
        let script = Asset::Bytes(
            vec![("content-type", "text/javascript"), ("content-encoding", encoding)],
            body.to_vec(),
        );
        let assets = BTreeMap::from([
            ("app://localhost/".to_owned(), Asset::Html(page.to_owned())),
            ("app://localhost/packed.js".to_owned(), script),
        ]);
        let display = Display::start().unwrap();
        let mut broker = FakeBroker::start(&display, &["--least", "A"], assets, echo).unwrap();
        broker.open(1, &[]).unwrap();
        assert_eq!(broker.wait_for_call("report").args, json!(expected), "{encoding}");
    }
}
