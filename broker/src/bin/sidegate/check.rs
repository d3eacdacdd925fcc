//! `sidegate check`: every diagnostic at once.

use std::path::PathBuf;

use serde_json::json;
use sidegate::capabilities::{CommandName, Diagnostics, Severity};

use crate::place::Place;
use crate::report::{self, Outcome, Unusable};

/// Parses and compiles capability files, and shows everything that is wrong with them
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when there is no error (warnings are shown), 1 when there is one, 2 when the files \
cannot be read.

Examples:
  sidegate check my-app
  sidegate check policies/editor.toml --command notes.save --command notes.share")]
pub(crate) struct Check {
    /// Capability files, directories of them, or the directory of an app
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// A command that the app has a handler for, beside the built-in ones and those of its
    /// commands.json; may be repeated
    #[arg(long = "command", value_name = "NAME")]
    commands: Vec<String>,
    /// Takes any name for a command's, where the app's own commands are not known
    #[arg(long, conflicts_with = "commands")]
    any_command: bool,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let place = Place::read(&self.paths)?;
        let commands = self.known(&place)?;
        let diagnostics = match place.compile(commands.as_deref()) {
            Ok(compiled) => compiled.warnings,
            Err(diagnostics) => diagnostics,
        };
        let errors = count(&diagnostics, Severity::Error);
        let warnings = count(&diagnostics, Severity::Warning);
        let files = place.sources.names().count();
        if self.json {
            let report = json!({
                "ok": errors == 0,
                "files": files,
                "errors": errors,
                "warnings": warnings,
                "diagnostics": diagnostics,
            });
            report::print(format_args!("{report}\n"))?;
        } else {
            report::print(diagnostics.render(&place.sources, report::color()))?;
            let (files, warnings) = (plural(files, "file"), plural(warnings, "warning"));
            report::print(format_args!("{files}: {}, {warnings}\n", plural(errors, "error")))?;
        }
        Ok(Outcome::of(errors == 0))
    }

    fn known(&self, place: &Place) -> Result<Option<Vec<CommandName>>, Unusable> {
        if self.any_command {
            return Ok(None);
        }
        let mut known: Vec<_> = place.commands()?.names().cloned().collect();
        for name in &self.commands {
            let name = CommandName::parse(name)
                .map_err(|error| Unusable::new(format!("`{name}`: {error}")))?;
            known.push(name);
        }
        Ok(Some(known))
    }
}

fn count(diagnostics: &Diagnostics, severity: Severity) -> usize {
    diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
}

fn plural(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
