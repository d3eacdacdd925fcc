//! Diagnostics in the protocol's terms: told to the client for each file of a policy, and taken
//! back when they are gone.

use std::collections::BTreeSet;

use gen_lsp_types::{
    Code, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location,
    PublishDiagnosticsParams, Range, Uri,
};
use sidegate_capabilities::diagnostics::{self, Severity};

use super::documents::Document;
use super::position::{Encoding, Lines};
use super::workspace::{Checked, Roots, Workspace};

/// Who says it.
const SOURCE: &str = "sidegate";

/// Looks at what has changed; what the client is to be told about it.
pub(super) fn refresh(
    workspace: &mut Workspace<'_>,
    encoding: Encoding,
) -> Vec<PublishDiagnosticsParams> {
    let mut told = Vec::new();
    for (roots, before) in workspace.refresh() {
        let now = of_policy(workspace, &roots, encoding);
        let is_said = |params: &PublishDiagnosticsParams| !params.diagnostics.is_empty();
        let files: BTreeSet<Uri> =
            now.iter().filter(|params| is_said(params)).map(|params| params.uri.clone()).collect();
        let mentioned: BTreeSet<_> = now.iter().map(|params| params.uri.clone()).collect();
        // A file without a remark is worth a word where it had one, or where its author waits for it.
        told.extend(now.into_iter().filter(|params| {
            is_said(params) || before.contains(&params.uri) || params.version.is_some()
        }));
        let gone = before.into_iter().filter(|uri| !mentioned.contains(uri));
        told.extend(gone.map(|uri| PublishDiagnosticsParams {
            uri,
            version: None,
            diagnostics: Vec::new(),
        }));
        workspace.published(&roots, files);
    }
    told
}

fn of_policy(
    workspace: &Workspace<'_>,
    roots: &Roots,
    encoding: Encoding,
) -> Vec<PublishDiagnosticsParams> {
    let Some(checked) = workspace.checked(roots) else {
        return Vec::new();
    };
    let mut told = Vec::new();
    for (name, found) in checked.by_file() {
        let Some(uri) = workspace.uri(name) else {
            continue;
        };
        let open = workspace.documents.get(&uri);
        let text = checked.sources.text(name).unwrap_or_default();
        let lines = Lines::new(text, encoding);
        let mut diagnostics: Vec<_> =
            found.into_iter().map(|found| converted(found, &uri, &lines)).collect();
        diagnostics.extend(open.and_then(|open| unusable(open, checked)));
        told.push(PublishDiagnosticsParams {
            version: open.map(|open| open.version),
            uri,
            diagnostics,
        });
    }
    let too_large = workspace.documents.iter().filter(|open| {
        open.text.is_none()
            && workspace.look_up(&open.uri).is_some_and(|(_, at)| std::ptr::eq(at, checked))
    });
    for open in too_large {
        let message = "this document is over the bounds of a policy, and is not looked at: at most \
                       1 MiB a file and 16 MiB in all";
        told.retain(|params| params.uri != open.uri);
        told.push(PublishDiagnosticsParams {
            uri: open.uri.clone(),
            version: Some(open.version),
            diagnostics: vec![at_start("too-much", message.to_owned())],
        });
    }
    told
}

/// That what is around the document could not be read: said in each that is open.
fn unusable(open: &Document, checked: &Checked) -> Option<Diagnostic> {
    let error = checked.unreadable.as_ref()?;
    let message = format!("{error}; `{}` is looked at by itself", open.name);
    Some(at_start("unreadable", message))
}

fn at_start(code: &str, message: String) -> Diagnostic {
    Diagnostic {
        range: Range::default(),
        severity: Some(DiagnosticSeverity::Error),
        code: Some(Code::from(code)),
        source: Some(SOURCE.to_owned()),
        message: message.into(),
        ..Diagnostic::default()
    }
}

/// One diagnostic; what is beneath the span and the help are further lines of its message.
pub(super) fn converted(
    found: &diagnostics::Diagnostic,
    uri: &Uri,
    lines: &Lines<'_>,
) -> Diagnostic {
    let mut message = found.message.clone();
    if !found.label.is_empty() {
        message.push_str(&format!("\n{}", found.label));
    }
    if let Some(help) = &found.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    let related = |label: &diagnostics::Label| DiagnosticRelatedInformation {
        location: Location { uri: uri.clone(), range: lines.range(label.span.0..label.span.1) },
        message: label.text.clone(),
    };
    let related: Vec<_> = found.labels.iter().map(related).collect();
    Diagnostic {
        range: lines.range(found.span.0..found.span.1),
        severity: Some(match found.severity {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
        }),
        code: Some(Code::from(found.code)),
        source: Some(SOURCE.to_owned()),
        message: message.into(),
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    }
}
