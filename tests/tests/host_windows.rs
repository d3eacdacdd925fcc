//! A window as a real host has it: what its page reaches for is held until it is answered, what is
//! done to it is done, and how it stands is told. The broker here answers by a rule and decides
//! nothing. A picture of each state is kept (`Desk::keep_picture`).

#![allow(clippy::unwrap_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

use std::{collections::BTreeMap, process::Command, time::Duration};

use serde_json::json;
use sidegate::wire::{
    Menu, MenuItem, OpenWindow, Placing, Power, Stance, ToHost, WindowChange, WindowId,
};
use sidegate_tests::{
    Desk, Display,
    display::SCREEN,
    fake_broker::{Answer, Asset, FakeBroker, Said, echo, host},
    x11::{Key, Place, Window},
};

const HOME: &str = "app://localhost/";
const TITLE: &str = "A window of the tests";
/// The colour of the page.
const PAGE: [u8; 3] = [0x22, 0x44, 0x55];
const LIMIT: Duration = Duration::from_secs(20);

/// Longer than the answer to anything that was answered.
const QUIET: Duration = Duration::from_millis(700);

/// Whether a window stands as it was asked to.
type Stands = fn(&Stance) -> bool;

/// A host with one window open whose page runs `script`.
fn run(
    display: &Display,
    script: &str,
    answer: Answer,
    change: impl FnOnce(OpenWindow) -> OpenWindow,
) -> FakeBroker {
    let page = Asset::Html(format!(
        "<!doctype html><title>x</title><body style='background:#245'><script>{script}</script>"
    ));
    let other = Asset::Html("<!doctype html><script>sidegate.invoke('report')</script>".to_owned());
    let assets = [(HOME.to_owned(), page), ("app://elsewhere/".to_owned(), other)];
    let mut command = Command::new(host().unwrap());
    command.env_clear().envs(display.environment()).args(["--least", "A"]);
    let assets: BTreeMap<_, _> = assets.into();
    let mut broker = FakeBroker::start_answering(command, assets, echo, answer).unwrap();
    broker.open_as(1, &[], change).unwrap();
    broker
}

fn asked(said: &Said, wanted: Power) -> Option<(u64, Option<String>)> {
    match said {
        Said::Ask { number, power, url, .. } if *power == wanted => Some((*number, url.clone())),
        _ => None,
    }
}

fn picture(desk: &Desk, name: &str) {
    desk.keep_picture(name).unwrap();
}

#[test]
fn c10_a_navigation_waits_for_its_answer_and_goes_where_that_says() {
    let script = "onload = () => { location.href = 'app://elsewhere/'; \
                  setTimeout(() => sidegate.invoke('report', 'here'), 6000); }";
    let cases: [(&str, Answer, bool); 3] = [
        ("allowed", |_, _| Some(true), true),
        ("refused", |_, _| Some(false), false),
        ("never answered", |_, _| None, false),
    ];
    for (name, answer, goes) in cases {
        let display = Display::start().unwrap();
        let broker = run(&display, script, answer, |open| open);
        let (_, url) = broker.wait_for("the question", |said| asked(said, Power::Navigate));
        assert_eq!(url.as_deref(), Some("app://elsewhere/"), "{name}");
        let went = broker.wait_for("where it went", |said| match said {
            Said::Committed(_, document) if document.0 == 2 => Some(true),
            Said::Call(call) if call.command == "report" => Some(call.args != json!("here")),
            _ => None,
        });
        assert_eq!(went, goes, "{name}");
    }
}

/// Longer than an answer may take that nobody is asked for: the page itself says when that is over, and
/// what it reached for is still neither given nor refused.
const OVER: &str = "setTimeout(() => sidegate.invoke('report', heard), 7000);";

#[test]
fn c10_what_the_person_is_asked_is_held_for_as_long_as_they_take() {
    let script = format!(
        "const heard = [];
         onload = async () => {{
           await sidegate.invoke('echo', 0);
           navigator.geolocation.getCurrentPosition(
             () => sidegate.invoke('place', 'given'), (error) => sidegate.invoke('place', error.code));
           location.href = 'app://elsewhere/';
           {OVER}
         }};"
    );
    let display = Display::start().unwrap();
    let powers = || vec![Power::Geolocation];
    let mut broker =
        run(&display, &script, |_, _| None, |open| OpenWindow { powers: powers(), ..open });
    let window = WindowId(1);
    let mut numbers = BTreeMap::new();
    while numbers.len() < 2 {
        let (power, number) = broker.wait_for("the questions", |said| match said {
            Said::Ask { number, power, .. } => Some((*power, *number)),
            _ => None,
        });
        broker.send(&ToHost::Asking { window, number }).unwrap();
        numbers.insert(power, number);
    }
    let before = |said: &Said| match said {
        Said::Call(call) if call.command == "place" => panic!("{call:?}: nobody has answered"),
        Said::Committed(_, document) if document.0 > 1 => panic!("nobody has answered"),
        Said::Call(call) if call.command == "report" => Some(()),
        _ => None,
    };
    broker.wait_for("the time to be over", before);
    let number = numbers[&Power::Geolocation];
    broker.send(&ToHost::Answer { window, number, allowed: false }).unwrap();
    let place = broker.wait_for_call("place").args;
    assert_eq!(place, json!(1), "it is refused, and not before");
    let number = numbers[&Power::Navigate];
    broker.send(&ToHost::Answer { window, number, allowed: true }).unwrap();
    let went = |said: &Said| matches!(said, Said::Committed(_, document) if document.0 == 2);
    broker.wait_for("where it goes", |said| went(said).then_some(()));
}

#[test]
fn c05_an_answer_that_comes_to_another_document_does_nothing() {
    let script = "const second = location.search === '?2';
        onload = () => {
          if (second) return sidegate.invoke('report', 'second');
          setTimeout(() => { location.href = 'app://elsewhere/'; }, 300);
          setTimeout(() => { location.href = '/?2'; }, 900);
        };";
    let display = Display::start().unwrap();
    let mut broker = run(&display, script, |_, _| None, |open| open);
    let (number, _) = broker.wait_for("the question", |said| asked(said, Power::Navigate));
    broker.wait_for_call("report");
    broker.send(&ToHost::Answer { window: WindowId(1), number, allowed: true }).unwrap();
    let later = broker.listen_until_quiet(QUIET);
    assert!(!later.iter().any(|said| matches!(said, Said::Committed(..))), "{later:#?}");
}

#[test]
fn c17_what_a_page_reaches_for_is_asked_for_by_its_name() {
    let script = "const heard = {};
        const tell = (name) => (how) => { heard[name] = how; };
        onload = async () => {
          await sidegate.invoke('echo', 0);
          navigator.geolocation.getCurrentPosition(() => tell('place')('given'),
            (error) => tell('place')(error.code));
          Notification.requestPermission().then(tell('notes'));
          const ask = (what) => navigator.mediaDevices.getUserMedia(what);
          ask({ audio: true, video: true }).then(() => tell('media')('given'), (e) => tell('media')(e.name));
          setTimeout(() => print(), 200);
          setTimeout(() => sidegate.invoke('report', heard), 2000);
        };";
    let display = Display::start().unwrap();
    let powers = || Power::ALL.to_vec();
    let broker =
        run(&display, script, |_, _| Some(false), |open| OpenWindow { powers: powers(), ..open });
    let mut asked_for = Vec::new();
    let heard = broker.wait_for("the report", |said| match said {
        Said::Ask { power, .. } => {
            asked_for.push(*power);
            None
        }
        Said::Call(call) if call.command == "report" => Some(call.args.clone()),
        _ => None,
    });
    asked_for.sort();
    // A session that keeps nothing is refused notifications by WebKit itself, and a sandbox has no
    // devices to be asked about.
    assert_eq!(asked_for, [Power::Geolocation, Power::Print], "{heard}");
    assert_eq!((&heard["notes"], &heard["place"]), (&json!("denied"), &json!(1)), "{heard}");
    assert_ne!(heard["media"], "given", "{heard}");
}

#[test]
fn c17_a_print_shows_a_dialog_once_it_is_allowed() {
    let script = "onload = () => { setTimeout(() => print(), 300); }";
    let cases: [(Answer, bool); 2] = [(|_, _| Some(true), true), (|_, _| Some(false), false)];
    for (answer, shown) in cases {
        let display = Display::start().unwrap();
        let broker = run(&display, script, answer, |open| open);
        let desk = Desk::at(&display).unwrap();
        broker.wait_for("the question", |said| asked(said, Power::Print));
        let limit = if shown { LIMIT } else { QUIET };
        let dialog = desk.wait_for("the dialog", limit, |title| title == "Print");
        assert_eq!(dialog.is_ok(), shown);
        if shown {
            std::thread::sleep(Duration::from_millis(500));
            picture(&desk, "print");
        }
    }
}

#[test]
fn c17_the_inspector_opens_once_it_is_allowed() {
    let cases: [(Answer, bool); 2] = [(|_, _| Some(true), true), (|_, _| Some(false), false)];
    for (answer, shown) in cases {
        let display = Display::start().unwrap();
        let powers = vec![Power::Devtools];
        let script = "onload = () => sidegate.invoke('report', 1)";
        let broker = run(&display, script, answer, |open| OpenWindow { powers, ..open });
        let desk = Desk::at(&display).unwrap();
        let window = desk.wait_for("the window", LIMIT, |title| title == TITLE).unwrap();
        let colours = |desk: &Desk| desk.picture_of(&window).unwrap().colours();
        broker.wait_for_call("report");
        desk.focus(&window).unwrap();
        let plain = colours(&desk);
        desk.click_for_menu(&window, 200, 200).unwrap();
        let menu = sidegate_tests::wait::until(LIMIT, || colours(&desk) > plain + 8);
        assert!(menu.is_some(), "no context menu");
        picture(&desk, "context-menu");
        // The last item, by way of the end.
        desk.press(&[Key::Up]).unwrap();
        desk.press(&[Key::Enter]).unwrap();
        broker.wait_for("the question", |said| asked(said, Power::Devtools));
        let limit = if shown { LIMIT } else { Duration::from_secs(2) };
        let open = sidegate_tests::wait::until(limit, || {
            desk.windows().unwrap().iter().any(|one| one.title.contains("Inspector"))
        });
        picture(&desk, if shown { "inspector" } else { "no-inspector" });
        assert_eq!(open.is_some(), shown);
    }
}

/// What another program has put on the clipboard is read by a script once that is allowed, and not before.
#[test]
fn c17_the_clipboard_is_read_once_it_is_allowed() {
    let script = "onload = () => {
          sidegate.invoke('report', typeof navigator.clipboard?.readText);
          document.onclick = async () => {
            // The old way, and the new one.
            const area = document.body.appendChild(document.createElement('textarea'));
            area.focus();
            document.execCommand('paste');
            const heard = [area.value];
            await navigator.clipboard.readText()
              .then((text) => heard.push(text), (error) => heard.push(error.name));
            sidegate.invoke('report', heard);
          };
        };";
    let cases: [(Answer, serde_json::Value); 2] = [
        (|_, _| Some(true), json!(["of another program", ""])),
        (|_, _| Some(false), json!(["", "NotAllowedError"])),
    ];
    for (answer, expected) in cases {
        let display = Display::start().unwrap();
        let powers = vec![Power::ClipboardRead];
        let broker = run(&display, script, answer, |open| OpenWindow { powers, ..open });
        let desk = Desk::at(&display).unwrap();
        let window = desk.wait_for("the window", LIMIT, |title| title == TITLE).unwrap();
        assert_eq!(broker.wait_for_call("report").args, json!("function"));
        let other = Desk::at(&display).unwrap();
        let lent = std::thread::spawn(move || {
            other.lend_text("of another program", Duration::from_secs(4)).unwrap();
        });
        desk.focus(&window).unwrap();
        std::thread::sleep(Duration::from_millis(500));
        desk.click(&window, 200, 200).unwrap();
        broker.wait_for("the question", |said| asked(said, Power::ClipboardRead));
        let heard = broker.wait_for_call("report").args;
        // One answer is for all that a click brings about; what `readText` then gives is empty here.
        assert_eq!(heard, expected);
        lent.join().unwrap();
    }
}

/// WebKit has a page stand still until it may have the clipboard or not. It is not one that spins, for as
/// long as the person is asked.
#[test]
fn c17_a_page_that_waits_for_the_clipboard_is_not_taken_for_one_that_spins() {
    let script = "onload = () => {
          document.onclick = () => {
            const area = document.body.appendChild(document.createElement('textarea'));
            area.focus();
            document.execCommand('paste');
            sidegate.invoke('report', area.value);
          };
          sidegate.invoke('ready');
        };";
    let display = Display::start().unwrap();
    let powers = vec![Power::ClipboardRead];
    let mut broker = run(&display, script, |_, _| None, |open| OpenWindow { powers, ..open });
    let desk = Desk::at(&display).unwrap();
    let window = desk.wait_for("the window", LIMIT, |title| title == TITLE).unwrap();
    broker.wait_for_call("ready");
    desk.focus(&window).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    desk.click(&window, 200, 200).unwrap();
    let (number, _) = broker.wait_for("the question", |said| asked(said, Power::ClipboardRead));
    let answers = |said: &Said| match said {
        Said::Call(call) if call.command == "report" => panic!("{call:?}: nobody has answered"),
        Said::Responsive(_) => Some(()),
        _ => None,
    };
    broker.send(&ToHost::Asking { window: WindowId(1), number }).unwrap();
    for ping in 1..=3 {
        broker.send(&ToHost::Ping { number: ping }).unwrap();
        broker.wait_for("that it is there", answers);
    }
    broker.send(&ToHost::Answer { window: WindowId(1), number, allowed: false }).unwrap();
    assert_eq!(broker.wait_for_call("report").args, json!(""));
}

#[test]
fn c17_a_file_is_dropped_where_that_is_allowed() {
    let script = "document.body.style.height = '440px';
        const dropped = [];
        document.addEventListener('dragover', (event) => event.preventDefault());
        document.addEventListener('drop', (event) => {
          event.preventDefault();
          dropped.push(event.dataTransfer.files.length, event.dataTransfer.types.length);
        });
        onload = () => {
          sidegate.invoke('report', 0);
          setTimeout(() => sidegate.invoke('report', dropped), 5000);
        };";
    let cases: [(Answer, bool); 3] =
        [(|_, _| Some(true), true), (|_, _| Some(false), false), (|_, _| None, false)];
    for (answer, given) in cases {
        let display = Display::start().unwrap();
        let broker = run(&display, script, answer, |open| open);
        let desk = Desk::at(&display).unwrap();
        let window = desk.wait_for("the window", LIMIT, |title| title == TITLE).unwrap();
        broker.wait_for_call("report");
        std::thread::sleep(Duration::from_millis(500));
        desk.drop_file(&window, "file:///etc/hostname", 200, 200).unwrap();
        broker.wait_for("the question", |said| asked(said, Power::DropFiles));
        let dropped = broker.wait_for_call("report").args;
        assert_eq!(dropped != json!([]), given, "{dropped}");
    }
}

#[test]
fn what_is_done_to_a_window_is_done_and_told() {
    let display = Display::start().unwrap();
    let script = "onload = () => sidegate.invoke('report', 1)";
    let mut broker = run(&display, script, |_, _| Some(false), |open| open);
    let desk = Desk::at(&display).unwrap();
    let window = desk.wait_for("the window", LIMIT, |title| title == TITLE).unwrap();
    broker.wait_for_call("report");
    let is_so: [(&str, WindowChange, Stands); 4] = [
        ("size", WindowChange::Size { width: 500, height: 300 }, |it| {
            (it.width, it.height) == (500, 300)
        }),
        ("position", WindowChange::Position { x: 70, y: 90 }, |it| (it.x, it.y) == (70, 90)),
        ("hidden", WindowChange::Visible(false), |it| !it.visible),
        ("shown", WindowChange::Visible(true), |it| it.visible),
    ];
    for (name, change, is_so) in is_so {
        broker.send(&ToHost::Change { window: WindowId(1), change }).unwrap();
        broker.wait_for(name, |said| match said {
            Said::Stands(_, stance) if is_so(stance) => Some(()),
            _ => None,
        });
        let is_shown = || desk.windows().unwrap().iter().any(|one| one.id == window.id);
        let shows = sidegate_tests::wait::until(LIMIT, || is_shown() == (name != "hidden"));
        assert!(shows.is_some(), "{name}");
        if name == "position" {
            let placed = sidegate_tests::wait::until(LIMIT, || {
                let place = desk.place(&window).unwrap();
                (place.x, place.y, place.width, place.height) == (70, 90, 500, 300)
            });
            assert!(placed.is_some(), "{:?}", desk.place(&window).unwrap());
        }
        // What it draws comes a moment after where it is; nothing is asserted of the picture.
        std::thread::sleep(Duration::from_millis(300));
        picture(&desk, name);
    }
    // What is a window manager's to do is asked of it, and here there is none.
    desk.hear_wishes().unwrap();
    for (state, change, has) in [
        ("_NET_WM_STATE_ABOVE", WindowChange::AlwaysOnTop(true), true),
        ("_NET_WM_STATE_ABOVE", WindowChange::AlwaysOnTop(false), false),
        ("_NET_WM_STATE_FULLSCREEN", WindowChange::Fullscreen(true), true),
        ("_NET_WM_STATE_FULLSCREEN", WindowChange::Fullscreen(false), false),
    ] {
        broker.send(&ToHost::Change { window: WindowId(1), change: change.clone() }).unwrap();
        assert!(desk.hears_wish(state, has, LIMIT).unwrap(), "{change:?}");
        if change == WindowChange::Fullscreen(true) {
            fill_the_screen(&desk, &window);
        }
    }
    let title = WindowChange::Title("Another title".into());
    broker.send(&ToHost::Change { window: WindowId(1), change: title }).unwrap();
    desk.wait_for("the title", LIMIT, |title| title == "Another title").unwrap();
    broker.send(&ToHost::Change { window: WindowId(1), change: WindowChange::Close }).unwrap();
    broker.wait_for("the end", |said| (*said == Said::Closed(WindowId(1))).then_some(()));
    // The display hears of it a moment after the broker.
    let gone = sidegate_tests::wait::until(LIMIT, || desk.windows().unwrap().is_empty());
    assert!(gone.is_some(), "{:?}", desk.windows().unwrap());
}

/// Grants a window the screen, as a window manager would, and looks at its page.
fn fill_the_screen(desk: &Desk, window: &Window) {
    let (width, height) = SCREEN;
    desk.arrange(window, Place { x: 0, y: 0, width, height }).unwrap();
    let all = usize::from(width) * usize::from(height);
    let page =
        || desk.picture_of(window).unwrap().pixels().iter().filter(|pixel| **pixel == PAGE).count();
    let filled = sidegate_tests::wait::until(LIMIT, || page() > all / 10 * 9);
    assert!(filled.is_some(), "{} of {all}", page());
    picture(desk, "fullscreen");
}

#[test]
fn a_window_is_put_where_it_stood_and_on_the_screen() {
    for (x, y, expected) in [(120, 80, (120, 80)), (5000, 4000, (640, 420)), (-900, -9, (0, 0))] {
        let display = Display::start().unwrap();
        let placing = Some(Placing { x, y, fullscreen: false });
        let script = "onload = () => sidegate.invoke('report', 1)";
        let broker =
            run(&display, script, |_, _| Some(false), |open| OpenWindow { placing, ..open });
        broker.wait_for_call("report");
        let desk = Desk::at(&display).unwrap();
        let window = desk.wait_for("the window", LIMIT, |title| title == TITLE).unwrap();
        let found = sidegate_tests::wait::until(LIMIT, || {
            let place = desk.place(&window).unwrap();
            (place.x, place.y) == expected
        });
        assert!(found.is_some(), "{x}, {y}: {:?}", desk.place(&window).unwrap());
    }
}

#[test]
fn what_is_chosen_in_a_menu_is_told_by_its_number() {
    let item = |number, title: &str, keys: Option<&str>| MenuItem {
        number,
        title: title.into(),
        keys: keys.map(str::to_owned),
    };
    let items = vec![item(0, "Save", Some("<Control>s")), item(1, "Quit", None)];
    let menus = vec![Menu { title: "File".into(), items }];
    let display = Display::start().unwrap();
    let script = "onload = () => sidegate.invoke('report', 1)";
    let broker = run(&display, script, |_, _| Some(false), |open| OpenWindow { menus, ..open });
    let desk = Desk::at(&display).unwrap();
    let window = desk.wait_for("the window", LIMIT, |title| title == TITLE).unwrap();
    broker.wait_for_call("report");
    desk.focus(&window).unwrap();
    let chosen = |number| {
        broker.wait_for("the choice", |said| match said {
            Said::Chosen(WindowId(1), found) => Some(*found == number),
            _ => None,
        })
    };
    // The list of the menu is over the page, which is of one colour.
    let page =
        || desk.picture_of(&window).unwrap().pixels().iter().filter(|it| **it == PAGE).count();
    let painted = sidegate_tests::wait::until(LIMIT, || page() > 100_000);
    assert!(painted.is_some(), "no page");
    let plain = page();
    desk.click(&window, 15, 12).unwrap();
    let list = sidegate_tests::wait::until(LIMIT, || page() + 500 < plain);
    assert!(list.is_some(), "no menu");
    picture(&desk, "menu");
    desk.press(&[Key::Down]).unwrap();
    desk.press(&[Key::Down]).unwrap();
    desk.press(&[Key::Enter]).unwrap();
    assert!(chosen(1));
    desk.focus(&window).unwrap();
    desk.press(&[Key::Control, Key::Char('s')]).unwrap();
    assert!(chosen(0));
}
