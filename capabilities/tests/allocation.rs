//! A call that is allowed takes no memory: counted by the allocator, which is this binary's own.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that panics has failed")]

use std::hint::black_box;

use allocation_counter::measure;
use serde_json::{Value, json};
use sidegate_capabilities::{
    Args, Color, CommandName, Context, Directories, Origin, Policy, Principal, Sources, WallTime,
    WindowLabel,
};

const POLICY: &str = r#"version = 1
[[capability]]
id = "c"
windows = ["main"]
allow = [
  { commands = ["app.info"] },
  { commands = ["app.*"], limit = { rate = "5/s" }, result = { omit = ["/owner"] } },
  { commands = ["fs.*"], path = ["$APPDATA/notes/**"],
    args = { required = ["path"], properties = {
      path = { maxLength = 200 }, text = { type = "string" }, mode = { enum = ["a", "w"] } } } },
  { commands = ["fs.list"], path = ["$APPDATA/other/*", "$APPDATA/notes/*"] },
  { commands = ["settings.get"], key = ["editor.**"] },
  { commands = ["tag.set"], args = { required = ["tag"], properties = {
      tag = { pattern = "^[a-z]{1,8}$" }, count = { type = "integer", maximum = 9 } } } },
]
deny = [
  { commands = ["fs.*"], path = ["**/.*", "$APPDATA/notes/secret/**"] },
  { commands = ["app.*", "*.get"], key = ["account.*"] },
  { commands = ["fs.write"], args = { required = ["force"], properties = { force = { const = true } } } },
]
"#;

#[test]
fn what_is_allowed_takes_no_memory() {
    let principal = principal();
    #[rustfmt::skip]
    let calls = [
        ("app.info", json!({})),
        ("app.other", json!({"n": 1})),
        ("fs.write", json!({"path": "$APPDATA/notes/2026/may.md", "text": "x", "mode": "w"})),
        ("fs.write", json!({"path": "/home/user/.local/share/app/notes/may.md", "text": "x"})),
        ("fs.write", json!({"path": "$APPDATA/notes"})),
        ("fs.list", json!({"path": "$APPDATA/notes/a", "text": 1})),
        ("settings.get", json!({"key": "editor.font.size"})),
        ("tag.set", json!({"tag": "abc", "count": 3})),
    ];
    for (command, args) in calls {
        let (command, args) = call(command, &args);
        assert!(principal.decide(&command, &args).is_allowed(), "{command}");
        let taken = measure(|| {
            drop(black_box(principal.decide(black_box(&command), black_box(&args))));
            black_box(principal.limits(&command));
        });
        assert_eq!(taken.count_total, 0, "{command} {:?}", args.as_map());
    }
}

/// Else the test above would say nothing.
#[test]
fn the_count_counts() {
    let principal = principal();
    let (command, args) = call("app.info", &json!({"path": "/x"}));
    let taken = measure(|| assert!(!principal.decide(&command, &args).is_allowed()));
    assert!(taken.count_total > 0);
}

fn principal() -> Principal {
    let sources = Sources::from_texts([("p.toml", POLICY)]);
    let directories = Directories::sample();
    let compiled = Policy::compile(&sources, &Context::new(&directories))
        .unwrap_or_else(|errors| panic!("{}", errors.render(&sources, Color::Never)));
    let window = WindowLabel::parse("main").unwrap();
    compiled.policy.principal(&window, &Origin::local(), WallTime::from_unix(0))
}

fn call(command: &str, args: &Value) -> (CommandName, Args) {
    let args = Args::new(args.as_object().unwrap().clone());
    (CommandName::parse(command).unwrap(), args)
}
