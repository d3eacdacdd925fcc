//! `sidegate who-can`.

use std::fs;

use crate::harness::{Home, example};

#[test]
fn who_may_and_under_which_conditions() {
    let home = Home::new();
    let app = example("notes");
    let answer = home.ask(&["who-can", &app, "--command", "fs.read_text"]);
    assert_eq!(answer.status, 0, "{}", answer.err);
    for line in [
        "`fs.read_text` on path `$APPDATA/notes/**` from `editor`, `editor-*` at local\n",
        "  except on path `**/.*` (",
        "  at most 5/s, burst 10\n",
        "  result: without `/owner`\n",
    ] {
        assert!(answer.out.contains(line), "{line}\n{}", answer.out);
    }
    let report =
        home.ask(&["who-can", &app, "--command", "fs.read_text", "--json"]).report("who-can");
    assert_eq!(report["grants"].as_array().unwrap().len(), 2);
}

#[test]
fn with_arguments_only_who_may_call_with_them() {
    let home = Home::new();
    let app = example("notes");
    let cases = [
        ("fs.write_text", r#"{"path": "$APPDATA/notes/a.md", "text": ""}"#, 0),
        ("fs.write_text", r#"{"path": "$APPDATA/notes/.a.md", "text": ""}"#, 1),
        ("fs.write_text", "{}", 1),
        ("fs.remove", "{}", 1),
        ("app.info", "{}", 0),
        ("app.info", "[]", 2),
        ("App", "{}", 2),
    ];
    for (command, args, status) in cases {
        let answer = home.ask(&["who-can", &app, "--command", command, "--args", args]);
        assert_eq!(answer.status, status, "{command} {args}: {}{}", answer.out, answer.err);
    }
}

#[test]
fn the_matrix_is_a_table_and_a_page_that_needs_nothing() {
    let home = Home::new();
    let app = example("notes");
    let report = home.ask(&["who-can", &app, "--matrix", "--json"]).report("who-can");
    let state = |window: &str, command: &str| {
        let cells = report["matrix"].as_array().unwrap();
        let cell = cells.iter().find(|one| one["window"] == window && one["command"] == command);
        cell.unwrap()["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state("editor", "app.info"), "allow");
    assert_eq!(state("editor", "fs.write_text"), "scoped");
    assert_eq!(state("preview", "window.set_title"), "conditional");
    assert_eq!(state("preview", "fs.write_text"), "deny");
    let page = home.path().join("page.html");
    let answer = home.ask(&["who-can", &app, "--html", page.to_str().unwrap()]);
    assert_eq!((answer.status, answer.out.as_str()), (0, ""));
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("default-src 'none'"));
    for foreign in ["http:", "https:", "src=", "<link", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

/// Markup in all that an author may write freely: a file's name, a path, a schema.
#[test]
fn what_a_policy_says_is_text_to_the_page() {
    let home = Home::new();
    let policy = r#"version = 1
[[capability]]
id = "a"
windows = ["a"]
allow = [
  { commands = ["fs.read_text"], path = ["$APPDATA/<b>&'<b>/*"] },
  { commands = ["app.info"], args = { title = "</script><img>" } },
]
"#;
    let file = home.write("p<img src=x onerror=alert(1)>.toml", policy);
    let page = home.path().join("page.html");
    let answer = home.ask(&["who-can", file.to_str().unwrap(), "--html", page.to_str().unwrap()]);
    assert_eq!(answer.status, 0, "{}", answer.err);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("onerror=alert(1)"), "the file is named: {page}");
    for markup in ["<img", "<b>", "</script><"] {
        assert!(!page.contains(markup), "{markup}: {page}");
    }
}
