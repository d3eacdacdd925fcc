//! `sidegate check`: every diagnostic at once.

use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::json;
use sidegate::POWERS;
use sidegate::capabilities::analysis::lint;
use sidegate::capabilities::{CommandName, Diagnostics, Policy, Severity};

use super::drift::{self, Found};
use super::known::OwnCommands;
use super::place::Place;
use super::plural::plural;
use crate::report::{self, Outcome, Unusable};

/// Parses and compiles capability files, and shows everything that is wrong with them
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when there is no error (warnings are shown), 1 when there is one, 2 when the files \
cannot be read.

What is kept to another operating system is checked as it would be there.

With an app, its commands.json and its scripts are looked at as well: a command of the app's own \
that nobody may call, and a call in a script that nothing grants, are warnings. A call whose \
command is put together at run time cannot be read, and is counted. A call that is there to be \
refused has a comment `sidegate: expect-refused` on its line or the one above.

Examples:
  sidegate check my-app
  sidegate check policies/editor.toml --app my-app
  sidegate check policies/editor.toml --command notes.save --command notes.share")]
pub(crate) struct Check {
    /// Capability files, directories of them, or the directory of an app
    /// (without any: those of the app that --app names)
    #[arg(required_unless_present = "app", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// A command that the app has a handler for, beside the built-in ones and those of its
    /// commands.json; may be repeated
    #[arg(long = "command", value_name = "NAME")]
    commands: Vec<String>,
    /// The directory of the app whose commands and pages the policy is held against; where PATH is
    /// one, that one
    #[arg(long, value_name = "APP_DIR")]
    app: Option<PathBuf>,
    /// Takes any name for a command's, where the app's own commands are not known
    #[arg(long, conflicts_with = "commands")]
    any_command: bool,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let of_app = self.app.as_slice();
        let paths = if self.paths.is_empty() { of_app } else { self.paths.as_slice() };
        let mut place = Place::read(paths)?;
        if let Some(app) = &self.app {
            place.own = OwnCommands::read(app)?;
        }
        let commands = self.known(&place)?;
        let now = SystemTime::now().into();
        let (diagnostics, policy) = match place.compile(commands.as_deref()) {
            Ok(compiled) => {
                let elsewhere = place.errors_elsewhere(commands.as_deref());
                let remarks = lint(&compiled.policy, &place.sources, now);
                let all = compiled.warnings.iter().chain(&remarks).chain(&elsewhere).cloned();
                (all.collect(), Some(compiled.policy))
            }
            Err(diagnostics) => (diagnostics, None),
        };
        let found = self.drift(&place, policy.as_ref())?;
        let drifted = found.as_ref().map(|found| found.diagnostics.clone()).unwrap_or_default();
        let errors = count(&diagnostics, Severity::Error);
        let warnings = count(&diagnostics, Severity::Warning).saturating_add(drifted.len());
        let files = place.sources.names().count();
        if self.json {
            let all: Vec<_> = diagnostics.iter().chain(&drifted).collect();
            let report = json!({
                "ok": errors == 0,
                "files": files,
                "errors": errors,
                "warnings": warnings,
                "diagnostics": all,
                "front_end": found.as_ref().map(Found::report),
            });
            report::print(format_args!("{report}\n"))?;
        } else {
            report::print(diagnostics.render(&place.sources, report::color()))?;
            if let Some(found) = &found {
                report::print(found.render(report::color()))?;
            }
            let (files, warnings) = (number(files, "file"), number(warnings, "warning"));
            report::print(format_args!("{files}: {}, {warnings}\n", number(errors, "error")))?;
        }
        Ok(Outcome::of(errors == 0))
    }

    /// What has drifted apart, where there is an app to look at and a policy to hold it against.
    fn drift(&self, place: &Place, policy: Option<&Policy>) -> Result<Option<Found>, Unusable> {
        match (self.app.as_deref().or(place.root()), policy) {
            (Some(app), Some(policy)) => drift::find(app, place, policy).map(Some),
            _ => Ok(None),
        }
    }

    fn known(&self, place: &Place) -> Result<Option<Vec<CommandName>>, Unusable> {
        if self.any_command {
            return Ok(None);
        }
        let mut known: Vec<_> = place.commands()?.names().cloned().collect();
        for name in POWERS.into_iter().chain(self.commands.iter().map(String::as_str)) {
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

/// What is not there is worth a word.
fn number(count: usize, what: &str) -> String {
    if count == 0 { format!("no {what}s") } else { plural(count, what) }
}
