//! What the log has of calls: values, and what an observed policy says of them.

mod cancel;
#[cfg(target_os = "linux")]
mod documents;
#[cfg(target_os = "linux")]
mod long;
#[cfg(target_os = "linux")]
mod played;
mod reload;
mod shutdown;
#[cfg(target_os = "linux")]
mod stopped;

use std::path::Path;

use serde_json::{Value, json};
use sidegate_capabilities::{Origin, Sources, WallTime};
use tempfile::TempDir;

use super::*;
use crate::app::{AppDirectories, AppId};
use crate::audit::{Entry, Reader, Verification, verify};
use crate::clock::{Moment, Now};

pub(super) fn builder(home: &TempDir, policy: &str) -> Builder {
    let app = AppId::parse("org.example.app").unwrap();
    let directories = AppDirectories::beneath(home.path(), &app);
    let builder = Broker::builder().id("org.example.app").unwrap().policy("app.toml", policy);
    builder.directories(directories).audit_log(log_of(home))
}

pub(super) fn log_of(home: &TempDir) -> std::path::PathBuf {
    home.path().join("audit.jsonl")
}

/// The records of `event`, after the log has been found to be whole.
pub(super) fn records(log: &Path, event: &str) -> Vec<Entry> {
    let Verification { finding, .. } = verify(log).unwrap();
    assert_eq!(finding, None);
    let entries = Reader::open(log).unwrap().map(Result::unwrap);
    entries.filter(|entry| entry.event() == event).collect()
}

const POLICY: &str = r#"
version = 1
[[capability]]
id = "preview"
windows = ["preview"]
allow = [
  { commands = ["settings.get"], key = ["view.*", "theme"] },
  { commands = ["app.info"] },
]
"#;

const NEXT: &str = r#"
version = 1
[[capability]]
id = "preview"
windows = ["preview"]
allow = [
  { commands = ["settings.get"], key = ["theme", "editor.*"] },
  { commands = ["app.info"] },
]
"#;

pub(super) async fn ask(peer: &Peer, command: &str, args: Value) -> Result<Value, String> {
    let answer = peer.invoke(command, args).await;
    answer.map_err(|error| error["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn an_observed_policy_is_recorded_where_it_differs_and_changes_nothing() {
    let home = TempDir::new().unwrap();
    let next = Sources::from_texts([("next.toml", NEXT)]);
    let broker = builder(&home, POLICY).observe(next).build().unwrap();
    let peer = broker.connect("preview", &Origin::local()).unwrap();
    for (command, args, answer, shadow) in [
        ("settings.get", json!({ "key": "theme" }), Ok(Value::Null), None),
        ("settings.get", json!({ "key": "view.zoom" }), Ok(Value::Null), Some("deny")),
        ("settings.get", json!({ "key": "editor.font" }), Err("denied"), Some("allow")),
        ("settings.get", json!({ "key": "other" }), Err("denied"), None),
        ("fs.list", json!({ "path": "$APPDATA" }), Err("denied"), None),
        // The policy says yes, the handler's schema no, and the observed policy is not heard.
        ("settings.get", json!({ "key": "view.zoom", "more": 1 }), Err("invalid"), None),
    ] {
        let row = format!("{command} {args}");
        let answered = ask(&peer, command, args).await;
        assert_eq!(
            answered.map(|found| found["value"].clone()),
            answer.map_err(str::to_owned),
            "{row}"
        );
        let record = records(&log_of(&home), "call").pop().unwrap();
        let said =
            record.get("shadow").map(|shadow| shadow["verdict"].as_str().unwrap().to_owned());
        assert_eq!(said.as_deref(), shadow, "{row}");
    }
    let record = &records(&log_of(&home), "call")[1];
    let shadow = record.get("shadow").unwrap();
    assert_eq!(shadow["reason"], "out-of-scope");
    assert_eq!(shadow["rule"], "next.toml:7 (capability `preview`, allow 1)");
    let [observing] = &records(&log_of(&home), "observing")[..] else { panic!("one record") };
    assert_eq!(observing.get("files").unwrap(), &json!(["next.toml"]));
}

#[tokio::test]
async fn refusals_that_are_only_counted_are_counted_for_the_observed_policy_too() {
    let home = TempDir::new().unwrap();
    let next = Sources::from_texts([("next.toml", NEXT)]);
    let broker = builder(&home, POLICY).observe(next).build().unwrap();
    let peer = broker.connect("preview", &Origin::local()).unwrap();
    for number in 0..60 {
        let key = if number % 3 == 0 { "editor.font" } else { "other" };
        ask(&peer, "settings.get", json!({ "key": key })).await.unwrap_err();
    }
    drop((peer, broker));
    let times = |event: &str, allowed: bool| -> u64 {
        let entries = records(&log_of(&home), event);
        let mine = entries.iter().filter(|entry| entry.get("shadow").is_some() == allowed);
        mine.map(|entry| entry.number("count").unwrap_or(1)).sum()
    };
    assert_eq!(times("call", true) + times("repeated", true), 20);
    assert_eq!(times("call", false) + times("repeated", false), 40);
}

#[test]
fn an_observed_policy_that_does_not_compile_is_told_at_the_start() {
    let home = TempDir::new().unwrap();
    let next = Sources::from_texts([("next.toml", "version = 1\n[[capabilty]]\n")]);
    let error = builder(&home, POLICY).observe(next).build().unwrap_err().to_string();
    assert!(error.starts_with("the policy to be observed does not compile:"), "{error}");
}

#[tokio::test]
async fn h03_values_stand_in_the_log_only_where_they_were_asked_for() {
    for log_args in [false, true] {
        let home = TempDir::new().unwrap();
        let mut builder = builder(&home, POLICY);
        if log_args {
            builder = builder.dangerously_log_args();
        }
        let broker = builder.build().unwrap();
        let peer = broker.connect("preview", &Origin::local()).unwrap();
        ask(&peer, "settings.get", json!({ "key": "theme" })).await.unwrap();
        ask(&peer, "settings.get", json!({ "key": "canary" })).await.unwrap_err();
        ask(&peer, "fs.write_text", json!({ "path": "/canary", "text": "x" })).await.unwrap_err();
        let [start] = &records(&log_of(&home), "start")[..] else { panic!("one start") };
        assert_eq!(start.get("log_args"), log_args.then_some(&json!(true)));
        let text = std::fs::read_to_string(log_of(&home)).unwrap();
        assert_eq!(text.matches("canary").count(), if log_args { 2 } else { 0 });
        let shown = records(&log_of(&home), "call");
        assert!(shown.iter().all(|entry| entry.get("args").is_some() == log_args));
    }
}

const AUDITED: &str = r#"
version = 1
[[capability]]
id = "preview"
windows = ["preview"]
allow = [
  { commands = ["app.info"], audit = { calls = "counted" } },
  { commands = ["settings.set"], key = ["pin"], audit = { args = true, redact = ["/value"] } },
  { commands = ["settings.get"], key = ["theme"] },
]

[[capability]]
id = "passing"
windows = ["preview"]
expires = 2040-01-01T00:00:00Z
allow = [{ commands = ["window.set_title"] }]

[[capability]]
id = "stricter"
windows = ["preview"]
observe = true
deny = [{ commands = ["settings.get"] }]
"#;

#[tokio::test]
async fn h03_what_an_entry_redacts_is_never_in_the_log() {
    for log_args in [false, true] {
        let home = TempDir::new().unwrap();
        let mut builder = builder(&home, AUDITED);
        if log_args {
            builder = builder.dangerously_log_args();
        }
        let broker = builder.build().unwrap();
        let peer = broker.connect("preview", &Origin::local()).unwrap();
        ask(&peer, "settings.set", json!({ "key": "pin", "value": "CANARY" })).await.unwrap();
        ask(&peer, "settings.set", json!({ "key": "other", "value": "CANARY" })).await.unwrap_err();
        let other = broker.connect("editor", &Origin::local()).unwrap();
        ask(&other, "settings.set", json!({ "key": "pin", "value": "CANARY" })).await.unwrap_err();
        let text = std::fs::read_to_string(log_of(&home)).unwrap();
        assert!(!text.contains("CANARY"), "{text}");
        let calls = records(&log_of(&home), "call");
        let shown = &calls[0];
        assert_eq!(shown.get("args").unwrap(), &json!({ "key": "pin", "value": null }));
        assert_eq!(shown.get("redacted").unwrap(), &json!(["/value"]));
        // With the key known, the value could be guessed from it: of refused calls, too.
        let digests: Vec<_> = calls.iter().map(|call| call.get("args_digest")).collect();
        assert_eq!(digests, [None, None, None]);
    }
}

#[tokio::test]
async fn counted_calls_are_a_record_and_a_number() {
    let home = TempDir::new().unwrap();
    let broker = builder(&home, AUDITED).build().unwrap();
    let peer = broker.connect("preview", &Origin::local()).unwrap();
    for _ in 0..20 {
        ask(&peer, "app.info", json!({})).await.unwrap();
    }
    drop((peer, broker));
    let calls = records(&log_of(&home), "call").len();
    let counts = records(&log_of(&home), "counted");
    let counted: u64 = counts.iter().filter_map(|entry| entry.number("count")).sum();
    assert_eq!((calls, counted), (1, 19));
}

#[tokio::test]
async fn a_capability_that_is_observed_is_only_recorded() {
    let home = TempDir::new().unwrap();
    let broker = builder(&home, AUDITED).build().unwrap();
    let peer = broker.connect("preview", &Origin::local()).unwrap();
    ask(&peer, "settings.get", json!({ "key": "theme" })).await.unwrap();
    let shadow = records(&log_of(&home), "call")[0].get("shadow").unwrap().clone();
    assert_eq!((&shadow["verdict"], &shadow["reason"]), (&json!("deny"), &json!("denied-by-rule")));
}

#[tokio::test]
async fn a_capability_ends_for_a_session_that_is_open() {
    let home = TempDir::new().unwrap();
    let broker = builder(&home, AUDITED).build().unwrap();
    let peer = broker.connect("preview", &Origin::local()).unwrap();
    let end = 2_208_988_800;
    // In this order: a clock that is set back gives an open session nothing back.
    for (seconds, code) in [(end - 1, "unavailable"), (end, "denied"), (end - 1, "denied")] {
        let now = Now { moment: Moment::now(), wall: WallTime::from_unix(seconds) };
        let answer = peer.invoke_at("window.set_title", json!({ "title": "x" }), now).await;
        assert_eq!(answer.unwrap_err()["code"], code, "{seconds}");
    }
    // The session goes on with what has not expired.
    ask(&peer, "app.info", json!({})).await.unwrap();
}
