//! The golden decision tables of the examples: each example compiles without a remark, and each
//! line of its table is what the policy decides today.
//!
//! `UPDATE_GOLDEN=1 cargo test -p sidegate-capabilities --test golden` writes them anew.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};
use sidegate_capabilities::{
    Args, Color, CommandName, Context, Directories, Origin, Policy, Principal, Reason, Sources,
    Verdict, WallTime, WindowLabel,
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

/// None of the examples expires.
const NOW: WallTime = WallTime::from_unix(0);

const EXAMPLES: [&str; 4] = ["kiosk", "notes", "remote", "viewer"];

/// Who asks what.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    windows: Vec<String>,
    origins: Vec<String>,
    call: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    command: String,
    args: Map<String, Value>,
}

#[test]
fn every_example_decides_as_its_golden_table_says() {
    for example in EXAMPLES {
        let directory = examples().join(example);
        let table = table(&directory);
        let file = directory.join("golden.txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&file, &table).unwrap();
        }
        let golden = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(golden, table, "{} is out of date", file.display());
    }
}

#[test]
fn every_example_directory_is_tested() {
    let entries = fs::read_dir(examples()).unwrap().map(|entry| entry.unwrap());
    let mut found: Vec<_> = entries
        .filter(|entry| entry.path().join("golden.toml").is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, EXAMPLES);
}

/// A table has both verdicts in it, or it shows nothing.
#[test]
fn every_golden_table_allows_and_denies() {
    for example in EXAMPLES {
        let table = table(&examples().join(example));
        assert!(table.contains("| allow"), "{example} allows nothing");
        assert!(table.contains("| deny"), "{example} denies nothing");
    }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies")
}

fn table(directory: &Path) -> String {
    let policy = compile(directory);
    let golden = fs::read_to_string(directory.join("golden.toml")).unwrap();
    let golden: Golden = toml::from_str(&golden).unwrap();
    let mut rows = vec![["window", "origin", "call", "verdict", "because"].map(str::to_owned)];
    for window in &golden.windows {
        for origin in &golden.origins {
            let window = WindowLabel::parse(window).unwrap();
            let principal = policy.principal(&window, &Origin::parse(origin).unwrap(), NOW);
            let asked = golden.call.iter().map(|call| ask(&principal, call)).collect::<Vec<_>>();
            let [first, rest @ ..] = asked.as_slice() else { panic!("no calls") };
            // A principal without any capability is one row: every call has the same answer.
            let is_nobody = first.2 == Some(Reason::NoCapability);
            assert!(rest.iter().all(|row| (row.2 == Some(Reason::NoCapability)) == is_nobody));
            for (call, [word, because], _) in if is_nobody { &asked[..1] } else { &asked } {
                let call = if is_nobody { "(any)".to_owned() } else { call.clone() };
                let row = [window.to_string(), origin.clone(), call, word.clone(), because.clone()];
                rows.push(row);
            }
        }
    }
    draw(&rows)
}

fn compile(directory: &Path) -> Policy {
    // Names in the table are seen from the example's directory.
    let sources = Sources::read(&[directory.join("policies")]).unwrap();
    let texts = sources.names().map(|name| {
        let inner = Path::new(name).strip_prefix(directory).unwrap().to_str().unwrap();
        (inner.to_owned(), sources.text(name).unwrap().to_owned())
    });
    let sources = Sources::from_texts(texts);
    let commands = BUILT_IN.map(|name| CommandName::parse(name).unwrap());
    let directories = Directories::sample();
    let context = Context::new(&directories).commands(Some(&commands));
    let compiled = Policy::compile(&sources, &context)
        .unwrap_or_else(|errors| panic!("{}", errors.render(&sources, Color::Never)));
    let warnings = compiled.warnings.render(&sources, Color::Never);
    assert!(compiled.warnings.is_empty(), "{warnings}");
    compiled.policy
}

fn ask(principal: &Principal, call: &Call) -> (String, [String; 2], Option<Reason>) {
    let command = CommandName::parse(&call.command).unwrap();
    let shown = format!("{command} {}", Value::Object(call.args.clone()));
    match principal.decide(&command, &Args::new(call.args.clone())) {
        Verdict::Allow(permit) => (shown, ["allow".to_owned(), permit.rule.to_string()], None),
        Verdict::Deny(denial) => {
            let rule = denial.rule.map(|rule| format!(": {rule}")).unwrap_or_default();
            let because = format!("{}{rule}", denial.reason);
            (shown, ["deny".to_owned(), because], Some(denial.reason))
        }
    }
}

fn draw(rows: &[[String; 5]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap();
    let widths = [0, 1, 2, 3].map(width);
    let mut out = String::new();
    for row in rows {
        for (cell, width) in row.iter().zip(widths) {
            write!(out, "{cell:width$} | ").unwrap();
        }
        writeln!(out, "{}", row[4]).unwrap();
    }
    out
}
