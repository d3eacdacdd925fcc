//! `sidegate diff`.

use crate::harness::{Home, example};

const OLD: &str = r#"
version = 1
[[capability]]
id = "editor"
windows = ["editor", "editor-*"]
allow = [
  { commands = ["fs.read_text", "fs.write_text"], path = ["$APPDATA/notes/*.md"], limit = { rate = "5/s" } },
]
"#;

#[test]
fn what_is_written_in_another_way_is_no_difference() {
    let home = Home::new();
    let old = home.write("old.toml", OLD);
    let new = home.write(
        "new.toml",
        r#"
        version = 1
        [[permission]]
        id = "notes:write"
        allow = [{ commands = ["fs.write_text"], path = ["$APPDATA/notes/*.md"], limit = { rate = "5/s" } }]
        [[capability]]
        id = "other-name"
        windows = ["editor-*", "editor"]
        use = ["notes:write"]
        allow = [{ commands = ["fs.read_text"], path = ["$APPDATA/notes/*.md"], limit = { rate = "5/s" } }]
        "#,
    );
    let answer = home.ask(&["diff", old.to_str().unwrap(), new.to_str().unwrap()]);
    assert_eq!((answer.status, answer.out.as_str()), (0, "no difference in what is allowed\n"));
    let app = example("notes");
    assert_eq!(home.ask(&["diff", &app, &app]).status, 0);
}

#[test]
fn what_widens_and_what_narrows() {
    #[rustfmt::skip]
    let cases = [
        ("*.md", "**", 1, "allowed"),
        ("\"fs.read_text\", ", "\"fs.list\", \"fs.read_text\", ", 1, "allowed"),
        ("\"editor\", ", "\"editor\", \"preview\", ", 1, "allowed"),
        ("5/s", "6/s", 1, "looser"),
        ("5/s", "4/s", 0, "tighter"),
        ("limit =", "ask = \"once\", limit =", 0, "tighter"),
        ("\"editor\", ", "", 0, "denied"),
        ("*.md", "a.md", 0, "denied"),
    ];
    for (from, to, status, kind) in cases {
        let home = Home::new();
        let old = home.write("old.toml", OLD);
        let new = home.write("new.toml", &OLD.replace(from, to));
        let words = ["diff", old.to_str().unwrap(), new.to_str().unwrap()];
        let answer = home.ask(&words);
        assert_eq!(answer.status, status, "{from} {to}: {}{}", answer.out, answer.err);
        assert!(answer.out.contains("example: "), "{}", answer.out);
        let report = home.ask(&[words[0], words[1], words[2], "--json"]).report("diff");
        assert_eq!(report["widens"], status == 1);
        assert!(
            report["changes"].as_array().unwrap().iter().any(|change| change["kind"] == kind),
            "{from} {to}: {report:#}"
        );
    }
}

/// What an entry redacts is kept out of the log of every call of its commands, and there is no digest.
#[test]
fn h03_the_log_learns_more_where_nothing_is_redacted_any_longer() {
    const BEFORE: &str = r#"
version = 1
[[capability]]
id = "vault"
windows = ["main"]
allow = [
  { commands = ["vault.*"], args = { required = ["pin"] } },
  { commands = ["vault.open"], path = [], audit = { redact = ["/pin", "/hint"] } },
]
"#;
    const WHOLE: &str =
        r#"  { commands = ["vault.open"], path = [], audit = { redact = ["/pin", "/hint"] } },"#;
    #[rustfmt::skip]
    let cases = [
        (", audit = { redact = [\"/pin\", \"/hint\"] }", "", 1,
            "the log learns more:\n  `vault.open`\n    kept out: `/hint`, `/pin` → nothing\n    calls have a digest of their arguments from now on\n    example: any call of `vault.open`\n"),
        (WHOLE, "", 1, "the log learns more:\n  `vault.open`\n    kept out: `/hint`, `/pin` → nothing\n"),
        ("\"/pin\", \"/hint\"", "\"/pin\"", 1, "the log learns more:\n  `vault.open`\n    kept out: `/hint`, `/pin` → `/pin`\n"),
        ("\"/hint\"", "\"/hint\", \"/text\"", 0, "the log learns less:\n"),
        ("vault.open\"], path", "vault.*\"], path", 0, "the log learns less:\n"),
        ("redact =", "args = true, redact =", 0, "no difference"),
    ];
    for (from, to, status, said) in cases {
        let home = Home::new();
        let old = home.write("old.toml", BEFORE);
        assert!(BEFORE.contains(from), "{from}");
        let new = home.write("new.toml", &BEFORE.replace(from, to));
        let words = ["diff", old.to_str().unwrap(), new.to_str().unwrap()];
        let answer = home.ask(&words);
        assert_eq!(answer.status, status, "{from}: {}{}", answer.out, answer.err);
        assert!(answer.out.starts_with(said), "{from}: {}", answer.out);
        let report = home.ask(&[words[0], words[1], words[2], "--json"]).report("diff");
        assert_eq!(report["widens"], status == 1, "{report:#}");
    }
}

#[test]
fn what_cannot_be_read_is_no_answer() {
    let home = Home::new();
    let file = home.write("p.toml", "version = 1\nwindow = 1\n");
    let file = file.to_str().unwrap();
    assert_eq!(home.ask(&["diff", file, file]).status, 2);
}
