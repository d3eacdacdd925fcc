//! `sidegate explain`.

use serde_json::Value;

use crate::harness::{Answer, Home, example};

const POLICY: &str = r#"version = 1
[[capability]]
id = "editor"
windows = ["editor"]
allow = [
  { commands = ["fs.read_text"], path = ["$APPDATA/notes/**"] },
  { commands = ["fs.write_text"], path = ["$APPDATA/notes/*.md"],
    args = { properties = { text = { maxLength = 3 } } } },
]
deny = [{ commands = ["fs.*"], path = ["**/.*"] }]

[[capability]]
id = "preview"
windows = ["preview"]
origins = ["local", "https://example.com"]
allow = [{ commands = ["fs.read_text"], path = ["$APPDATA/shown/*"] }]
"#;

#[test]
fn an_allowed_call_names_its_rule() {
    let home = Home::new();
    let answer = ask(&home, "editor", "fs.read_text", r#"{"path": "$APPDATA/notes/a"}"#);
    assert_eq!(answer.status, 0, "{}", answer.err);
    let report = answer.report("explain");
    assert_eq!(report["allowed"], true);
    assert_eq!(report["explanation"]["rule"]["line"], 6);
    assert_eq!(report["explanation"]["nearest"], Value::Null);
}

/// Window, command, arguments; what failed, the kind of edit, and what is typed.
#[test]
fn a_refusal_names_the_nearest_miss_and_the_smallest_edit() {
    let cases = [
        (
            ["editor", "fs.read_text", r#"{"path": "$APPDATA/old/a.md"}"#],
            ("path", "pattern", r#""$APPDATA/old/a.md""#),
        ),
        (
            ["preview", "fs.write_text", r#"{"path": "$APPDATA/notes/a.md", "text": "x"}"#],
            ("windows", "window", r#""preview""#),
        ),
        (
            ["editor", "fs.list", r#"{"path": "$APPDATA/notes/a"}"#],
            ("commands", "pattern", r#""fs.list""#),
        ),
        (["editor", "fs.read_text", r#"{"path": "$APPDATA/notes/.a"}"#], ("deny", "", "")),
        (
            ["editor", "fs.write_text", r#"{"path": "$APPDATA/notes/a.md", "text": "secret"}"#],
            ("args", "", ""),
        ),
        (["editor", "fs.read_text", r#"{"path": "$APPDATA/../x"}"#], ("path", "", "")),
    ];
    let home = Home::new();
    for ([window, command, args], (failed, kind, typed)) in cases {
        let answer = ask(&home, window, command, args);
        assert_eq!(answer.status, 1, "{}", answer.err);
        assert!(!answer.out.contains("secret"), "{}", answer.out);
        let report = answer.report("explain");
        let nearest = &report["explanation"]["nearest"];
        assert_eq!(nearest["failed"][0], failed, "{nearest:#}");
        assert_eq!(nearest["edit"]["kind"].as_str().unwrap_or_default(), kind, "{nearest:#}");
        assert_eq!(nearest["edit"]["toml"].as_str().unwrap_or_default(), typed, "{nearest:#}");
    }
}

#[test]
fn what_it_prints_can_be_typed() {
    let home = Home::new();
    let file = home.write("p.toml", POLICY);
    let file = file.to_str().unwrap();
    let words = |window, origin, args| {
        [
            "explain",
            "p.toml",
            "--window",
            window,
            "--origin",
            origin,
            "--command",
            "fs.read_text",
            "--args",
            args,
        ]
    };
    let told = home.ask(&words("editor", "app://localhost", r#"{"path": "$APPDATA/old/a.md"}"#));
    assert_eq!(
        told.out.replace(file, "p.toml"),
        "\
denied: `fs.read_text` from window `editor` at app://localhost
  p.toml:10 (capability `editor`, deny 1) passes over: the call is outside of what it denies
  p.toml:6 (capability `editor`, allow 1) passes over: the argument `path` is outside of what is allowed
because the argument `path` is outside of what is allowed: p.toml:6 (capability `editor`, allow 1)
nearest: p.toml:6 (capability `editor`, allow 1): the argument `path` is outside of what is allowed
help: add `\"$APPDATA/old/a.md\"` to `path` of the entry at p.toml:6 (capability `editor`, allow 1)
"
    );
    let told = home.ask(&words("editor", "https://a.example", r#"{"path": "$APPDATA/notes/a"}"#));
    // The origin would bring a command that writes with it, so that what is asked about is given alone.
    let help = "help: add a capability:\n\n[[capability]]\nid = \"editor-fs-read-text\"\n";
    assert!(told.out.contains(help), "{}", told.out);
    let told = home.ask(&words("preview", "https://a.example", r#"{"path": "$APPDATA/shown/a"}"#));
    let help = "help: write `origins = [\"local\", \"https://example.com\", \"https://a.example\"]` in the capability `preview`, with all else that it grants\n";
    assert!(told.out.ends_with(help), "{}", told.out);
    let told = home.ask(&words("editor", "app://localhost", r#"{"path": "$HOME/.ssh/id"}"#));
    let help = "help: `check` takes no edit for it: `$HOME/.ssh/id` reaches `$HOME/.ssh`, where keys and passwords are kept: a grant of it has to say why it is `dangerous`\n";
    assert!(told.out.ends_with(help), "{}", told.out);
    let told = home.ask(&words("help", "https://a.example", r#"{"path": "$DOCUMENTS/a"}"#));
    let (_, typed) = told.out.split_once("help: add a capability:\n\n").unwrap();
    home.write("q.toml", &format!("{POLICY}\n{typed}"));
    let mut again = words("help", "https://a.example", r#"{"path": "$DOCUMENTS/a"}"#);
    again[1] = "q.toml";
    assert_eq!(home.ask(&again).status, 0, "{typed}");
}

#[test]
fn a_question_that_cannot_be_read() {
    let home = Home::new();
    for (option, value) in
        [("--window", "a b"), ("--origin", "x"), ("--command", "A"), ("--args", "[")]
    {
        let mut words = vec!["explain".to_owned(), example("notes")];
        let defaults = [("--window", "editor"), ("--command", "fs.list")];
        for (name, given) in defaults.into_iter().filter(|(name, _)| *name != option) {
            words.extend([name.to_owned(), given.to_owned()]);
        }
        words.extend([option.to_owned(), value.to_owned()]);
        assert_eq!(home.ask(&words).status, 2, "{option}");
    }
}

fn ask(home: &Home, window: &str, command: &str, args: &str) -> Answer {
    home.write("p.toml", POLICY);
    let words =
        ["explain", "p.toml", "--window", window, "--command", command, "--args", args, "--json"];
    home.ask(&words)
}
