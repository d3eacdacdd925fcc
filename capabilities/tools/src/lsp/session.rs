//! A client's session from `initialize` to `exit`: which messages are taken when, and what answers
//! them.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::Path;

use gen_lsp_types::json_rpc::Id;
use gen_lsp_types::{
    CancelParams, ClientCapabilities, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, InitializeParams, PositionEncodingKind,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::capabilities;
use super::failure::{CANCELLED, Failure, INVALID_PARAMS, INVALID_REQUEST, NOT_INITIALIZED};
use super::position::Encoding;
use super::publish;
use super::requests;
use super::surroundings::Surroundings;
use super::wire::{self, Incoming};
use super::workspace::Workspace;

/// How a session came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Ended {
    /// The client shut the server down before it let it go.
    Properly,
    /// It went without a word.
    Abruptly,
}

/// A client, what it has open, and how far it is.
pub(super) struct Session<'f> {
    state: State,
    client: Client,
    workspace: Workspace<'f>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but `initialize` is answered.
    Fresh,
    Running,
    /// Nothing but `exit` is heeded.
    ShutDown,
}

/// What was agreed on with the client.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Client {
    pub(super) encoding: Encoding,
    /// Whether it fills in the blanks of a completion.
    pub(super) has_snippets: bool,
}

impl<'f> Session<'f> {
    pub(super) fn new(finder: &'f dyn Fn(Option<&Path>) -> Option<Surroundings>) -> Self {
        Self { state: State::Fresh, client: Client::default(), workspace: Workspace::new(finder) }
    }

    /// Takes the messages that have come, in their order, and then looks at what has changed, once
    /// for all of them. How it ended, where it has.
    ///
    /// # Errors
    /// The client does not listen.
    pub(super) fn take(
        &mut self,
        mut messages: VecDeque<Incoming>,
        output: &mut dyn Write,
    ) -> io::Result<Option<Ended>> {
        while let Some(message) = messages.pop_front() {
            match message {
                Incoming::Request { id, method, params } => {
                    let answer = if is_cancelled(&id, &messages) {
                        Err(Failure::new(CANCELLED, "taken back by the client"))
                    } else {
                        self.request(&method, params, output)?
                    };
                    wire::write(output, &wire::response(&id, answer))?;
                }
                Incoming::Notification { method, .. } if method == "exit" => {
                    return Ok(Some(self.ended()));
                }
                Incoming::Notification { method, params } => self.notification(&method, params),
                Incoming::Malformed(failure) => {
                    wire::write(output, &wire::response(&Id::Null, Err(failure)))?;
                }
                Incoming::Response => {}
            }
        }
        self.publish(output)?;
        Ok(None)
    }

    /// How it has ended if it ends here.
    pub(super) fn ended(&self) -> Ended {
        if self.state == State::ShutDown { Ended::Properly } else { Ended::Abruptly }
    }

    fn request(
        &mut self,
        method: &str,
        params: Value,
        output: &mut dyn Write,
    ) -> io::Result<Result<Value, Failure>> {
        Ok(match (self.state, method) {
            (State::Fresh, "initialize") => self.initialize(params),
            (State::Fresh, _) => Err(Failure::new(NOT_INITIALIZED, "`initialize` comes first")),
            (State::Running, "initialize") => {
                Err(Failure::new(INVALID_REQUEST, "`initialize` comes once"))
            }
            (State::Running, "shutdown") => {
                self.state = State::ShutDown;
                Ok(Value::Null)
            }
            (State::Running, _) => {
                // An answer is about the texts as they are, not as they were looked at last.
                self.publish(output)?;
                requests::answer(&self.workspace, self.client, method, params)
            }
            (State::ShutDown, _) => Err(Failure::new(INVALID_REQUEST, "the server is shut down")),
        })
    }

    fn initialize(&mut self, params: Value) -> Result<Value, Failure> {
        let params: InitializeParams = parsed(params)?;
        self.client = Client::of(&params.capabilities);
        self.state = State::Running;
        Ok(capabilities::offered(self.client))
    }

    /// What is not a notification of this server's, or comes out of turn, is dropped: the
    /// protocol has no answer to it.
    fn notification(&mut self, method: &str, params: Value) {
        if self.state != State::Running {
            return;
        }
        match method {
            "textDocument/didOpen" => {
                if let Ok(params) = parsed::<DidOpenTextDocumentParams>(params) {
                    let uri = params.text_document.uri.clone();
                    self.workspace.documents.open(params);
                    self.workspace.touch(&uri);
                }
            }
            "textDocument/didChange" => {
                if let Ok(params) = parsed::<DidChangeTextDocumentParams>(params) {
                    let uri = params.text_document.text_document_identifier.uri.clone();
                    self.workspace.documents.change(params, self.client.encoding);
                    self.workspace.touch(&uri);
                }
            }
            "textDocument/didClose" => {
                if let Ok(params) = parsed::<DidCloseTextDocumentParams>(params) {
                    self.workspace.touch(&params.text_document.uri);
                    self.workspace.documents.close(&params.text_document.uri);
                }
            }
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.workspace.touch_all();
            }
            _ => {}
        }
    }

    fn publish(&mut self, output: &mut dyn Write) -> io::Result<()> {
        for params in publish::refresh(&mut self.workspace, self.client.encoding) {
            let params = serde_json::to_value(params)?;
            wire::write(output, &wire::notification("textDocument/publishDiagnostics", &params))?;
        }
        Ok(())
    }
}

impl Client {
    fn of(capabilities: &ClientCapabilities) -> Self {
        let general = capabilities.general.as_ref();
        let encodings = general.and_then(|general| general.position_encodings.as_ref());
        let takes_bytes =
            encodings.is_some_and(|offered| offered.contains(&PositionEncodingKind::UTF8));
        let documents = capabilities.text_document.as_ref();
        let completion = documents.and_then(|documents| documents.completion.as_ref());
        let item = completion.and_then(|completion| completion.completion_item.as_ref());
        Self {
            encoding: if takes_bytes { Encoding::Utf8 } else { Encoding::Utf16 },
            has_snippets: item.and_then(|item| item.snippet_support) == Some(true),
        }
    }
}

/// The parameters of a method.
pub(super) fn parsed<T: DeserializeOwned>(params: Value) -> Result<T, Failure> {
    let failure = Failure::new(INVALID_PARAMS, "the parameters are not those of the method");
    serde_json::from_value(params).map_err(|_| failure)
}

/// Whether the client took the request back before its turn came.
fn is_cancelled(id: &Id, later: &VecDeque<Incoming>) -> bool {
    later.iter().any(|message| match message {
        Incoming::Notification { method, params } if method == "$/cancelRequest" => {
            parsed::<CancelParams>(params.clone()).is_ok_and(|cancel| Id::from(cancel.id) == *id)
        }
        Incoming::Notification { .. }
        | Incoming::Request { .. }
        | Incoming::Response
        | Incoming::Malformed(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(id: i32, method: &str, params: Value) -> Incoming {
        Incoming::Request { id: Id::from(id), method: method.to_owned(), params }
    }

    #[test]
    fn what_is_taken_back_is_not_answered() {
        let cancel = Incoming::Notification {
            method: "$/cancelRequest".to_owned(),
            params: json!({ "id": 3 }),
        };
        let mut session = Session::new(&|_| None);
        let messages = VecDeque::from([
            request(
                1,
                "initialize",
                json!({ "processId": null, "rootUri": null, "capabilities": {} }),
            ),
            request(2, "workspace/symbol", Value::Null),
            request(3, "workspace/symbol", Value::Null),
            cancel,
            request(3, "workspace/symbol", Value::Null),
        ]);
        let mut output = Vec::new();
        assert_eq!(session.take(messages, &mut output).unwrap(), None);
        let answers = String::from_utf8(output).unwrap();
        let codes: Vec<_> = answers
            .split("\"code\":")
            .skip(1)
            .map(|rest| rest.split([',', '}']).next().unwrap())
            .collect();
        assert_eq!(codes, ["-32601", "-32800", "-32601"], "a later one of the same id is another");
    }
}
