//! The `sidegate` program as its users have it: what it prints, what it answers, and that what it
//! says of a policy is what the running broker does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use serde_json::{Value, json};
use sidegate_tests::{Binaries, Home, records};

/// A run of the program.
struct Answer {
    status: i32,
    out: String,
    err: String,
}

impl Answer {
    /// Standard output, which is one JSON object on one line.
    fn object(&self) -> Value {
        assert_eq!(self.out.trim_end().lines().count(), 1, "{}", self.out);
        let value: Value = serde_json::from_str(&self.out).unwrap();
        assert!(value.is_object(), "{value}");
        value
    }
}

fn sidegate(home: &Home) -> Command {
    let mut command = Binaries::beside_this_program().unwrap().sidegate();
    command.env_clear().envs(home.environment()).stdin(Stdio::null());
    command
}

fn ask(home: &Home, words: &[&str]) -> Answer {
    let output = sidegate(home).args(words).output().unwrap();
    Answer {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

const FIVE_MISTAKES: &str = r#"version = 1

[[permission]]
id = "notes:read"
description = "read the notes"
alow = [{ commands = ["fs.read_text"], path = ["$APPDATA/notes/**"] }]

[[capability]]
id = "editor"
description = "writes notes"
windows = ["editor"]
use = ["notes:raed"]
allow = [
  { commands = ["fs.raed_text"], path = ["$APPDATA/notes/**"] },
  { commands = ["fs.write_text"], path = ["$APPDTA/notes/*.md"] },
  { commands = ["fs.list"], path = ["$APPDATA/notes"], limit = { rate = "20/q" } },
]
"#;

#[test]
fn check_reports_five_mistakes_each_with_its_place_and_what_to_type_instead() {
    let home = Home::temporary().unwrap();
    let file = home.path().join("policy.toml");
    fs::write(&file, FIVE_MISTAKES).unwrap();
    let words = ["check", text(&file)];
    let answer = ask(&home, &words);
    assert_eq!(answer.status, 1, "{}", answer.err);
    for (place, instead) in FIVE_PLACES {
        let at = format!("{}:{place}", file.display());
        let found = answer.out.split("\n\n").find(|part| part.contains(&at));
        let part = found.unwrap_or_else(|| panic!("nothing at {place}:\n{}", answer.out));
        assert!(part.contains(instead), "{place} without {instead}:\n{part}");
    }
    assert!(answer.out.ends_with("1 file: 5 errors, no warnings\n"), "{}", answer.out);

    let report = ask(&home, &[&words[..], &["--json"]].concat());
    assert_eq!(report.status, 1);
    let report = report.object();
    assert_eq!((&report["ok"], &report["errors"]), (&json!(false), &json!(5)));
    let places: Vec<String> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| format!("{}:{}", found["line"], found["column"]))
        .collect();
    assert_eq!(places, FIVE_PLACES.map(|(place, _)| place));
}

/// Line and column, and words of the advice.
const FIVE_PLACES: [(&str, &str); 5] = [
    ("6:1", "did you mean `allow`?"),
    ("12:8", "did you mean `notes:read`?"),
    ("14:17", "did you mean `fs.read_text`?"),
    ("15:43", "did you mean `$APPDATA`?"),
    ("16:73", "20/s"),
];

/// A small app: two windows, of which one may do nothing.
const MANIFEST: &str = r#"version = 1
id = "org.example.small"
name = "Small"

[[window]]
label = "main"
title = "Main"
page = "index.html"

[[window]]
label = "idle"
title = "Idle"
page = "index.html"
"#;

const POLICY: &str = r#"version = 1

[[capability]]
id = "main"
description = "asks the app's name"
windows = ["main"]
allow = [{ commands = ["app.info"] }]
"#;

fn small_app(home: &Home) -> PathBuf {
    let app = home.path().join("small");
    for folder in ["policies", "ui"] {
        fs::create_dir_all(app.join(folder)).unwrap();
    }
    fs::write(app.join("sidegate.toml"), MANIFEST).unwrap();
    fs::write(app.join("policies/main.toml"), POLICY).unwrap();
    fs::write(app.join("ui/index.html"), "<!doctype html>").unwrap();
    app
}

#[test]
fn a_status_says_whether_it_holds_and_whether_the_question_was_one() {
    let home = Home::temporary().unwrap();
    let app = small_app(&home);
    let app = text(&app);
    let [good, none] = ["good.jsonl", "none.jsonl"].map(|name| home.path().join(name));
    let [allowed, refused, broken] = ["a", "r", "b"].map(|name| home.path().join(name));
    fs::write(&allowed, "{\"window\":\"main\",\"command\":\"app.info\"}\n\n").unwrap();
    fs::write(&refused, "{\"window\":\"idle\",\"command\":\"app.info\"}\n").unwrap();
    fs::write(&broken, "{\"window\":\"main\",\"comand\":\"app.info\"}\n").unwrap();
    let run = |script| vec!["run", app, "--headless", "--audit", text(&good), "--script", script];
    let explain = |window, more: &[&'static str]| {
        [&["explain", app, "--command", "app.info", "--window", window], more].concat()
    };
    let [allowed, refused, broken] = [&allowed, &refused, &broken].map(|path| text(path));
    let [log, absent] = [&good, &none].map(|path| text(path));
    for (words, expected) in [
        (vec!["--help"], 0),
        (vec!["--version"], 0),
        (vec![], 2),
        (vec!["frobnicate"], 2),
        (run(allowed), 0),
        (run(refused), 1),
        (run(broken), 2),
        (run(absent), 2),
        (vec!["run", app, "--headless"], 2),
        (vec!["run", absent], 2),
        (vec!["check", app], 0),
        (vec!["check"], 2),
        (vec!["check", absent], 2),
        (vec!["check", app, "--command", "Not a name"], 2),
        (explain("main", &[]), 0),
        (explain("idle", &[]), 1),
        (explain("main", &["--origin", "https://example.com"]), 1),
        (explain("main", &["--origin", "nowhere"]), 2),
        (explain("main", &["--args", "{\"a\":1,\"a\":2}"]), 2),
        (explain("not a label", &[]), 2),
        (vec!["explain", app], 2),
        (vec!["audit", log], 0),
        (vec!["audit", log, "--stats"], 0),
        (vec!["audit", log, "--since", "yesterday"], 2),
        (vec!["audit", absent], 2),
        (vec!["audit"], 2),
        (vec!["audit", "verify", log], 0),
        (vec!["audit", "verify", absent], 2),
        (vec!["audit", "verify"], 2),
    ] {
        let answer = ask(&home, &words);
        assert_eq!(answer.status, expected, "{words:?}: {}{}", answer.out, answer.err);
        // What went wrong is on standard error, what was asked for on standard output.
        if words.first() != Some(&"run") {
            assert_eq!(answer.err.is_empty(), expected != 2, "{words:?}: {}", answer.err);
        }
    }
}

#[test]
fn what_does_not_hold_and_what_cannot_be_read_have_a_status_each() {
    let home = Home::temporary().unwrap();
    let app = small_app(&home);
    let [good, bad, script] = ["good", "bad", "script"].map(|name| home.path().join(name));
    fs::write(&script, "").unwrap();
    let run = ["run", text(&app), "--headless", "--audit", text(&good), "--script", text(&script)];
    assert_eq!(ask(&home, &run).status, 0);
    let whole = fs::read_to_string(&good).unwrap();
    fs::write(&bad, whole.replacen("org.example", "org.exampel", 1)).unwrap();
    assert_eq!(ask(&home, &["audit", "verify", text(&bad)]).status, 1);
    fs::write(&bad, whole.replacen("{\"seq\":2", "{\"sq\":2", 1)).unwrap();
    assert_eq!(ask(&home, &["audit", text(&bad)]).status, 1);
    let explain = ["explain", text(&app), "--command", "app.info", "--window", "main"];
    assert_eq!(ask(&home, &explain).status, 0);
    fs::write(app.join("policies/more.toml"), "version = 2").unwrap();
    assert_eq!(ask(&home, &["check", text(&app)]).status, 1);
    assert_eq!(ask(&home, &explain).status, 2, "there is no policy to explain");
    assert_eq!(ask(&home, &["run", text(&app)]).status, 2);
}

#[test]
fn a_report_in_json_is_one_object_with_the_same_keys() {
    let home = Home::temporary().unwrap();
    let app = small_app(&home);
    let log = home.path().join("audit.jsonl");
    let script = home.path().join("script");
    fs::write(&script, "{\"window\":\"idle\",\"command\":\"app.info\"}\n").unwrap();
    let run = ["run", text(&app), "--headless", "--audit", text(&log), "--script", text(&script)];
    assert_eq!(ask(&home, &run).status, 1);
    let explain = ["explain", text(&app), "--window", "main", "--command", "app.info"];
    for (words, keys) in [
        (
            vec!["check", text(&app)],
            vec!["diagnostics", "errors", "files", "front_end", "ok", "warnings"],
        ),
        (explain.to_vec(), vec!["allowed", "explanation", "policy"]),
        (vec!["audit", text(&log), "--stats"], vec!["counts"]),
        (vec!["audit", "verify", text(&log)], vec!["logs", "ok"]),
    ] {
        let answer = ask(&home, &[&words[..], &["--json"]].concat());
        let object = answer.object();
        let found: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(found, keys, "{words:?}");
        assert!(answer.out.is_ascii(), "{words:?}: {}", answer.out);
    }
}

#[test]
fn audit_verify_finds_every_byte_that_was_changed_cut_or_inserted() {
    let home = Home::temporary().unwrap();
    let app = small_app(&home);
    let (log, script) = (home.path().join("audit.jsonl"), home.path().join("script"));
    fs::write(&script, "{\"window\":\"main\",\"command\":\"app.info\"}\n").unwrap();
    let run = ["run", text(&app), "--headless", "--audit", text(&log), "--script", text(&script)];
    assert_eq!(ask(&home, &run).status, 0);
    let whole = fs::read(&log).unwrap();
    let head = fs::read(home.path().join("audit.jsonl.head")).unwrap();
    let lines = whole.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(lines, records::read(&log).unwrap().len());

    // The program reads any number of logs: one start of it for a hundred.
    let folder = home.path().join("damaged");
    fs::create_dir(&folder).unwrap();
    let positions: Vec<usize> = (0..=whole.len()).collect();
    let workers: Vec<_> = positions.chunks(positions.len().div_ceil(2)).collect();
    thread::scope(|scope| {
        for some in workers {
            scope.spawn(|| {
                some.chunks(100).for_each(|some| verify_all(&home, &folder, &whole, &head, some));
            });
        }
    });
}

/// Damages the log at each of these positions in each way, and looks for what is said of it.
fn verify_all(home: &Home, folder: &Path, whole: &[u8], head: &[u8], positions: &[usize]) {
    let mut expected = BTreeMap::new();
    for at in positions {
        for (way, damaged) in damage(whole, *at) {
            let log = folder.join(format!("{at}-{way}"));
            fs::write(&log, damaged).unwrap();
            fs::write(folder.join(format!("{at}-{way}.head")), head).unwrap();
            // A newline before a newline is a blank line after it.
            let blank = way == "newline" && whole.get(*at) == Some(&b'\n');
            let before = &whole[..*at + usize::from(blank)];
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            expected.insert(log, line);
        }
    }
    let mut words = vec!["audit", "verify", "--json"];
    words.extend(expected.keys().map(|log| text(log)));
    let answer = ask(home, &words);
    assert_eq!(answer.status, 1);
    for (found, (log, line)) in answer.object()["logs"].as_array().unwrap().iter().zip(&expected) {
        let name = log.display();
        assert!(found["finding"].is_object(), "{name}: nothing was found");
        let named = found["finding"]["line"].as_u64().unwrap();
        assert_eq!(named, u64::try_from(*line).unwrap(), "{name}: {found}");
    }
    for log in expected.keys() {
        fs::remove_file(log).unwrap();
        fs::remove_file(log.with_extension("head")).unwrap();
    }
}

/// The log with one byte changed in two ways, cut out, or inserted.
fn damage(whole: &[u8], at: usize) -> Vec<(&'static str, Vec<u8>)> {
    let (before, after) = whole.split_at(at);
    let mut damaged = vec![
        ("space", [before, b" ", after].concat()),
        ("newline", [before, b"\n", after].concat()),
    ];
    if let Some((byte, rest)) = after.split_first() {
        damaged.push(("flipped", [before, &[byte ^ 1], rest].concat()));
        damaged.push(("cut", [before, rest].concat()));
        damaged.push(("short", before.to_vec()));
    }
    damaged
}

/// The calls of a golden table that the broker's own checks refuse after the policy has allowed
/// them: what the table says of these is the policy's part of it.
const LATER_STAGES: [&str; 2] = ["validate", "scope"];

#[test]
fn explain_says_of_each_golden_row_what_the_running_broker_does() {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let mut tables = 0;
    for app in fs::read_dir(policies).unwrap() {
        let app = app.unwrap().path();
        if let Ok(table) = fs::read_to_string(app.join("golden.toml")) {
            let rows = rows(&table.parse().unwrap());
            assert!(!rows.is_empty(), "{}", app.display());
            agree(&app, &rows);
            tables += 1;
        }
    }
    assert!(tables >= 4, "{tables} golden tables");
}

/// Each window at each origin, asking each of the calls.
fn rows(table: &toml::Table) -> Vec<Value> {
    let strings = |key: &str| -> Vec<String> { table[key].clone().try_into().unwrap() };
    let mut rows = Vec::new();
    for window in strings("windows") {
        for origin in strings("origins") {
            for call in table["call"].as_array().unwrap() {
                let args: Value =
                    call.get("args").cloned().map_or(json!({}), |args| args.try_into().unwrap());
                let command = call["command"].as_str().unwrap();
                rows.push(
                    json!({ "window": window, "origin": origin, "command": command, "args": args }),
                );
            }
        }
    }
    rows
}

fn agree(app: &Path, rows: &[Value]) {
    for row in rows {
        // A home and a broker for each row: rates and directories are as they were at the start.
        let home = Home::temporary().unwrap();
        // A directory that a policy grants is there, as it is on a real machine.
        fs::create_dir_all(home.path().join("Documents")).unwrap();
        let (log, script) = (home.path().join("audit.jsonl"), home.path().join("script"));
        fs::write(&script, format!("{row}\n")).unwrap();
        let run =
            ["run", text(app), "--headless", "--audit", text(&log), "--script", text(&script)];
        let answer = ask(&home, &run);
        assert!(answer.status < 2, "{row}: {}", answer.err);
        let records = records::read(&log).unwrap();
        let calls: Vec<_> = records.iter().filter(|record| record["event"] == "call").collect();
        let [call] = calls[..] else { panic!("{row}: {calls:?}") };
        let stage = call["stage"].as_str().unwrap();
        let allowed = call["verdict"] == "allow" || LATER_STAGES.contains(&stage);

        let field = |key: &str| row[key].as_str().unwrap().to_owned();
        let (window, origin, command) = (field("window"), field("origin"), field("command"));
        let args = row["args"].to_string();
        let explained = ask(
            &home,
            &[
                "explain",
                text(app),
                "--json",
                "--window",
                &window,
                "--origin",
                &origin,
                "--command",
                &command,
                "--args",
                &args,
            ],
        );
        assert_eq!(explained.status, i32::from(!allowed), "{row}: {}{}", explained.out, call);
        let explained = explained.object();
        assert_eq!(explained["allowed"], allowed, "{row}");
        assert_eq!(explained["policy"], call["policy"], "{row}");
    }
}
