//! The bridge, over a real host, a real WebView and a broker that decides nothing: what a page
//! sees, what its calls turn into, and what it cannot change about that.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use sidegate::wire::{SandboxLevel, WindowId};
use sidegate_tests::{
    Display,
    fake_broker::{Asset, FakeBroker, Said, echo},
};

fn page(script: &str) -> Asset {
    Asset::Html(format!(
        "<!doctype html><body><h1>a page</h1><script>{script}</script>"
    ))
}

fn start(display: &Display, pages: &[(&str, Asset)]) -> FakeBroker {
    let assets: BTreeMap<_, _> = pages
        .iter()
        .map(|(url, asset)| ((*url).to_owned(), asset.clone()))
        .collect();
    FakeBroker::start(display, &["--least", "A"], assets, echo).unwrap()
}

#[test]
fn a_host_is_ready_at_level_a_before_its_first_window() {
    let display = Display::start().unwrap();
    let broker = start(&display, &[]);
    let report = broker.wait_for("ready", |said| match said {
        Said::Ready(report) => Some(report.clone()),
        other => panic!("{other:?} came first"),
    });
    assert_eq!((report.level, report.missing), (SandboxLevel::A, vec![]));
}

#[test]
fn a_call_is_answered() {
    let display = Display::start().unwrap();
    let script = "
        sidegate.invoke('echo', { text: 'grüße', list: [1, 2, 3] })
          .then((ok) => sidegate.invoke('report', ok));";
    let mut broker = start(&display, &[("app://localhost/", page(script))]);
    broker.open(1, &[]).unwrap();
    let call = broker.wait_for_call("echo");
    assert_eq!(
        (call.window, call.id, call.token.as_str()),
        (WindowId(1), 1, "t1.1")
    );
    let report = broker.wait_for_call("report");
    assert_eq!(report.id, 2);
    assert_eq!(report.args, json!({ "text": "grüße", "list": [1, 2, 3] }));
    let _ = broker.listen_until_quiet(Duration::from_millis(300));
}
