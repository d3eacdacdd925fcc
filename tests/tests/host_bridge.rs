//! The bridge, over a real host, a real WebView and a broker that decides nothing: what a page
//! sees, what its calls turn into, and what it cannot change about that.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    clippy::indexing_slicing,
    reason = "a test's helpers are part of the test"
)]

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};
use sidegate::wire::{Power, SandboxLevel, ToHost, WindowId};
use sidegate_tests::{
    Display,
    fake_broker::{Asset, Call, FakeBroker, Said, echo},
};

/// Nothing more is said after this long.
const QUIET: Duration = Duration::from_millis(400);

fn page(script: &str) -> Asset {
    Asset::Html(format!("<!doctype html><body><h1>a page</h1><script>{script}</script>"))
}

/// A host whose window runs `script`, with `report(value)` to say what it saw.
fn run(display: &Display, script: &str) -> FakeBroker {
    let script = format!("const report = (value) => sidegate.invoke('report', value);\n{script}");
    let assets = BTreeMap::from([("app://localhost/".to_owned(), page(&script))]);
    let mut broker = FakeBroker::start(display, &["--least", "A"], assets, echo).unwrap();
    broker.open(1, &[]).unwrap();
    broker
}

fn reported(script: &str) -> Value {
    let display = Display::start().unwrap();
    run(&display, script).wait_for_call("report").args
}

#[test]
fn a_host_is_ready_at_level_a_before_its_first_window() {
    let display = Display::start().unwrap();
    let broker = FakeBroker::start(&display, &["--least", "A"], BTreeMap::new(), echo).unwrap();
    let report = broker.wait_for("ready", |said| match said {
        Said::Ready(report) => Some(report.clone()),
        other => panic!("{other:?} came first"),
    });
    assert_eq!((report.level, report.missing), (SandboxLevel::A, vec![]));
}

#[test]
fn a_call_is_answered() {
    let display = Display::start().unwrap();
    let script = "sidegate.invoke('echo', { text: 'grüße', list: [1, 2, 3] }).then(report);";
    let broker = run(&display, script);
    let call = broker.wait_for_call("echo");
    assert_eq!((call.window, call.id, call.token.as_str()), (WindowId(1), 1, "t1.1"));
    let report = broker.wait_for_call("report");
    assert_eq!(report.id, 2);
    assert_eq!(report.args, json!({ "text": "grüße", "list": [1, 2, 3] }));
}

#[test]
fn a_call_is_answered_at_each_level() {
    for level in ["A", "B", "C"] {
        let display = Display::start().unwrap();
        let script = "<script>sidegate.invoke('report', location.href)</script>";
        let assets =
            BTreeMap::from([("app://localhost/".to_owned(), Asset::Html(script.to_owned()))]);
        let words = ["--least", level, "--most", level];
        let mut broker = FakeBroker::start(&display, &words, assets, echo).unwrap();
        broker.open(1, &[]).unwrap();
        assert_eq!(broker.wait_for_call("report").args, json!("app://localhost/"), "{level}");
    }
}

#[test]
fn a_page_sees_the_bridge_and_nothing_else() {
    let seen = reported(
        "report({
           own: Reflect.ownKeys(sidegate),
           frozen: [sidegate, sidegate.invoke, sidegate.stream, sidegate.listen, sidegate.delegate, sidegate.state,
             sidegate.state.get, sidegate.state.set, sidegate.state.watch].every(Object.isFrozen),
           fixed: Object.getOwnPropertyDescriptor(window, 'sidegate').configurable === false
             && Reflect.set(window, 'sidegate', 1) === false && delete_fails(),
           source: /[0-9a-f]{32}/.test(sidegate.invoke.toString()),
           ipc: typeof window.ipc,
           handlers: Object.keys(window.webkit?.messageHandlers ?? {}),
           handler: typeof window.webkit?.messageHandlers?.sidegate,
           others: Object.getOwnPropertyNames(window).filter((name) => /sidegate|bridge/i.test(name)),
         });
         function delete_fails() { return Reflect.deleteProperty(window, 'sidegate') === false; }",
    );
    let expected = json!({
        "own": ["invoke", "stream", "listen", "delegate", "state"], "frozen": true, "fixed": true, "source": false, "ipc": "undefined",
        "handlers": [], "handler": "undefined", "others": ["sidegate"],
    });
    assert_eq!(seen, expected);
}

#[test]
fn a_refusal_is_a_typed_error() {
    let display = Display::start().unwrap();
    let script = "
        sidegate.invoke('refused').catch((e) => report({
          code: e.code, message: e.message, name: e.name, is: e instanceof Error,
        }));";
    let mut broker = run(&display, script);
    let call = broker.wait_for_call("refused");
    let json = r#"{"id":1,"error":{"code":"denied","message":"not you"}}"#;
    let reply = ToHost::Reply { window: call.window, document: call.document, json };
    broker.send(&reply).unwrap();
    let expected =
        json!({ "code": "denied", "message": "not you", "name": "SidegateError", "is": true });
    assert_eq!(broker.wait_for_call("report").args, expected);
}

#[test]
fn what_cannot_be_sent_is_refused_in_the_page() {
    let seen = reported(
        "const loop = {}; loop.self = loop;
         const code = (promise) => promise.then(() => 'ok', (e) => e.code);
         const aborted = AbortSignal.abort();
         Promise.all([
           code(sidegate.invoke(7)),
           code(sidegate.invoke('x', loop)),
           code(sidegate.invoke('x', 1n)),
           code(sidegate.invoke('x', null, { signal: 'no signal' })),
           code(sidegate.invoke('x', null, { signal: aborted })),
           code(sidegate.invoke('x', 'x'.repeat(1 << 20))),
           code(sidegate.invoke('x', 'ä'.repeat(1 << 19))),
           code(sidegate.invoke('echo', 'x'.repeat((1 << 20) - 100))),
         ]).then(report);",
    );
    let expected = json!([
        "invalid",
        "invalid",
        "invalid",
        "invalid",
        "cancelled",
        "too_large",
        "too_large",
        "ok"
    ]);
    assert_eq!(seen, expected);
}

#[test]
fn i01_a_page_has_sixty_four_calls_in_flight_and_no_more() {
    let display = Display::start().unwrap();
    let script = "
        const codes = {};
        for (let i = 0; i < 20000; i++) {
          sidegate.invoke('silent').catch((e) => { codes[e.code] = (codes[e.code] ?? 0) + 1; });
        }
        setTimeout(() => fetch('/' + codes.busy), 500);";
    let broker = run(&display, script);
    let busy = broker.wait_for("count", |said| match said {
        Said::Asset(asked) => asked.url.strip_prefix("app://localhost/")?.parse::<u32>().ok(),
        _ => None,
    });
    assert_eq!(busy, 20000 - 64);
    let display = Display::start().unwrap();
    let calls = run(&display, script).listen_until_quiet(Duration::from_secs(2));
    let ids: Vec<u64> = calls.iter().filter_map(id_of).collect();
    assert_eq!(ids, (1..=64).collect::<Vec<u64>>());
}

fn id_of(said: &Said) -> Option<u64> {
    match said {
        Said::Call(Call { id, .. }) => Some(*id),
        _ => None,
    }
}

#[test]
fn a_cancelled_call_ends_at_once_and_is_told() {
    let display = Display::start().unwrap();
    let script = "
        const stop = new AbortController();
        sidegate.invoke('silent', null, { signal: stop.signal })
          .catch((e) => report([e.code, e.name]));
        sidegate.invoke('echo').then(() => stop.abort());";
    let broker = run(&display, script);
    let cancelled = broker.wait_for("cancellation", |said| match said {
        Said::Cancel(window, document, id) => Some((*window, *document, *id)),
        _ => None,
    });
    assert_eq!((cancelled.0, cancelled.1.0, cancelled.2), (WindowId(1), 1, 1));
    assert_eq!(broker.wait_for_call("report").args, json!(["cancelled", "SidegateError"]));
}

#[test]
fn c11_what_a_page_overwrites_is_not_used() {
    let seen = reported(
        "const tell = fetch;
         window.onerror = (text) => { tell('/failed?' + text); };
         const evil = function () { throw new Error('overwritten'); };
         JSON.stringify = JSON.parse = evil;
         for (const name of ['bind', 'call', 'apply']) Function.prototype[name] = evil;
         Reflect.apply = Reflect.construct = evil;
         for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent']) {
           EventTarget.prototype[name] = evil;
         }
         const Promise_ = Promise;
         window.Promise = evil;
         window.CustomEvent = window.MouseEvent = window.Event = window.Error = evil;
         window.TextEncoder = window.Map = window.Number = window.RegExp = evil;
         for (const name of ['slice', 'indexOf', 'includes', 'concat']) {
           String.prototype[name] = evil;
           Array.prototype[name] = evil;
         }
         RegExp.prototype.exec = evil;
         Object.defineProperty = Object.freeze = evil;
         Object.prototype.hasOwnProperty = evil;
         for (const name of ['id', 'ok', 'error', 'code', 'message', 'detail', 'signal', 'aborted',
             'resolve', 'reject', 'get', 'set', 'value', 'bubbles', 'relatedTarget', 'toJSON', '1']) {
           Reflect.defineProperty(Object.prototype, name, { __proto__: null,
             get() { return undefined; }, set() {},
             configurable: true,
           });
         }
         Array.prototype[Symbol.iterator] = evil;
         Promise_.prototype.finally = Promise_.prototype.catch = evil;
         sidegate.invoke('echo', [1, 'two']).then(
           (ok) => sidegate.invoke('report', [ok[0], ok[1]]),
           (error) => tell('/failed?' + error.stack),
         );",
    );
    assert_eq!(seen, json!([1, "two"]));
}

#[test]
fn i02_a_huge_message_never_leaves_the_page() {
    let seen =
        reported("sidegate.invoke('x', 'x'.repeat(256 << 20)).catch((e) => report(e.code));");
    assert_eq!(seen, json!("too_large"));
}

#[test]
fn c17_and_c10_the_powers_of_a_page_are_refused_and_told() {
    let display = Display::start().unwrap();
    let script = "
        const opened = window.open('app://localhost/second');
        const link = document.createElement('a');
        link.href = 'data:application/octet-stream,x'; link.download = 'x';
        document.body.append(link); link.click();
        navigator.geolocation.getCurrentPosition(() => report('located'), () => {});
        // Not at once: to go elsewhere takes the place of a click that WebKit has not looked at yet.
        sidegate.invoke('echo', [1]).then(() => setTimeout(() => {
          location.href = 'https://example.com/?stolen';
          setTimeout(() => report([opened, location.href]), 300);
        }, 300));";
    let broker = run(&display, script);
    let mut heard = Vec::new();
    let report = broker.wait_for("report", |said| match said {
        Said::Call(call) if call.command == "report" => Some(call.args.clone()),
        other => {
            heard.push(other.clone());
            None
        }
    });
    assert_eq!(report, json!([null, "app://localhost/"]));
    let more = broker.listen_until_quiet(QUIET);
    heard.extend(more.iter().cloned());
    let asked = |wanted: Power, address: Option<&str>| {
        heard.iter().any(|said| match said {
            Said::Ask { power, url, .. } => *power == wanted && url.as_deref() == address,
            _ => false,
        })
    };
    assert!(asked(Power::Navigate, Some("https://example.com/?stolen")), "{heard:#?}");
    assert!(asked(Power::Geolocation, None), "{heard:#?}");
    let is_refused = |said: &Said| {
        let download = "a download of data:application/octet-stream,x";
        matches!(said, Said::Dropped(_, why) if why == download)
    };
    if !heard.iter().any(is_refused) {
        broker.wait_for("the download", |said| is_refused(said).then_some(()));
    }
    assert!(!more.iter().any(|said| matches!(said, Said::Asset(_) | Said::Committed(..))));
}

#[test]
fn a_page_can_ask_for_a_part_of_an_asset_and_whether_it_has_changed() {
    let display = Display::start().unwrap();
    let script = "
        const headers = { 'Range': 'bytes=2-4', 'If-None-Match': '\"x\"', 'X-Other': 'secret' };
        fetch('/film', { headers }).then((answer) => report(answer.status));";
    let broker = run(&display, script);
    let headers = broker.wait_for("the request", |said| match said {
        Said::Asset(asked) if asked.url.ends_with("/film") => Some(asked.headers.clone()),
        _ => None,
    });
    let expected = [("accept", "*/*"), ("range", "bytes=2-4"), ("if-none-match", "\"x\"")];
    let mut headers = headers;
    headers.sort();
    let mut expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    expected.sort();
    assert_eq!(headers, expected);
    assert_eq!(broker.wait_for_call("report").args, json!(404));
}
