//! What all verbs share in answering: outcomes, standard output, colours.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use sidegate::capabilities::Color;

/// Whether what was asked about holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Outcome {
    Holds,
    DoesNotHold,
}

impl Outcome {
    pub(crate) fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::DoesNotHold }
    }
}

/// Nothing can be said: the input cannot be read, or the question makes no sense. The message,
/// and the kind of an I/O error where it was one.
#[derive(Debug)]
pub(crate) struct Unusable(pub(crate) String, pub(crate) Option<io::ErrorKind>);

impl Unusable {
    pub(crate) fn new(message: impl Display) -> Self {
        Self(message.to_string(), None)
    }

    /// What could not be done with a file, and why.
    pub(crate) fn of_file(verb: &str, path: &Path, error: &io::Error) -> Self {
        Self::new(format!("cannot {verb} `{}`: {error}", path.display()))
    }

    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.1 == Some(io::ErrorKind::BrokenPipe)
    }
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        Self(error.to_string(), Some(error.kind()))
    }
}

/// Writes `text` to standard output.
pub(crate) fn print(text: impl Display) -> Result<(), Unusable> {
    let mut out = io::stdout().lock();
    write!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Rows of cells, each column as wide as its widest; the last one runs on.
pub(crate) fn table<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// Colour only for people: on a terminal, and not where `NO_COLOR` asks for none.
pub(crate) fn color() -> Color {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted && io::stdout().is_terminal() { Color::Always } else { Color::Never }
}

/// Characters in a line of the terminal, if there is one.
#[cfg(unix)]
pub(crate) fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// Not known here: lines are as long as they are.
#[cfg(not(unix))]
pub(crate) fn width() -> Option<usize> {
    None
}
