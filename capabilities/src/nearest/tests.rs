//! What came closest, as a table: the call, what failed, and the edit.

use super::*;
use crate::args::Args;
use crate::compile;
use crate::directories::Directories;
use crate::names::{CommandName, WindowLabel};
use crate::origin::Origin;
use crate::platform::Platform;
use crate::policy::Context;
use crate::scope::Resources;
use crate::sources::Sources;
use crate::time::WallTime;
use serde_json::{Value, json};

const POLICY: &str = r#"version = 1
[[permission]]
id = "shared"
deny = [{ commands = ["fs.*"], path = ["**/.*"] }]

[[capability]]
id = "editor"
windows = ["editor"]
use = ["shared"]
allow = [
  { commands = ["fs.read", "fs.list"], path = ["$APPDATA/notes/**", "$APPDATA/.trash"] },
  { commands = ["fs.write"], path = [], args = { properties = { text = { maxLength = 3 } } } },
  { commands = ["net.get"], url = ["https://example.com/**"] },
  { commands = ["settings.get"], key = ["editor.*"] },
  { commands = ["app.info"] },
  { commands = ["app.quit"] },
]

[[capability]]
id = "more"
windows = ["editor"]
use = ["shared"]
deny = [{ commands = ["app.quit"] }, { commands = ["app.*"], args = { required = ["x"] } }]

[[capability]]
id = "old"
windows = ["editor", "help"]
allow = [{ commands = ["old.call"], path = ["$APPDATA/*"] }]

[[capability]]
id = "web"
windows = ["web"]
origins = ["https://a.example"]
allow = [{ commands = ["web.call"] }]
deny = [{ commands = ["web.*"], key = ["secret.*"] }]
"#;

/// From when on `old` has expired.
const END: i64 = 10;

fn near(window: &str, origin: &str, now: i64, command: &str, args: &Value) -> NearMiss {
    let sources = Sources::from_texts([("p.toml", POLICY)]);
    let directories = Directories::sample();
    let output = compile::compile(&sources, &Context::new(&directories));
    assert!(!output.diagnostics.has_errors(), "{:?}", output.diagnostics);
    let mut capabilities = output.enforced;
    for capability in capabilities.iter_mut().filter(|capability| capability.id == "old") {
        capability.expires = Some(WallTime::from_unix(END));
    }
    let args = Args::new(args.as_object().unwrap().clone());
    let question = Question {
        window: &WindowLabel::parse(window).unwrap(),
        origin: &Origin::parse(origin).unwrap(),
        now: WallTime::from_unix(now),
        command: &CommandName::parse(command).unwrap(),
        args: &args,
        resources: Resources::of(&args, &directories, Platform::Linux),
        directories: &directories,
        capabilities: &capabilities,
        broken: &|_| None,
    };
    question.nearest().unwrap()
}

#[test]
fn the_nearest_miss_and_the_smallest_edit() {
    use Condition::{Args, Commands, Deny, Expires, Key, Origins, Path, Url, Windows};
    let local = "app://localhost";
    #[rustfmt::skip]
    let cases = [
        (("editor", local, "fs.read", json!({"path": "$APPDATA/old/a.md"})),
            &[Path][..], "add `\"$APPDATA/old/a.md\"` to `path` of the entry at p.toml:11 (capability `editor`, allow 1)"),
        // A name with a wildcard in it is asked for by `?`.
        (("editor", local, "fs.read", json!({"path": "$APPDATA/o/[a]*"})),
            &[Path], "add `\"$APPDATA/o/?a??\"` to `path` of the entry at p.toml:11 (capability `editor`, allow 1)"),
        // An empty scope is one to add to.
        (("editor", local, "fs.write", json!({"path": "$APPDATA/a", "text": "abc"})),
            &[Path], "add `\"$APPDATA/a\"` to `path` of the entry at p.toml:12 (capability `editor`, allow 2)"),
        (("editor", local, "fs.write", json!({"path": "$APPDATA/a", "text": "abcd"})),
            &[Path, Args], "add `{ commands = [\"fs.write\"], path = [\"$APPDATA/a\"] }` to `allow` of the capability `editor`"),
        (("editor", local, "net.get", json!({"url": "https://b.example/x?token=1"})),
            &[Url], "add `\"https://b.example/x\"` to `url` of the entry at p.toml:13 (capability `editor`, allow 3)"),
        (("editor", local, "settings.get", json!({"key": "view.zoom"})),
            &[Key], "add `\"view.zoom\"` to `key` of the entry at p.toml:14 (capability `editor`, allow 4)"),
        // A scope cannot be added to an entry without taking away the calls that have no such argument.
        (("editor", local, "app.info", json!({"key": "a"})),
            &[Key], "add `{ commands = [\"app.info\"], key = [\"a\"] }` to `allow` of the capability `editor`"),
        (("editor", local, "settings.get", json!({})),
            &[Commands], "add `\"settings.get\"` to `commands` of the entry at p.toml:15 (capability `editor`, allow 5)"),
        // Of two that name other commands the likest.
        (("editor", local, "fs.lock", json!({"path": "$APPDATA/notes/a"})),
            &[Commands], "add `\"fs.lock\"` to `commands` of the entry at p.toml:11 (capability `editor`, allow 1)"),
        (("help", local, "app.info", json!({})),
            &[Windows], "add `\"help\"` to `windows` of the capability `editor`, with all else that it grants"),
        (("editor", "https://b.example", "app.info", json!({})),
            &[Origins], "add a capability:\n\n[[capability]]\nid = \"editor-app-info\"\nwindows = [\"editor\"]\norigins = [\"https://b.example\"]\nallow = [{ commands = [\"app.info\"] }]"),
        (("web", "https://b.example", "web.call", json!({})),
            &[Origins], "write `origins = [\"https://a.example\", \"https://b.example\"]` in the capability `web`, with all else that it grants"),
        // Nobody is told to trust what anybody on the way can forge, without the word for it.
        (("web", "http://b.example", "web.call", json!({})),
            &[Origins], "add a capability:\n\n[[capability]]\nid = \"web-web-call\"\nwindows = [\"web\"]\norigins = [\"http://b.example\"]\ndangerous = \"anybody on the way to this host may ask too\"\nallow = [{ commands = [\"web.call\"] }]"),
        (("editor", local, "old.call", json!({"path": "$APPDATA/a"})),
            &[Expires], "put off `expires` of the capability `old`, or remove it"),
        (("help", "https://b.example", "none", json!({})),
            &[Origins, Windows, Commands], "add a capability:\n\n[[capability]]\nid = \"help-none\"\nwindows = [\"help\"]\norigins = [\"https://b.example\"]\nallow = [{ commands = [\"none\"] }]"),
        (("editor", local, "app.quit", json!({})),
            &[Deny], "narrow the entry at p.toml:23 (capability `more`, deny 1), or remove it"),
        (("editor", local, "app.quit", json!({"x": 1})), &[Deny], ""),
        // One entry of a permission that two capabilities use is one edit.
        (("editor", local, "fs.read", json!({"path": "$APPDATA/.trash"})),
            &[Deny], "narrow the entry at p.toml:4 (capability `editor`, permission `shared`, deny 1), or remove it"),
        (("editor", local, "fs.read", json!({"path": "$APPDATA/.trash/.a"})),
            &[Deny], ""),
        (("editor", local, "fs.read", json!({"path": "$APPDATA/../a"})), &[Path], ""),
        (("editor", local, "app.info", json!({"url": 1})), &[Url], ""),
    ];
    for ((window, origin, command, args), failed, edit) in cases {
        let near = near(window, origin, END, command, &args);
        let told = near.edit.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!((near.failed.as_slice(), told.as_str()), (failed, edit), "{command} {args}");
    }
}

/// What an added window would bring with it counts.
#[test]
fn a_capability_that_would_deny_the_call_is_no_help() {
    let near = near("editor", "https://a.example", 0, "web.call", &json!({"key": "secret.x"}));
    assert_ne!(near.edit.as_ref().map(Edit::kind), Some("window"), "{near:?}");
}

#[test]
fn an_edit_repeats_no_argument_but_resources() {
    let args = json!({"path": "$APPDATA/a", "text": "hunter2", "note": "hunter2"});
    for command in ["fs.write", "fs.read", "none.such"] {
        for window in ["editor", "help"] {
            let near = near(window, "app://localhost", 0, command, &args);
            assert!(!format!("{near:?}").contains("hunter2"), "{near:?}");
        }
    }
}

#[test]
fn the_sentence_says_what_failed() {
    let text = |window, command, args| near(window, "app://localhost", END, command, &args).text;
    let cases = [
        (text("help", "app.info", json!({})), "its capability is for other windows"),
        (text("editor", "old.call", json!({"path": "$APPDATA/a"})), "its capability has expired"),
        (
            text("editor", "fs.read", json!({"path": "/a"})),
            "the argument `path` is outside of what is allowed",
        ),
        (text("editor", "app.quit", json!({"x": 1})), "a deny entry applies, and 1 more"),
        (
            text("editor", "fs.read", json!({"path": "/.a"})),
            "a deny entry applies, and no allow entry allows the call either",
        ),
        (
            text("editor", "app.info", json!({"url": 1})),
            "no policy allows a call whose argument `url` cannot be read: it is not a string",
        ),
    ];
    for (told, expected) in cases {
        assert_eq!(told, expected);
    }
}

#[test]
fn an_edit_as_json_has_all_of_its_keys() {
    let near = near("help", "app://localhost", 0, "app.info", &json!({}));
    let json = serde_json::to_value(&near).unwrap();
    assert_eq!(
        json["edit"],
        json!({
            "kind": "window",
            "text": "add `\"help\"` to `windows` of the capability `editor`, with all else that it grants",
            "toml": "\"help\"",
            "list": "windows",
            "capability": "editor",
            "rule": null,
        })
    );
    assert_eq!(json["failed"], json!(["windows"]));
}
