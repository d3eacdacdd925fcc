//! Who said it: subframes, slow and hanging loads, navigations, a web process that dies. A real
//! host, a real WebView, and a broker that decides nothing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test's helpers are part of the test"
)]

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use serde_json::json;
use sidegate::wire::{DocumentId, ToHost, WindowId};
use sidegate_tests::{
    Display,
    fake_broker::{Asset, Call, FakeBroker, Said, echo},
    frames::{ATTACK, frames},
    process::descendants,
};

const HOME: &str = "app://localhost/";
const EVIL: &str = "app://evil";

/// The parent's bridge, which is out of reach across origins.
const ATTACK_PARENT: &str = "
    try { document.domain = 'localhost'; } catch {}
    setInterval(() => { try { parent.sidegate.invoke('attack', 'parent'); } catch {} }, 20);";

fn html(body: &str) -> Asset {
    Asset::Html(format!("<!doctype html><meta charset=utf-8><body>{body}"))
}

fn start(display: &Display, pages: &[(&str, Asset)]) -> FakeBroker {
    let assets: BTreeMap<_, _> =
        pages.iter().map(|(url, asset)| ((*url).to_owned(), asset.clone())).collect();
    let mut broker = FakeBroker::start(display, &["--least", "A"], assets, echo).unwrap();
    broker.open(1, &[EVIL]).unwrap();
    broker
}

/// Waits until `report` has come, and for a second more; the calls besides it.
fn calls_besides_the_report(broker: &FakeBroker) -> Vec<Call> {
    let mut calls = Vec::new();
    broker.wait_for("report", |said| match said {
        Said::Call(call) if call.command == "report" => Some(()),
        Said::Call(call) => {
            calls.push(call.clone());
            None
        }
        _ => None,
    });
    let more = broker.listen_until_quiet(Duration::from_secs(1));
    calls.extend(more.into_iter().filter_map(|said| match said {
        Said::Call(call) => Some(call),
        _ => None,
    }));
    calls
}

/// A page with one frame that attacks. The page itself waits until the frame has run, so that
/// silence means refusal and not absence.
fn page_with_frame(frame: &str) -> Asset {
    html(&format!(
        "<h1>honest</h1>{frame}<script>setTimeout(() => sidegate.invoke('report'), 1500)</script>"
    ))
}

#[test]
fn c01_c02_c03_a_subframe_has_no_bridge() {
    let inner = format!("<script data-mark=inner>{ATTACK}</script>");
    for (name, frame) in frames(&inner) {
        let display = Display::start().unwrap();
        let frame_page = html(&inner);
        let broker = start(
            &display,
            &[
                (HOME, page_with_frame(&frame)),
                ("app://localhost/frame", frame_page.clone()),
                ("app://evil/frame", frame_page),
            ],
        );
        let mut ran = Vec::new();
        let mut heard = Vec::new();
        broker.wait_for("report", |said| {
            match said {
                Said::Asset(asked) => {
                    ran.extend(asked.url.strip_prefix("app://localhost/ran?").map(str::to_owned));
                }
                Said::Call(call) if call.command == "report" => return Some(()),
                Said::Call(_) | Said::Garbage(..) | Said::Cancel(..) => heard.push(said.clone()),
                _ => {}
            }
            None
        });
        assert!(!ran.is_empty(), "{name}: the frame did not run, so its silence means nothing");
        assert!(ran.iter().all(|kind| kind == "undefined"), "{name} sees a bridge: {ran:?}");
        assert_eq!(heard, [], "{name}");
    }
}

#[test]
fn c01_c09_a_frame_of_another_origin_cannot_use_its_parents_bridge() {
    // To set `document.domain` is how two origins once became one.
    for domain in ["", "<script>try { document.domain = document.domain; } catch {}</script>"] {
        let display = Display::start().unwrap();
        let frame = format!("{domain}<iframe src='{EVIL}/frame'></iframe>");
        let broker = start(
            &display,
            &[
                (HOME, page_with_frame(&frame)),
                ("app://evil/frame", html(&format!("<script>{ATTACK_PARENT}</script>"))),
            ],
        );
        assert_eq!(calls_besides_the_report(&broker), []);
    }
}

/// An evil page that calls without end and goes to the trusted one, whose load takes its time.
fn evil_then_trusted(trusted: Asset) -> (Display, FakeBroker) {
    let display = Display::start().unwrap();
    let spin = "
        setInterval(() => sidegate.invoke('echo', location.origin).catch(() => {}), 1);
        setTimeout(() => { location.href = 'app://localhost/trusted'; }, 200);";
    let broker = start(
        &display,
        &[
            (HOME, html(&format!("<script>location.href = '{EVIL}/'</script>"))),
            ("app://evil/", html(&format!("<script>{spin}</script>"))),
            ("app://localhost/trusted", trusted),
        ],
    );
    (display, broker)
}

/// The documents that were announced, and the calls by the document that they were counted to.
fn documents_and_calls(said: &[Said]) -> (BTreeMap<u64, String>, Vec<(u64, String)>) {
    let mut documents = BTreeMap::new();
    let mut calls = Vec::new();
    for one in said {
        match one {
            Said::Document(_, document, url) => {
                documents.insert(document.0, url.clone());
            }
            Said::Call(call) => calls.push((call.document.0, call.args.to_string())),
            _ => {}
        }
    }
    (documents, calls)
}

#[test]
fn c04_a_page_is_not_taken_for_the_one_that_loads() {
    let trusted = "<script>
        setTimeout(() => sidegate.invoke('echo', location.origin), 300);
    </script>";
    let slow = Asset::Slow(Duration::from_secs(2), format!("<!doctype html>{trusted}"));
    let (_display, broker) = evil_then_trusted(slow);
    let said = broker.listen_until_quiet(Duration::from_secs(3));
    let (documents, calls) = documents_and_calls(&said);
    for (document, origin) in &calls {
        let url = &documents[document];
        let expected =
            if url.starts_with("app://evil/") { "\"app://evil\"" } else { "\"app://localhost\"" };
        assert_eq!(origin, expected, "document {document} is {url}");
    }
    let honest = calls.iter().filter(|(_, origin)| origin.contains("localhost")).count();
    assert_eq!(honest, 1);
    assert!(calls.len() > 100, "{} calls are no storm", calls.len());
}

#[test]
fn c05_a_page_is_not_taken_for_one_whose_load_hangs() {
    let (_display, broker) = evil_then_trusted(Asset::Hangs);
    let end = Instant::now() + Duration::from_secs(5);
    let (mut said, mut storm) = (Vec::new(), 0);
    while Instant::now() < end || storm <= 100 {
        let one = broker.wait_for("anything", |said| Some(said.clone()));
        storm += usize::from(matches!(one, Said::Call(_)));
        said.push(one);
    }
    let (documents, calls) = documents_and_calls(&said);
    assert!(!documents.values().any(|url| url.ends_with("trusted")), "{documents:?}");
    let evil = documents.iter().find(|(_, url)| url.starts_with("app://evil/")).unwrap().0;
    let others: Vec<_> = calls.iter().filter(|(document, _)| document != evil).collect();
    assert_eq!(others, [] as [&(u64, String); 0]);
}

#[test]
fn c06_a_late_reply_reaches_nobody() {
    let display = Display::start().unwrap();
    let asks = "<script>
        sidegate.invoke('secret').then((ok) => fetch('/leaked?' + ok));
        setTimeout(() => { location.href = '/next'; }, 100);
    </script>";
    let listens = "<script>
        sidegate.invoke('silent').then((ok) => fetch('/leaked?' + ok));
        addEventListener('reply', () => fetch('/leaked'), true);
        sidegate.invoke('report');
    </script>";
    let mut broker =
        start(&display, &[(HOME, html(asks)), ("app://localhost/next", html(listens))]);
    let asked = broker.wait_for_call("secret");
    let next = broker.wait_for_call("report");
    assert_ne!(asked.document, next.document);
    // Both documents number their calls from one: only the document tells the replies apart.
    for document in [asked.document, DocumentId(asked.document.0 + 7), DocumentId(0)] {
        let json = r#"{"id":1,"ok":"secret"}"#;
        broker.send(&ToHost::Reply { window: asked.window, document, json }).unwrap();
    }
    let late = ToHost::Reply { window: WindowId(9), document: next.document, json: "{}" };
    broker.send(&late).unwrap();
    let said = broker.listen_until_quiet(Duration::from_secs(1));
    assert!(!said.iter().any(|said| matches!(said, Said::Asset(_))), "{said:#?}");
}

#[test]
fn c06_a_late_token_reaches_nobody() {
    let display = Display::start().unwrap();
    let script = "<script>
        sidegate.invoke('wait').then(() => sidegate.invoke('report'));
    </script>";
    let mut broker = start(&display, &[(HOME, html(script))]);
    let call = broker.wait_for_call("wait");
    let (window, document) = (call.window, call.document);
    for late in [DocumentId(document.0 - 1), DocumentId(document.0 + 1)] {
        let token = "late".to_owned();
        broker.send(&ToHost::Token { window, document: late, token }).unwrap();
    }
    let json = r#"{"id":1,"ok":null}"#;
    broker.send(&ToHost::Reply { window, document, json }).unwrap();
    assert_eq!(broker.wait_for_call("report").token, call.token);
}

#[test]
fn c07_each_call_is_counted_to_its_own_document() {
    let display = Display::start().unwrap();
    let script = "<script>
        const n = Number(location.hash.slice(1)) || 0;
        const own = Math.random();
        sidegate.invoke('echo', own);
        sidegate.invoke('echo', own).then(() => {
          if (n >= 40) return sidegate.invoke('report');
          location.hash = n + 1;
          location.reload();
        });
    </script>";
    let broker = start(&display, &[(HOME, html(script))]);
    let mut by_document: BTreeMap<u64, Vec<(u64, String)>> = BTreeMap::new();
    broker.wait_for("report", |said| match said {
        Said::Call(call) if call.command == "report" => Some(()),
        Said::Call(call) => {
            assert_eq!(call.token, format!("t1.{}", call.document.0));
            let calls = by_document.entry(call.document.0).or_default();
            calls.push((call.id, call.args.to_string()));
            None
        }
        _ => None,
    });
    assert!(by_document.len() >= 40, "{} documents", by_document.len());
    for (document, calls) in by_document {
        let ids: Vec<u64> = calls.iter().map(|(id, _)| *id).collect();
        assert!(ids == [1, 2] || ids == [1], "document {document}: {calls:?}");
        assert!(calls.iter().all(|(_, own)| *own == calls[0].1), "{calls:?}");
    }
}

#[test]
fn c08_a_dead_web_process_is_told_and_its_page_begins_anew() {
    let display = Display::start().unwrap();
    let script = "<script>sidegate.invoke('report')</script>";
    let broker = start(&display, &[(HOME, html(script))]);
    let first = broker.wait_for_call("report");
    let web = descendants(broker.host_pid())
        .into_iter()
        .find(|process| process.name == "WebKitWebProcess")
        .unwrap();
    web.kill().unwrap();
    broker.wait_for("crash", |said| (*said == Said::Crashed(WindowId(1))).then_some(()));
    let second = broker.wait_for_call("report");
    assert!(second.document > first.document);
    assert_eq!(second.id, 1);
}

#[test]
fn c09_a_document_written_anew_has_what_it_had() {
    let display = Display::start().unwrap();
    let script = "<script>
        sidegate.invoke('echo').then(() => {
          document.open();
          document.write('<script>sidegate.invoke(\"report\", \"rewritten\")<\\/script>');
          document.close();
        });
    </script>";
    let broker = start(&display, &[(HOME, html(script))]);
    let first = broker.wait_for_call("echo");
    let second = broker.wait_for_call("report");
    assert_eq!((first.document, first.id), (second.document, 1));
    assert_eq!((second.id, second.args), (2, json!("rewritten")));
}

#[test]
fn c13_an_asset_request_is_no_call() {
    let display = Display::start().unwrap();
    // By elements, which send no origin along, and by a script; to the app's own scheme, and to those
    // by which other bridges are called.
    let script = "
      <style>body { background: url('app://localhost/css') } @import url('ipc://localhost/attack');</style>
      <img src='app://localhost/c1%201%0a{}'><img src='ipc://localhost/attack'>
      <script src='app://localhost/c1%201%0a{}'></script><script src='ipc://localhost/attack'></script>
      <link rel=stylesheet href='ipc://localhost/attack'><video src='ipc://localhost/attack'></video>
      <iframe src='ipc://localhost/attack'></iframe><form action='ipc://localhost/attack' method=post></form>
      <script>
        const body = 'ct1.1 1\\n{\"command\":\"attack\"}';
        for (const url of ['/', 'ipc://localhost/attack', 'sidegate://localhost/attack', 'wry://attack']) {
          try { fetch(url, { method: 'POST', body }).catch(() => {}); } catch {}
          try { navigator.sendBeacon(url, body); } catch {}
        }
        document.forms[0].submit();
        setTimeout(() => sidegate.invoke('report'), 600);
      </script>";
    let broker = start(&display, &[(HOME, html(script))]);
    assert_eq!(calls_besides_the_report(&broker), []);
}

#[test]
fn c15_about_blank_is_nobody() {
    let display = Display::start().unwrap();
    let script = "<script>
        const keep = sidegate;
        setTimeout(() => { location.href = 'about:blank'; }, 100);
    </script>";
    let broker = start(&display, &[(HOME, html(script))]);
    let left = |said: &Said| matches!(said, Said::Committed(_, DocumentId(2))).then_some(());
    broker.wait_for("second commit", left);
    let said = broker.listen_until_quiet(Duration::from_secs(1));
    assert_eq!(said, []);
}

#[test]
fn i11_everything_is_gone_with_the_broker() {
    let display = Display::start().unwrap();
    let spin = "<script>sidegate.invoke('report').then(() => { for (;;) {} });</script>";
    let mut broker = start(&display, &[(HOME, html(spin))]);
    broker.wait_for_call("report");
    let family = descendants(broker.host_pid());
    assert!(family.iter().any(|process| process.name == "WebKitWebProcess"));
    let start = Instant::now();
    broker.hang_up();
    let gone = sidegate_tests::process::wait_until_gone(&family, Duration::from_secs(5));
    assert!(gone.unwrap() < Duration::from_millis(250), "{:?}", start.elapsed());
}

#[test]
fn a_window_keeps_to_its_origins() {
    let display = Display::start().unwrap();
    let mut broker = start(&display, &[]);
    for (number, url, origins) in [
        (2, "app://stranger/", vec!["app://localhost"]),
        (3, "app://localhost/", vec![]),
        (4, "about:blank", vec!["app://localhost"]),
        (5, "app://localhost/", vec!["app://localhost", "*"]),
        (6, "null", vec!["null"]),
    ] {
        broker
            .send(&ToHost::Open(sidegate::wire::OpenWindow {
                window: WindowId(number),
                label: "x".into(),
                title: "x".into(),
                url: url.into(),
                width: 100,
                height: 100,
                origins: origins.into_iter().map(String::from).collect(),
                devtools: false,
                placing: None,
                powers: Vec::new(),
                menus: Vec::new(),
            }))
            .unwrap();
        let closed = |said: &Said| (*said == Said::Closed(WindowId(number))).then_some(());
        broker.wait_for("refused window", closed);
    }
}

#[test]
fn k07_and_k09_webkits_own_sandbox_stands_inside() {
    let display = Display::start().unwrap();
    let script = "<script>sidegate.invoke('report')</script>";
    let broker = start(&display, &[(HOME, html(script))]);
    broker.wait_for_call("report");
    let family = descendants(broker.host_pid());
    let namespace = |name: &str| {
        let process = family.iter().rfind(|process| process.name == name).unwrap();
        fs::read_link(format!("/proc/{}/ns/user", process.pid)).unwrap()
    };
    let (host, web) = (namespace("sidegate-webview-host"), namespace("WebKitWebProcess"));
    let ours = fs::read_link("/proc/self/ns/user").unwrap();
    assert!(host != ours && web != ours && host != web, "{host:?} {web:?} {ours:?}");
}
