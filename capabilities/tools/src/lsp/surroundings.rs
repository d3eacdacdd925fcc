//! What a document is judged in: the files beside it, and what the app around it has. Finding that
//! is the caller's work, who knows what an app is.

use std::path::{Path, PathBuf};

use sidegate_capabilities::Directories;

/// What there is around a capability file.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The files and directories that are one policy with it; none: it is one by itself.
    pub roots: Vec<PathBuf>,
    /// What the variables stand for.
    pub directories: Directories,
    /// The commands that have handlers; `None` where they are not known.
    pub commands: Option<Vec<Command>>,
    /// The labels of the app's windows, as far as they are known.
    pub windows: Vec<String>,
}

/// A command, as it is told to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Its name.
    pub name: String,
    /// What it does, in a sentence; may be empty.
    pub description: String,
    /// The members of its arguments: the name, and what it is.
    pub arguments: Vec<(String, String)>,
}

/// Tells what surrounds the document at a path (`None`: one that has no file); `None` where what
/// is there is no capability file.
pub type Finder<'f> = dyn Fn(Option<&Path>) -> Option<Surroundings> + 'f;
