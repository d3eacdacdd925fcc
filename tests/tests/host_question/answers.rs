//! What the person says, by mouse and by keyboard, and what becomes of it.

use std::time::Duration;

use serde_json::json;
use sidegate_tests::{Home, wait, x11::Key, x11::Place};

use crate::stage::{LIMIT, POLICY, Stage, write_policy};

/// A key, which of the buttons for a yes is pressed, for how long that holds, and whether the same call
/// is asked about again.
#[test]
fn a_yes_by_mouse_lets_the_call_run_for_as_long_as_was_said() {
    for (key, button, of, holds, again) in [
        ("each.a", 0, 1, "call", true),
        ("session.a", 1, 2, "session", false),
        ("once.a", 0, 3, "call", true),
        ("once.a", 2, 3, "for-good", false),
    ] {
        let script = format!(
            "set('{key}').then((first) => tell(first).then(() => set('{key}')))
               .then((second) => tell('then ' + second));"
        );
        let stage = Stage::start(&script);
        let (window, yes) = stage.question();
        assert_eq!((yes.len(), stage.records("call").len()), (of, 0), "{key}");
        assert_eq!(stage.records("asked").len(), 1, "{key}");
        stage.desk.keep_picture(&format!("question-{key}")).unwrap();
        let shown_by = stage.desk.process(&window).unwrap();
        stage.desk.click(&window, yes[button].0, yes[button].1).unwrap();
        if again {
            stage.window("ok");
            stage.is_gone(&window, shown_by);
            let (_, _) = stage.question();
            stage.desk.press(&[Key::Escape]).unwrap();
            stage.window("then denied");
        } else {
            stage.window("then ok");
        }
        stage.no_question();
        stage.is_in_order(if again { 1 } else { 2 });
        let answered = stage.records("answered");
        assert_eq!((&answered[0]["holds"], &answered[0]["by"]), (&json!(holds), &json!("person")));
        assert_eq!(answered.len(), if again { 2 } else { 1 }, "{answered:#?}");
    }
}

#[test]
fn a_yes_by_keyboard_is_one_and_for_good_is_for_the_next_run_too() {
    let script = "set('once.a').then(tell);";
    let stage = Stage::start(script);
    let _asked = stage.question();
    // Past the two noes, to the last of three.
    for _ in 0..4 {
        stage.desk.press(&[Key::Tab]).unwrap();
    }
    stage.desk.press(&[Key::Enter]).unwrap();
    stage.window("ok");
    stage.is_in_order(1);
    let Stage { app, home, .. } = stage;
    assert!(app.stop().unwrap().success());
    let stage = Stage::start_in(home, POLICY, script);
    stage.window("ok");
    stage.is_in_order(2);
    assert_eq!(stage.records("asked").len(), 1);
}

/// How the person says no.
type Says = fn(&Stage, &sidegate_tests::x11::Window);

#[test]
fn whatever_is_no_yes_is_a_no() {
    let cases: [(&str, Says, &str); 4] = [
        ("escape", |stage, _| stage.desk.press(&[Key::Escape]).unwrap(), "call"),
        // It has the keyboard from the beginning.
        ("the first button", |stage, _| stage.desk.press(&[Key::Enter]).unwrap(), "call"),
        ("closed", |stage, window| stage.desk.close(window).unwrap(), "call"),
        (
            "not again",
            |stage, _| {
                stage.desk.press(&[Key::Tab]).unwrap();
                stage.desk.press(&[Key::Enter]).unwrap();
            },
            "session",
        ),
    ];
    for (name, says, holds) in cases {
        let stage = Stage::start("set('once.a').then(tell);");
        let (window, _) = stage.question();
        says(&stage, &window);
        stage.window("denied");
        stage.no_question();
        stage.is_in_order(0);
        let (answered, refused) = (stage.records("answered"), stage.records("call"));
        assert_eq!((&answered[0]["answer"], &answered[0]["holds"]), (&json!("no"), &json!(holds)));
        assert_eq!(refused[0]["reason"], "ask-no", "{name}");
    }
}

/// A click on where a yes is, while another window has the keyboard: what is pressed then is meant for
/// something else.
#[test]
fn a_window_without_the_keyboard_takes_no_yes() {
    let stage = Stage::start("set('each.a').then(tell);");
    let editor = stage.window("Editor");
    let aside = Place { x: 760, y: 560, width: 480, height: 320 };
    stage.desk.arrange(&editor, aside).unwrap();
    let (window, yes) = stage.question();
    stage.desk.focus(&editor).unwrap();
    let withdrawn = wait::until(LIMIT, || stage.yes(&window).is_empty());
    assert!(withdrawn.is_some(), "it can still be pressed");
    stage.desk.click(&window, yes[0].0, yes[0].1).unwrap();
    stage.desk.focus(&window).unwrap();
    let (_, _) = stage.question();
    stage.desk.press(&[Key::Escape]).unwrap();
    stage.window("denied");
    stage.is_in_order(0);
    let said: Vec<_> = stage.answers().iter().map(|args| args["answer"].clone()).collect();
    assert_eq!(said, ["no"]);
}

/// Its commands, its label and its files are nothing in the broker of the app, whatever that allows.
#[test]
fn a_page_of_the_app_reaches_nothing_of_it() {
    let script = "set('each.a').then(tell);
        const number = 1, answer = 'yes', lasting = 'call';
        const tries = async () => {
          const found = [
            await codeOf(sidegate.invoke('question.answer', { number, answer, lasting })),
            await codeOf(sidegate.stream('question.watch').next()),
            await codeOf(sidegate.invoke('window.close', { key: 'question' })),
            await codeOf(sidegate.invoke('window.set_title', { key: 'question', title: 'Yes?' })),
            (await fetch('/question.js')).status,
            (await sidegate.invoke('window.list')).windows.map((one) => one.window).join(),
          ];
          tell(found.join(' '));
        };
        setTimeout(tries, 2500);";
    let stage = Stage::start(script);
    let (window, _) = stage.question();
    stage.window("denied denied not_found not_found 404 editor");
    assert_eq!(stage.desk.title(&window).unwrap().as_deref(), Some(crate::stage::QUESTION));
    stage.desk.focus(&window).unwrap();
    let (_, _) = stage.question();
    stage.desk.press(&[Key::Escape]).unwrap();
    stage.window("denied");
    stage.is_in_order(0);
}

#[test]
fn a_policy_that_begins_to_ask_while_the_app_runs_has_somebody_who_does() {
    let plain = POLICY.replace("ask = \"each call\"", "limit = { rate = \"100/s\" }");
    let script = "document.body.style.height = '300px';
        onclick = async () => tell('then ' + await set('each.b'));
        set('each.a');";
    let stage = Stage::start_in(Home::temporary().unwrap(), &plain, script);
    let ran = |record: &serde_json::Value| record["command"] == "settings.set";
    stage.app.wait_for_record("the call", LIMIT, ran).unwrap();
    write_policy(&stage.home, POLICY);
    let in_force =
        |record: &serde_json::Value| record["event"] == "policy" && !record["replaced"].is_null();
    stage.app.wait_for_record("the other policy", LIMIT, in_force).unwrap();
    stage.click_into_the_app();
    let (window, yes) = stage.question();
    stage.desk.click(&window, yes[0].0, yes[0].1).unwrap();
    stage.window("then ok");
    assert_eq!(stage.records("answered").len(), 1);
}

/// What is longer than a window is scrolled to, and a yes waits for that.
#[test]
fn what_was_not_shown_is_not_agreed_to() {
    let script = "const word = 'x\\u202e y\\n\\u05d0\\u05d1 ';
        const text = word.repeat(400);
        const name = 'a long name of a folder '.repeat(4);
        const path = '$APPDATA/' + Array(12).fill(name.trim()).join('/') + '/note.md';
        codeOf(sidegate.invoke('fs.write_text', { path, text })).then(tell);";
    let stage = Stage::start(script);
    let window = stage.window(crate::stage::QUESTION);
    stage.desk.focus(&window).unwrap();
    let place = Place { x: 0, y: 0, width: 560, height: 420 };
    stage.desk.arrange(&window, place).unwrap();
    let painted = wait::until(LIMIT, || stage.desk.picture_of(&window).unwrap().colours() > 30);
    assert!(painted.is_some());
    // Longer than a yes has to wait for where there is nothing to scroll.
    std::thread::sleep(Duration::from_secs(3));
    stage.desk.keep_picture("question-long").unwrap();
    assert!(stage.yes(&window).is_empty());
    // Before the first button, by keyboard: to what is asked, and to its end.
    stage.desk.press(&[Key::Shift, Key::Tab]).unwrap();
    stage.desk.press(&[Key::End]).unwrap();
    let (_, yes) = stage.question();
    stage.desk.keep_picture("question-long-end").unwrap();
    stage.desk.click(&window, yes[0].0, yes[0].1).unwrap();
    let answered = |record: &serde_json::Value| record["event"] == "answered";
    let answered = stage.app.wait_for_record("the answer", LIMIT, answered).unwrap();
    assert_eq!(answered["answer"], "yes");
}
