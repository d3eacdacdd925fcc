//! `sidegate explain`: the verdict on one call, the rules that made it, and what would change it.

use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::{Map, json};
use sidegate::capabilities::{Args, CommandName, Origin, WindowLabel, parse_object};

use crate::place::Place;
use crate::report::{self, Outcome, Unusable};

/// Says whether a call would be allowed, by which rule, and the smallest edit that would allow it
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when the call is allowed, 1 when it is denied, 2 when the question cannot be read.

Example:
  sidegate explain my-app --window preview --command fs.write_text \\
      --args '{\"path\": \"$APPDATA/notes/a.md\", \"text\": \"x\"}'")]
pub(crate) struct Explain {
    /// Capability files, directories of them, or the directory of an app
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The window's label
    #[arg(long, value_name = "LABEL")]
    window: String,
    /// The origin of its document
    #[arg(long, value_name = "ORIGIN", default_value = "app://localhost")]
    origin: String,
    /// The command
    #[arg(long, value_name = "NAME")]
    command: String,
    /// The arguments, a JSON object
    #[arg(long, value_name = "JSON")]
    args: Option<String>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let unusable =
            |what: &str, error: &dyn std::fmt::Display| Unusable::new(format!("{what}: {error}"));
        let window = WindowLabel::parse(&self.window).map_err(|e| unusable("--window", &e))?;
        let origin = Origin::parse(&self.origin).map_err(|e| unusable("--origin", &e))?;
        let command = CommandName::parse(&self.command).map_err(|e| unusable("--command", &e))?;
        let args = match &self.args {
            None => Map::new(),
            Some(text) => parse_object(text.as_bytes()).map_err(|e| unusable("--args", &e))?,
        };
        let place = Place::read(&self.paths)?;
        let policy = match place.compile(None) {
            Ok(compiled) => compiled.policy,
            Err(diagnostics) => {
                let shown = diagnostics.render(&place.sources, report::color());
                return Err(Unusable::new(format!("the policy does not compile\n{shown}")));
            }
        };
        let now = SystemTime::now().into();
        let explanation = policy.explain(&window, &origin, now, &command, &Args::new(args));
        let allowed = explanation.verdict.is_allowed();
        if self.json {
            let report = json!({
                "allowed": allowed,
                "policy": policy.version().to_string(),
                "explanation": explanation,
            });
            report::print(format_args!("{report}\n"))?;
        } else {
            report::print(&explanation)?;
        }
        Ok(Outcome::of(allowed))
    }
}
