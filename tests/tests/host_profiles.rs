//! What a host is given by its profile, over a real host and a real WebView: a page of the
//! network where there is a network, and not else; scripts that run without being compiled; and
//! what the sandbox costs until the first message.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use sidegate::wire::{OpenWindow, ToHost, WindowId};
use sidegate_tests::{
    Display, display,
    fake_broker::{Asset, FakeBroker, Said, echo},
    process::descendants,
};

/// A server that answers whatever it is asked with one page, and counts who asked.
struct Server {
    port: u16,
    asked: std::sync::Arc<std::sync::atomic::AtomicUsize>,
}

impl Server {
    fn start(page: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
        let count = std::sync::Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut request = [0; 4096];
                let Ok(_) = stream.read(&mut request) else { continue };
                count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\
                    access-control-allow-origin: *\r\n";
                let length = format!("content-length: {}\r\n\r\n", page.len());
                let _gone = stream.write_all([head, &length, page].concat().as_bytes());
            }
        });
        Self { port, asked }
    }

    fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn was_asked(&self) -> usize {
        self.asked.load(std::sync::atomic::Ordering::SeqCst)
    }
}

const REMOTE: &str =
    "<!doctype html><script>sidegate.invoke('report', location.href)</script>remote";

fn open(broker: &mut FakeBroker, url: &str, origin: &str) {
    let window = OpenWindow {
        window: WindowId(1),
        label: "main".into(),
        title: "A window of the tests".into(),
        url: url.into(),
        width: 640,
        height: 480,
        origins: vec![origin.into()],
        devtools: false,
        placing: None,
        powers: Vec::new(),
        menus: Vec::new(),
    };
    broker.send(&ToHost::Open(window)).unwrap();
}

#[test]
fn k03_a_page_of_the_network_loads_where_there_is_a_network_and_not_else() {
    let server = Server::start(REMOTE);
    for access in [display::Access::Local, display::Access::Cookie] {
        for level in ["A", "B"] {
            let display = Display::start_for(access).unwrap();
            let profile = format!("ports={}", server.port);
            let arguments = ["--least", level, "--most", level, "--profile", &profile];
            let mut broker =
                FakeBroker::start(&display, &arguments, BTreeMap::new(), echo).unwrap();
            open(&mut broker, &format!("{}/page", server.origin()), &server.origin());
            let call = broker.wait_for_call("report");
            assert_eq!(call.args, json!(format!("{}/page", server.origin())), "level {level}");
        }
    }
    let before = server.was_asked();
    let display = Display::start().unwrap();
    let mut broker = FakeBroker::start(&display, &["--least", "A"], BTreeMap::new(), echo).unwrap();
    open(&mut broker, &format!("{}/page", server.origin()), &server.origin());
    // An error page is committed in its place; it has no bridge that could report.
    let heard = broker.listen_until_quiet(Duration::from_secs(2));
    assert!(!heard.iter().any(|said| matches!(said, Said::Call(_))), "{heard:?}");
    assert_eq!(server.was_asked(), before);
}

#[test]
fn k03_a_page_with_a_network_reaches_no_other_port() {
    let server = Server::start(
        "<!doctype html><script>
           const other = new URLSearchParams(location.search).get('other');
           const reach = (port) => fetch(`http://127.0.0.1:${port}/`).then(() => 'reached', () => 'refused');
           Promise.all([reach(location.port), reach(other)])
             .then((found) => sidegate.invoke('report', found));
         </script>",
    );
    let other = Server::start("a database that trusts this machine");
    let display = Display::start().unwrap();
    let profile = format!("ports={}", server.port);
    let arguments = ["--least", "A", "--profile", &profile];
    let mut broker = FakeBroker::start(&display, &arguments, BTreeMap::new(), echo).unwrap();
    open(&mut broker, &format!("{}/?other={}", server.origin(), other.port), &server.origin());
    assert_eq!(broker.wait_for_call("report").args, json!(["reached", "refused"]));
    assert_eq!(other.was_asked(), 0);
}

/// A page that reports how long a hot loop takes, once it has drawn for a while, layers, a canvas
/// and three dimensions among it.
fn hot_loop() -> BTreeMap<String, Asset> {
    let script = "let sum = 0; const start = performance.now();
        for (let i = 0; i < 2e7; i++) sum = (sum + i * 3) % 1000003;
        const took = performance.now() - start;
        const three = document.createElement('canvas').getContext('webgl');
        let frames = 0;
        const draw = () => {
          three?.clearColor(frames / 90, 0, 0, 1);
          three?.clear(three.COLOR_BUFFER_BIT);
          document.querySelector('canvas').getContext('2d').fillRect(frames, 0, 9, 9);
          if (++frames < 90) requestAnimationFrame(draw);
          else sidegate.invoke('report', { sum, took });
        };
        requestAnimationFrame(draw);";
    let style = "@keyframes turn { to { transform: rotate3d(1, 1, 0, 360deg) } }
        div { width: 90px; height: 90px; background: linear-gradient(red, blue);
          animation: turn 1s infinite; will-change: transform }";
    let page = Asset::Html(format!(
        "<!doctype html><style>{style}</style><div></div><canvas></canvas><script>{script}</script>"
    ));
    BTreeMap::from([("app://localhost/".to_owned(), page)])
}

#[test]
fn k12_a_page_works_without_compiled_scripts_and_no_memory_of_it_is_written_and_run() {
    let mut sums = Vec::new();
    for (profile, compiled) in [("", true), ("no-jit", false)] {
        let display = Display::start().unwrap();
        let arguments = ["--least", "A", "--profile", profile];
        let mut broker = FakeBroker::start(&display, &arguments, hot_loop(), echo).unwrap();
        broker.open(1, &[]).unwrap();
        let report = broker.wait_for("its report", |said| match said {
            Said::Call(call) => Some(call.args.clone()),
            Said::Crashed(_) => panic!("`{profile}`: its web process died"),
            _ => None,
        });
        println!("`{profile}`: {report}");
        sums.push(report["sum"].clone());
        let maps = |pid: u32| fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
        let both: Vec<String> = descendants(broker.host_pid())
            .into_iter()
            .flat_map(|process| maps(process.pid).lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|line| line.split(' ').nth(1).is_some_and(|rights| rights.starts_with("rwx")))
            .collect();
        assert_eq!(!both.is_empty(), compiled, "`{profile}`: {both:#?}");
    }
    assert_eq!(sums[0], sums[1]);
}

#[test]
fn i15_a_dead_session_bus_is_not_even_looked_for() {
    let display = Display::start().unwrap();
    let page = Asset::Html("<!doctype html><script>sidegate.invoke('report')</script>".into());
    let assets = BTreeMap::from([("app://localhost/".to_owned(), page)]);
    let mut command = std::process::Command::new(sidegate_tests::fake_broker::host().unwrap());
    command.env_clear().envs(display.environment()).args(["--least", "A"]);
    command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    command.env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    let mut broker = FakeBroker::start_by(command, assets, echo).unwrap();
    broker.open(1, &[]).unwrap();
    broker.wait_for_call("report");
}

/// From the start of the host to the first message of its page.
fn first_message(display: &Display, level: &str) -> Duration {
    let page = Asset::Html("<!doctype html><script>sidegate.invoke('report')</script>".into());
    let assets = BTreeMap::from([("app://localhost/".to_owned(), page)]);
    let arguments = ["--least", level, "--most", level];
    let start = Instant::now();
    let mut broker = FakeBroker::start(display, &arguments, assets, echo).unwrap();
    broker.open(1, &[]).unwrap();
    broker.wait_for_call("report");
    start.elapsed()
}

/// The number of the soak: within 100 ms, of twenty each, by turns. An ordinary run looks at fewer
/// and asks for less: what else the machine does meanwhile is not known.
#[test]
fn the_sandbox_costs_little_until_the_first_message() {
    let soak = sidegate_tests::soak();
    let (rounds, limit) = if soak { (20, 100) } else { (3, 2_000) };
    let display = Display::start().unwrap();
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        for (level, times) in ["none", "A"].into_iter().zip(&mut took) {
            times.push(first_message(&display, level));
        }
    }
    let [without, with] = took.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    println!("the first message of {rounds}: without a sandbox {without:?}, level A {with:?}");
    let more = with.saturating_sub(without);
    assert!(more < Duration::from_millis(limit), "{with:?} is {more:?} more than {without:?}");
}
