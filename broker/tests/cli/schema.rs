//! `sidegate schema`: what it says of a capability file is what the compiler says.

use std::fs;

use jsonschema::Validator;
use serde_json::{Map, Value};

use crate::harness::{Home, example, repository};

#[test]
fn the_schema_of_the_capability_file_describes_every_key() {
    let schema = schema(&[]);
    let mut open = vec![(String::new(), &schema)];
    while let Some((at, value)) = open.pop() {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            for (key, property) in properties {
                let named = property["$ref"].as_str().and_then(|target| {
                    schema.pointer(target.trim_start_matches('#'))?.get("description")
                });
                let said = property.get("description").or(named);
                assert!(said.is_some_and(Value::is_string), "`{key}` at {at} is not described");
            }
        }
        let children = value.as_object().into_iter().flatten();
        open.extend(children.map(|(key, child)| (format!("{at}/{key}"), child)));
    }
}

#[test]
fn every_example_is_as_the_schema_says() {
    let validator = validator(&schema(&[]));
    for name in ["kiosk", "notes", "remote", "viewer"] {
        let directory = format!("{}/policies", example(name));
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(faults(&validator, &text), Vec::<String>::new(), "{}", path.display());
        }
    }
}

/// Each key of the language, once.
const ALL_KEYS: &str = r#"
version = 1
include = ["shared/common.toml"]

[[permission]]
id = "files:read"
description = "reads files of one kind"
platforms = ["linux", "macos", "windows"]
params = ["dir", "ext"]
defaults = { ext = ["md", "txt"] }
use = ["a", { id = "b", dir = "{dir}/x" }]
allow = [{ commands = ["fs.read_text"], path = ["{dir}/*.{ext}"] }]
deny = [{ commands = ["fs.*"], path = ["**/.*"], url = ["https://a.example/**"], key = ["a.*"], args = { maxProperties = 1 } }]

[[capability]]
id = "editor"
description = "edits"
windows = ["editor", "editor-*"]
origins = ["local", "https://*.example.com"]
platforms = ["linux"]
expires = 2027-01-01T00:00:00+01:00
observe = true
use = ["notes:read", { id = "files:read", dir = ["$DOCUMENTS", "$DESKTOP"], ext = "md" }]
dangerous = "because"
allow = [
  { commands = ["fs.write_*"], path = [], url = ["https://*.example.com/**"], key = ["editor.**"], args = "schemas/save.json",
    limit = { rate = "20 / s", burst = 3, in_flight = 2, bytes = "1 MiB", deadline = "2s" },
    result = { omit = ["/owner"], keep = ["/a~1b"], max_bytes = "64KiB" },
    audit = { args = true, redact = ["/text"], calls = "counted" }, dangerous = "because" },
]
deny = []

[[test]]
window = "editor"
origin = "local"
call = "fs.read_text"
args = { path = "$DOCUMENTS/a.md" }
expect = "allow"
because = "files:read"
at = 2026-01-01T00:00:00Z

[[never]]
why = "a stranger's page changes nothing"
commands = ["fs.write_*"]
windows = ["*"]
except_windows = ["editor"]
origins = ["remote"]
except_origins = ["https://example.com"]
path = ["**"]
url = ["https://example.com/**"]
key = ["**"]
"#;

#[test]
fn a_file_with_every_key_is_as_the_schema_says() {
    assert_eq!(faults(&validator(&schema(&[])), ALL_KEYS), Vec::<String>::new());
}

/// In the file with every key: a text, and what is written in its place.
#[test]
fn g01_a_mistake_is_none_of_what_the_schema_says() {
    let validator = validator(&schema(&[]));
    #[rustfmt::skip]
    let cases = [
        ("version = 1\n", "version = 2\n"),
        ("version = 1\n", ""),
        ("[[never]]", "[[nevr]]"),
        ("[[capability]]", "[capability]"),
        ("include = [\"shared", "include = [\"/shared"),
        ("params = ", "parms = "),
        ("params = [\"dir\", \"ext\"]", "params = [\"id\"]"),
        ("params = [\"dir\", \"ext\"]", "params = [\"Dir\"]"),
        ("defaults = { ext = [\"md\", \"txt\"] }", "defaults = { ext = 1 }"),
        ("{ id = \"b\", dir = \"{dir}/x\" }", "{ dir = \"{dir}/x\" }"),
        ("id = \"editor\"\n", "id = \"the editor\"\n"),
        ("windows = [\"editor\", \"editor-*\"]", "windows = []"),
        ("windows = [\"editor\", \"editor-*\"]", "windows = \"editor\""),
        ("windows = [\"editor\", \"editor-*\"]", "window = [\"editor\"]"),
        ("platforms = [\"linux\"]", "platforms = [\"Linux\"]"),
        ("expires = 2027-01-01T00:00:00+01:00", "expires = 2027-01-01T00:00:00"),
        ("expires = 2027-01-01T00:00:00+01:00", "expires = 2027-01-01"),
        ("observe = true", "observe = \"yes\""),
        ("path = [], url", "paths = [], url"),
        ("commands = [\"fs.write_*\"], path = []", "commands = [], path = []"),
        ("commands = [\"fs.write_*\"], path = []", "commands = [\"Fs\"], path = []"),
        ("rate = \"20 / s\"", "rate = \"20 per second\""),
        ("rate = \"20 / s\", ", ""),
        ("in_flight = 2", "in_flight = 0"),
        ("bytes = \"1 MiB\"", "bytes = \"1 MB\""),
        ("deadline = \"2s\"", "deadline = \"2 hours\""),
        ("omit = [\"/owner\"]", "omit = [\"owner\"]"),
        ("omit = [\"/owner\"]", "omits = [\"/owner\"]"),
        ("audit = { args = true", "audit = { values = true"),
        ("calls = \"counted\"", "calls = \"none\""),
        ("audit = { args = true", "log_args = true, audit = { args = true"),
        ("dangerous = \"because\" }", "dangerous = \" \" }"),
        ("path = [\"**/.*\"]", "path = []"),
        ("args = { maxProperties = 1 } }", "limit = {} }"),
        ("window = \"editor\"\n", ""),
        ("call = \"fs.read_text\"", "call = \"fs.*\""),
        ("expect = \"allow\"", "expect = \"allowed\""),
        ("at = 2026", "on = 2026"),
        ("why = \"a stranger's page changes nothing\"\n", ""),
        ("except_windows = ", "but_windows = "),
    ];
    for (from, to) in cases {
        assert!(ALL_KEYS.contains(from), "{from}");
        let text = ALL_KEYS.replacen(from, to, 1);
        assert_ne!(faults(&validator, &text), Vec::<String>::new(), "`{from}` as `{to}`");
    }
}

#[test]
fn every_report_has_a_schema_to_be_printed() {
    let directory = repository().join("policies/schemas");
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    let mut count = 0;
    for name in names.map(|name| name.into_string().unwrap()) {
        let Some(verb) = name.strip_prefix("report-").and_then(|name| name.strip_suffix(".json"))
        else {
            continue;
        };
        let printed = schema(&["--report", verb]);
        assert!(printed["title"].as_str().unwrap().contains("--json"), "{name}: {printed:#}");
        validator(&printed);
        count += 1;
    }
    assert!(count > 2);
}

#[test]
fn an_unknown_report_is_wrong_usage() {
    let answer = Home::new().ask(&["schema", "--report", "chekc"]);
    assert_eq!(answer.status, 2);
    assert!(answer.err.contains("there is no report `chekc`; the reports are "), "{}", answer.err);
}

fn schema(words: &[&str]) -> Value {
    let words: Vec<_> = ["schema"].iter().chain(words).collect();
    let answer = Home::new().ask(&words);
    assert_eq!(answer.status, 0, "{}", answer.err);
    serde_json::from_str(&answer.out).unwrap()
}

fn validator(schema: &Value) -> Validator {
    assert!(jsonschema::meta::is_valid(schema));
    jsonschema::validator_for(schema).unwrap()
}

fn faults(validator: &Validator, text: &str) -> Vec<String> {
    let table: toml::Table = toml::from_str(text).unwrap();
    let value = json(toml::Value::Table(table));
    let faults = validator.iter_errors(&value);
    faults.map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
}

/// A TOML value as editors show it to a JSON Schema: a moment is a string.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(table) => {
            table.into_iter().map(|(key, value)| (key, json(value))).collect::<Map<_, _>>().into()
        }
    }
}
