//! What is beside a window: what is remembered of it, its menu, and the environment that it is in.

use std::time::Duration;

use sidegate_tests::{Desk, Display, Home, Launch, wait, x11::Key, x11::Place};

use crate::stage::{LIMIT, Stage, folder};

const NOTHING: &str = "
[[capability]]
id = \"nothing\"
windows = [\"editor\"]
";

#[test]
fn a_window_opens_as_it_stood_when_the_app_ran_last() {
    let (home, display) = (Home::temporary().unwrap(), Display::start().unwrap());
    let more = "[[window]]
label = \"notes\"
title = \"Notes\"
page = \"index.html\"
remember = true
";
    let app = folder(&home, more, NOTHING, "", "");
    let desk = Desk::at(&display).unwrap();
    let moved = Place { x: 333, y: 222, width: 444, height: 321 };
    for run in [1, 2] {
        let app = Launch::new(&app, &home, &display).unwrap().start().unwrap();
        let [notes, editor] = ["Notes", "Editor"]
            .map(|title| desk.wait_for(title, LIMIT, |found| found == title).unwrap());
        if run == 1 {
            desk.arrange(&notes, moved).unwrap();
            desk.arrange(&editor, moved).unwrap();
            std::thread::sleep(Duration::from_secs(2));
        } else {
            let is_back = wait::until(LIMIT, || desk.place(&notes).unwrap() == moved);
            assert!(is_back.is_some(), "{:?}", desk.place(&notes).unwrap());
            assert_ne!(desk.place(&editor).unwrap(), moved, "it did not ask to be remembered");
        }
        assert!(app.stop().unwrap().success());
    }
}

#[test]
fn c18_a_run_for_users_does_not_start_under_an_inspector() {
    for (variable, debug, starts) in [
        ("WEBKIT_INSPECTOR_SERVER", false, false),
        ("WEBKIT_INSPECTOR_HTTP_SERVER", false, false),
        ("WEBKIT_INSPECTOR_SERVER", true, true),
    ] {
        let (home, display) = (Home::temporary().unwrap(), Display::start().unwrap());
        let app = folder(&home, "", NOTHING, "", "");
        let mut launch = Launch::new(&app, &home, &display).unwrap();
        launch.environment.insert(variable.into(), "127.0.0.1:0".into());
        if debug {
            launch.arguments.push("--debug".into());
        }
        let mut app = launch.start().unwrap();
        if starts {
            let desk = Desk::at(&display).unwrap();
            desk.wait_for("the window", LIMIT, |title| title == "Editor").unwrap();
            let hosts = app.processes();
            let is_set = |pid: u32| {
                let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                environment.windows(variable.len()).any(|part| part == variable.as_bytes())
            };
            assert!(!hosts.is_empty() && hosts.iter().all(|host| !is_set(host.pid)), "scrubbed");
        } else {
            assert_eq!(app.wait(LIMIT).unwrap().code(), Some(1), "{variable}");
            assert!(app.errors().contains(variable), "{}", app.errors());
            assert!(app.hosts().is_empty());
        }
    }
}

#[test]
fn a_menu_speaks_for_the_app_and_for_no_window() {
    let more = "[[window]]
label = \"notes\"
title = \"Notes\"
page = \"preview.html\"
menu = true

[[menu]]
title = \"File\"
[[menu.item]]
title = \"New\"
command = \"window.create\"
args = { key = \"preview\" }
keys = \"<Control>n\"
[[menu.item]]
title = \"Close\"
command = \"window.close\"
args = { key = \"editor\" }
keys = \"<Control>w\"
";
    let policy = format!(
        "{NOTHING}
[[capability]]
id = \"menu\"
windows = [\"core\"]
allow = [{{ commands = [\"window.create\"], key = [\"preview\"] }}]
"
    );
    let stage = Stage::start(more, &policy, "", "");
    let notes = stage.window("Notes");
    std::thread::sleep(Duration::from_millis(500));
    stage.desk.focus(&notes).unwrap();
    stage.desk.press(&[Key::Control, Key::Char('n')]).unwrap();
    stage.window("Preview");
    assert_eq!(stage.decision("core", "window.create")["verdict"], "allow");
    stage.desk.focus(&notes).unwrap();
    stage.desk.press(&[Key::Control, Key::Char('w')]).unwrap();
    assert_eq!(stage.decision("core", "window.close")["verdict"], "deny");
    stage.window("Editor");
}
