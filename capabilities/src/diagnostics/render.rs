//! Diagnostics drawn in the manner of `rustc`, with the line of the file and a mark beneath it.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Diagnostics, Severity};
use crate::sources::Sources;

/// Whether to colour: the caller knows whether a terminal is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// Plain text.
    Never,
    /// ANSI colours.
    Always,
}

pub(super) fn render(diagnostics: &Diagnostics, sources: &Sources, color: Color) -> String {
    let renderer = match color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    };
    let mut out = String::new();
    for diagnostic in diagnostics {
        let source = sources.text(&diagnostic.file).unwrap_or_default();
        out.push_str(&renderer.render(&[group(diagnostic, source)]));
        out.push_str("\n\n");
    }
    out
}

fn group<'a>(diagnostic: &'a Diagnostic, source: &'a str) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mark = AnnotationKind::Primary.span(clamp(diagnostic.span, source));
    let mark = if diagnostic.label.is_empty() { mark } else { mark.label(&diagnostic.label) };
    let others = diagnostic
        .labels
        .iter()
        .map(|label| AnnotationKind::Context.span(clamp(label.span, source)).label(&label.text));
    let snippet =
        Snippet::source(source).path(&diagnostic.file).annotation(mark).annotations(others);
    let title = level.primary_title(&diagnostic.message).id(diagnostic.code);
    let help = diagnostic.help.as_deref().map(|help| Level::HELP.message(help));
    title.element(snippet).elements(help)
}

/// A span within the text and on its character boundaries: drawing must not fail.
fn clamp((start, end): (usize, usize), source: &str) -> std::ops::Range<usize> {
    let boundary =
        |at: usize| (0..=at.min(source.len())).rev().find(|at| source.is_char_boundary(*at));
    let start = boundary(start).unwrap_or(0);
    start..boundary(end).unwrap_or(0).max(start)
}
