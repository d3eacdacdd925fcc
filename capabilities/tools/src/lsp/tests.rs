//! Sessions in which somebody types, or a client says anything at all: each request has its answer.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

use proptest::prelude::*;
use serde_json::{Value, json};
use sidegate_capabilities::Directories;

use super::*;

const METHODS: [&str; 7] = [
    "textDocument/hover",
    "textDocument/definition",
    "textDocument/references",
    "textDocument/completion",
    "textDocument/documentSymbol",
    "textDocument/codeAction",
    "textDocument/formatting",
];

const POLICY: &str = r#"version = 1
include = ["b.toml"]

[[permission]]
id = "notes:read" # 🦀 ü
params = ["dir"]
allow = [{ commands = ["fs.read_text"], path = ["{dir}/**"] }]
deny = [{ commands = ['fs.*'], path = ["**/.*"] }]

[[capability]]
id = "editor"
windows = ["editor", "ü"]
use = ["notes:read", { id = "notes:red", dir = "$DOCUMENTS" }]
expires = 2027-01-01T00:00:00Z
allow = [
  { commands = ["fs.write_text"], path = ["$APPDATA/*.md"], limit = { rate = "20/s" },
    args = { properties = { path = { maxLength = 20 } } }, result = { omit = ["/a"] } },
]
limit.rate = "x"

[[never]]
why = """
long"""
commands = ["*"]
"#;

/// Plays a session with one document; the answers to its requests.
fn play(encoding: &str, messages: &[Value]) -> Vec<Value> {
    let count = messages.iter().filter(|message| message.get("id").is_some()).count();
    let begin = json!({ "jsonrpc": "2.0", "id": "begin", "method": "initialize", "params": {
        "processId": null, "rootUri": null,
        "capabilities": { "general": { "positionEncodings": [encoding] } } } });
    let end = json!({ "jsonrpc": "2.0", "id": "end", "method": "shutdown" });
    let exit = json!({ "jsonrpc": "2.0", "method": "exit" });
    let mut input = Vec::new();
    for message in [begin].iter().chain(messages).chain([&end, &exit]) {
        wire::write(&mut input, message).unwrap();
    }
    let command = Command {
        name: "fs.read_text".into(),
        description: "reads".into(),
        arguments: vec![("path".into(), "which".into())],
    };
    let finder = |_: Option<&std::path::Path>| {
        Some(Surroundings {
            directories: Directories::sample(),
            commands: Some(vec![command.clone()]),
            windows: vec!["editor".into()],
            ..Surroundings::default()
        })
    };
    let mut output = Vec::new();
    let ended = serve(std::io::Cursor::new(input), &mut output, &finder).unwrap();
    assert_eq!(ended, Ended::Properly);
    let answers = answers(&output);
    assert_eq!(answers.len(), count + 2, "each request has its answer");
    answers
}

fn answers(mut output: &[u8]) -> Vec<Value> {
    let mut answers = Vec::new();
    while !output.is_empty() {
        let text = std::str::from_utf8(output).unwrap();
        let (header, rest) = text.split_once("\r\n\r\n").unwrap();
        let length: usize = header.rsplit(' ').next().unwrap().parse().unwrap();
        let (message, rest) = rest.split_at(length);
        let message: Value = serde_json::from_str(message).unwrap();
        if message.get("id").is_some() {
            answers.push(message);
        }
        output = rest.as_bytes();
    }
    answers
}

fn open(text: &str) -> Value {
    json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument":
        { "uri": "untitled:a", "languageId": "toml", "version": 1, "text": text } } })
}

fn change(range: &Value, text: &str) -> Value {
    json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
        "textDocument": { "uri": "untitled:a", "version": 2 },
        "contentChanges": [{ "range": range, "text": text }] } })
}

fn ask(method: &str, line: u32, character: u32) -> Value {
    let position = json!({ "line": line, "character": character });
    let mut params = json!({
        "textDocument": { "uri": "untitled:a" }, "position": position,
        "range": { "start": position, "end": position },
    });
    match method {
        "textDocument/references" => params["context"] = json!({ "includeDeclaration": true }),
        "textDocument/codeAction" => params["context"] = json!({ "diagnostics": [] }),
        "textDocument/formatting" => {
            params["options"] = json!({ "tabSize": 8, "insertSpaces": false });
        }
        _ => {}
    }
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

#[test]
fn every_request_is_answered_at_every_letter_that_is_typed() {
    let mut messages = vec![open("")];
    let (mut line, mut column) = (0, 0);
    for character in POLICY.chars() {
        let place = json!({ "line": line, "character": column });
        messages.push(change(&json!({ "start": place, "end": place }), &character.to_string()));
        (line, column) = match character {
            '\n' => (line + 1, 0),
            _ => (line, column + u32::try_from(character.len_utf16()).unwrap()),
        };
        messages.extend(METHODS.map(|method| ask(method, line, column)));
    }
    let answers = play("utf-16", &messages);
    let refused = answers.iter().find(|answer| answer.get("error").is_some());
    assert_eq!(refused, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn any_text_and_any_change_is_answered(
        cut in 0..POLICY.len(),
        junk in "[\\[\\]{}=\"'.,#\\n\\r a-cü🦀$]{0,40}",
        places in prop::collection::vec((0..40_u32, 0..60_u32, 0..40_u32, 0..60_u32), 1..6),
        is_utf8 in any::<bool>(),
    ) {
        let cut = (0..=cut).rev().find(|at| POLICY.is_char_boundary(*at)).unwrap();
        let mut messages = vec![open(&[&POLICY[..cut], &junk, &POLICY[cut..]].concat())];
        for (line, character, to_line, to_character) in places {
            messages.extend(METHODS.map(|method| ask(method, line, character)));
            let range = json!({ "start": { "line": line, "character": character },
                "end": { "line": to_line, "character": to_character } });
            messages.push(change(&range, &junk));
            messages.extend(METHODS.map(|method| ask(method, to_line, to_character)));
        }
        let answers = play(if is_utf8 { "utf-8" } else { "utf-16" }, &messages);
        prop_assert!(answers.iter().all(|answer| answer.get("error").is_none()));
    }
}
