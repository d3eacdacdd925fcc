//! What a page reaches for without a call, and the person is asked about.

use serde_json::Value;
use sidegate_tests::{Home, x11::Key, x11::Place};

use crate::stage::{LIMIT, Stage};

const POLICY: &str = "
[[capability]]
id = \"editor\"
windows = [\"editor\"]
allow = [
  { commands = [\"window.set_title\"] },
  { commands = [\"webview.geolocation\"], ask = \"each session\" },
  { commands = [\"webview.open_window\"], key = [\"help\"], ask = { when = \"each call\", text = \"open the help\" } },
]
";

/// How the place of the machine is asked for, and what is told: here is none to be had, which is another
/// error than a refusal.
const PLACE: &str = "
const place = () => new Promise((done) => navigator.geolocation.getCurrentPosition(
  () => done('given'), (error) => done(error.code === 1 ? 'refused' : 'given')));";

/// A link that covers the page, to a page of the app.
const LINK: &str = "
onload = () => {
  const link = document.createElement('a');
  link.href = 'help.html'; link.target = 'help';
  link.style = 'position:fixed;inset:0';
  document.body.append(link);
  tell('Linked');
};";

/// The records of an event that are about a power.
fn records(stage: &Stage, event: &str, command: &str) -> Vec<Value> {
    let mut all = stage.app.records().unwrap();
    all.retain(|record| record["event"] == event && record["command"] == command);
    all
}

/// Asserts that what was allowed was so after a yes.
fn is_in_order(stage: &Stage, command: &str) {
    let all = stage.app.records().unwrap();
    let of = |record: &&Value| record["command"] == command;
    let mut yes = false;
    for record in all.iter().filter(of) {
        yes |= record["event"] == "answered" && record["answer"] == "yes";
        let allowed = record["event"] == "call" && record["verdict"] == "allow";
        assert!(yes || !allowed, "{all:#?}");
    }
}

#[test]
fn c17_where_the_machine_is_is_read_after_a_yes_which_is_remembered() {
    let place = "webview.geolocation";
    let script =
        format!("{PLACE} place().then(tell).then(place).then((second) => tell('then ' + second));");
    let stage = Stage::start_in(Home::temporary().unwrap(), POLICY, &script);
    let (window, yes) = stage.question();
    stage.desk.keep_picture("question-place").unwrap();
    assert_eq!(yes.len(), 2, "for once, and for as long as the page is there");
    assert!(records(&stage, "call", place).is_empty());
    stage.desk.click(&window, yes[1].0, yes[1].1).unwrap();
    stage.window("then given");
    is_in_order(&stage, place);
    assert_eq!(records(&stage, "asked", place).len(), 1);
    let allowed = records(&stage, "call", place);
    assert!(allowed.iter().all(|it| it["verdict"] == "allow"), "{allowed:#?}");
}

#[test]
fn c17_after_a_no_it_is_not() {
    let place = "webview.geolocation";
    let script = format!("{PLACE} place().then(tell);");
    let stage = Stage::start_in(Home::temporary().unwrap(), POLICY, &script);
    let (window, _) = stage.question();
    let shown_by = stage.desk.process(&window).unwrap();
    stage.desk.press(&[Key::Escape]).unwrap();
    stage.window("refused");
    stage.is_gone(&window, shown_by);
    is_in_order(&stage, place);
    let refused = records(&stage, "call", place);
    assert_eq!(refused[0]["reason"], "ask-no", "{refused:#?}");
}

#[test]
fn c10_a_window_is_opened_after_a_yes_and_after_nothing_else() {
    let open = "webview.open_window";
    for says_yes in [false, true] {
        let stage = Stage::start_in(Home::temporary().unwrap(), POLICY, LINK);
        let editor = stage.window("Linked");
        let aside = Place { x: 760, y: 560, width: 480, height: 320 };
        stage.desk.arrange(&editor, aside).unwrap();
        stage.desk.click(&editor, 200, 200).unwrap();
        let (window, yes) = stage.question();
        assert!(stage.desk.windows().unwrap().iter().all(|it| it.title != "Help"));
        if says_yes {
            stage.desk.click(&window, yes[0].0, yes[0].1).unwrap();
            stage.window("Help");
        } else {
            stage.desk.press(&[Key::Escape]).unwrap();
            let refused = |it: &Value| it["command"] == open && it["reason"] == "ask-no";
            stage.app.wait_for_record("a refusal", LIMIT, refused).unwrap();
        }
        stage.no_question();
        is_in_order(&stage, open);
        assert_eq!(records(&stage, "asked", open).len(), 1);
        let is_there = stage.desk.windows().unwrap().iter().any(|it| it.title == "Help");
        assert_eq!(is_there, says_yes);
    }
}
