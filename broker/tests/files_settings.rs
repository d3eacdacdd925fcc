//! Settings: kept across restarts, whole whatever happens, never written over when not understood.
#![cfg(all(unix, feature = "core"))]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sidegate::settings::{MAX_KEYS, MAX_VALUE_BYTES, Settings, SettingsError};

#[test]
fn a_value_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app/data/settings.json");
    let values = [
        ("theme", json!("dark")),
        ("editor.font_size", json!(12.5)),
        ("editor.recent", json!(["a.md", {"b": null}])),
        ("window.main.x", json!(-3)),
    ];
    let settings = Settings::open(&path).unwrap();
    assert!(!path.exists(), "opening makes no file");
    for (key, value) in &values {
        assert_eq!(settings.get(key), None);
        settings.set(key, value.clone()).unwrap();
        assert_eq!(settings.get(key).as_ref(), Some(value));
    }
    let reopened = Settings::open(&path).unwrap();
    for (key, value) in &values {
        assert_eq!(reopened.get(key).as_ref(), Some(value), "{key}");
    }
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    reopened.set("theme", Value::Null).unwrap();
    assert_eq!(reopened.get("theme"), None);
    assert_eq!(Settings::open(&path).unwrap().get("theme"), None);
}

#[test]
fn a_file_that_is_not_understood_is_named_with_its_place_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.json");
    for (content, place) in [
        (&b""[..], ":1:0: "),
        (b"{\n  \"theme\": \"dark\",\n  \"editor.font_size\": \n", ":4:0: "),
        (b"{\n  \"theme\": 1,\n  \"theme\": 2\n}\n", ":3:9: "),
        (b"{\n  \"__proto__\": 1\n}\n", ":2:13: "),
        (b"[1]", ":1:0: "),
        (b"{} {}", ":1:4: "),
    ] {
        fs::write(&path, content).unwrap();
        let error = Settings::open(&path).unwrap_err();
        assert!(matches!(error, SettingsError::Corrupt { .. }), "{error}");
        let shown = error.to_string();
        assert!(shown.starts_with(&format!("{}{place}", path.display())), "{shown}");
        assert_eq!(error.code(), "failed");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    fs::write(&path, b"\xff").unwrap();
    assert!(matches!(Settings::open(&path), Err(SettingsError::File { .. })));
}

#[test]
fn a_place_that_cannot_hold_settings_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("folder")).unwrap();
    fs::write(at("elsewhere.json"), "{}").unwrap();
    symlink("elsewhere.json", at("link.json")).unwrap();
    symlink("nowhere.json", at("dangling.json")).unwrap();
    for name in ["folder", "link.json", "dangling.json", "elsewhere.json/settings.json"] {
        let error = Settings::open(&at(name)).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
    assert!(matches!(Settings::open(Path::new("/")), Err(SettingsError::Path { .. })));
    assert!(matches!(Settings::open(&at("a\nb")), Err(SettingsError::Path { .. })));
}

#[test]
fn what_is_over_a_bound_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.json");
    let full: serde_json::Map<_, _> = (0..MAX_KEYS).map(|n| (format!("k{n}"), json!(n))).collect();
    fs::write(&path, Value::Object(full).to_string()).unwrap();
    let settings = Settings::open(&path).unwrap();
    let before = fs::read(&path).unwrap();
    let deep = (0..1000).fold(json!(1), |inner, _| json!([inner]));
    for (key, value, code) in [
        ("Bad Key", json!(1), "invalid_key"),
        ("one_more", json!(1), "too_many"),
        ("k1", json!("x".repeat(MAX_VALUE_BYTES)), "too_large"),
        ("k1", deep, "too_large"),
    ] {
        assert_eq!(settings.set(key, value).unwrap_err().code(), code, "{key}");
    }
    assert_eq!(settings.get("Bad Key"), None);
    assert_eq!(settings.get("k1"), Some(json!(1)));
    assert_eq!(fs::read(&path).unwrap(), before);
    settings.set("k0", Value::Null).unwrap();
    settings.set("one_more", json!(1)).unwrap();
}

#[test]
fn a_change_that_could_not_be_kept_is_not_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/settings.json");
    let settings = Settings::open(&path).unwrap();
    settings.set("theme", json!("dark")).unwrap();
    fs::rename(folder.path().join("data"), folder.path().join("aside")).unwrap();
    let error = settings.set("theme", json!("light")).unwrap_err();
    assert_eq!(error.code(), "failed", "{error}");
    assert_eq!(settings.get("theme"), Some(json!("dark")));
}

#[test]
fn threads_lose_no_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.json");
    let settings = Arc::new(Settings::open(&path).unwrap());
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let settings = Arc::clone(&settings);
            std::thread::spawn(move || {
                for n in 0..25 {
                    settings.set(&format!("t{thread}.n{n}"), json!(n)).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let reopened = Settings::open(&path).unwrap();
    for (thread, n) in (0..4).flat_map(|thread| (0..25).map(move |n| (thread, n))) {
        assert_eq!(
            reopened.get(&format!("t{thread}.n{n}")),
            Some(json!(n)),
            "thread {thread}, {n}"
        );
    }
}

const VICTIM: &str = "SIDEGATE_TEST_SETTINGS_VICTIM";

/// Not a test of its own: what the next one starts, and kills.
#[test]
fn a_process_that_counts_until_it_is_killed() {
    let Some(path) = std::env::var_os(VICTIM) else {
        return;
    };
    let settings = Settings::open(Path::new(&path)).unwrap();
    let first = settings.get("count").and_then(|count| count.as_u64()).unwrap_or(0);
    let mut out = std::io::stdout();
    for count in first + 1.. {
        // Long enough for a kill to find it half written.
        settings.set("padding", json!(format!("{count}").repeat(5000))).unwrap();
        settings.set("count", json!(count)).unwrap();
        writeln!(out, "kept {count}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn a_kill_at_any_moment_leaves_whole_settings_with_all_that_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("settings.json");
    let mut last_kept = 0;
    for round in 0..12_u64 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_process_that_counts_until_it_is_killed", "--nocapture"])
            .env(VICTIM, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines().map(Result::unwrap);
        let kept =
            |line: &String| line.strip_prefix("kept ").and_then(|count| count.parse::<u64>().ok());
        let first = lines.by_ref().find_map(|line| kept(&line)).expect("it keeps something");
        std::thread::sleep(Duration::from_micros(997 * round));
        victim.kill().unwrap();
        victim.wait().unwrap();
        last_kept = lines.filter_map(|line| kept(&line)).last().unwrap_or(first).max(last_kept);

        let settings = Settings::open(&path).unwrap();
        let count = settings.get("count").unwrap().as_u64().unwrap();
        let padding = settings.get("padding").unwrap().as_str().unwrap().len();
        assert!((last_kept..=last_kept + 1).contains(&count), "{count} after {last_kept} was kept");
        assert_eq!(padding % 5000, 0, "half a value");
    }
}
