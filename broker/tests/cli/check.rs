//! `sidegate check`.

use crate::harness::{Home, example};

#[test]
fn every_example_is_without_a_remark() {
    let home = Home::new();
    for name in ["kiosk", "notes", "remote", "viewer"] {
        let answer = home.ask(&["check", &example(name)]);
        assert_eq!(answer.status, 0, "{}{}", answer.out, answer.err);
        assert!(answer.out.ends_with("no errors, no warnings\n"), "{}", answer.out);
        let report = home.ask(&["check", &example(name), "--json"]).report("check");
        assert_eq!(report["ok"], true);
    }
}

#[test]
fn what_is_wrong_is_in_the_report_with_its_place() {
    let home = Home::new();
    let file = home.write("p.toml", "version = 1\n[[capability]]\nid = \"a\"\nwindow = [\"a\"]\n");
    let answer = home.ask(&["check", file.to_str().unwrap(), "--json"]);
    assert_eq!(answer.status, 1);
    let report = answer.report("check");
    assert_eq!(report["errors"], 2);
    assert_eq!(report["diagnostics"][1]["line"], 4);
    assert_eq!(home.ask(&["check", "nowhere.toml"]).status, 2);
}

const POLICY: &str = "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"w\"]\nallow = [{ commands = [\"app.info\"] }]\n";
const COMMANDS: &str = "{ \"version\": 1, \"commands\": [\n  { \"name\": \"stock.sell\" }\n] }\n";

#[test]
fn pages_and_handlers_that_drifted_away_are_shown() {
    let home = Home::new();
    home.write("app/sidegate.toml", "version = 1\nid = \"org.example.a\"\nname = \"A\"\n[[window]]\nlabel = \"w\"\ntitle = \"W\"\npage = \"w.html\"\n");
    home.write("app/policies/p.toml", POLICY);
    home.write("app/commands.json", COMMANDS);
    home.write("app/ui/main.ts", "const { invoke } = window.sidegate;\n\tinvoke('fs.list');\ninvoke(name);\ninvoke('app.info');\n");
    home.write("app/ui/node_modules/x/main.js", "sidegate.invoke('fs.list')");
    home.write("app/ui/assets/built.js", &"sidegate.invoke('fs.list');".repeat(100));
    let answer = home.ask(&["check", "app"]);
    assert_eq!(answer.status, 0, "warnings are no errors: {}", answer.out);
    for expected in [
        "warning[uncovered-call]: no capability allows the command `fs.list`, which is called here",
        "--> app/ui/main.ts:2:9",
        "warning[unused-command]: no capability allows the command `stock.sell`",
        "commands.json:2:13",
        "1 call cannot be read: app/ui/main.ts:3:8\n",
        "1 file: no errors, 2 warnings\n",
    ] {
        assert!(answer.out.contains(expected), "{expected}\n{}", answer.out);
    }
    let report =
        home.ask(&["check", "app/policies/p.toml", "--app", "app", "--json"]).report("check");
    assert_eq!(report["warnings"], 2);
    assert_eq!(report["front_end"]["passed_over"], 1);
    assert_eq!(report["front_end"]["calls"], 2);
    assert_eq!(home.ask(&["check", "app", "--app", "nowhere"]).status, 2);
    let report = home.ask(&["check", "app/policies/p.toml", "--json"]).report("check");
    assert!(report["front_end"].is_null());
}

/// What a name of a file hides is written out, and the name is refused; the message of a path that is
/// not there shows it, too.
#[test]
fn a_file_name_that_does_not_show_never_reaches_the_terminal() {
    let home = Home::new();
    home.write("p/a\u{1b}[2J\u{202e}.toml", "version = 1\n");
    let verbs: [&[&str]; 6] = [
        &["check", "p"],
        &["test", "p"],
        &["diff", "p", "p"],
        &["who-can", "p", "--matrix"],
        &["explain", "p", "--window", "w", "--command", "a"],
        &["check", "no\u{1b}where\u{202e}.toml"],
    ];
    for words in verbs {
        let answer = home.ask(words);
        assert_eq!(answer.status, 2, "{words:?}: {}{}", answer.out, answer.err);
        assert!(
            answer.err.contains("\\u{1b}") && answer.err.contains("\\u{202e}"),
            "{}",
            answer.err
        );
        let shows =
            |text: &str| text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}');
        assert!(shows(&answer.err) && shows(&answer.out), "{:?} {:?}", answer.err, answer.out);
    }
    let missing = home.ask(&["audit", "a\u{1b}.jsonl"]);
    assert!(missing.err.contains("`a\\u{1b}.jsonl`"), "{}", missing.err);
}

#[test]
fn a_capability_that_has_expired_is_a_warning() {
    let home = Home::new();
    let text = "version = 1\n[[capability]]\nid = \"trial\"\nwindows = [\"main\"]\n\
                expires = 2026-01-01T00:00:00Z\nallow = [{ commands = [\"app.info\"] }]\n";
    let file = home.write("p.toml", text);
    let answer = home.ask(&["check", file.to_str().unwrap()]);
    assert_eq!(answer.status, 0, "{}", answer.err);
    assert!(
        answer.out.contains("warning[expired-capability]: the capability `trial` has expired"),
        "{}",
        answer.out
    );
    let explain = |at: &[&str]| {
        let words =
            ["explain", file.to_str().unwrap(), "--window", "main", "--command", "app.info"];
        home.ask(&[&words[..], at].concat())
    };
    assert_eq!(explain(&[]).status, 1);
    assert_eq!(explain(&["--at", "2025-12-31T23:59:59Z"]).status, 0);
    assert_eq!(explain(&["--at", "2026-01-01T00:00:00Z"]).status, 1);
    let wrong = explain(&["--at", "tomorrow"]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.err.contains("write it like 2027-01-01T00:00:00Z"), "{}", wrong.err);
}
