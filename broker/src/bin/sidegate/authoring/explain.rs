//! `sidegate explain`: the verdict on one call, the rules that made it, and what would change it.

use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::{Map, json};
use sidegate::audit::Timestamp;
use sidegate::capabilities::{Args, CommandName, Origin, WallTime, WindowLabel, parse_object};

use super::place::Place;
use crate::report::{self, Outcome, Unusable};

/// Says whether a call would be allowed, by which rule, and the smallest edit that would allow it
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when the call is allowed, 1 when it is denied, 2 when the question cannot be read.

Examples:
  sidegate explain my-app --window preview --command fs.write_text \\
      --args '{\"path\": \"$APPDATA/notes/a.md\", \"text\": \"x\"}'
  sidegate explain my-app --window trial --command app.info --at 2027-01-01T00:00:00Z")]
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
    /// The moment of the call, for capabilities that expire: 2027-01-01T00:00:00Z; without it, now
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Timestamp>,
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
        let policy = place.policy()?;
        let now = self.at.map_or_else(|| SystemTime::now().into(), wall);
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

fn moment(text: &str) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is no moment in UTC; write it like 2027-01-01T00:00:00Z");
    Timestamp::parse(text).ok_or_else(wrong)
}

fn wall(at: Timestamp) -> WallTime {
    WallTime::from_unix(i64::try_from(at.unix()).unwrap_or(i64::MAX))
}
