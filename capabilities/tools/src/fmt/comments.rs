//! Comments: taken out of the blanks that a parser keeps, and found in a whole text.

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

/// What stands before a line of its own: comments, and single blank lines between and after them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Before(Vec<String>);

impl Before {
    /// Reads the blanks and comments in `raw`, which begins at the start of a line.
    pub(super) fn read(raw: &str) -> Self {
        let mut lines: Vec<String> = Vec::new();
        // What follows the last line end is the indentation of what comes next.
        let whole = raw.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for line in whole.split('\n').filter(|_| raw.contains('\n')) {
            let line = line.trim();
            if !line.is_empty() || lines.last().is_none_or(|last| !last.is_empty()) {
                lines.push(line.to_owned());
            }
        }
        Self(lines)
    }

    /// Without blank lines at the front: what stands first needs no distance.
    pub(super) fn first(mut self) -> Self {
        let blank = self.0.iter().take_while(|line| line.is_empty()).count();
        self.0.drain(..blank);
        self
    }

    /// Without blank lines at the end.
    pub(super) fn last(mut self) -> Self {
        while self.0.last().is_some_and(String::is_empty) {
            self.0.pop();
        }
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lines, each with its end, comments indented by `indent`.
    pub(super) fn write(&self, out: &mut String, indent: usize) {
        for line in &self.0 {
            if !line.is_empty() {
                out.extend(std::iter::repeat_n(' ', indent));
                out.push_str(line);
            }
            out.push('\n');
        }
    }
}

/// A comment at the end of a line, with the blanks before it: they may line it up with others.
pub(super) fn trailing(raw: &str) -> String {
    let comment = raw.trim_end();
    match comment.trim_start() {
        "" => String::new(),
        text if text.len() == comment.len() => format!(" {text}"),
        _ => comment.replace('\t', "  "),
    }
}

/// All comments of a text, sorted. Sorted, since the order of keys may change; whole, since
/// nothing of them may.
pub(super) fn all(text: &str) -> Vec<&str> {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let comments = tokens.iter().filter(|token| token.kind() == TokenKind::Comment);
    let mut found: Vec<_> = comments
        .filter_map(|token| text.get(token.span().start()..token.span().end()))
        .map(str::trim_end)
        .collect();
    found.sort_unstable();
    found
}
