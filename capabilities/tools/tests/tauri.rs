//! Tauri apps against what they are in our language, to the letter: one of the usual kind, one with
//! platforms, sets, JSON5 and `Tauri.toml`, and one whose capabilities stand in its configuration. To write the
//! expected files anew: `SIDEGATE_BLESS=1 cargo test -p sidegate-tools --test tauri`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

use std::fs;
use std::path::Path;

use sidegate_capabilities::{Context, Directories, Policy, Sources};
use sidegate_tools::tauri::{App, import};

#[test]
fn the_import_of_an_app_is_as_written_down() {
    for app in ["notes", "mixed", "inline"] {
        is_as_written_down(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tauri").join(app));
    }
}

fn is_as_written_down(folder: &Path) {
    let found = import(&App::read(folder).unwrap());
    let differences: String = found
        .differences
        .iter()
        .map(|found| {
            let of = found.capability.as_deref().unwrap_or("-");
            format!(
                "{} {} {of}: `{}`: {}\n",
                found.kind.word(),
                found.code,
                found.subject,
                found.message
            )
        })
        .collect();
    let directories = Directories::sample();
    let sources = Sources::from_texts([("tauri.toml", found.text.clone())]);
    let compiled = Policy::compile(&sources, &Context::new(&directories)).unwrap();
    assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
    for (name, text) in [("expected.toml", found.text), ("expected.txt", differences)] {
        let file = folder.join(name);
        if std::env::var_os("SIDEGATE_BLESS").is_some() {
            fs::write(&file, &text).unwrap();
        }
        assert_eq!(text, fs::read_to_string(&file).unwrap_or_default(), "{name}");
    }
}

#[test]
fn what_tauri_would_take_for_something_else_is_refused() {
    let inline = "{\"identifier\": \"a\", \"permissions\": []}";
    let cases = [
        (
            "two in the configuration",
            format!("[{inline}, {inline}]"),
            "[]".into(),
            "there are two capabilities `a`",
        ),
        (
            "two in a file",
            "[]".into(),
            format!("[{inline}, {inline}]"),
            "there are two capabilities `a`",
        ),
        (
            "one that is not there",
            "[\"b\"]".into(),
            inline.to_owned(),
            "there is no capability `b`",
        ),
        (
            "a key that is misspelt",
            "[]".into(),
            inline.replace("permissions", "permission"),
            "unknown field `permission`",
        ),
    ];
    for (name, configured, written, message) in cases {
        let folder = tempfile::tempdir().unwrap();
        let config = format!("{{\"app\": {{\"security\": {{\"capabilities\": {configured}}}}}}}");
        fs::write(folder.path().join("tauri.conf.json"), config).unwrap();
        fs::create_dir(folder.path().join("capabilities")).unwrap();
        fs::write(folder.path().join("capabilities/a.json"), written).unwrap();
        let error = App::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains(message), "{name}: {error}");
    }
}
