//! `sidegate import`.

use std::fs;

use crate::harness::{Home, repository};

fn app() -> String {
    named("notes")
}

fn named(app: &str) -> String {
    repository().join("capabilities/tools/tests/tauri").join(app).to_str().unwrap().to_owned()
}

#[test]
fn a_tauri_app_becomes_a_policy_that_passes_its_check() {
    let home = Home::new();
    let answer = home.ask(&["import", "tauri", &app(), "--out", "policies"]);
    assert_eq!(answer.status, 0, "{}{}", answer.out, answer.err);
    assert!(answer.out.starts_with("wrote `policies/tauri.toml`\n"), "{}", answer.out);
    let check = home.ask(&["check", "policies", "--any-command"]);
    assert_eq!(check.status, 0, "{}{}", check.out, check.err);
    let written = fs::read_to_string(home.path().join("policies/tauri.toml")).unwrap();
    let printed = home.ask(&["import", "tauri", &app()]);
    assert_eq!(printed.out, written);
    assert!(printed.err.contains("differences:\n"), "{}", printed.err);
    let report = home.ask(&["import", "tauri", &app(), "--json"]).report("import");
    assert_eq!(report["text"], written);
    assert_eq!(report["commands"]["plugin:fs|read_text_file"], "fs.read_text_file");
}

#[test]
fn what_every_kind_of_app_becomes_passes_its_check_and_is_reported() {
    for app in ["notes", "mixed", "inline"] {
        let home = Home::new();
        let report =
            home.ask(&["import", "tauri", &named(app), "--out", "p", "--json"]).report("import");
        assert_eq!(report["file"], "p/tauri.toml");
        let check = home.ask(&["check", "p", "--any-command"]);
        assert_eq!(check.status, 0, "{app}: {}{}", check.out, check.err);
    }
}

#[test]
fn no_file_is_written_over_and_no_app_is_an_error() {
    let home = Home::new();
    home.write("policies/tauri.toml", "mine");
    let answer = home.ask(&["import", "tauri", &app(), "--out", "policies"]);
    assert_eq!(answer.status, 2);
    assert_eq!(fs::read_to_string(home.path().join("policies/tauri.toml")).unwrap(), "mine");
    let answer = home.ask(&["import", "tauri", "."]);
    assert_eq!(answer.status, 2);
    assert!(answer.err.contains("is no Tauri app"), "{}", answer.err);
}
