//! What is wrong with a policy, all of it at once, each with its place. Finding it is the
//! compiler's work, drawing it is `render`'s.

mod place;
mod render;

use serde::Serialize;

pub(crate) use place::{FileText, Place, Span};
pub use render::Color;

use crate::sources::Sources;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The policy does not compile.
    Error,
    /// The policy compiles, and probably does not say what was meant.
    Warning,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A stable name for the kind of mistake.
    pub code: &'static str,
    /// One lower-case sentence, the author's words in backticks.
    pub message: String,
    /// The name of the file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, in characters, from 1.
    pub column: u32,
    /// The bytes of the file that it is about: from, and one past the end.
    pub span: (usize, usize),
    /// What to write beneath the span.
    pub label: String,
    /// Other places of the same file that belong to it.
    pub labels: Vec<Label>,
    /// What to type instead.
    pub help: Option<String>,
}

/// A further place, and what to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Label {
    /// The line, from 1.
    pub line: u32,
    /// The column, in characters, from 1.
    pub column: u32,
    /// The bytes of the file: from, and one past the end.
    pub span: (usize, usize),
    /// What to say.
    pub text: String,
}

/// The most diagnostics that are kept. Beyond it nobody reads on, and each of them is drawn with a
/// walk through its file.
const MAX_DIAGNOSTICS: usize = 1_000;

/// All that is wrong (the first thousand things), in the order of the files and the places in them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Each of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Draws them for people, each with its line of the file.
    #[must_use]
    pub fn render(&self, sources: &Sources, color: Color) -> String {
        render::render(self, sources, color)
    }

    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.0.len() < MAX_DIAGNOSTICS
            || diagnostic.severity == Severity::Error && !self.has_errors()
        {
            self.0.push(diagnostic);
        }
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    pub(crate) fn sort(&mut self) {
        self.0.sort_by(|a, b| {
            (&a.file, a.span, a.severity, a.code).cmp(&(&b.file, b.span, b.severity, b.code))
        });
        self.0.dedup();
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(all: I) -> Self {
        let mut diagnostics = Self::default();
        all.into_iter().for_each(|diagnostic| diagnostics.push(diagnostic));
        diagnostics.sort();
        diagnostics
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Diagnostic {
    /// A remark on any text, by the bytes of it that it is about: for tools that look at more than
    /// capability files. Label and help are to be set on the result.
    #[must_use]
    pub fn in_text(
        severity: Severity,
        code: &'static str,
        (file, text): (&str, &str),
        span: std::ops::Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        let file = FileText::new(file, text);
        Self::new(severity, code, &Place::of(&file, span.into()), message.into())
    }

    /// A mistake that keeps the policy from compiling.
    pub(crate) fn error(code: &'static str, place: &Place<'_>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, place, message.into())
    }

    /// A remark on a policy that compiles.
    pub(crate) fn warning(
        code: &'static str,
        place: &Place<'_>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Warning, code, place, message.into())
    }

    fn new(severity: Severity, code: &'static str, place: &Place<'_>, message: String) -> Self {
        let (line, column) = place.line_and_column();
        Self {
            severity,
            code,
            message,
            file: place.file.name.to_owned(),
            line,
            column,
            span: (place.span.start, place.span.end),
            label: String::new(),
            labels: Vec::new(),
            help: None,
        }
    }

    /// What to write beneath the span.
    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// What to type instead.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// A help, where there is one.
    pub(crate) fn maybe_help(self, help: Option<String>) -> Self {
        Self { help, ..self }
    }

    /// A further place. One of another file goes into the help, since a drawing shows one file.
    pub(crate) fn also(mut self, place: &Place<'_>, text: &str) -> Self {
        let (line, column) = place.line_and_column();
        if place.file.name == self.file {
            let span = (place.span.start, place.span.end);
            self.labels.push(Label { line, column, span, text: text.to_owned() });
        } else {
            let note = format!("{text}: {}:{line}:{column}", place.file.name);
            self.help = Some(self.help.map_or(note.clone(), |help| format!("{help}; {note}")));
        }
        self
    }
}
