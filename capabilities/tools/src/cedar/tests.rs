use serde_json::json;
use sidegate_capabilities::{
    Args, CommandName, Context, Directories, Origin, Platform, Policy, Sources, WallTime,
    WindowLabel,
};

use super::*;

fn exported(body: &str) -> Export {
    let text = format!("version = 1\n{body}");
    let directories = Directories::sample();
    let sources = Sources::from_texts([("p.toml".to_owned(), text)]);
    let context = Context::new(&directories).platform(Platform::Linux);
    export(&Policy::compile(&sources, &context).unwrap().policy)
}

const POLICY: &str = r#"
[[capability]]
id = "notes"
description = "d"
windows = ["main", "note-*"]
origins = ["local", "https://*.example.com"]
expires = 2030-01-01T00:00:00Z
allow = [
  { commands = ["fs.read", "fs.list"], path = ["$DOCUMENTS/**", "/d/\"*"] },
  { commands = ["app.say"], args = { required = ["n"] } },
  { commands = ["fs.none"], path = [] },
]
deny = [{ commands = ["fs.*"], path = ["**/.git/**"] }, { commands = ["app.quit"] }]
"#;

#[test]
fn entries_are_policies() {
    let export = exported(POLICY);
    let body = export.policies().split_once("\n\n").unwrap().1;
    let expected = r#"// p.toml:10 (capability `notes`, allow 1)
@id("p.toml:10 (capability `notes`, allow 1)")
permit (principal, action == Sidegate::Action::"call", resource)
when { context.now < 1893456000 }
when { context.window == "main" || context.window like "note-*" }
when { context.origin == "app://localhost" || context.origin like "https://*.example.com" }
when { ["fs.read", "fs.list"].contains(context.command) }
when { context has path && !context.path.unreadable && context.path.allowed.containsAny(["$DOCUMENTS/**", "/d/\"*"]) }
when { !(context has url) }
when { !(context has key) };
"#;
    assert!(body.starts_with(expected), "{body}");
    for part in [
        "when { context.schemas.contains(\"args-1\") };\n",
        "\n// p.toml:12 (capability `notes`, allow 3): a scope of it is empty, and no call matches.\n",
        "when { context has path && (context.path.unreadable || context.path.denied.containsAny([\"**/.git/**\"])) };\n",
        "when { context.command == \"app.quit\" };\n",
    ] {
        assert!(body.contains(part), "{part}\n{body}");
    }
    assert_eq!(export.counts(), Counts { permits: 2, forbids: 2, left_out: 1 });
    assert!(export.policies().contains("//   args-1: {\"required\":[\"n\"]}\n"));
    assert!(export.policies().contains(", as it is on linux.\n"));
}

#[test]
fn a_call_is_a_request() {
    let export = exported(POLICY);
    let request = |command: &str, args: Value| {
        let window = WindowLabel::parse("main").unwrap();
        let (command, now) = (CommandName::parse(command).unwrap(), WallTime::from_unix(5));
        let args = Args::new(args.as_object().unwrap().clone());
        export.request(&window, &Origin::local(), now, &command, &args)
    };
    let read = request("fs.read", json!({"path": "$DOCUMENTS/.git/a", "n": 1, "key": "a..b"}));
    assert_eq!(read.principal, "Sidegate::Window::\"main\"");
    let bad = json!({"unreadable": true, "allowed": [], "denied": []});
    let expected = json!({
        "now": 5, "window": "main", "origin": "app://localhost", "command": "fs.read",
        "path": {"unreadable": false, "allowed": [], "denied": ["**/.git/**"]},
        "key": bad,
        "schemas": ["args-1"],
    });
    assert_eq!(read.context, expected);
    let say = request("app.say", json!({}));
    let expected = json!({
        "now": 5, "window": "main", "origin": "app://localhost", "command": "app.say",
        "schemas": [],
    });
    assert_eq!(say.context, expected);
}
