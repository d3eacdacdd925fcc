//! What a page could come by besides its own document: windows, workers, a world without a
//! display. A real host, a real WebView, and a broker that decides nothing.

#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "tests")]

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use sidegate_tests::{
    Display, Process,
    fake_broker::{Asset, FakeBroker, Said, echo},
};

const HOME: &str = "app://localhost/";

fn run(display: &Display, script: &str, others: &[(&str, Asset)]) -> FakeBroker {
    let page = Asset::Html(format!("<!doctype html><body><script>{script}</script>"));
    let others = others.iter().map(|(url, asset)| ((*url).to_owned(), asset.clone()));
    let assets: BTreeMap<_, _> = others.chain([(HOME.to_owned(), page)]).collect();
    let mut broker = FakeBroker::start(display, &["--least", "A"], assets, echo).unwrap();
    broker.open(1, &["app://evil"]).unwrap();
    broker
}

#[test]
fn c10_no_way_of_opening_a_window_opens_one() {
    let ways = [
        ("open", "window.open('app://localhost/second')"),
        ("open, named", "window.open('app://localhost/second', 'name', 'width=9')"),
        ("open, no opener", "window.open('app://localhost/second', '_blank', 'noopener')"),
        ("open, then write", "window.open()?.document.write('second')"),
        ("link", "click({ href: '/second', target: '_blank' })"),
        ("link, named", "click({ href: '/second', target: 'name' })"),
        ("link, opener", "click({ href: '/second', target: '_blank', rel: 'opener' })"),
        ("form", "send({ action: '/second', target: '_blank' })"),
        ("form, named", "send({ action: '/second', target: 'name', method: 'post' })"),
    ];
    for (name, way) in ways {
        let display = Display::start().unwrap();
        let script = format!(
            "const make = (kind, what) => document.body.appendChild(
               Object.assign(document.createElement(kind), what));
             const click = (what) => make('a', what).click();
             const send = (what) => make('form', what).submit();
             setTimeout(() => {{
               try {{ {way}; }} catch {{}}
               setTimeout(() => sidegate.invoke('report', [location.href, window.length]), 400);
             }}, 50);"
        );
        let broker = run(&display, &script, &[]);
        let mut said = Vec::new();
        let report = broker.wait_for("report", |one| match one {
            Said::Call(call) if call.command == "report" => Some(call.args.clone()),
            other => {
                said.push(other.clone());
                None
            }
        });
        assert_eq!(report, json!([HOME, 0]), "{name}");
        let second = |one: &Said| match one {
            Said::Asset(asked) => asked.url.ends_with("/second"),
            Said::Committed(_, document) => document.0 > 1,
            _ => false,
        };
        assert!(!said.iter().any(second), "{name}: {said:#?}");
    }
}

/// Each way has a window of its own: a second navigation of a document takes the place of the first.
#[test]
fn c17_no_way_of_downloading_gets_a_byte_and_each_is_told() {
    let bytes = |headers| Asset::Bytes(headers, b"bytes".to_vec());
    let others = [
        ("app://localhost/file", bytes(vec![("content-type", "text/plain")])),
        ("app://localhost/kind", bytes(vec![("content-type", "application/x-unheard-of")])),
        (
            "app://localhost/attached",
            bytes(vec![
                ("content-type", "text/html"),
                ("content-disposition", "attachment; filename=\"../x\""),
            ]),
        ),
    ];
    let ways = [
        ("a link to data", "click({ href: 'data:application/x-y,x', download: 'x' })", "data:"),
        ("a link to a blob", "click({ href: blob, download: '../../x' })", "blob:"),
        ("a link to a file", "click({ href: '/file', download: 'x' })", "app://localhost/file"),
        // Nothing is begun that could be kept: the document stays, and the answer goes nowhere.
        ("a frame", "make('iframe', { src: blob })", ""),
        ("a kind that is not shown", "location.href = '/kind'", ""),
        ("an attachment", "location.href = '/attached'", ""),
    ];
    for (name, way, told) in ways {
        let display = Display::start().unwrap();
        let script = format!(
            "const make = (kind, what) => document.body.appendChild(
               Object.assign(document.createElement(kind), what));
             const click = (what) => make('a', what).click();
             const blob = URL.createObjectURL(new Blob(['x'], {{ type: 'application/x-y' }}));
             setTimeout(() => {{
               try {{ {way}; }} catch {{}}
               setTimeout(() => sidegate.invoke('report', location.href), 700);
             }}, 50);"
        );
        let broker = run(&display, &script, &others);
        let heard = broker.listen_until_quiet(Duration::from_secs(2));
        let report = heard.iter().find_map(|said| match said {
            Said::Call(call) if call.command == "report" => Some(call.args.clone()),
            _ => None,
        });
        let dropped: Vec<_> = heard
            .iter()
            .filter_map(|said| match said {
                Said::Dropped(_, why) => Some(why.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(report, Some(json!(HOME)), "{name}");
        let expected: &[String] =
            if told.is_empty() { &[] } else { &[format!("a download of {told}")] };
        assert_eq!(dropped.len(), expected.len(), "{name}: {dropped:?}");
        let told = dropped.iter().zip(expected).all(|(found, begin)| found.starts_with(begin));
        assert!(told, "{name}: {dropped:?}");
        let asked = heard
            .iter()
            .any(|said| matches!(said, Said::Asset(asked) if asked.url == "app://localhost/file"));
        assert!(!asked, "{name}");
    }
}

#[test]
fn c12_no_worker_has_a_bridge() {
    let worker = "
        const globals = ['sidegate', 'sidegateBridge', 'webkit', 'ipc', '__TAURI__'];
        const body = 'ct1.1 1\\n{\"command\":\"attack\"}';
        for (const url of ['/', 'app://localhost/', 'ipc://localhost/', 'sidegate://localhost/']) {
          try { fetch(url, { method: 'POST', body }).catch(() => {}); } catch {}
        }
        const seen = globals.filter((name) => typeof self[name] !== 'undefined');
        const tell = (port) => port.postMessage(seen);
        if (self.onconnect === null) self.onconnect = (event) => tell(event.ports[0]);
        else tell(self);";
    let script = format!(
        "const source = {};
         const blob = URL.createObjectURL(new Blob([source], {{ type: 'text/javascript' }}));
         const tries = {{
           file: () => new Worker('/worker.js'),
           blob: () => new Worker(blob),
           shared: () => {{ const made = new SharedWorker('/worker.js'); made.port.start(); return made.port; }},
         }};
         const asked = Object.entries(tries).map(([name, make]) => new Promise((resolve) => {{
           setTimeout(resolve, 3000, [name, 'silent']);
           try {{
             const made = make();
             made.onmessage = ({{ data }}) => resolve([name, data]);
             made.onerror = () => resolve([name, 'refused']);
           }} catch {{ resolve([name, 'refused']); }}
         }}));
         const service = navigator.serviceWorker === undefined ? Promise.resolve('none')
           : navigator.serviceWorker.register('/worker.js').then(() => 'registered', () => 'refused');
         Promise.all([...asked, service]).then((all) => sidegate.invoke('report', all));",
        json!(worker)
    );
    let display = Display::start().unwrap();
    let file = ("app://localhost/worker.js", Asset::Script(worker.to_owned()));
    let broker = run(&display, &script, &[file]);
    let mut posted = 0;
    let report = broker.wait_for("the report", |said| match said {
        Said::Call(call) if call.command == "report" => Some(call.args.clone()),
        Said::Call(call) => panic!("a worker called: {call:?}"),
        Said::Asset(asked) if asked.method == "POST" => {
            posted += 1;
            None
        }
        _ => None,
    });
    assert!(posted > 0, "no worker asked for anything, so their silence means nothing");
    let text = report.to_string();
    assert!(text.contains("[]"), "none ran, so their silence means nothing: {text}");
    for global in ["sidegate", "webkit", "ipc", "registered"] {
        assert!(!text.contains(&format!("\"{global}")), "{text}");
    }
}

#[test]
fn i16_a_host_ends_with_its_display() {
    let display = Display::start().unwrap();
    let broker = run(&display, "sidegate.invoke('report')", &[]);
    broker.wait_for_call("report");
    Process::seen(display.pid()).unwrap().kill().unwrap();
    broker.wait_for("its end", |said| (*said == Said::Gone).then_some(()));
    assert!(broker.hear_within(Duration::from_millis(100)).is_none());
}
