//! Quick fixes: what a diagnostic's help says to type, typed.

use std::collections::HashMap;

use gen_lsp_types::{CodeAction, CodeActionKind, Range, TextEdit, WorkspaceEdit};
use sidegate_capabilities::Diagnostic;

use super::asked::Asked;
use super::publish;

/// The fixes for what is wrong within a range.
pub(super) fn actions(asked: &Asked<'_>, range: Range) -> Vec<CodeAction> {
    let span = asked.lines.span(range);
    let name = asked.document.name.as_str();
    let here = asked.checked.diagnostics.iter().filter(|found| {
        found.file == name && found.span.0 <= span.end && span.start <= found.span.1
    });
    here.filter_map(|found| action(asked, found)).collect()
}

fn action(asked: &Asked<'_>, found: &Diagnostic) -> Option<CodeAction> {
    let (title, span, new_text) = fix(asked.text(), found)?;
    let edit = TextEdit { range: asked.lines.range(span.0..span.1), new_text };
    let uri = asked.document.uri.clone();
    let diagnostic = publish::converted(found, &uri, &asked.lines);
    Some(CodeAction {
        title,
        kind: Some(CodeActionKind::QuickFix),
        diagnostics: Some(vec![diagnostic]),
        is_preferred: Some(true),
        edit: Some(WorkspaceEdit {
            changes: Some(HashMap::from([(uri, vec![edit])])),
            ..WorkspaceEdit::default()
        }),
        ..CodeAction::default()
    })
}

/// What a fix is called, the bytes it replaces, and by what.
fn fix(text: &str, found: &Diagnostic) -> Option<(String, (usize, usize), String)> {
    let help = found.help.as_deref()?;
    if let Some(word) = quoted_after(help, "did you mean `") {
        let written = text.get(found.span.0..found.span.1)?;
        // A word in quotes stays in them, a key without any stays without.
        let quote = written.chars().next().filter(|first| matches!(first, '"' | '\''));
        let new = quote.map_or(word.to_owned(), |quote| format!("{quote}{word}{quote}"));
        return Some((format!("change to `{word}`"), found.span, new));
    }
    let line = quoted_after(help, "begin the file with `")?;
    Some((format!("begin the file with `{line}`"), (0, 0), format!("{line}\n\n")))
}

fn quoted_after<'h>(help: &'h str, words: &str) -> Option<&'h str> {
    help.split_once(words)?.1.split_once('`').map(|(inner, _)| inner)
}
