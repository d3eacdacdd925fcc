//! `sidegate types`: what a window may call, for a TypeScript compiler.

use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::json;
use sidegate::capabilities::{CommandName, Origin, Platform, WindowLabel};
use sidegate_tools::types::{Ground, declarations};

use super::diff::usable;
use super::place::Place;
use crate::report::{self, Outcome, Unusable};

/// Writes TypeScript declarations of just what a window may call
#[derive(clap::Args)]
#[command(after_help = "\
A call that the window may not make is a type error, and so are arguments that the command does \
not take. The app's own commands are read from its commands.json.

Exit status: 0 when the declarations are written, 2 when the policy does not compile or something \
cannot be read or written.

Examples:
  sidegate types my-app --window editor --out my-app/frontend/sidegate.d.ts
  sidegate types my-app --window main --origin https://example.com")]
pub(crate) struct Types {
    /// Capability files, directories of them, or the directory of an app
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The window's label
    #[arg(long, value_name = "LABEL")]
    window: String,
    /// The origin of its document
    #[arg(long, value_name = "ORIGIN", default_value = "app://localhost")]
    origin: String,
    /// Writes the declarations here and not to standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Types {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let unusable =
            |what: &str, error: &dyn std::fmt::Display| Unusable::new(format!("{what}: {error}"));
        let window = WindowLabel::parse(&self.window).map_err(|e| unusable("--window", &e))?;
        let origin = Origin::parse(&self.origin).map_err(|e| unusable("--origin", &e))?;
        let place = Place::read(&self.paths)?;
        let commands = place.commands()?;
        let names: Vec<CommandName> = commands.names().cloned().collect();
        let policy = usable(place.compile(Some(&names)), &place)?;
        let now = SystemTime::now().into();
        let principal = policy.principal(&window, &origin, now);
        let directories = place.directories();
        let (policy, platform) = (&policy, Platform::current());
        let ground = Ground { policy, now, commands: &commands, directories, platform };
        let declared = declarations(&principal, ground);
        if let Some(out) = &self.out {
            fs::write(out, &declared.text).map_err(|error| {
                unusable(&format!("cannot write `{}`", report::shown(out)), &error)
            })?;
        }
        if self.json {
            let report = json!({
                "window": window.to_string(),
                "origin": origin.to_string(),
                "commands": declared.commands,
                "out": self.out,
                "declarations": declared.text,
            });
            report::print(format_args!("{report}\n"))?;
        } else if self.out.is_none() {
            report::print(declared.text)?;
        }
        Ok(Outcome::Holds)
    }
}
