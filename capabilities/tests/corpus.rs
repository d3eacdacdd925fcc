//! The corpus of broken files: what their author is told, to the word.
//!
//! `UPDATE_CORPUS=1 cargo test -p sidegate-capabilities --test corpus` writes the expected texts anew;
//! each is to be read as the author of the file would read it.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that panics has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sidegate_capabilities::{
    Color, CommandName, Context, Diagnostics, Directories, Policy, Sources,
};

/// The commands that a stock broker has handlers for.
const BUILT_IN: [&str; 7] = [
    "app.info",
    "fs.list",
    "fs.read_text",
    "fs.write_text",
    "settings.get",
    "settings.set",
    "window.set_title",
];

/// Every kind of mistake that the compiler knows.
#[rustfmt::skip]
const CODES: [&str; 43] = [
    "ask-dropped", "bad-ask", "bad-audit", "bad-command", "bad-id", "bad-include", "bad-key", "bad-limit", "bad-name",
    "bad-origin", "bad-param", "bad-path", "bad-pointer", "bad-schema", "bad-time", "bad-url",
    "bad-value", "bad-verdict", "bad-window", "broken-invariant", "duplicate-id", "empty-list", "empty-text",
    "missing-key", "missing-param", "permission-cycle", "remote-change", "toml-syntax", "too-much",
    "too-wide", "unknown-because", "unknown-command", "unknown-key", "unknown-param",
    "unknown-permission", "unknown-platform", "unknown-variable", "unknown-version",
    "unknown-window", "unmatched-command", "unused-param", "unused-permission", "wrong-type",
];

#[test]
fn each_broken_file_is_answered_as_expected() {
    let files = corpus();
    assert!(files.len() >= 50, "{}", files.len());
    let mut wrong = Vec::new();
    for file in &files {
        let (sources, diagnostics) = compile(file);
        let told = diagnostics.render(&sources, Color::Never);
        assert!(!told.is_empty(), "{} is not broken", file.display());
        let expected = file.with_extension("txt");
        if std::env::var_os("UPDATE_CORPUS").is_some() {
            fs::write(&expected, &told).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != told {
            wrong.push(format!("{}\n{told}", expected.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A mistake without a line to look at and something to type is half a message.
#[test]
fn each_mistake_has_a_place_in_its_line_and_a_help() {
    for file in corpus() {
        let (sources, diagnostics) = compile(&file);
        for diagnostic in &diagnostics {
            let text = sources.text(&diagnostic.file).unwrap();
            let (start, end) = diagnostic.span;
            assert!(text.get(start..end).is_some(), "{diagnostic:?}");
            // Of broken TOML only the parser knows what was expected.
            let is_helped = diagnostic.help.is_some() || diagnostic.code == "toml-syntax";
            assert!(is_helped, "{}: {diagnostic:?}", file.display());
        }
    }
}

#[test]
fn every_kind_of_mistake_is_in_the_corpus() {
    let files = corpus();
    let found: Vec<_> = files.iter().map(|file| compile(file).1).collect();
    let codes: BTreeSet<_> = found.iter().flatten().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), CODES);
}

/// An expected text whose file is gone would never be compared again.
#[test]
fn no_expected_text_is_left_over() {
    for entry in fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        assert!(path.with_extension("toml").is_file(), "{}", path.display());
    }
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/broken")
}

fn corpus() -> Vec<PathBuf> {
    let paths = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.filter(|path| path.extension().unwrap() == "toml").collect();
    files.sort();
    files
}

fn compile(file: &Path) -> (Sources, Diagnostics) {
    let name = file.file_name().unwrap().to_str().unwrap();
    let sources = Sources::from_texts([(name, fs::read_to_string(file).unwrap())]);
    let commands = BUILT_IN.map(|name| CommandName::parse(name).unwrap());
    let directories = Directories::sample();
    let context = Context::new(&directories).commands(Some(&commands));
    let diagnostics = match Policy::compile(&sources, &context) {
        Ok(compiled) => compiled.warnings,
        Err(errors) => errors,
    };
    (sources, diagnostics)
}
