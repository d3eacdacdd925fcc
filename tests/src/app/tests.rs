//! The harness against a stand-in for the broker: a shell script.

use std::{collections::BTreeMap, fs, process::Command};

use super::*;
use crate::{binaries::Binaries, display::Display, home::Home, wait::until};

const LIMIT: Duration = Duration::from_secs(10);

/// An app folder, a home, a display, and a script in place of `sidegate`.
struct Stand {
    folder: tempfile::TempDir,
    home: Home,
    display: Display,
}

impl Stand {
    fn with(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("sidegate.toml"), "id = \"org.example.app\"\n").unwrap();
        fs::write(folder.path().join(HOST), "").unwrap();
        fs::write(folder.path().join("script"), format!("#!/bin/sh\n{script}\n")).unwrap();
        // A file that this process wrote itself may still be open in a child that another test
        // is just forking; the kernel runs no such file.
        let install = ["-m", "755", "script", "sidegate"];
        let mut copy = Command::new("install");
        assert!(copy.args(install).current_dir(folder.path()).status().unwrap().success());
        Self { folder, home: Home::temporary().unwrap(), display: Display::start().unwrap() }
    }

    fn launch(&self) -> Launch<'_> {
        Launch {
            folder: self.folder.path(),
            home: &self.home,
            display: &self.display,
            binaries: Binaries::in_folder(self.folder.path()).unwrap(),
            arguments: vec!["--headless".into()],
            environment: BTreeMap::from([("EXTRA".into(), "1".into())]),
        }
    }
}

#[test]
fn an_app_sees_its_own_home_and_display_and_nothing_of_ours() {
    let stand = Stand::with("echo \"$@\"; pwd; env >&2");
    let mut app = stand.launch().start().unwrap();
    assert!(app.wait(LIMIT).unwrap().success());
    until(LIMIT, || app.errors().contains("EXTRA=1") && app.output().lines().count() == 2);
    let home = stand.home.path().display();
    let folder = stand.folder.path().display();
    assert_eq!(app.output(), format!("run {folder} --headless\n{home}\n"));
    let seen = app.errors();
    for line in [
        format!("HOME={home}"),
        format!("XDG_STATE_HOME={home}/.local/state"),
        format!("XDG_RUNTIME_DIR={home}/.run"),
        format!("DISPLAY={}", stand.display.name()),
        "EXTRA=1".to_owned(),
    ] {
        assert!(seen.lines().any(|seen| seen == line), "{line} in {seen}");
    }
    assert!(!seen.contains("CARGO_"), "{seen}");
}

#[test]
fn a_record_is_waited_for() {
    let script = "mkdir -p \"$XDG_STATE_HOME/org.example.app\"\n\
                  echo '{\"seq\":1}' > \"$XDG_STATE_HOME/org.example.app/audit.jsonl\"\n\
                  sleep 1000";
    let stand = Stand::with(script);
    let app = stand.launch().start().unwrap();
    let first = app.wait_for_record("record 1", LIMIT, |record| record["seq"] == 1).unwrap();
    assert_eq!(first, serde_json::json!({"seq": 1}));
    let late = app.wait_for_record("record 2", Duration::ZERO, |record| record["seq"] == 2);
    assert!(matches!(late, Err(AppError::Late { .. })));
    fs::write(app.audit_log(), "not\n").unwrap();
    let broken = app.wait_for_record("record 2", LIMIT, |record| record["seq"] == 2);
    assert!(matches!(broken, Err(AppError::Records(_))));
}

#[test]
fn an_app_that_ends_when_asked_leaves_its_status() {
    let stand = Stand::with("trap 'kill $!; exit 3' TERM; sleep 1000 & echo up >&2; wait");
    let app = stand.launch().start().unwrap();
    until(LIMIT, || app.errors() == "up\n");
    assert_eq!(app.stop().unwrap().code(), Some(3));
}

#[test]
fn an_app_that_leaves_processes_behind_is_an_error_and_they_are_killed() {
    let stand = Stand::with("trap 'exit 0' TERM; sleep 1000 & echo up >&2; wait");
    let app = stand.launch().start().unwrap();
    until(LIMIT, || app.errors() == "up\n");
    // What will be `sleep` is a copy of the shell for a moment.
    until(LIMIT, || app.processes().iter().all(|process| process.name == "sleep"));
    let processes = app.processes();
    assert_eq!(processes.len(), 1);
    let error = app.stop().unwrap_err().to_string();
    assert!(error.contains("sleep") && error.contains("the broker said:\nup"), "{error}");
    wait_until_gone(&processes, LIMIT).unwrap();
}

#[test]
fn a_killed_broker_hands_over_what_it_leaves() {
    let stand = Stand::with("sleep 1000 & echo up >&2; wait");
    let mut app = stand.launch().start().unwrap();
    until(LIMIT, || app.errors() == "up\n");
    let broker = Process::seen(app.pid()).unwrap();
    assert!(app.hosts().is_empty());
    let left = app.kill().unwrap();
    assert!(!broker.lives());
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].lives());
    left[0].kill().unwrap();
}

#[test]
fn a_dropped_app_leaves_no_process() {
    let stand = Stand::with("sleep 1000 & echo up >&2; wait");
    let app = stand.launch().start().unwrap();
    until(LIMIT, || app.errors() == "up\n");
    let processes = app.processes();
    assert_eq!(processes.len(), 1);
    drop(app);
    wait_until_gone(&processes, LIMIT).unwrap();
}

#[test]
fn a_folder_without_an_identifier_is_no_app() {
    let stand = Stand::with("");
    for (manifest, why) in [
        (Some("name = \"x\""), "there is no such key"),
        (Some("id = 1"), "there is no such key"),
        (Some("id ="), "TOML parse error"),
        (None, "No such file"),
    ] {
        let path = stand.folder.path().join("sidegate.toml");
        match manifest {
            Some(text) => fs::write(&path, text).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let error = stand.launch().start().unwrap_err().to_string();
        assert!(error.contains("sidegate.toml` has no `id`: ") && error.contains(why), "{error}");
    }
}
