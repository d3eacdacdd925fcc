//! What must not compile: a stage of the pipeline left out, a grant made up or used twice, a handler
//! that is reached without a receipt, a handler that has what nobody checked.
//!
//! Each line of a case that is marked `//~ E0000` has to be an error of that code, and no other line
//! one: a case that fails for another reason shows. The cases are compiled as part of what is built
//! anyway, behind a `cfg`: the outer ones by way of the public API, the inner ones as modules of the
//! crate, which no crate of its own could be. In two rounds, since the compiler does not look for
//! private fields of a value that is made up (E0451) where there is an error of another kind.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

#[cfg(any(forbidden = "made_up", forbidden = "misused"))]
mod outside;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// An error: its file, its line, its code.
type Error = (String, u64, String);

#[test]
fn j09_who_uses_the_api_has_nothing_but_what_was_granted() {
    assert_refused(&["--test", "forbidden"], &["outside.rs"]);
}

#[test]
fn no_stage_is_left_out_no_grant_made_up_and_no_handler_reached_without_a_receipt() {
    assert_refused(&["--lib"], &["inside.rs", "stages.rs"]);
}

fn assert_refused(target: &[&str], cases: &[&str]) {
    let marked: BTreeSet<_> = cases.iter().flat_map(|case| expected(case)).collect();
    let (made_up, misused): (BTreeSet<_>, _) =
        marked.into_iter().partition(|(_, _, code)| code == "E0451");
    for (round, expected) in [("made_up", made_up), ("misused", misused)] {
        assert!(!expected.is_empty(), "{round}");
        let found = refused(target, &["--cfg", &format!("forbidden=\"{round}\"")]);
        assert_eq!(found.iter().filter_map(error).collect::<BTreeSet<_>>(), expected, "{round}");
    }
}

/// An app whose profile says so gets the broker built like that.
#[test]
fn j01_a_broker_that_a_panic_would_end_is_not_built() {
    let found = refused(&["--lib"], &["-C", "panic=abort"]);
    let says = |message: &Value| Some(message.get("message")?.as_str()?.to_owned());
    let said: Vec<_> = found.iter().filter_map(says).collect();
    assert!(
        said.iter().any(|text| text.contains("build it with `panic = \"unwind\"`")),
        "{said:?}"
    );
}

/// What is marked in a case.
fn expected(case: &str) -> Vec<Error> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/forbidden").join(case);
    let text = std::fs::read_to_string(path).unwrap();
    let marked = (1..).zip(text.lines()).filter_map(|(line, text)| {
        let (_, code) = text.split_once("//~ ")?;
        Some((case.to_owned(), line, code.to_owned()))
    });
    marked.collect()
}

/// What the compiler says of a target of this package that it does not build.
fn refused(target: &[&str], flags: &[&str]) -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["rustc", "--quiet", "--offline", "--message-format=json", "-p", "sidegate"])
        // As the tests are built: with the features that these ask of what all of it rests on.
        .args(["--profile", "test"])
        .args(target)
        .arg("--")
        .args(flags)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(!output.status.success(), "it compiles");
    let lines = String::from_utf8(output.stdout).unwrap();
    let messages = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    messages.filter_map(|line| line.get("message").cloned()).collect()
}

fn error(message: &Value) -> Option<Error> {
    let spans = message.get("spans")?.as_array()?;
    // The last words of the compiler, that there were errors, stand nowhere.
    let place = spans.iter().find(|span| span.get("is_primary") == Some(&Value::Bool(true)))?;
    if message.get("level")? != "error" {
        return None;
    }
    let file = Path::new(place.get("file_name")?.as_str()?).file_name()?.to_str()?;
    let code = message.pointer("/code/code").and_then(Value::as_str).unwrap_or("no code");
    Some((file.to_owned(), place.get("line_start")?.as_u64()?, code.to_owned()))
}
