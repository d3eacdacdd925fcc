//! The race: a host with some windows, a script for their documents, and a hand that loads and
//! kills in between.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sidegate::wire::{OpenWindow, ToHost, WindowId};
use sidegate_tests::{
    Display,
    fake_broker::{Asset, Call, FakeBroker, Said},
    frames::{ATTACK, frames},
    process::descendants,
};

use crate::{chance::Chance, tally::Tally};

/// Windows that race beside each other in one host.
const WINDOWS: u32 = 3;

/// A window that has said nothing for so long is stuck: its page hangs in a load, or is gone.
const STUCK: Duration = Duration::from_millis(500);

/// When no window has said anything for so long, the race is over.
const STALLED: Duration = Duration::from_secs(60);

/// Documents between one killed web process and the next.
const DOCUMENTS_A_CRASH: u64 = 25;

/// Messages between one line of progress and the next.
const TOLD: usize = 5_000;

const WAYS: [&str; 12] = [
    "href", "replace", "link", "reload", "back", "forward", "far", "within", "twice", "spinning",
    "written", "stop",
];

const PAGE: &str = include_str!("page.html");

pub(crate) struct Race {
    display: Display,
    broker: FakeBroker,
    /// The windows of the host there is; no number is used twice.
    windows: Vec<WindowId>,
    chance: Chance,
    tally: Tally,
    /// Calls that wait until their document is gone.
    held: Vec<Call>,
    heard: HashMap<WindowId, Instant>,
    addresses: u64,
}

impl Race {
    pub(crate) fn start() -> Self {
        let display = Display::start().unwrap();
        let (chance, seed) = Chance::from_environment();
        println!("SIDEGATE_SEED={seed}");
        let mut race = Self {
            broker: host(&display),
            display,
            windows: Vec::new(),
            chance,
            tally: Tally::of(seed),
            held: Vec::new(),
            heard: HashMap::new(),
            addresses: 0,
        };
        race.open_all();
        race
    }

    /// Goes on until the numbers are enough.
    pub(crate) fn run_until(&mut self, enough: impl Fn(&Tally) -> bool) {
        let (mut told, mut last) = (0, Instant::now());
        while !enough(&self.tally) {
            if self.tally.messages / TOLD > told {
                told = self.tally.messages / TOLD;
                println!("{}", self.tally);
            }
            if let Some(said) = self.broker.hear_within(Duration::from_millis(50)) {
                self.take(&said);
                last = if matches!(said, Said::Call(_)) { Instant::now() } else { last };
            }
            assert!(last.elapsed() < STALLED, "nobody says anything: {}", self.tally);
            self.free_the_stuck();
        }
    }

    pub(crate) fn end(self) -> Tally {
        self.tally
    }

    fn open_all(&mut self) {
        let first = self.windows.last().map_or(1, |last| last.0 + 1);
        self.windows = (first..first + WINDOWS).map(WindowId).collect();
        for window in self.windows.clone() {
            self.open(window);
        }
    }

    fn open(&mut self, window: WindowId) {
        let url = self.address(window);
        self.heard.insert(window, Instant::now());
        let open = OpenWindow {
            window,
            label: "race".into(),
            title: "a race".into(),
            url,
            width: 300,
            height: 200,
            origins: vec!["app://localhost".into(), "app://evil".into()],
            devtools: false,
            placing: None,
            powers: Vec::new(),
            menus: Vec::new(),
        };
        self.send(&ToHost::Open(open));
    }

    fn take(&mut self, said: &Said) {
        self.tally.count(said);
        match said {
            Said::Call(call) => {
                self.heard.insert(call.window, Instant::now());
                match call.command.as_str() {
                    "next" => self.send_on(call),
                    "hold" => self.held.push(call.clone()),
                    _ => {}
                }
            }
            // Some late replies find a document that has no bridge yet, some one that has.
            Said::Committed(window, _) if self.chance.once_in(2) => self.reply_late(*window),
            Said::Document(window, ..) => self.reply_late(*window),
            Said::Gone => {
                self.held.clear();
                self.broker = host(&self.display);
                self.open_all();
            }
            _ => {}
        }
    }

    /// Tells a document where to go from here, or takes it there.
    fn send_on(&mut self, call: &Call) {
        let (next, other) = (self.address(call.window), self.address(call.window));
        let way = *self.chance.one_of(&WAYS);
        let life = self.chance.below(60);
        let to = call.args[0].clone();
        self.reply(
            call,
            &json!({ "to": to, "way": way, "life": life, "next": next, "other": other }),
        );
        if self.chance.once_in(5) {
            self.load(call.window);
        }
        if self.chance.once_in(DOCUMENTS_A_CRASH) {
            self.kill_a_web_process();
        }
    }

    fn load(&mut self, window: WindowId) {
        self.tally.loads += 1;
        let url = self.address(window);
        self.send(&ToHost::Load { window, url });
    }

    fn kill_a_web_process(&mut self) {
        let mut family = descendants(self.broker.host_pid());
        family.retain(|process| process.name == "WebKitWebProcess");
        if !family.is_empty() {
            self.chance.one_of(&family).kill().unwrap();
        }
    }

    fn reply_late(&mut self, window: WindowId) {
        for call in self.held.extract_if(.., |call| call.window == window).collect::<Vec<_>>() {
            self.tally.late += 1;
            self.reply(&call, &json!({ "to": call.args[0] }));
        }
    }

    fn reply(&mut self, call: &Call, ok: &Value) {
        let json = format!(r#"{{"id":{},"ok":{ok}}}"#, call.id);
        let (window, document) = (call.window, call.document);
        self.send(&ToHost::Reply { window, document, json: &json });
    }

    /// A host that has just ended hears nothing, and says so next.
    fn send(&mut self, message: &ToHost<'_>) {
        let _ended = self.broker.send(message);
    }

    fn free_the_stuck(&mut self) {
        let now = Instant::now();
        for window in self.windows.clone() {
            if self.heard.get(&window).is_some_and(|then| now - *then > STUCK) {
                self.heard.insert(window, now);
                self.load(window);
            }
        }
    }

    /// An address that no document had before: of one of two origins, with one of the frames in
    /// it, at once, after a while or never.
    fn address(&mut self, window: WindowId) -> String {
        self.addresses += 1;
        let origin = self.chance.one_of(&["app://localhost", "app://evil"]);
        let pace = self.chance.one_of(&["now", "now", "now", "now", "soon", "late", "never"]);
        let kind = self.chance.below(11);
        format!("{origin}/{pace}{kind}?w={}&n={}", window.0, self.addresses)
    }
}

fn host(display: &Display) -> FakeBroker {
    FakeBroker::start(display, &["--least", "A"], assets(), at_once).unwrap()
}

/// What is answered by the thread that listens: the rest waits for its moment.
fn at_once(call: &Call) -> Option<Value> {
    (call.command == "said").then(|| json!({ "to": call.args[0] }))
}

/// Pages with each kind of frame and with none, at each pace, at both origins.
fn assets() -> BTreeMap<String, Asset> {
    let inner = format!("<script>{ATTACK}</script>");
    let mut pages: Vec<String> =
        frames(&inner).iter().map(|(_, frame)| format!("{PAGE}{frame}")).collect();
    pages.push(PAGE.to_owned());
    let mut assets = BTreeMap::new();
    for origin in ["app://localhost", "app://evil"] {
        assets.insert(format!("{origin}/frame"), Asset::Html(inner.clone()));
        for (kind, page) in pages.iter().enumerate() {
            let slow = |millis| Asset::Slow(Duration::from_millis(millis), page.clone());
            for (pace, asset) in [
                ("now", Asset::Html(page.clone())),
                ("soon", slow(15)),
                ("late", slow(150)),
                ("never", Asset::Hangs),
            ] {
                assets.insert(format!("{origin}/{pace}{kind}"), asset);
            }
        }
    }
    assets
}
