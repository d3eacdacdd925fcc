//! What all verbs share in answering: outcomes, standard output, colours.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use sidegate::capabilities::{Color, visible};
#[cfg(feature = "cli")]
use sidegate::capabilities::{Diagnostics, Sources};

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

/// Nothing can be said: the input cannot be read, or the question makes no sense.
#[derive(Debug)]
pub(crate) struct Unusable {
    /// A sentence, and what a renderer has drawn below it.
    message: String,
    /// The kind of an I/O error where it was one.
    kind: Option<io::ErrorKind>,
}

impl Unusable {
    pub(crate) fn new(message: impl Display) -> Self {
        // Names come with it, of files and out of them; its lines are ours.
        let message = message.to_string();
        let lines: Vec<_> = message.split('\n').map(visible).collect();
        Self { message: lines.join("\n"), kind: None }
    }

    /// Nothing can be asked of a policy that does not compile: with the drawing of what is wrong.
    #[cfg(feature = "cli")]
    pub(crate) fn of_policy(diagnostics: &Diagnostics, sources: &Sources) -> Self {
        let drawn = diagnostics.render(sources, color());
        Self { message: format!("the policy does not compile\n{drawn}"), kind: None }
    }

    /// What could not be done with a file, and why.
    pub(crate) fn of_file(verb: &str, path: &Path, error: &io::Error) -> Self {
        Self::new(format!("cannot {verb} `{}`: {error}", shown(path)))
    }

    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.kind == Some(io::ErrorKind::BrokenPipe)
    }
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        Self { message: error.to_string(), kind: Some(error.kind()) }
    }
}

impl Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A path as a terminal may have it.
pub(crate) fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy()).into_owned()
}

/// Writes `text` to standard output.
pub(crate) fn print(text: impl Display) -> Result<(), Unusable> {
    let mut out = io::stdout().lock();
    write!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Rows of cells, each column as wide as its widest; the last one runs on.
#[cfg(feature = "cli")]
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
