//! The language server: any bytes for messages, any text for a document, asked about anywhere; a
//! session that ends, never a panic.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use sidegate::capabilities::Directories;
use sidegate_tools::lsp::{Command, Ended, Surroundings, serve};

const METHODS: [&str; 7] = [
    "hover", "definition", "references", "completion", "documentSymbol", "codeAction", "formatting",
];

fuzz_target!(|input: (&[u8], &str, [(u8, u8); 2], &str)| {
    let (bytes, text, places, piece) = input;
    // The stream breaks where it will.
    let _ended = play(bytes.to_vec());
    let mut session = Vec::new();
    let mut say = |message: Value| session.extend(framed(&message));
    say(json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params":
        { "processId": null, "rootUri": null, "capabilities": {} } }));
    say(json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": { "textDocument":
        { "uri": "untitled:a", "languageId": "toml", "version": 1, "text": text } } }));
    let places = places.map(|(line, character)| json!({ "line": line, "character": character }));
    let [from, to] = &places;
    for place in &places {
        for method in METHODS {
            say(json!({ "jsonrpc": "2.0", "id": 1, "method": format!("textDocument/{method}"),
                "params": { "textDocument": { "uri": "untitled:a" }, "position": place,
                    "options": { "tabSize": 8, "insertSpaces": false },
                    "range": { "start": from, "end": to }, "context": if method == "references" {
                        json!({ "includeDeclaration": true })
                    } else {
                        json!({ "diagnostics": [], "triggerKind": 1 })
                    } } }));
        }
        say(json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
            "textDocument": { "uri": "untitled:a", "version": 2 },
            "contentChanges": [{ "range": { "start": from, "end": to }, "text": piece }] } }));
    }
    say(json!({ "jsonrpc": "2.0", "id": 2, "method": "shutdown" }));
    say(json!({ "jsonrpc": "2.0", "method": "exit" }));
    let (ended, output) = play(session);
    assert_eq!(ended, Some(Ended::Properly));
    assert_eq!(String::from_utf8_lossy(&output).matches("\"error\":{\"code\"").count(), 0);
});

fn play(input: Vec<u8>) -> (Option<Ended>, Vec<u8>) {
    let mut output = Vec::new();
    let command =
        Command { name: "fs.list".into(), description: String::new(), arguments: Vec::new() };
    let ended = serve(Cursor::new(input), &mut output, &|_| {
        Some(Surroundings {
            directories: Directories::sample(),
            commands: Some(vec![command.clone()]),
            windows: vec!["editor".into()],
            ..Surroundings::default()
        })
    });
    (ended.ok(), output)
}

fn framed(message: &Value) -> Vec<u8> {
    let text = message.to_string();
    format!("Content-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
}
