//! What a person sees of a window whose page is not as it should be: one that is missing, that was
//! refused, that asks, that spins, that died. A real host and a real WebView; a picture of each state is
//! kept, and what of it can be told by a test is.

#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

use std::{collections::BTreeMap, process::Command, thread, time::Duration};

use sidegate::wire::{Power, ToHost, WindowId};
use sidegate_tests::{
    Desk, Display,
    fake_broker::{Asset, FakeBroker, Said, echo, host},
    process::descendants,
    wait,
    x11::Window,
};

const HOME: &str = "app://localhost/";
const TITLE: &str = "A window of the tests";
const WINDOW: WindowId = WindowId(1);
/// The colour of the page, and of another one.
const PAGE: [u8; 3] = [0x22, 0x44, 0x55];
const OTHER: [u8; 3] = [0x88, 0x22, 0x44];
const LIMIT: Duration = Duration::from_secs(20);

/// What a page paints comes a moment after it says that it is there.
const PAINTED: Duration = Duration::from_millis(400);

/// A host with a window, and who sits before it.
struct Seat {
    broker: FakeBroker,
    desk: Desk,
    window: Window,
    _display: Display,
}

impl Seat {
    /// With a page that runs `script`, which reports when it is loaded.
    fn at(script: &str) -> Self {
        let display = Display::start().unwrap();
        let page = |colour: &str, script: &str| {
            Asset::Html(format!(
                "<!doctype html><body style='background:{colour}'><h1>A page</h1>
                 <script>onload = () => {{ sidegate.invoke('report', 1); {script} }}</script>"
            ))
        };
        let pages = [
            (HOME.to_owned(), page("#245", script)),
            ("app://localhost/other".to_owned(), page("#824", "")),
        ];
        let mut command = Command::new(host().unwrap());
        command.env_clear().envs(display.environment()).args(["--least", "A"]);
        let pages: BTreeMap<_, _> = pages.into();
        let refuse = |_: Power, _: Option<&str>| Some(false);
        let mut broker = FakeBroker::start_answering(command, pages, echo, refuse).unwrap();
        broker.open(1, &[]).unwrap();
        let desk = Desk::at(&display).unwrap();
        let window = desk.wait_for("the window", LIMIT, |title| title == TITLE).unwrap();
        broker.wait_for_call("report");
        Self { broker, desk, window, _display: display }
    }

    /// How many pixels of the window have a colour.
    fn count(&self, colour: [u8; 3]) -> usize {
        let shown = self.desk.picture_of(&self.window).unwrap();
        shown.pixels().iter().filter(|pixel| **pixel == colour).count()
    }

    /// Waits until most of the window has a colour.
    fn shows(&self, what: &str, colour: [u8; 3]) {
        let shown = wait::until(LIMIT, || self.count(colour) > 100_000);
        assert!(shown.is_some(), "{what}: {} pixels of {colour:?}", self.count(colour));
    }

    /// Keeps a picture of the screen.
    fn keep(&self, name: &str) {
        thread::sleep(PAINTED);
        self.desk.keep_picture(name).unwrap();
    }

    fn load(&mut self, url: &str) {
        self.broker.send(&ToHost::Load { window: WINDOW, url: url.to_owned() }).unwrap();
    }
}

#[test]
fn a_page_a_missing_one_and_another() {
    let mut seat = Seat::at("");
    seat.shows("the page", PAGE);
    seat.keep("page");
    seat.load("app://localhost/missing");
    let gone = wait::until(LIMIT, || seat.count(PAGE) == 0);
    assert!(gone.is_some(), "the page before is still shown");
    seat.keep("missing-page");
    seat.load("app://localhost/other");
    seat.broker.wait_for_call("report");
    seat.shows("the page after it", OTHER);
}

#[test]
fn a_refused_navigation_leaves_the_page_as_it_was() {
    let seat = Seat::at("setTimeout(() => { location.href = 'https://example.com/'; }, 300);");
    seat.broker.wait_for("the question", |said| match said {
        Said::Ask { power: Power::Navigate, .. } => Some(()),
        _ => None,
    });
    thread::sleep(PAINTED);
    seat.shows("the page", PAGE);
    seat.keep("refused-navigation");
}

#[test]
fn a_dialog_stands_before_its_page() {
    let seat = Seat::at("setTimeout(() => alert('A question of the page'), 1500);");
    seat.shows("the page", PAGE);
    let plain = seat.count(PAGE);
    let open = wait::until(LIMIT, || {
        seat.count(PAGE) + 500 < plain || seat.desk.windows().unwrap().len() > 1
    });
    assert!(open.is_some(), "no dialog");
    seat.keep("dialog");
}

#[test]
fn a_page_that_spins_is_what_it_was_until_it_is_loaded_anew() {
    let mut seat = Seat::at(
        "if (sessionStorage.before) return; sessionStorage.before = 1;
         document.body.style.background = '#824'; setTimeout(() => { for (;;); }, 1000);",
    );
    seat.shows("the page that will spin", OTHER);
    thread::sleep(Duration::from_secs(1));
    seat.keep("spinning");
    seat.broker.send(&ToHost::Restart { window: WINDOW }).unwrap();
    seat.broker.wait_for("the next document", |said| match said {
        Said::Committed(_, document) if document.0 > 1 => Some(()),
        _ => None,
    });
    let painted = wait::until(LIMIT, || seat.count(PAGE) + seat.count(OTHER) > 100_000);
    assert!(painted.is_some(), "nothing in its place");
    seat.keep("restarted");
}

#[test]
fn a_page_whose_process_died_is_loaded_anew() {
    let seat = Seat::at("");
    seat.shows("the page", PAGE);
    let family = descendants(seat.broker.host_pid());
    let web = family.iter().find(|process| process.name == "WebKitWebProcess").unwrap();
    web.kill().unwrap();
    seat.broker.wait_for("crash", |said| (*said == Said::Crashed(WINDOW)).then_some(()));
    seat.desk.keep_picture("crashed").unwrap();
    seat.broker.wait_for_call("report");
    seat.shows("the page again", PAGE);
    seat.keep("after-a-crash");
}
