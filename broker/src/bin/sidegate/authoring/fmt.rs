//! `sidegate fmt`: capability files laid out in the one way.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use sidegate::capabilities::{Diagnostic, Diagnostics, Severity};
use sidegate_tools::fmt::{FmtError, format};

use super::place::Place;
use crate::report::{self, Outcome, Unusable};

/// Lays capability files out in the one way: the order of keys, blanks, quotes, long lines
#[derive(clap::Args)]
#[command(after_help = "\
Comments stay with what they stand at, and what a file says is never changed. Where one of the \
files is not TOML, none is written.

Exit status: 0 when all files are laid out so now (--check: already), 1 when one is not TOML \
(--check: or differs), 2 when a file cannot be read or written.

Examples:
  sidegate fmt my-app
  sidegate fmt policies --check")]
pub(crate) struct Fmt {
    /// Capability files, directories of them, or the directory of an app
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Writes nothing, and lists the files that differ
    #[arg(long)]
    check: bool,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Fmt {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let place = Place::read(&self.paths)?;
        let names: Vec<_> = place.sources.names().filter(|name| is_policy(name)).collect();
        let mut differing = Vec::new();
        let mut broken = Vec::new();
        for name in &names {
            let text = place.sources.text(name).unwrap_or_default();
            match format(text) {
                Ok(formatted) if formatted == text => {}
                Ok(formatted) => differing.push((*name, formatted)),
                Err(error) => broken.push(diagnostic(name, text, &error)),
            }
        }
        let broken: Diagnostics = broken.into_iter().collect();
        let writes = !self.check && broken.is_empty();
        if writes {
            differing.iter().try_for_each(|(name, text)| replace(Path::new(name), text))?;
        }
        let ok = broken.is_empty() && (writes || differing.is_empty());
        let differing: Vec<_> = differing.into_iter().map(|(name, _)| name).collect();
        if self.json {
            let report = json!({
                "ok": ok,
                "files": names.len(),
                "differing": differing,
                "written": writes,
                "diagnostics": broken,
            });
            report::print(format_args!("{report}\n"))?;
        } else {
            report::print(broken.render(&place.sources, report::color()))?;
            let verb = if writes { "formatted" } else { "differs" };
            differing
                .iter()
                .try_for_each(|name| report::print(format_args!("{verb}: {name}\n")))?;
        }
        Ok(Outcome::of(ok))
    }
}

fn is_policy(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "toml")
}

fn diagnostic(name: &str, text: &str, error: &FmtError) -> Diagnostic {
    let (code, span) = match error {
        FmtError::Syntax { span, .. } => ("toml-syntax", span.clone()),
        FmtError::Unfaithful => ("not-formatted", 0..0),
    };
    Diagnostic::in_text(Severity::Error, code, (name, text), span, error.to_string())
}

/// Puts a file in the place of another, so that at each moment one of both is there whole.
fn replace(path: &Path, text: &str) -> Result<(), Unusable> {
    let unusable = |error: io::Error| {
        Unusable::new(format!("cannot write `{}`: {error}", report::shown(path)))
    };
    // A file that was named by a link stays behind it.
    let path = path.canonicalize().map_err(unusable)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = write_new(&beside, text, &path).and_then(|()| fs::rename(&beside, &path));
    written.map_err(|error| {
        let _best_effort = fs::remove_file(&beside);
        unusable(error)
    })
}

/// Writes a new file that may be read and written by whom `like` may.
fn write_new(path: &Path, text: &str, like: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.set_permissions(fs::metadata(like)?.permissions())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
