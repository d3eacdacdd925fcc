//! `sidegate replay`: the calls of a log decided anew under other policy files.

use std::path::PathBuf;

use serde_json::json;
use sidegate::audit::{Filter, to_ascii_json};
use sidegate_tools::replay::{self, Change, Row, replay};

use super::journal::Journal;
use super::learn::is_log;
use super::place::Place;
use crate::report::{self, Outcome, Unusable, table};

/// Decides the calls of a log anew under other policy files
#[derive(clap::Args)]
#[command(after_help = "\
Each call is decided as of its own time. Where the log has no values, only what holds whatever they \
were is told: that no entry names the command, or that one denies it altogether.

Exit status: 0 when no call becomes newly allowed, 1 when one does (--strict: also when one becomes \
newly refused or cannot be told), 2 when the logs or the policy cannot be read.

Example:
  sidegate replay audit.jsonl policies-next")]
pub(crate) struct Replay {
    /// Logs, and then capability files, directories of them, or the directory of an app
    #[arg(required = true, num_args = 2.., value_name = "LOG|PATH")]
    paths: Vec<PathBuf>,
    /// Answers 1 to any change, and where it cannot be told
    #[arg(long)]
    strict: bool,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Replay {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let (logs, policies): (Vec<PathBuf>, Vec<PathBuf>) =
            self.paths.iter().cloned().partition(|path| is_log(path));
        if logs.is_empty() || policies.is_empty() {
            return Err(Unusable::new("name a log, and the policy to decide its calls anew under"));
        }
        let place = Place::read(&policies)?;
        let policy = place.policy()?;
        let journal = Journal::read(&logs, &Filter::default())?;
        let done = replay(&journal.calls, &policy);
        if self.json {
            let report = json!({
                "policy": policy.version().to_string(),
                "whole": journal.is_whole,
                "replay": done,
            });
            report::print(format_args!("{}\n", to_ascii_json(&report)))?;
        } else {
            report::print(text(&done))?;
        }
        let strictly = done.newly_refused == 0 && done.cannot_tell == 0;
        Ok(Outcome::of(done.newly_allowed == 0 && (strictly || !self.strict)))
    }
}

fn text(done: &replay::Replay) -> String {
    let heading = ["change", "calls", "window", "command", "was", "now"].map(str::to_owned);
    let rows = done.rows.iter().map(cells);
    let mut text = if done.rows.is_empty() {
        String::new()
    } else {
        table(std::iter::once(heading).chain(rows))
    };
    text.push_str(&format!(
        "{} newly allowed, {} newly refused, {} unchanged, {} cannot be told",
        done.newly_allowed, done.newly_refused, done.unchanged, done.cannot_tell
    ));
    if done.not_of_policy > 0 {
        text.push_str(&format!("; {} were not refused by a policy", done.not_of_policy));
    }
    text.push('\n');
    text
}

fn cells(row: &Row) -> [String; 6] {
    let change = match row.change {
        Change::NewlyAllowed => "newly allowed",
        Change::NewlyRefused => "newly refused",
        Change::CannotTell => "cannot be told",
    };
    let now = row.now.as_deref().unwrap_or("depends on values that are not in the log");
    let rule = row.rule.as_ref().map(|rule| format!(" [{rule}]")).unwrap_or_default();
    let window = if row.origin == "app://localhost" {
        row.window.clone()
    } else {
        format!("{} at {}", row.window, row.origin)
    };
    let calls = row.calls.to_string();
    [change.to_owned(), calls, window, row.command.clone(), row.was.clone(), format!("{now}{rule}")]
}
