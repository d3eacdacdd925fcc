//! One host, as the test holds its strings: orders go down, and what it hears from the broker
//! comes up, frame by frame.

use std::{
    os::unix::net::{UnixListener, UnixStream},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sidegate::wire::{
    self, AssetRequest, DocumentId, FromHost, HostReport, LENGTH_BYTES, MAX_FROM_HOST, MAX_TO_HOST,
    PROTOCOL, RequestId, SandboxLevel, ToHost, WindowChange, WindowId,
};
use sidegate_tests::hostile::{self, Calling, Order, Report};

use super::{LIMIT, left};

/// A page of the app.
const PAGE: &str = "app://localhost/index.html";

/// What a host heard from the broker.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heard {
    Open { window: WindowId, label: String },
    Token { window: WindowId, document: DocumentId, token: String },
    Reply { window: WindowId, document: DocumentId, json: Value },
    Asset { request: RequestId, status: u16 },
    Title { window: WindowId, title: String },
    Asking { number: u64 },
    Answer { number: u64, allowed: bool },
    Ping { number: u64 },
    Quit,
    Other,
}

impl Heard {
    /// The JSON of a reply.
    pub(crate) fn reply(self) -> Option<Value> {
        if let Self::Reply { json, .. } = self { Some(json) } else { None }
    }
}

/// A host, and what it knows. It does all that it is told, and quits when the broker asks.
pub(crate) struct Puppet {
    pub(crate) pid: u32,
    strings: UnixStream,
    /// How many orders were given that nobody has waited for.
    orders: usize,
    done: mpsc::Receiver<Result<(), String>>,
    took: mpsc::Receiver<Vec<Duration>>,
    floods: mpsc::Receiver<()>,
    heard: mpsc::Receiver<Heard>,
    /// Heard, and not asked for yet.
    kept: Vec<Heard>,
    windows: Vec<(String, WindowId)>,
}

/// The hosts that connect to `listener`, as they come.
pub(crate) fn accept(listener: UnixListener) -> mpsc::Receiver<Puppet> {
    let (found, hosts) = mpsc::channel();
    thread::spawn(move || {
        loop {
            let Ok((strings, _)) = listener.accept() else {
                // A test may have taken all descriptors there are; the host waits.
                thread::sleep(Duration::from_millis(10));
                continue;
            };
            // One that ended before it said anything is nobody's, and the broker starts another.
            if let Some(puppet) = Puppet::take(strings)
                && found.send(puppet).is_err()
            {
                return;
            }
        }
    });
    hosts
}

impl Puppet {
    fn take(mut strings: UnixStream) -> Option<Self> {
        let Ok(Report::Up(pid)) = hostile::read(&mut strings) else {
            return None;
        };
        let (tell_done, done) = mpsc::channel();
        let (tell_heard, heard) = mpsc::channel();
        let (tell_took, took) = mpsc::channel();
        let (tell_floods, floods) = mpsc::channel();
        let mut reports = strings.try_clone().ok()?;
        let mut own = strings.try_clone().ok()?;
        thread::spawn(move || {
            let mut bytes = Vec::new();
            while let Ok(report) = hostile::read(&mut reports) {
                match report {
                    Report::Heard(piece) => {
                        bytes.extend(piece);
                        for heard in frames(&mut bytes) {
                            if heard == Heard::Quit {
                                let _ended = hostile::write(&mut own, &Order::End(0));
                            }
                            drop(tell_heard.send(heard));
                        }
                    }
                    Report::Took(times) => drop(tell_took.send(times)),
                    Report::Floods => drop(tell_floods.send(())),
                    Report::Done(result) => drop(tell_done.send(result)),
                    Report::Up(_) | Report::HungUp => {}
                }
            }
        });
        let (kept, windows) = (Vec::new(), Vec::new());
        Some(Self { pid, strings, orders: 0, done, took, floods, heard, kept, windows })
    }

    /// Gives an order, and does not wait for it.
    pub(crate) fn order(&mut self, order: &Order) {
        // A host that the broker has ended takes no orders; what it was ended for is looked at.
        let _gone = hostile::write(&mut self.strings, order);
        self.orders += 1;
    }

    /// Gives an order and waits until it is done. A host that ended meanwhile says so.
    pub(crate) fn does(&mut self, order: &Order) -> Result<(), String> {
        self.order(order);
        let mut last = Ok(());
        for _ in 0..std::mem::take(&mut self.orders) {
            last = match self.done.recv_timeout(LIMIT) {
                Ok(result) => result,
                Err(RecvTimeoutError::Disconnected) => return Err("it has ended".to_owned()),
                Err(RecvTimeoutError::Timeout) => panic!("the host does not obey"),
            };
        }
        last
    }

    /// Has it make calls and time them; how long they took.
    pub(crate) fn times(
        &mut self,
        calling: &Calling,
        count: u64,
        pause: Duration,
    ) -> Vec<Duration> {
        self.does(&Order::Time(calling.clone(), count, pause)).unwrap();
        self.took.recv().unwrap()
    }

    /// Has it make calls without end; they are coming when this returns.
    pub(crate) fn floods(&mut self, calling: &Calling) {
        self.order(&Order::Flood(calling.clone()));
        self.floods.recv_timeout(LIMIT).expect("the broker takes the first calls");
    }

    /// Writes a message to the broker.
    pub(crate) fn say(&mut self, message: &FromHost<'_>) {
        self.order(&Order::Write(frame(message)));
    }

    /// Says that it is up, with no sandbox.
    pub(crate) fn be_ready(&mut self) {
        self.say(&ready());
    }

    /// Waits for one more window.
    pub(crate) fn hear_a_window(&mut self) {
        let open = self.hears("a window", |heard| matches!(heard, Heard::Open { .. }));
        if let Heard::Open { window, label } = open {
            self.windows.push((label, window));
        }
    }

    /// The windows that the broker opened, with their labels.
    pub(crate) fn windows(&self) -> &[(String, WindowId)] {
        &self.windows
    }

    /// The first window.
    pub(crate) fn window(&self) -> WindowId {
        self.windows[0].1
    }

    /// Commits a document of the app's own page and waits for its token.
    pub(crate) fn commits(&mut self, window: WindowId, document: u64) -> String {
        let document = DocumentId(document);
        self.say(&FromHost::Committed { window, document });
        self.say(&FromHost::Document { window, document, url: PAGE.to_owned() });
        self.token(window, document)
    }

    /// Waits for the token of a document.
    pub(crate) fn token(&mut self, of: WindowId, at: DocumentId) -> String {
        let is = |heard: &Heard| matches!(heard, Heard::Token { window, document, .. } if (*window, *document) == (of, at));
        let Heard::Token { token, .. } = self.hears("a token", is) else { panic!("no token") };
        token
    }

    /// Says a page's message.
    pub(crate) fn says(&mut self, window: WindowId, document: u64, bytes: &[u8]) {
        self.say(&message(window, document, bytes));
    }

    /// Calls, and does not wait for the reply.
    pub(crate) fn calls(
        &mut self,
        from: (WindowId, u64),
        token: &str,
        id: u64,
        command: &str,
        args: &Value,
    ) {
        self.says(from.0, from.1, &call(token, id, command, args));
    }

    /// Calls and waits for the reply.
    pub(crate) fn asks(
        &mut self,
        from: (WindowId, u64),
        token: &str,
        id: u64,
        command: &str,
        args: &Value,
    ) -> Value {
        self.calls(from, token, id, command, args);
        self.reply(from.0, id)
    }

    /// Waits for the reply to a call of a window.
    pub(crate) fn reply(&mut self, of: WindowId, id: u64) -> Value {
        let is = |heard: &Heard| matches!(heard, Heard::Reply { window, json, .. } if *window == of && json["id"] == id);
        self.hears(&format!("the reply to call {id}"), is).reply().unwrap()
    }

    /// Asks for an asset.
    pub(crate) fn fetches(&mut self, window: WindowId, number: u64) {
        self.say(&asset(window, number));
    }

    /// Waits for what `is` picks; what else is heard is kept.
    pub(crate) fn hears(&mut self, what: &str, is: impl Fn(&Heard) -> bool) -> Heard {
        self.hears_within(LIMIT, is)
            .unwrap_or_else(|| panic!("the host does not hear {what}; it heard {:?}", self.kept))
    }

    /// The same, if it is heard in time.
    pub(crate) fn hears_within(
        &mut self,
        limit: Duration,
        is: impl Fn(&Heard) -> bool,
    ) -> Option<Heard> {
        if let Some(at) = self.kept.iter().position(&is) {
            return Some(self.kept.remove(at));
        }
        let start = Instant::now();
        loop {
            let heard = self.heard.recv_timeout(left(start, limit)).ok()?;
            if is(&heard) {
                return Some(heard);
            }
            self.kept.push(heard);
        }
    }

    /// Everything that is heard until it is quiet for so long.
    pub(crate) fn hears_until_quiet(&mut self, quiet: Duration) -> Vec<Heard> {
        let mut all = std::mem::take(&mut self.kept);
        while let Ok(heard) = self.heard.recv_timeout(quiet) {
            all.push(heard);
        }
        all
    }

    /// Whether the process has ended, or does within the limit.
    pub(crate) fn is_gone(&mut self) -> bool {
        let start = Instant::now();
        loop {
            match self.done.recv_timeout(left(start, LIMIT)) {
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
                Ok(_) => {}
            }
        }
    }
}

/// Ends a process with SIGKILL, wherever it is.
pub(crate) fn kill(pid: u32) {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _gone = kill_process(pid, Signal::KILL);
}

/// A page's message.
pub(crate) fn message(window: WindowId, document: u64, bytes: &[u8]) -> FromHost<'_> {
    FromHost::Message { window, document: DocumentId(document), bytes }
}

/// A frame as an honest host writes it.
pub(crate) fn frame(message: &FromHost<'_>) -> Vec<u8> {
    wire::encode(message, MAX_FROM_HOST).unwrap()
}

/// The first message of a host.
pub(crate) fn ready() -> FromHost<'static> {
    let report = HostReport { protocol: PROTOCOL, level: SandboxLevel::None, missing: Vec::new() };
    FromHost::Ready(report)
}

/// A request for a page of the app.
pub(crate) fn asset(window: WindowId, number: u64) -> FromHost<'static> {
    let (method, url) = ("GET".to_owned(), PAGE.to_owned());
    let headers = Vec::new();
    FromHost::Asset(AssetRequest { request: RequestId(number), window, method, url, headers })
}

/// A call as the bridge writes it.
pub(crate) fn call(token: &str, id: u64, command: &str, args: &Value) -> Vec<u8> {
    let text = json!({ "command": command, "args": args });
    format!("c{token} {id}\n{text}").into_bytes()
}

/// Takes the whole frames off the front of `bytes`.
fn frames(bytes: &mut Vec<u8>) -> impl Iterator<Item = Heard> {
    let mut found = Vec::new();
    while let Some(prefix) = bytes.first_chunk::<LENGTH_BYTES>() {
        let length = wire::frame_length(*prefix, MAX_TO_HOST).unwrap();
        let Some(body) = bytes.get(LENGTH_BYTES..LENGTH_BYTES + length) else {
            break;
        };
        found.push(heard(wire::decode(body).unwrap()));
        bytes.drain(..LENGTH_BYTES + length);
    }
    found.into_iter()
}

fn heard(message: ToHost<'_>) -> Heard {
    match message {
        ToHost::Open(open) => Heard::Open { window: open.window, label: open.label },
        ToHost::Token { window, document, token } => Heard::Token { window, document, token },
        ToHost::Reply { window, document, json } => {
            Heard::Reply { window, document, json: serde_json::from_str(json).unwrap() }
        }
        ToHost::Asset(reply) => Heard::Asset { request: reply.request, status: reply.status },
        ToHost::Change { window, change: WindowChange::Title(title) } => {
            Heard::Title { window, title }
        }
        ToHost::Asking { number, .. } => Heard::Asking { number },
        ToHost::Answer { number, allowed, .. } => Heard::Answer { number, allowed },
        ToHost::Ping { number } => Heard::Ping { number },
        ToHost::Quit => Heard::Quit,
        ToHost::Bytes { .. }
        | ToHost::Load { .. }
        | ToHost::Change { .. }
        | ToHost::Restart { .. } => Heard::Other,
    }
}
