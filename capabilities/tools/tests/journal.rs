//! What is made of the calls of a log: learnt from, replayed, held against what was granted.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test that panics has failed, and a table reads better without `&`"
)]

use serde_json::{Map, Value, json};
use sidegate_capabilities::{
    Args, CommandName, Context, Directories, Origin, Policy, Sources, Verdict, WallTime,
    WindowLabel,
};
use sidegate_tools::calls::{Known, Line, Logged};
use sidegate_tools::learn::{Class, Current, Learned, learn};
use sidegate_tools::minimize::{What, minimize};
use sidegate_tools::replay::{Change, replay};

const POLICY: &str = r#"
version = 1

[[permission]]
id = "notes:read"
allow = [{ commands = ["fs.read_text", "fs.list"], path = ["$APPDATA/notes/**"] }]
deny = [{ commands = ["fs.*"], path = ["**/.*"] }]

[[capability]]
id = "editor"
windows = ["editor"]
use = ["notes:read"]
allow = [
  { commands = ["settings.*"], key = ["editor.*", "theme"] },
  { commands = ["app.info", "window.set_title"] },
]

[[capability]]
id = "preview"
windows = ["preview"]
origins = ["local", "https://docs.example.com"]
allow = [{ commands = ["fs.read_text"], path = ["$APPDATA/public/*.md"] }]
deny = [{ commands = ["fs.remove"] }]
"#;

fn compile(sources: &Sources) -> Policy {
    let directories = Directories::sample();
    match Policy::compile(sources, &Context::new(&directories)) {
        Ok(compiled) => compiled.policy,
        Err(diagnostics) => {
            panic!("{}", diagnostics.render(sources, sidegate_capabilities::Color::Never))
        }
    }
}

fn sources() -> Sources {
    Sources::from_texts([("policies/app.toml", POLICY)])
}

fn args(value: &Value) -> Args {
    let Value::Object(map) = value.clone() else { panic!("an object") };
    Args::new(map)
}

/// A log of calls, each decided by the policy as a broker would have.
struct Journal(Vec<Logged>, Policy);

impl Journal {
    fn new() -> Self {
        Self(Vec::new(), compile(&sources()))
    }

    fn call(&mut self, window: &str, command: &str, value: Value) -> &mut Self {
        self.call_at("app://localhost", window, command, value)
    }

    fn call_at(&mut self, origin: &str, window: &str, command: &str, value: Value) -> &mut Self {
        let (window, origin) =
            (WindowLabel::parse(window).unwrap(), Origin::parse(origin).unwrap());
        let (command, known) = (CommandName::parse(command).unwrap(), args(&value));
        let at = WallTime::from_unix(1_790_000_000);
        let principal = self.1.principal(&window, &origin, at);
        let verdict = principal.decide(&command, &known);
        let denial = match &verdict {
            Verdict::Allow(_) => None,
            Verdict::Deny(denial) => Some(denial.clone()),
        };
        let rule = verdict.rule().map(ToString::to_string);
        let allowed = verdict.is_allowed();
        drop(verdict);
        let record = u64::try_from(self.0.len()).unwrap() + 1;
        self.0.push(Logged {
            line: Line { log: "audit.jsonl".into(), record },
            time: format!("2026-11-23T06:54:{record:02}.000000Z"),
            at,
            policy: self.1.version().to_string(),
            window,
            origin,
            command,
            args: Known::All(known),
            allowed,
            reason: denial.as_ref().map(|denial| denial.reason.code().to_owned()),
            why: denial.as_ref().map(|denial| denial.reason.to_string()),
            rule,
            count: 1,
        });
        self
    }

    fn last(&mut self) -> &mut Logged {
        self.0.last_mut().unwrap()
    }

    fn without_values(mut self) -> Self {
        self.0.iter_mut().for_each(|call| call.args = Known::Nothing);
        self
    }

    fn learn(&self) -> Learned {
        let (sources, directories) = (sources(), Directories::sample());
        let takes = |command: &CommandName| command.as_str().starts_with("fs.").then_some("path");
        let context = Context::new(&directories);
        learn(&self.0, &Current { policy: Some((&sources, &self.1)), context, takes: &takes })
    }
}

fn with(learned: &Learned) -> Policy {
    compile(&sources().with("policies/learned.toml", learned.toml.as_str()))
}

fn path(name: &str) -> Value {
    json!({ "path": name })
}

#[test]
fn what_was_learnt_allows_what_was_refused_and_nothing_of_other_windows() {
    let mut journal = Journal::new();
    for name in ["a", "b", "c"] {
        journal.call(
            "editor",
            "fs.write_text",
            json!({ "path": format!("$APPDATA/notes/{name}.md"), "text": name }),
        );
        journal.call(
            "preview",
            "fs.read_text",
            path(&format!("/home/user/.local/share/app/notes/{name}.md")),
        );
    }
    journal.call("preview", "app.info", json!({}));
    journal.call("preview", "settings.get", json!({ "key": "view.zoom" }));
    journal.call("preview", "net.get", json!({ "url": "https://api.example.com/v1/a?q" }));
    journal.call_at("https://docs.example.com", "preview", "fs.list", path("$APPDATA/public"));
    journal.call_at(
        "https://docs.example.com",
        "preview",
        "fs.read_text",
        path("$APPDATA/public/a.md"),
    );
    let learned = journal.learn();
    assert_eq!(learned.withheld, []);
    assert_eq!(learned.calls, 10);
    let again = replay(&journal.0, &with(&learned));
    assert_eq!((again.newly_allowed, again.newly_refused, again.cannot_tell), (10, 0, 0));
    assert_eq!(again.unchanged, 1);
    assert!(again.rows.iter().all(|row| row.change == Change::NewlyAllowed));

    let mut held_out = Journal::new();
    for (origin, window) in [
        ("app://localhost", "viewer"),
        ("https://docs.example.com", "editor"),
        ("https://evil.example.com", "preview"),
    ] {
        for call in &journal.0 {
            let Known::All(args) = &call.args else { panic!("known") };
            held_out.call_at(origin, window, call.command.as_str(), args.as_value().clone());
        }
    }
    held_out.call("preview", "fs.write_text", path("$APPDATA/notes/a.md"));
    held_out.call("editor", "fs.write_text", path("$APPDATA/notes/deep/a.md"));
    held_out.call("editor", "fs.write_text", path("$APPDATA/notes/.a.md"));
    held_out.call_at("https://docs.example.com", "preview", "app.info", json!({}));
    assert_eq!(replay(&held_out.0, &with(&learned)).newly_allowed, 0);
}

#[test]
fn the_file_says_what_each_line_would_allow_besides() {
    let mut journal = Journal::new();
    for name in ["a", "b", "c"] {
        journal.call("preview", "fs.read_text", path(&format!("$APPDATA/notes/{name}.md")));
    }
    journal.call("preview", "fs.list", path("$APPDATA/notes"));
    journal.call("preview", "fs.remove", path("$APPDATA/notes/a.md"));
    let expected = r#"# Proposed by `sidegate learn`. Read each line before you use it: it allows what was refused.
version = 1

[[capability]]
id = "learned-preview"
description = "proposed from refused calls of the log"
windows = ["preview"]
allow = [
  # 1 refused call: audit.jsonl:4
  { commands = ["fs.list"], path = ["$APPDATA/notes"] },
  # 3 refused calls: audit.jsonl:1, audit.jsonl:2, audit.jsonl:3
  # also allows: any `.md` file in `$APPDATA/notes`
  { commands = ["fs.read_text"], path = ["$APPDATA/notes/*.md"] },
]

# nothing is proposed for `fs.remove` of `preview` at app://localhost (1 refused call, audit.jsonl:5):
#   a deny entry refuses it, which no allow entry outweighs: policies/app.toml:23 (capability `preview`, deny 1)
"#;
    let learned = journal.learn();
    assert_eq!(learned.toml, expected);
    assert_eq!(learned.proposals[1].also.class, Class::Unbounded);
    assert_eq!(learned.proposals[0].also.class, Class::None);
}

#[test]
fn combinations_that_were_not_seen_are_counted() {
    let mut journal = Journal::new();
    for (path, key) in [("a", "x.a"), ("b", "x.b")] {
        let path = format!("$APPDATA/{path}/f.md");
        journal.call("editor", "export.run_on", json!({ "path": path, "key": key }));
        journal.call("editor", "export.of", json!({ "path": path, "key": key }));
    }
    let learned = journal.learn();
    let [proposal] = learned.proposals.as_slice() else { panic!("{learned:#?}") };
    assert_eq!(proposal.commands, ["export.of"], "what runs is withheld");
    assert_eq!((proposal.also.class, proposal.also.count), (Class::Finite, Some(2)));
}

#[test]
fn e18_nothing_is_proposed_past_home_keys_shells_and_remote_writers() {
    let mut journal = Journal::new();
    let rows = [
        ("editor", "fs.read_text", path("$HOME/.ssh/id_ed25519"), "write such a grant by hand"),
        ("editor", "fs.read_text", path("$DOCUMENTS/server.pem"), "keys or credentials"),
        ("editor", "fs.list", path("$HOME"), "the home directory as a whole"),
        ("editor", "fs.list", path("/"), "a deny entry refuses it"),
        ("editor", "fs.read_text", path("/etc/passwd"), "outside of every directory"),
        ("editor", "fs.read_text", path("$DOCUMENTS/**"), "means something else in a pattern"),
        (
            "editor",
            "fs.write_text",
            path("$HOME/.config/autostart/x.desktop"),
            "hidden files of the home",
        ),
        ("editor", "fs.write_text", path("$APPLOG/audit.jsonl"), "own log"),
        ("editor", "fs.read_text", path("$APPDATA/notes/.git"), "a deny entry refuses it"),
        ("editor", "shell.open", json!({}), "runs other programs"),
        ("editor", "settings.get", json!({ "key": "mail.password" }), "holds a secret"),
        (
            "editor",
            "net.get",
            json!({ "url": "https://169.254.169.254/" }),
            "this machine or its network",
        ),
        ("editor", "net.get", json!({ "url": "http://example.com/" }), "anybody on the way"),
        ("editor", "fs.read_text", json!({ "path": 7 }), "a deny entry refuses it"),
    ];
    for (window, command, args, _) in &rows {
        journal.call(window, command, args.clone());
    }
    journal.call_at(
        "https://docs.example.com",
        "preview",
        "fs.write_text",
        path("$APPDATA/public/a.md"),
    );
    journal.call("editor", "app.info", json!({}));
    journal.last().allowed = false;
    journal.last().reason = Some("rate".to_owned());
    let learned = journal.learn();
    assert_eq!(learned.proposals, []);
    assert_eq!(learned.toml, "");
    let expected = rows.iter().map(|(.., why)| *why).chain(["the origin is remote", "but `rate`"]);
    for (number, why) in (1..).zip(expected) {
        let of_it = learned
            .withheld
            .iter()
            .find(|found| found.lines.iter().any(|line| line.record == number));
        let found = of_it.unwrap_or_else(|| panic!("{number}: {learned:#?}"));
        // `/` and a number are refused as malformed before anybody asks what they name.
        assert!(
            found.why.contains(why) || found.why.contains("malformed"),
            "{number}: {why}: {}",
            found.why
        );
    }
}

#[test]
fn a_page_cannot_write_into_the_proposed_file() {
    let mut journal = Journal::new();
    for evil in ["a\"] },\n{ commands = [\"x", "b\u{202e}dm.", "c'\u{7f}", "d # x"] {
        journal.call("editor", "fs.write_text", path(&format!("$APPDATA/notes/{evil}")));
    }
    let learned = journal.learn();
    assert!(learned.toml.chars().all(|c| c == '\n' || !c.is_control()), "{}", learned.toml);
    assert!(!learned.toml.contains('\u{202e}'));
    let allowed = replay(&journal.0, &with(&learned)).newly_allowed;
    assert_eq!(allowed, 2, "what has a control character is no path: {learned:#?}");
}

#[test]
fn an_id_that_is_taken_is_not_taken_again() {
    let mut journal = Journal::new();
    journal.call("viewer", "app.info", json!({}));
    let sources = sources().with("more.toml", "version = 1\n[[capability]]\nid = \"learned-viewer\"\nwindows = [\"x\"]\nallow = [{ commands = [\"app.info\"] }]\n");
    let (policy, directories) = (compile(&sources), Directories::sample());
    let current = Current {
        policy: Some((&sources, &policy)),
        context: Context::new(&directories),
        takes: &|_| None,
    };
    let learned = learn(&journal.0, &current);
    assert!(learned.toml.contains("id = \"learned-viewer-2\""), "{}", learned.toml);
    compile(&sources.with("learned.toml", learned.toml));
}

#[test]
fn without_values_the_scope_is_left_to_be_filled_in() {
    let mut journal = Journal::new();
    journal.call("preview", "fs.read_text", path("$APPDATA/notes/a.md"));
    journal.call("editor", "fs.write_text", path("$APPDATA/notes/a.md"));
    journal.call("editor", "notes.count", json!({}));
    let journal = journal.without_values();
    let learned = journal.learn();
    let told: Vec<_> = learned
        .proposals
        .iter()
        .map(|found| (found.commands[0].as_str(), found.path.clone(), found.fill_in.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("fs.write_text", Some(vec![]), Some("path")),
            ("notes.count", None, None),
            ("fs.read_text", Some(vec![]), Some("path")),
        ]
    );
    assert!(learned.toml.contains("fill in `path`; empty, it allows nothing"), "{}", learned.toml);
    with(&learned);
}

#[test]
fn a_replay_tells_what_it_can() {
    let next = POLICY
        .replace("$APPDATA/public/*.md", "$APPDATA/notes/*.md")
        .replace("\"app.info\", ", "")
        .replace("deny = [{ commands = [\"fs.remove\"] }]", "");
    let next = compile(&Sources::from_texts([("policies/app.toml", next)]));
    let mut journal = Journal::new();
    journal.call("preview", "fs.read_text", path("$APPDATA/notes/a.md"));
    journal.call("preview", "fs.read_text", path("$APPDATA/public/a.md"));
    journal.call("editor", "app.info", json!({}));
    journal.call("editor", "window.set_title", json!({ "title": "x" }));
    journal.call("preview", "fs.remove", path("$APPDATA/x"));
    let told = |journal: &Journal| {
        let done = replay(&journal.0, &next);
        (done.newly_allowed, done.newly_refused, done.unchanged, done.cannot_tell)
    };
    assert_eq!(told(&journal), (1, 2, 2, 0));
    let journal = journal.without_values();
    assert_eq!(told(&journal), (0, 1, 1, 3));
    let same = replay(&journal.0, &compile(&sources()));
    assert_eq!(same.unchanged, 5, "the very policy that decided decides alike");
}

#[test]
fn what_no_call_used_is_told() {
    let mut journal = Journal::new();
    journal.call("editor", "settings.get", json!({ "key": "theme" }));
    journal.call("editor", "fs.read_text", path("$APPDATA/notes/a.md"));
    journal.call("editor", "window.set_title", json!({}));
    let directories = Directories::sample();
    let told = |journal: &Journal| -> Vec<(What, Option<String>, Vec<String>)> {
        let done = minimize(&journal.0, &journal.1, &directories);
        done.unused.into_iter().map(|found| (found.what, found.text, found.instead)).collect()
    };
    let row = |what, text: Option<&str>, instead: &[&str]| {
        (what, text.map(str::to_owned), instead.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
    };
    let without = vec![
        row(What::Wildcard, Some("settings.*"), &["settings.get"]),
        row(What::Command, Some("app.info"), &[]),
        row(What::Command, Some("fs.list"), &[]),
        row(What::Entry, None, &[]),
    ];
    let mut with_values = without.clone();
    with_values.insert(1, row(What::Key, Some("editor.*"), &[]));
    assert_eq!(told(&journal), with_values);
    assert_eq!(told(&journal.without_values()), without);
}

#[test]
fn redacted_values_are_not_taken_for_what_was_said() {
    let mut journal = Journal::new();
    journal.call("editor", "fs.write_text", json!({ "path": "$APPDATA/notes/a.md", "text": null }));
    let mut map = Map::new();
    map.insert("path".to_owned(), "$APPDATA/notes/a.md".into());
    map.insert("text".to_owned(), Value::Null);
    journal.last().args = Known::But(Args::new(map), vec!["/text".to_owned()]);
    assert_eq!(
        journal.learn().proposals[0].path.as_deref(),
        Some(&["$APPDATA/notes/a.md".to_owned()][..])
    );
    journal.last().args = Known::But(args(&json!({ "path": null })), vec!["/path".to_owned()]);
    assert_eq!(journal.learn().proposals[0].fill_in.as_deref(), Some("path"));
}
