//! What a page may put into a record: everything, and it stays one record that shows as itself.
#![cfg(feature = "core")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use proptest::prelude::{ProptestConfig, any, proptest};
use serde_json::{Value, json};
use sidegate::audit::{
    AuditLog, Call, Cancelled, Clock, Colour, Counted, Digest, Durability, Entry, Event, HostState,
    Reader, Repeated, Shadow, StopOutcome, TokenState, Verdict, WindowState, render_table,
    to_ascii_json, verify,
};

/// Texts that do something to a terminal, to a line reader or to a JSON reader.
const HOSTILE: [&str; 13] = [
    "a\nb",
    "a\r\nb",
    "\u{2028}\u{2029}\u{85}",
    "\u{1b}[2J\u{1b}[31mred",
    "\u{1b}]8;;https://evil.example\u{7}click\u{1b}]8;;\u{7}",
    "\u{1b}]52;c;cm0gLXJmIH4=\u{7}",
    "\u{9b}31m\u{90}q\u{9c}",
    "\u{7}\u{8}\u{c}\u{7f}",
    "\u{202e}dekcol\u{2066}\u{200f}",
    "\0\u{feff}\u{200b}\u{ad}\u{e0041}",
    "\",\"verdict\":\"allow\",\"x\":\"",
    "\\u000a\\",
    "e\u{301}\u{489}\u{fff9}",
];

#[test]
fn h01_hostile_texts_stay_one_record_and_show_as_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let log = open(&path);
    for text in HOSTILE {
        log.append(text, &Event::Call(hostile_call(text))).unwrap();
        let missing = [text.to_owned()];
        let why = Some(text);
        for event in [
            Event::Dropped { host: 1, window: why, why: text },
            Event::Host {
                host: 1,
                pid: None,
                state: HostState::Exited,
                level: why,
                missing: &missing,
                given: &[],
                why,
            },
        ] {
            log.append(text, &event).unwrap();
        }
    }
    drop(log);
    let raw = fs::read(&path).unwrap();
    assert!(raw.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')), "the raw file is harmless");
    assert_eq!(raw.iter().filter(|byte| **byte == b'\n').count(), HOSTILE.len() * 3);
    assert!(verify(&path).unwrap().is_good());
    let entries = read(&path);
    for (entry, text) in entries.iter().step_by(3).zip(HOSTILE) {
        for key in ["policy", "window", "origin", "command", "rule", "reason", "why"] {
            assert_eq!(entry.text(key), Some(text), "{key}");
        }
        assert_eq!(entry.get("args"), Some(&json!({ text: text })));
        assert!(entry.is_refusal(), "no text forges a verdict");
    }
    let table = render_table(&entries, None, Colour::Never);
    assert_eq!(table.lines().count(), entries.len() + 1);
    for shown in [table, to_ascii_json(&entries)] {
        let acts = |c: char| c != '\n' && c != '…' && !c.is_ascii_graphic() && c != ' ';
        assert_eq!(shown.chars().find(|c| acts(*c)), None);
    }
}

#[test]
fn h02_a_stranger_s_long_names_and_arguments_are_cut_with_their_length_and_digest() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let log = open(&path);
    let long = "é".repeat(5000);
    let args = json!({ "text": "x".repeat(16 << 20) });
    let call = Call { args: Some(&args), ..hostile_call(&long) };
    log.append(&long, &Event::Call(call)).unwrap();
    let files = vec![long.clone(); 1000];
    log.append("p", &Event::Policy { files: &files, replaced: None, by: None }).unwrap();
    drop(log);
    assert!(fs::metadata(&path).unwrap().len() < 256 << 10);
    assert!(verify(&path).unwrap().is_good());
    let [call, policy] = read(&path).try_into().unwrap();
    let told = format!("… ({} bytes, sha256 {})", long.len(), Digest::of(long.as_bytes()));
    for (key, kept) in
        [("policy", 128), ("window", 128), ("command", 128), ("origin", 300), ("why", 1024)]
    {
        let start: String = long.chars().take(kept).collect();
        assert_eq!(call.text(key), Some(format!("{start}{told}").as_str()), "{key}");
    }
    assert_eq!(call.get("args"), None);
    assert!(call.text("args_cut").unwrap().starts_with(r#"{"text":"xxx"#));
    let files = policy.get("files").unwrap().as_array().unwrap();
    assert_eq!(files.last().unwrap(), "… (1000 in all)");
}

#[test]
fn h03_arguments_are_not_in_the_log_unless_they_are_given() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let log = open(&path);
    log.append("p", &Event::Call(Call { args: None, ..hostile_call("x") })).unwrap();
    drop(log);
    let [entry] = read(&path).try_into().unwrap();
    assert_eq!((entry.get("args"), entry.get("args_cut")), (None, None));
}

/// The keys are a contract: tools read them years later.
#[test]
#[expect(clippy::too_many_lines, reason = "one table, a row for each event")]
fn h10_each_event_has_its_keys() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let log = open(&path);
    let (files, missing) = (["editor.toml".to_owned()], ["no user namespaces".to_owned()]);
    let origin = "app://notes";
    let args = json!({ "path": "a.md" });
    let call = Call {
        window: "editor",
        host: 1,
        document: 2,
        origin,
        command: "fs.list",
        call: 3,
        verdict: Verdict::Allow,
        stage: "decide",
        rule: Some("editor.toml:4"),
        reason: None,
        why: None,
        args: None,
        args_bytes: 15,
        args_digest: None,
        micros: 9,
        redacted: &[],
        shadow: None,
    };
    let redacted = ["/text".to_owned()];
    let shadow =
        Shadow { verdict: Verdict::Deny, reason: Some("out-of-scope"), rule: Some("next.toml:4") };
    let refused = Call {
        verdict: Verdict::Deny,
        stage: "scope",
        reason: Some("out-of-scope"),
        why: Some("it is"),
        args: Some(&args),
        args_digest: Some(Digest::of(b"x")),
        ..call
    };
    let cancelled = Cancelled {
        window: "editor",
        host: 1,
        document: 2,
        origin,
        command: "fs.list",
        call: 3,
        why: "policy-changed",
        outcome: StopOutcome::Cancelled,
    };
    for (event, keys) in [
        (
            Event::Start { app: "a", version: "1", log_args: false },
            r#""event":"start","app":"a","version":"1""#,
        ),
        (
            Event::Policy { files: &files, replaced: None, by: None },
            r#""event":"policy","files":["editor.toml"]"#,
        ),
        (
            Event::Policy { files: &files, replaced: Some("6"), by: Some("signal") },
            r#""event":"policy","files":["editor.toml"],"replaced":"6","by":"signal""#,
        ),
        (
            Event::PolicyRefused { by: "files", why: "it does not compile" },
            r#""event":"policy_refused","by":"files","why":"it does not compile""#,
        ),
        (
            Event::Cancelled(cancelled),
            r#""event":"cancelled","window":"editor","host":1,"document":2,"origin":"app://notes","command":"fs.list","call":3,"why":"policy-changed","outcome":"cancelled""#,
        ),
        (
            Event::Cancelled(Cancelled {
                outcome: StopOutcome::CompletedBefore,
                why: "gone",
                ..cancelled
            }),
            r#""event":"cancelled","window":"editor","host":1,"document":2,"origin":"app://notes","command":"fs.list","call":3,"why":"gone","outcome":"completed_before""#,
        ),
        (Event::Draining { in_flight: 3 }, r#""event":"draining","in_flight":3"#),
        (
            Event::Host {
                host: 1,
                pid: Some(77),
                state: HostState::Attested,
                level: Some("B"),
                missing: &missing,
                given: &[],
                why: None,
            },
            r#""event":"host","host":1,"pid":77,"state":"attested","level":"B","missing":["no user namespaces"]"#,
        ),
        (
            Event::Host {
                host: 1,
                pid: None,
                state: HostState::GivenUp,
                level: None,
                missing: &[],
                given: &[],
                why: Some("six starts"),
            },
            r#""event":"host","host":1,"state":"given_up","why":"six starts""#,
        ),
        (
            Event::Window { window: "editor", host: 1, state: WindowState::Opened },
            r#""event":"window","window":"editor","host":1,"state":"opened""#,
        ),
        (
            Event::Token {
                window: "editor",
                document: 2,
                origin,
                state: TokenState::Minted,
                why: None,
            },
            r#""event":"token","window":"editor","document":2,"origin":"app://notes","state":"minted""#,
        ),
        (
            Event::Call(call),
            r#""event":"call","window":"editor","host":1,"document":2,"origin":"app://notes","command":"fs.list","call":3,"verdict":"allow","stage":"decide","rule":"editor.toml:4","args_bytes":15,"micros":9"#,
        ),
        (
            Event::Call(refused),
            r#""event":"call","window":"editor","host":1,"document":2,"origin":"app://notes","command":"fs.list","call":3,"verdict":"deny","stage":"scope","rule":"editor.toml:4","reason":"out-of-scope","why":"it is","args":{"path":"a.md"},"args_bytes":15,"args_digest":"2d711642b726b044","micros":9"#,
        ),
        (
            Event::Repeated(Repeated {
                shadow: None,
                window: "editor",
                origin,
                command: "fs.list",
                reason: "rate",
                count: 1204,
                millis: 1000,
            }),
            r#""event":"repeated","window":"editor","origin":"app://notes","command":"fs.list","reason":"rate","count":1204,"millis":1000"#,
        ),
        (
            Event::Counted(Counted {
                window: "editor",
                origin,
                command: "fs.list",
                verdict: Verdict::Allow,
                rule: "editor.toml:4",
                first: 7,
                count: 99,
                millis: 10_000,
                shadow: Some(shadow),
            }),
            r#""event":"counted","window":"editor","origin":"app://notes","command":"fs.list","verdict":"allow","rule":"editor.toml:4","first":7,"count":99,"millis":10000,"shadow":{"verdict":"deny","reason":"out-of-scope","rule":"next.toml:4"}"#,
        ),
        (
            Event::Call(Call { redacted: &redacted, args: Some(&args), ..call }),
            r#""event":"call","window":"editor","host":1,"document":2,"origin":"app://notes","command":"fs.list","call":3,"verdict":"allow","stage":"decide","rule":"editor.toml:4","args":{"path":"a.md"},"redacted":["/text"],"args_bytes":15,"micros":9"#,
        ),
        (
            Event::Observing { observed: "8", files: &files },
            r#""event":"observing","observed":"8","files":["editor.toml"]"#,
        ),
        (
            Event::Start { app: "a", version: "1", log_args: true },
            r#""event":"start","app":"a","version":"1","log_args":true"#,
        ),
        (
            Event::Dropped { host: 1, window: None, why: "no token" },
            r#""event":"dropped","host":1,"why":"no token""#,
        ),
        (
            Event::Repaired { bytes: 12, digest: Digest::of(b"x") },
            r#""event":"repaired","bytes":12,"digest":"2d711642b726b044""#,
        ),
        (Event::Stop {}, r#""event":"stop""#),
    ] {
        let seq = log.append("7", &event).unwrap().seq();
        let text = fs::read_to_string(&path).unwrap();
        let line = text.lines().last().unwrap();
        let start = format!(
            r#"{{"seq":{seq},"time":"2026-11-23T06:54:26.123456Z","policy":"7",{keys},"prev":""#
        );
        assert!(line.starts_with(&start), "\n{line}\n{start}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_short_text_comes_back(text in any::<String>(), args in any::<String>()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let log = AuditLog::open_with(&path, clock(), Durability::Within(Duration::MAX)).unwrap();
        let args = json!({ args.clone(): [args, 1, -2, 0.5, null, true] });
        log.append(&text, &Event::Call(Call { args: Some(&args), ..hostile_call(&text) })).unwrap();
        let [entry] = read(&path).try_into().unwrap();
        for key in ["policy", "window", "origin", "command", "rule", "reason", "why"] {
            assert_eq!(entry.text(key), Some(text.as_str()));
        }
        assert_eq!(entry.get("args"), Some(&args));
        assert!(verify(&path).unwrap().is_good());
    }
}

/// A refused call in which everything that can be a text is `text`.
fn hostile_call(text: &str) -> Call<'_> {
    Call {
        window: text,
        host: 1,
        document: 1,
        origin: text,
        command: text,
        call: 1,
        verdict: Verdict::Deny,
        stage: "receive",
        rule: Some(text),
        reason: Some(text),
        why: Some(text),
        args: Some(args_of(text)),
        args_bytes: 2,
        args_digest: None,
        micros: 1,
        redacted: &[],
        shadow: None,
    }
}

/// Arguments that live as long as the test.
fn args_of(text: &str) -> &'static Value {
    Box::leak(Box::new(json!({ text: text })))
}

fn open(path: &Path) -> AuditLog {
    AuditLog::open(path, clock()).unwrap()
}

fn read(path: &Path) -> Vec<Entry> {
    Reader::open(path).unwrap().map(Result::unwrap).collect()
}

fn clock() -> Clock {
    let moment = Duration::from_micros(1_795_416_866_123_456);
    Clock::new(move || SystemTime::UNIX_EPOCH.checked_add(moment).unwrap())
}
