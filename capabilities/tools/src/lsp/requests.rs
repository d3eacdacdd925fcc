//! The requests that are answered about documents: a name, and the function behind it.

use gen_lsp_types::{
    CodeActionParams, CompletionParams, DefinitionParams, DocumentFormattingParams,
    DocumentSymbolParams, HoverParams, Position, ReferenceParams, Uri,
};
use serde::Serialize;
use serde_json::Value;

use super::asked::Asked;
use super::failure::{Failure, METHOD_NOT_FOUND};
use super::session::{Client, parsed};
use super::workspace::Workspace;
use super::{actions, completion, formatting, hover, links, symbols};

/// Answers a request; with `null` where there is nothing to say about the document.
pub(super) fn answer(
    workspace: &Workspace<'_>,
    client: Client,
    method: &str,
    params: Value,
) -> Result<Value, Failure> {
    let about =
        |uri: &Uri, position: Option<Position>| Asked::about(workspace, client, uri, position);
    Ok(match method {
        "textDocument/hover" => {
            let place = parsed::<HoverParams>(params)?.text_document_position_params;
            let asked = about(&place.text_document.uri, Some(place.position));
            value(asked.and_then(|asked| hover::hover(&asked)))
        }
        "textDocument/definition" => {
            let place = parsed::<DefinitionParams>(params)?.text_document_position_params;
            let asked = about(&place.text_document.uri, Some(place.position));
            value(asked.map(|asked| links::definition(&asked)))
        }
        "textDocument/references" => {
            let params: ReferenceParams = parsed(params)?;
            let place = params.text_document_position_params;
            let asked = about(&place.text_document.uri, Some(place.position));
            let with_declaration = params.context.include_declaration;
            value(asked.map(|asked| links::references(&asked, with_declaration)))
        }
        "textDocument/completion" => {
            let place = parsed::<CompletionParams>(params)?.text_document_position_params;
            let asked = about(&place.text_document.uri, Some(place.position));
            value(asked.map(|asked| completion::complete(&asked)))
        }
        "textDocument/documentSymbol" => {
            let params: DocumentSymbolParams = parsed(params)?;
            let asked = about(&params.text_document.uri, None);
            value(asked.map(|asked| symbols::symbols(&asked)))
        }
        "textDocument/formatting" => {
            let params: DocumentFormattingParams = parsed(params)?;
            let asked = about(&params.text_document.uri, None);
            value(asked.map(|asked| formatting::edits(&asked)))
        }
        "textDocument/codeAction" => {
            let params: CodeActionParams = parsed(params)?;
            let asked = about(&params.text_document.uri, None);
            value(asked.map(|asked| actions::actions(&asked, params.range)))
        }
        _ => return Err(Failure::new(METHOD_NOT_FOUND, "there is no such method here")),
    })
}

fn value(answer: Option<impl Serialize>) -> Value {
    answer.and_then(|answer| serde_json::to_value(answer).ok()).unwrap_or_default()
}
