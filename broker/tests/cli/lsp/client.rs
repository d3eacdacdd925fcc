//! A client that says what a test wants it to, right or wrong.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// For the day when something hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// A server, and what it has said.
pub(crate) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    next: i64,
}

impl Client {
    /// Starts the server without a word.
    pub(crate) fn start(mut command: Command) -> Self {
        command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Self { input: child.stdin.take(), child, messages, next: 0 }
    }

    /// Starts it, and agrees on an encoding.
    pub(crate) fn initialized(command: Command, encodings: &[&str]) -> (Self, Value) {
        let mut client = Self::start(command);
        let offered = client.ask(
            "initialize",
            &json!({ "processId": null, "rootUri": null, "capabilities": {
                "general": { "positionEncodings": encodings },
                "textDocument": { "completion": { "completionItem": { "snippetSupport": true } } },
            } }),
        );
        client.tell("initialized", &json!({}));
        let result = offered["result"].clone();
        (client, result)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.input.as_mut().unwrap().write_all(bytes).unwrap();
    }

    pub(crate) fn raw(&mut self, text: &str) {
        self.bytes(framed(text).as_bytes());
    }

    pub(crate) fn tell(&mut self, method: &str, params: &Value) {
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        self.raw(&message.to_string());
    }

    /// Asks, and waits for the answer; what is told in between is passed over.
    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        let id = self.next;
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.raw(&message.to_string());
        loop {
            let message = self.hear();
            if message["id"] == id {
                return message;
            }
        }
    }

    /// The next message.
    pub(crate) fn hear(&mut self) -> Value {
        self.messages.recv_timeout(LIMIT).unwrap()
    }

    /// The diagnostics that are told of a file next.
    pub(crate) fn diagnostics(&mut self, uri: &str) -> Vec<Value> {
        loop {
            let message = self.hear();
            let params = &message["params"];
            if message["method"] == "textDocument/publishDiagnostics" && params["uri"] == uri {
                return params["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    pub(crate) fn open(&mut self, uri: &str, text: &str) {
        self.tell(
            "textDocument/didOpen",
            &json!({ "textDocument":
                { "uri": uri, "languageId": "toml", "version": 1, "text": text } }),
        );
    }

    pub(crate) fn change(&mut self, uri: &str, version: i32, changes: &Value) {
        self.tell(
            "textDocument/didChange",
            &json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": changes }),
        );
    }

    /// Asks about a place.
    pub(crate) fn at(
        &mut self,
        method: &str,
        uri: &str,
        (line, character): (usize, usize),
    ) -> Value {
        let mut params = json!({
            "textDocument": { "uri": uri },
            "position": { "line": line, "character": character },
        });
        if method == "textDocument/references" {
            params["context"] = json!({ "includeDeclaration": true });
        }
        let answer = self.ask(method, &params);
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    /// Says no more; the exit status, and what the server wrote for people.
    pub(crate) fn hang_up(mut self) -> (i32, String) {
        drop(self.input.take());
        let status = self.child.wait().unwrap().code().unwrap();
        let mut words = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        (status, words)
    }

    /// Ends the session as one does.
    pub(crate) fn end(mut self) {
        assert_eq!(self.ask("shutdown", &Value::Null)["result"], Value::Null);
        self.tell("exit", &Value::Null);
        assert_eq!(self.hang_up(), (0, String::new()));
    }
}

pub(crate) fn framed(text: &str) -> String {
    format!("Content-Length: {}\r\n\r\n{text}", text.len())
}

pub(crate) fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// Line and column, in UTF-16, of the first place where a text holds `what`.
pub(crate) fn place(text: &str, what: &str) -> (usize, usize) {
    let (before, _) = text.split_once(what).unwrap_or_else(|| panic!("no {what}"));
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count(), line.encode_utf16().count())
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        output.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim_end().split_once(": ") {
            Some((_, value)) => length = value.parse().unwrap(),
            None => break,
        }
    }
    let mut bytes = vec![0; length];
    output.read_exact(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}
