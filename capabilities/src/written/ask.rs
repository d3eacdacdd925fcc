//! The `ask` of an allow entry: how often the person is asked, and perhaps what.

use super::reader::{Node, Reader};
use crate::ask::{AskWhen, WrittenAsk};
use crate::diagnostics::Diagnostic;

/// The longest text that a person is asked: it has to be read before it is answered.
const MAX_TEXT: usize = 160;

/// Reads `"each call"`, or `{ when = "each call", text = "…" }`.
pub(super) fn read_ask<'s>(reader: &mut Reader<'s, '_>, node: &Node<'s>) -> Option<WrittenAsk> {
    if node.get_ref().as_str().is_some() {
        return Some(WrittenAsk { when: read_when(reader, node)?, text: None });
    }
    let Some(table) = node.get_ref().as_table() else {
        reader.wrong_type(node, "ask", "a string or a table", HELP);
        return None;
    };
    reader.only(table, "`ask`", &["when", "text"]);
    let text = reader.said(table, "text");
    let bad = |text: &str| text.chars().count() > MAX_TEXT || text.chars().any(char::is_control);
    if let Some(text) = text.as_ref().filter(|text| bad(&text.value)) {
        let place = reader.place(text.span);
        let message = format!("`text` is more than {MAX_TEXT} characters, or not one line");
        let help = "say in a few words what the call does: `remove a note for good`";
        reader.report(Diagnostic::error("bad-ask", &place, message).help(help));
    }
    let Some(when) = table.get("when") else {
        reader.missing(node.span().into(), "`ask`", "when", HELP);
        return None;
    };
    Some(WrittenAsk { when: read_when(reader, when)?, text: text.map(|text| text.value) })
}

const HELP: &str = "write `ask = \"each call\"`, `\"each session\"` or `\"once\"`";

fn read_when(reader: &mut Reader<'_, '_>, node: &Node<'_>) -> Option<AskWhen> {
    let Some(word) = node.get_ref().as_str() else {
        reader.wrong_type(node, "when", "a string", HELP);
        return None;
    };
    let when = AskWhen::of_word(word);
    if when.is_none() {
        let place = reader.place(node.span().into());
        let message = format!("`{word}` is not how often a person is asked");
        reader.report(Diagnostic::error("bad-ask", &place, message).help(HELP));
    }
    when
}
