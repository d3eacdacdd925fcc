//! An app whose one window does what each test has it do, before a person who is asked.

use std::{fs, path::Path, time::Duration};

use serde_json::Value;
use sidegate_tests::{App, Desk, Display, Home, Launch, records, wait, x11::Place, x11::Window};

/// For the day when something hangs.
pub(crate) const LIMIT: Duration = Duration::from_secs(40);

/// The title of the window that asks.
pub(crate) const QUESTION: &str = "Sidegate: a question about The shop";

/// The colour of what can be pressed for a yes, on a light ground.
const YES: [u8; 3] = [0x1f, 0x6f, 0x4a];

/// The least width of such a button. The sign above the question has no line as long.
const BUTTON: usize = 80;

const MANIFEST: &str = "version = 1
id = \"org.example.shop\"
name = \"The shop\"
[[window]]
label = \"editor\"
title = \"Editor\"
page = \"index.html\"
width = 480
height = 320
[[template]]
name = \"help\"
title = \"Help\"
page = \"help.html\"
width = 320
height = 200
";

pub(crate) const POLICY: &str = "
[[capability]]
id = \"editor\"
windows = [\"editor\"]
allow = [
  { commands = [\"settings.set\"], key = [\"each.*\"], ask = \"each call\" },
  { commands = [\"settings.set\"], key = [\"session.*\"], ask = { when = \"each session\", text = \"close the shop for today\" } },
  { commands = [\"settings.set\"], key = [\"once.*\"], ask = { when = \"once\", text = \"send orders to the printer in the office\" } },
  { commands = [\"fs.write_text\"], path = [\"$APPDATA/**\"], ask = \"each call\" },
  { commands = [\"window.set_title\", \"window.list\"] },
  { commands = [\"window.set_title\", \"window.close\"], key = [\"question\"] },
]
";

/// What a page's script begins with: `set(key)` is a call, and `tell(text)` the title that the test sees.
const SCRIPT: &str = "
const tell = (text) => sidegate.invoke('window.set_title', { title: text });
const codeOf = (call) => call.then(() => 'ok', (error) => error.code);
const set = (key, options) => codeOf(sidegate.invoke('settings.set', { key, value: 1 }, options));
";

/// An app that runs, and what it stands on.
pub(crate) struct Stage {
    // In the order in which they have to go.
    pub(crate) app: App,
    pub(crate) desk: Desk,
    pub(crate) _display: Display,
    pub(crate) home: Home,
}

impl Stage {
    pub(crate) fn start(script: &str) -> Self {
        Self::start_in(Home::temporary().unwrap(), POLICY, script)
    }

    pub(crate) fn start_in(home: Home, policy: &str, script: &str) -> Self {
        let display = Display::start().unwrap();
        let folder = home.path().join("app");
        for part in ["policies", "ui"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        fs::write(folder.join("sidegate.toml"), MANIFEST).unwrap();
        write_policy(&home, policy);
        let page = "<!doctype html><body bgcolor='#224433'><script src='index.js'></script>";
        fs::write(folder.join("ui/index.html"), page).unwrap();
        fs::write(folder.join("ui/help.html"), "<!doctype html><body bgcolor='#663344'>").unwrap();
        fs::write(folder.join("ui/index.js"), format!("{SCRIPT}{script}")).unwrap();
        let app = Launch::new(&folder, &home, &display).unwrap().start().unwrap();
        let desk = Desk::at(&display).unwrap();
        Self { app, desk, _display: display, home }
    }

    /// Waits for a window.
    pub(crate) fn window(&self, title: &str) -> Window {
        let found = self.desk.wait_for(title, LIMIT, |found| found == title);
        found.unwrap_or_else(|error| {
            panic!("{error}\n{}\n{:#?}", self.app.errors(), self.app.records())
        })
    }

    /// Clicks into the app's own window, which is put where the question does not cover it.
    pub(crate) fn click_into_the_app(&self) {
        let editor = self.window("Editor");
        let aside = Place { x: 760, y: 560, width: 480, height: 320 };
        self.desk.arrange(&editor, aside).unwrap();
        self.desk.click(&editor, 200, 200).unwrap();
    }

    /// Waits for the question, and until the person could say yes to it: where their buttons for that
    /// are, from the shortest on.
    pub(crate) fn question(&self) -> (Window, Vec<(i16, i16)>) {
        let window = self.window(QUESTION);
        // Without a window manager a window gets the keyboard by being given it.
        self.desk.focus(&window).unwrap();
        let look = || Some(self.yes(&window)).filter(|yes| !yes.is_empty());
        let found = wait::until_some(LIMIT, look);
        let found = found.unwrap_or_else(|| {
            let _kept = self.desk.keep_picture("question-without-a-yes");
            panic!("no yes to be pressed\n{}", self.app.errors())
        });
        (window, found.0)
    }

    /// The middles of the buttons for a yes that can be pressed.
    pub(crate) fn yes(&self, window: &Window) -> Vec<(i16, i16)> {
        let Ok(picture) = self.desk.picture_of(window) else { return Vec::new() };
        let width = picture.width() as usize;
        let mut edges = Vec::new();
        for (y, row) in picture.pixels().chunks(width).enumerate() {
            let first = row.iter().position(|pixel| *pixel == YES).unwrap_or_default();
            let length = row[first..].iter().take_while(|pixel| **pixel == YES).count();
            if length >= BUTTON {
                edges.push((first + length / 2, y));
            }
        }
        let middle = |pair: &[(usize, usize)]| {
            (i16::try_from(pair[0].0).unwrap(), i16::try_from((pair[0].1 + pair[1].1) / 2).unwrap())
        };
        edges.chunks_exact(2).map(middle).collect()
    }

    /// Waits until a question is gone. Another may be there then: what tells them apart is who shows it.
    pub(crate) fn is_gone(&self, window: &Window, shown_by: u32) {
        let is_there = || self.desk.process(window).is_ok_and(|process| process == shown_by);
        assert!(wait::until(LIMIT, || !is_there()).is_some(), "{}", self.app.errors());
    }

    /// Waits until no question is on the screen.
    pub(crate) fn no_question(&self) {
        let is_there = || {
            let windows = self.desk.windows().unwrap();
            windows.iter().any(|window| window.title == QUESTION)
        };
        assert!(wait::until(LIMIT, || !is_there()).is_some(), "{}", self.app.errors());
    }

    /// The app's records of an event, of what a test is about.
    pub(crate) fn records(&self, event: &str) -> Vec<Value> {
        let mut all = self.app.records().unwrap();
        all.retain(|record| {
            let command = record["command"].as_str().unwrap_or_default();
            record["event"] == event && (command == "settings.set" || command == "fs.write_text")
        });
        all
    }

    /// What the window that asks has in its own log of the answers that its page gave.
    pub(crate) fn answers(&self) -> Vec<Value> {
        let log = self.home.audit_log("org.example.shop");
        let log = log.parent().unwrap().join("question/audit.jsonl");
        let mut all = records::read(&log).unwrap();
        all.retain(|record| record["command"] == "question.answer");
        all.into_iter().map(|record| record["args"].clone()).collect()
    }

    /// Asserts that the calls so far were asked about, and each ran on a yes that was in the log before.
    pub(crate) fn is_in_order(&self, runs: usize) {
        let all = self.app.records().unwrap();
        let at = |wanted: &dyn Fn(&Value) -> bool| -> Vec<usize> {
            (0..all.len()).filter(|place| wanted(&all[*place])).collect()
        };
        let ran = at(&|it| it["command"] == "settings.set" && it["verdict"] == "allow");
        let yes = at(&|it| it["event"] == "answered" && it["answer"] == "yes");
        assert_eq!(ran.len(), runs, "{all:#?}");
        assert!(ran.iter().all(|ran| yes.iter().any(|yes| yes < ran)), "{all:#?}");
    }
}

/// Puts another policy into the place of the app's.
pub(crate) fn write_policy(home: &Home, policy: &str) {
    let file = home.path().join("app/policies/app.toml");
    let next: &Path = &file.with_extension("next");
    fs::write(next, format!("version = 1\n{policy}")).unwrap();
    fs::rename(next, &file).unwrap();
}
