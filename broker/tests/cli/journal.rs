//! `sidegate learn`, `minimize`, `replay` and `audit --observed`, on the log of a real run.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Home, example};

/// What the windows of the notes app ask for in the tests: some of it is refused.
const SCRIPT: &str = r#"
{"window":"editor","command":"fs.write_text","args":{"path":"$APPDATA/notes/a.md","text":"CANARY"}}
{"window":"editor","command":"fs.read_text","args":{"path":"$APPDATA/notes/a.md"}}
{"window":"preview","command":"fs.list","args":{"path":"$APPDATA/notes"}}
{"window":"preview","command":"fs.read_text","args":{"path":"$APPDATA/drafts/a.md"}}
{"window":"preview","command":"fs.read_text","args":{"path":"$APPDATA/drafts/b.md"}}
{"window":"preview","command":"fs.read_text","args":{"path":"$APPDATA/drafts/c.md"}}
{"window":"editor","command":"fs.read_text","args":{"path":"$APPDATA/notes/.secret"}}
{"window":"preview","command":"settings.get","args":{"key":"mail.password"}}
"#;

/// Runs the app's script and returns the name of its log.
fn run(home: &Home, more: &[&str]) -> String {
    home.write("script.jsonl", SCRIPT.trim_start());
    let log = home.path().join("audit.jsonl").to_str().unwrap().to_owned();
    let notes = example("notes");
    let words = ["run", &notes, "--headless", "--script", "script.jsonl", "--audit", &log];
    let answer = home.ask(&[&words[..], more].concat());
    assert_eq!(answer.status, 1, "some calls are refused: {}", answer.err);
    assert_eq!(answer.out.lines().count(), 8);
    let warned = answer.err.contains("warning: the values of the arguments of every call");
    assert_eq!(warned, more.contains(&"--log-args"));
    log
}

#[test]
fn what_is_learnt_passes_the_check_and_allows_what_was_refused() {
    let home = Home::new();
    let log = run(&home, &["--log-args"]);
    let notes = example("notes");
    let report = home.ask(&["learn", &log, &notes, "--json"]).report("learn");
    let learned = &report["learned"];
    assert_eq!(learned["calls"], 6);
    assert_eq!(learned["proposals"][1]["path"], json!(["$APPDATA/drafts/*.md"]));
    assert_eq!(learned["proposals"][1]["also"]["class"], "unbounded");
    assert_eq!(learned["withheld"].as_array().unwrap().len(), 2);

    let answer = home.ask(&["learn", &log, &notes, "--out", "learned.toml"]);
    assert_eq!((answer.status, answer.out.as_str()), (0, ""));
    let written = fs::read_to_string(home.path().join("learned.toml")).unwrap();
    assert_eq!(written, learned["toml"].as_str().unwrap());
    let twice = home.ask(&["learn", &log, &notes, "--out", "learned.toml"]);
    assert_eq!(twice.status, 2, "a file that is there is left alone");

    let check = home.ask(&["check", &notes, "learned.toml"]);
    assert_eq!(check.status, 0, "{}", check.out);
    assert!(check.out.ends_with("2 files: no errors, no warnings\n"), "{}", check.out);
    let replay = home.ask(&["replay", &log, &notes, "learned.toml", "--json"]);
    assert_eq!(replay.status, 1, "calls become newly allowed");
    let replay = replay.report("replay");
    let counts = ["newly_allowed", "newly_refused", "unchanged", "cannot_tell"];
    assert_eq!(counts.map(|count| replay["replay"][count].as_u64().unwrap()), [4, 0, 4, 0]);
    assert_eq!(home.ask(&["learn", &log, &notes, "--window", "editor"]).out, "");
}

#[test]
fn without_values_the_command_is_proposed_and_the_scope_left_open() {
    let home = Home::new();
    let log = run(&home, &[]);
    assert!(!fs::read_to_string(&log).unwrap().contains("CANARY"));
    // Without a policy, the app's name in the log says what variables stand for.
    let report = home.ask(&["learn", &log, "--json"]).report("learn");
    let proposals = report["learned"]["proposals"].as_array().unwrap();
    let told: Vec<_> =
        proposals.iter().map(|found| (&found["commands"][0], &found["fill_in"])).collect();
    assert_eq!(
        told,
        [
            (&json!("fs.list"), &json!("path")),
            (&json!("fs.read_text"), &json!("path")),
            (&json!("settings.get"), &json!("key")),
        ]
    );
    home.write("learned.toml", report["learned"]["toml"].as_str().unwrap());
    assert_eq!(home.ask(&["check", &example("notes"), "learned.toml"]).status, 0);
}

#[test]
fn a_replay_under_the_same_files_changes_nothing() {
    let home = Home::new();
    let log = run(&home, &[]);
    let answer = home.ask(&["replay", &log, &example("notes"), "--strict"]);
    assert_eq!(answer.status, 0);
    assert_eq!(answer.out, "0 newly allowed, 0 newly refused, 8 unchanged, 0 cannot be told\n");
    let nothing = home.write("none.toml", "version = 1\n");
    let answer = home.ask(&["replay", &log, nothing.to_str().unwrap()]);
    assert_eq!(answer.status, 0, "what is refused is no danger: {}", answer.out);
    assert!(
        answer.out.contains("newly refused  1      editor  fs.write_text  allowed  no-capability"),
        "{}",
        answer.out
    );
    assert_eq!(home.ask(&["replay", &log, nothing.to_str().unwrap(), "--strict"]).status, 1);
    for wrong in [vec!["replay", &log], vec!["replay", "nowhere.jsonl", nothing.to_str().unwrap()]]
    {
        assert_eq!(home.ask(&wrong).status, 2, "{wrong:?}");
    }
}

#[test]
fn what_was_granted_and_not_used_is_told() {
    let home = Home::new();
    let log = run(&home, &["--log-args"]);
    let answer = home.ask(&["minimize", &example("notes"), &log, "--json"]);
    assert_eq!(answer.status, 0);
    let report = answer.report("minimize");
    let unused = report["minimized"]["unused"].as_array().unwrap();
    let lists = unused.iter().find(|found| found["text"] == "fs.list").unwrap();
    assert_eq!(
        (&lists["what"], &lists["rule"]["permission"]),
        (&json!("command"), &json!("notes:read"))
    );
    let entries: Vec<&Value> = unused.iter().filter(|found| found["what"] == "entry").collect();
    assert_eq!(entries.len(), 4, "{report:#}");
    assert_eq!(home.ask(&["minimize", &example("notes"), &log, "--strict"]).status, 1);
    let text = home.ask(&["minimize", &example("notes"), &log]).out;
    assert!(text.contains("6 entries held against 2 allowed calls from 20"), "{text}");
}

#[test]
fn an_observed_policy_is_summed_up() {
    let home = Home::new();
    let next = fs::read_to_string(format!("{}/policies/notes.toml", example("notes"))).unwrap();
    let next = next.replace("windows = [\"editor\", \"editor-*\"]", "windows = [\"writer\"]");
    let next =
        next.replace("path = [\"$APPDATA/notes/*.md\"],\n", "path = [\"$APPDATA/drafts/*.md\"],\n");
    let next = home.write("next/notes.toml", &next);
    let log = run(&home, &["--observe", next.to_str().unwrap()]);
    let answer = home.ask(&["audit", &log, "--observed"]);
    assert_eq!(answer.status, 0);
    for sentence in [
        "would newly refuse 1 call of window `editor` (`fs.write_text`, no-capability) since 20",
        "would newly allow 3 calls of window `preview` (`fs.read_text`, now out-of-scope) since 20",
        "of 8 calls in all\n",
    ] {
        assert!(answer.out.contains(sentence), "{sentence}\n{}", answer.out);
    }
    let report = home.ask(&["audit", &log, "--observed", "--json"]).report("audit");
    assert_eq!(report["observed"][2]["calls"], 3);
    let some =
        home.ask(&["audit", &log, "--observed", "--window", "editor", "--json"]).report("audit");
    assert_eq!(some["calls"], 3);
    home.ask(&["audit", &log, "--stats", "--json"]).report("audit");
    home.ask(&["audit", "verify", &log, "--json"]).report("audit");
}

#[test]
fn a_log_that_was_changed_is_read_with_a_warning() {
    let home = Home::new();
    let log = run(&home, &["--log-args"]);
    let text = fs::read_to_string(&log).unwrap().replace("drafts/b.md", "drafts/x.md");
    fs::write(&log, text).unwrap();
    for verb in ["learn", "replay", "minimize"] {
        let answer = home.ask(&[verb, &log, &example("notes")]);
        assert!(
            answer.err.contains("warning: ") && answer.err.contains("record 7"),
            "{verb}: {}",
            answer.err
        );
        assert_eq!(answer.status, i32::from(verb == "learn"), "{verb}");
    }
}
