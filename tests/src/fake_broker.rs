//! A broker that decides nothing: it starts a real host, serves assets from a map, mints a token
//! for every document that asks, answers calls by a rule, and writes down all that it hears.
//! What a real broker would have to say to any of it is not its business.

#![expect(
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "tests alone use it, and one that waits in vain is over"
)]

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::net::UnixStream,
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sidegate::wire::{
    AssetReply, AssetRequest, DocumentId, FromHost, HostReport, LENGTH_BYTES, MAX_FROM_HOST,
    MAX_TO_HOST, OpenWindow, Power, Stance, ToHost, WindowId, decode, encode, frame_length,
};

use crate::{binaries::HOST, display::Display};

/// How long anything may take that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the host said, in the order in which it said it.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// The first frame.
    Ready(HostReport),
    /// A document proved itself.
    Document(WindowId, DocumentId, String),
    /// A load was committed.
    Committed(WindowId, DocumentId),
    /// A page called.
    Call(Call),
    /// A page cancelled a call.
    Cancel(WindowId, DocumentId, u64),
    /// A page asked for an address.
    Asset(AssetRequest),
    /// A window was closed.
    Closed(WindowId),
    /// A web process died.
    Crashed(WindowId),
    /// Something was dropped.
    Dropped(WindowId, String),
    /// A document reaches for something.
    Ask {
        /// The window.
        window: WindowId,
        /// The document.
        document: DocumentId,
        /// The number of the question.
        number: u64,
        /// What for.
        power: Power,
        /// The address that it is about.
        url: Option<String>,
    },
    /// A window stands otherwise than before.
    Stands(WindowId, Stance),
    /// An item of a menu was chosen.
    Chosen(WindowId, u32),
    /// The answer to a ping.
    Pong(u64),
    /// A web process answered.
    Responsive(WindowId),
    /// A message that is neither call nor cancellation.
    Garbage(WindowId, Vec<u8>),
    /// The line was closed.
    Gone,
}

/// A page's call, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The window that it came from.
    pub window: WindowId,
    /// The document that it came from.
    pub document: DocumentId,
    /// The token in it.
    pub token: String,
    /// Its number.
    pub id: u64,
    /// The command.
    pub command: String,
    /// The arguments.
    pub args: Value,
}

/// What an address holds.
#[derive(Debug, Clone)]
pub enum Asset {
    /// A page.
    Html(String),
    /// A script.
    Script(String),
    /// Any bytes, under any headers.
    Bytes(Vec<(&'static str, &'static str)>, Vec<u8>),
    /// Nothing, ever: the request hangs.
    Hangs,
    /// A page, after a while.
    Slow(Duration, String),
}

/// What to answer a question with; `None`: nothing, ever.
pub type Answer = fn(Power, Option<&str>) -> Option<bool>;

/// What to answer a call with: JSON after `"ok":`, or nothing for ever.
pub type Rule = fn(&Call) -> Option<Value>;

/// Answers `echo` and `report`, and leaves everything else waiting.
#[must_use]
pub fn echo(call: &Call) -> Option<Value> {
    ["echo", "report"].contains(&call.command.as_str()).then(|| call.args.clone())
}

/// A host and the broker's end of its line. An address with a query that is not among the assets
/// is the one without it.
#[derive(Debug)]
pub struct FakeBroker {
    host: Child,
    line: UnixStream,
    host_end: PathBuf,
    said: Receiver<(Instant, Said)>,
}

impl FakeBroker {
    /// Starts a host on a display.
    ///
    /// # Errors
    /// There is no host beside this program, or it does not start.
    pub fn start(
        display: &Display,
        arguments: &[&str],
        assets: BTreeMap<String, Asset>,
        rule: Rule,
    ) -> io::Result<Self> {
        let mut command = Command::new(host()?);
        command.env_clear().envs(display.environment()).args(arguments);
        Self::start_by(command, assets, rule)
    }

    /// Starts a host by a command of the test's own.
    ///
    /// # Errors
    /// The command does not start.
    pub fn start_by(
        command: Command,
        assets: BTreeMap<String, Asset>,
        rule: Rule,
    ) -> io::Result<Self> {
        Self::start_answering(command, assets, rule, |_, _| Some(false))
    }

    /// Starts a host by a command of the test's own, and answers what its pages reach for.
    ///
    /// # Errors
    /// The command does not start.
    pub fn start_answering(
        mut command: Command,
        assets: BTreeMap<String, Asset>,
        rule: Rule,
        answer: Answer,
    ) -> io::Result<Self> {
        let (line, theirs) = UnixStream::pair()?;
        let host_end = std::fs::read_link(format!("/proc/self/fd/{}", theirs.as_raw_fd()))?;
        let host = command.stdin(Stdio::from(OwnedFd::from(theirs))).spawn()?;
        drop(command); // and with it the host's end
        let (sender, said) = mpsc::channel();
        let mut clerk = Clerk { line: line.try_clone()?, assets, rule, answer };
        thread::spawn(move || {
            loop {
                let heard = clerk.hear().unwrap_or(Said::Gone);
                let gone = heard == Said::Gone;
                if sender.send((Instant::now(), heard)).is_err() || gone {
                    return;
                }
            }
        });
        Ok(Self { host, line, host_end, said })
    }

    /// The process that was started.
    #[must_use]
    pub fn host_pid(&self) -> u32 {
        self.host.id()
    }

    /// How the host's end of the line shows itself among a process' descriptors.
    #[must_use]
    pub fn line_of_the_host(&self) -> PathBuf {
        self.host_end.clone()
    }

    /// Closes the line, as a broker does that dies.
    pub fn hang_up(&mut self) {
        // A line that is closed already is closed.
        let _ = self.line.shutdown(std::net::Shutdown::Both);
    }

    /// Waits for the host to end by itself; its exit status.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn wait(&mut self) -> io::Result<Option<i32>> {
        Ok(self.host.wait()?.code())
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// The host is gone.
    pub fn send(&mut self, message: &ToHost<'_>) -> io::Result<()> {
        send(&mut self.line, message)
    }

    /// Opens a window on `app://localhost/`, with these origins beside its own.
    ///
    /// # Errors
    /// The host is gone.
    pub fn open(&mut self, window: u32, other_origins: &[&str]) -> io::Result<()> {
        self.open_as(window, other_origins, |open| open)
    }

    /// The same, and the window is what `change` makes of it.
    ///
    /// # Errors
    /// The host is gone.
    pub fn open_as(
        &mut self,
        window: u32,
        other_origins: &[&str],
        change: impl FnOnce(OpenWindow) -> OpenWindow,
    ) -> io::Result<()> {
        let mut origins = vec!["app://localhost".to_owned()];
        origins.extend(other_origins.iter().map(|origin| (*origin).to_owned()));
        self.send(&ToHost::Open(change(OpenWindow {
            window: WindowId(window),
            label: "main".into(),
            title: "A window of the tests".into(),
            url: "app://localhost/".into(),
            width: 640,
            height: 480,
            origins,
            devtools: false,
            placing: None,
            powers: Vec::new(),
            menus: Vec::new(),
        })))
    }

    /// The next thing that the host says and `wanted` takes; what it says before is lost.
    ///
    /// # Panics
    /// Nothing of the kind is said in time. The message holds all that was said instead.
    pub fn wait_for<T>(&self, what: &str, mut wanted: impl FnMut(&Said) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut others = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.said.recv_timeout(left) {
                Ok((_, said)) => match wanted(&said) {
                    Some(found) => return found,
                    None => others.push(said),
                },
                Err(_) => panic!("no {what} in time, but {others:#?}"),
            }
        }
    }

    /// The next thing that the host says, if it says one in time.
    #[must_use]
    pub fn hear_within(&self, limit: Duration) -> Option<Said> {
        self.said.recv_timeout(limit).ok().map(|(_, said)| said)
    }

    /// The next call of `command`.
    pub fn wait_for_call(&self, command: &str) -> Call {
        self.wait_for(command, |said| match said {
            Said::Call(call) if call.command == command => Some(call.clone()),
            _ => None,
        })
    }

    /// All that is said until nothing has been said for `quiet`.
    #[must_use]
    pub fn listen_until_quiet(&self, quiet: Duration) -> Vec<Said> {
        std::iter::from_fn(|| self.said.recv_timeout(quiet).ok()).map(|(_, said)| said).collect()
    }
}

impl Drop for FakeBroker {
    fn drop(&mut self) {
        self.hang_up();
        let _ = self.host.kill();
        let _ = self.host.wait();
    }
}

/// The host's binary, beside this program.
///
/// # Errors
/// It was not built.
pub fn host() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let found = program.ancestors().skip(1).map(|folder| folder.join(HOST)).find(|p| p.is_file());
    found.ok_or_else(|| {
        io::Error::other(format!("`{HOST}` is not built: `cargo build -p {HOST}` makes it"))
    })
}

struct Clerk {
    line: UnixStream,
    assets: BTreeMap<String, Asset>,
    rule: Rule,
    answer: Answer,
}

impl Clerk {
    fn hear(&mut self) -> io::Result<Said> {
        let mut prefix = [0; LENGTH_BYTES];
        self.line.read_exact(&mut prefix)?;
        let length = frame_length(prefix, MAX_FROM_HOST).map_err(io::Error::other)?;
        let mut body = vec![0; length];
        self.line.read_exact(&mut body)?;
        match decode(&body).map_err(io::Error::other)? {
            FromHost::Ready(report) => Ok(Said::Ready(report)),
            FromHost::Document { window, document, url } => {
                let token = format!("t{}.{}", window.0, document.0);
                send(&mut self.line, &ToHost::Token { window, document, token })?;
                Ok(Said::Document(window, document, url))
            }
            FromHost::Committed { window, document } => Ok(Said::Committed(window, document)),
            FromHost::Message { window, document, bytes } => {
                let said = read_message(window, document, bytes);
                if let Said::Call(call) = &said {
                    self.reply(call)?;
                }
                Ok(said)
            }
            FromHost::Asset(request) => {
                self.serve(&request)?;
                Ok(Said::Asset(request))
            }
            FromHost::Closed { window } => Ok(Said::Closed(window)),
            FromHost::Crashed { window } => Ok(Said::Crashed(window)),
            FromHost::Dropped { window, why } => Ok(Said::Dropped(window, why)),
            FromHost::Ask { window, document, number, power, url } => {
                if let Some(allowed) = (self.answer)(power, url.as_deref()) {
                    send(&mut self.line, &ToHost::Answer { window, number, allowed })?;
                }
                Ok(Said::Ask { window, document, number, power, url })
            }
            FromHost::Stands { window, stance } => Ok(Said::Stands(window, stance)),
            FromHost::Chosen { window, number } => Ok(Said::Chosen(window, number)),
            FromHost::Pong { number } => Ok(Said::Pong(number)),
            FromHost::Responsive { window } => Ok(Said::Responsive(window)),
        }
    }

    fn reply(&mut self, call: &Call) -> io::Result<()> {
        let Some(ok) = (self.rule)(call) else {
            return Ok(());
        };
        let json = format!(r#"{{"id":{},"ok":{ok}}}"#, call.id);
        let (window, document) = (call.window, call.document);
        send(&mut self.line, &ToHost::Reply { window, document, json: &json })
    }

    fn serve(&mut self, asked: &AssetRequest) -> io::Result<()> {
        let path = asked.url.split('?').next().unwrap_or_default();
        let asset = self.assets.get(&asked.url).or_else(|| self.assets.get(path));
        let (kind, body, status) = match asset {
            Some(Asset::Hangs) => return Ok(()),
            Some(Asset::Bytes(headers, body)) => {
                let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
                let headers = headers.iter().map(owned).collect();
                let reply = AssetReply { request: asked.request, status: 200, headers, body };
                return send(&mut self.line, &ToHost::Asset(reply));
            }
            Some(Asset::Slow(delay, html)) => {
                let (mut line, asked) = (self.line.try_clone()?, asked.clone());
                let (delay, html) = (*delay, html.clone());
                thread::spawn(move || {
                    thread::sleep(delay);
                    let _ = send_asset(&mut line, &asked, 200, "text/html", &html);
                });
                return Ok(());
            }
            Some(Asset::Html(html)) => ("text/html", html.as_str(), 200),
            Some(Asset::Script(script)) => ("text/javascript", script.as_str(), 200),
            None => ("text/plain", "there is nothing here", 404),
        };
        send_asset(&mut self.line, asked, status, kind, body)
    }
}

fn send_asset(
    line: &mut UnixStream,
    asked: &AssetRequest,
    status: u16,
    kind: &str,
    body: &str,
) -> io::Result<()> {
    let headers = vec![("content-type".to_owned(), format!("{kind}; charset=utf-8"))];
    let body = body.as_bytes();
    send(line, &ToHost::Asset(AssetReply { request: asked.request, status, headers, body }))
}

/// One `write` to a frame, so that two threads' frames do not mix: a socket's buffer takes those
/// of the tests whole.
fn send(line: &mut UnixStream, message: &ToHost<'_>) -> io::Result<()> {
    line.write_all(&encode(message, MAX_TO_HOST).map_err(io::Error::other)?)
}

fn read_message(window: WindowId, document: DocumentId, bytes: &[u8]) -> Said {
    parse_message(window, document, bytes)
        .unwrap_or_else(|| Said::Garbage(window, bytes.iter().copied().take(200).collect()))
}

fn parse_message(window: WindowId, document: DocumentId, bytes: &[u8]) -> Option<Said> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once('\n').unwrap_or((text, ""));
    let (kind, head) = head.split_at_checked(1)?;
    let (token, id) = head.split_once(' ')?;
    let id = id.parse().ok()?;
    if kind == "x" {
        return Some(Said::Cancel(window, document, id));
    }
    let call: Value = serde_json::from_str(body).ok()?;
    let command = call.get("command")?.as_str()?.to_owned();
    let args = call.get("args").cloned().unwrap_or(json!(null));
    let token = token.to_owned();
    (kind == "c").then_some(Said::Call(Call { window, document, token, id, command, args }))
}
