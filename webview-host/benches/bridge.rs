//! One call from a page and its answer: by the bridge, through a sandboxed host and a broker
//! that only echoes, beside wry's own handler and `evaluate_script` in a process without
//! sandbox, broker or identity. Both in turn, in one run; the ratio is what counts.
//!
//! Without `DISPLAY` it starts an `Xvfb` of its own.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "a bench that cannot measure has nothing better to do than to stop"
)]

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sidegate::wire::{
    AssetReply, FromHost, LENGTH_BYTES, MAX_FROM_HOST, MAX_TO_HOST, OpenWindow, ToHost, WindowId,
    decode, encode, frame_length,
};

/// Calls in a row, each after the answer to the one before.
const CALLS: u32 = 2000;
/// Bytes of an argument.
const PAYLOAD: usize = 2048;
/// Runs of each kind.
const ROUNDS: usize = 5;

fn main() {
    if env::args().any(|word| word == "--bare") {
        bare::run();
    }
    let server = env::var_os("DISPLAY").is_none().then(Server::start);
    let display = match &server {
        Some(server) => server.name.clone(),
        None => env::var("DISPLAY").unwrap_or_default(),
    };
    let (mut bridge, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let measured = through_the_bridge(&display).expect("the host ends early");
        println!(
            "  up in {:.0} ms, first call after {:.0} ms, {:.1} µs a call",
            millis(measured.ready),
            millis(measured.first),
            measured.micros
        );
        bridge.push(measured.micros);
        bare.push(bare_wry(&display).expect("the bare window ends early"));
    }
    let (bridge, bare) = (median(bridge), median(bare));
    println!(
        "invoke, {PAYLOAD} bytes: bridge {bridge:.1} µs, bare wry {bare:.1} µs, ratio {:.2}",
        bridge / bare
    );
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The page: warms up, then calls in a row, then says how many microseconds one took.
fn page(call: &str, report: &str) -> String {
    format!(
        "<!doctype html><script>
         (async () => {{
           const payload = 'x'.repeat({PAYLOAD});
           for (let i = 0; i < 200; i++) await ({call})(payload);
           const start = performance.now();
           for (let i = 0; i < {CALLS}; i++) await ({call})(payload);
           ({report})((performance.now() - start) * 1000 / {CALLS});
         }})();
         </script>"
    )
}

struct Measured {
    ready: Duration,
    first: Duration,
    micros: f64,
}

fn through_the_bridge(display: &str) -> io::Result<Measured> {
    let (mut line, theirs) = UnixStream::pair()?;
    let start = Instant::now();
    let mut host = Command::new(env!("CARGO_BIN_EXE_sidegate-webview-host"))
        .env_clear()
        .env("DISPLAY", display)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stderr(Stdio::null())
        .spawn()?;
    let html = page("(p) => sidegate.invoke('echo', p)", "(n) => sidegate.invoke('report', n)");
    let measured = echo(&mut line, &html, start);
    host.kill()?;
    host.wait()?;
    measured
}

fn echo(line: &mut UnixStream, html: &str, start: Instant) -> io::Result<Measured> {
    let (mut ready, mut first) = (None, None);
    loop {
        let body = read_frame(line)?;
        match decode::<FromHost<'_>>(&body).map_err(io::Error::other)? {
            FromHost::Ready(_) => {
                ready = Some(start.elapsed());
                open(line)?;
            }
            FromHost::Asset(asked) => {
                let headers = vec![("content-type".to_owned(), "text/html".to_owned())];
                let body = html.as_bytes();
                let reply = AssetReply { request: asked.request, status: 200, headers, body };
                send(line, &ToHost::Asset(reply))?;
            }
            FromHost::Document { window, document, .. } => {
                send(line, &ToHost::Token { window, document, token: "t".repeat(90) })?;
            }
            FromHost::Message { window, document, bytes } => {
                first.get_or_insert(start.elapsed());
                let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
                let (head, call) = text.split_once('\n').unwrap_or((text, ""));
                let id = head.rsplit(' ').next().unwrap_or_default();
                let args = call.split_once("\"args\":").map_or("null}", |(_, args)| args);
                let args = args.strip_suffix('}').unwrap_or(args);
                if call.contains("\"report\"") {
                    let micros = args.parse().map_err(io::Error::other)?;
                    let [ready, first] = [ready, first].map(Option::unwrap_or_default);
                    return Ok(Measured { ready, first, micros });
                }
                let json = format!(r#"{{"id":{id},"ok":{args}}}"#);
                send(line, &ToHost::Reply { window, document, json: &json })?;
            }
            _ => {}
        }
    }
}

fn open(line: &mut UnixStream) -> io::Result<()> {
    send(
        line,
        &ToHost::Open(OpenWindow {
            window: WindowId(1),
            label: "bench".into(),
            title: "bench".into(),
            url: "app://localhost/".into(),
            width: 400,
            height: 300,
            origins: vec!["app://localhost".into()],
            devtools: false,
            placing: None,
            powers: Vec::new(),
            menus: Vec::new(),
        }),
    )
}

fn send(line: &mut UnixStream, message: &ToHost<'_>) -> io::Result<()> {
    line.write_all(&encode(message, MAX_TO_HOST).map_err(io::Error::other)?)
}

fn read_frame(line: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut prefix = [0; LENGTH_BYTES];
    line.read_exact(&mut prefix)?;
    let mut body = vec![0; frame_length(prefix, MAX_FROM_HOST).map_err(io::Error::other)?];
    line.read_exact(&mut body)?;
    Ok(body)
}

fn bare_wry(display: &str) -> io::Result<f64> {
    let output = Command::new(env::current_exe()?)
        .arg("--bare")
        .env("DISPLAY", display)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().map_err(io::Error::other)
}

/// An X server for this run.
struct Server {
    process: Child,
    name: String,
}

impl Server {
    fn start() -> Self {
        let mut process = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-noreset"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is not installed, and DISPLAY is not set");
        let mut number = String::new();
        let output = process.stdout.as_mut().expect("a pipe was asked for");
        BufReader::new(output).read_line(&mut number).expect("Xvfb says nothing");
        Self { process, name: format!(":{}", number.trim()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What an app has without any of this: wry's handler, and its `evaluate_script`.
mod bare {
    use tao::event::Event;
    use tao::event_loop::{ControlFlow, EventLoopBuilder};
    use tao::platform::unix::WindowExtUnix;
    use tao::window::WindowBuilder;
    use wry::http::Response;
    use wry::{WebViewBuilder, WebViewBuilderExtUnix};

    pub(super) fn run() -> ! {
        let events = EventLoopBuilder::<String>::with_user_event().build();
        let proxy = events.create_proxy();
        let window = WindowBuilder::new().build(&events).expect("no window");
        let call = "(p) => new Promise((done) => { window.done = done; ipc.postMessage(JSON.stringify(p)); })";
        let html = super::page(call, "(n) => ipc.postMessage('report ' + n)");
        let view = WebViewBuilder::new()
            .with_incognito(true)
            .with_ipc_handler(move |message| {
                let _ = proxy.send_event(message.into_body());
            })
            .with_custom_protocol("app".into(), move |_, _| {
                let html = html.clone().into_bytes().into();
                Response::builder().header("content-type", "text/html").body(html).expect("no page")
            })
            .with_url("app://localhost/")
            .build_gtk(window.default_vbox().expect("no room"))
            .expect("no WebView");
        events.run(move |event, _, flow| {
            let _ = &window;
            *flow = ControlFlow::Wait;
            if let Event::UserEvent(message) = event {
                match message.strip_prefix("report ") {
                    Some(micros) => {
                        println!("{micros}");
                        *flow = ControlFlow::Exit;
                    }
                    None => {
                        let _ = view.evaluate_script(&format!("done({message})"));
                    }
                }
            }
        })
    }
}
