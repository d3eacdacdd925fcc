//! `sidegate minimize`: what a policy grants and no call of some logs used.

use std::path::PathBuf;

use serde_json::json;
use sidegate::audit::{Filter, to_ascii_json};
use sidegate_tools::minimize::{Minimized, Unused, What, minimize};

use super::journal::Journal;
use super::learn::is_log;
use super::place::Place;
use super::plural::plural;
use crate::report::{self, Outcome, Unusable};

/// Says what a policy grants and no call of some logs used
#[derive(clap::Args)]
#[command(after_help = "\
A grant that was not used in the time of a log may be used tomorrow: a person decides. Which pattern \
of an entry was used is known of calls whose values are in the log alone.

Exit status: 0 (--strict: 1 when something was not used), 2 when the logs or the policy cannot be read.

Example:
  sidegate minimize my-app audit.jsonl")]
pub(crate) struct Minimize {
    /// Capability files, directories of them, or the directory of an app; and then logs
    #[arg(required = true, num_args = 2.., value_name = "PATH|LOG")]
    paths: Vec<PathBuf>,
    /// Answers 1 where something was not used
    #[arg(long)]
    strict: bool,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Minimize {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let (logs, policies): (Vec<PathBuf>, Vec<PathBuf>) =
            self.paths.iter().cloned().partition(|path| is_log(path));
        if logs.is_empty() || policies.is_empty() {
            return Err(Unusable::new("name a policy, and the logs to hold it against"));
        }
        let place = Place::read(&policies)?;
        let policy = place.policy()?;
        let journal = Journal::read(&logs, &Filter::default())?;
        let done = minimize(&journal.calls, &policy, place.directories());
        if self.json {
            let report = json!({
                "policy": policy.version().to_string(),
                "whole": journal.is_whole,
                "minimized": done,
            });
            report::print(format_args!("{}\n", to_ascii_json(&report)))?;
        } else {
            report::print(text(&done))?;
        }
        Ok(Outcome::of(done.unused.is_empty() || !self.strict))
    }
}

fn text(done: &Minimized) -> String {
    let mut text: String = done.unused.iter().map(sentence).collect();
    let period = match (&done.from, &done.to) {
        (Some(from), Some(to)) => format!(" from {from} to {to}"),
        _ => String::new(),
    };
    text.push_str(&format!(
        "{} held against {}{period}, {} of them with their values\n",
        plural(done.entries, "entry"),
        plural(done.calls, "allowed call"),
        done.with_values
    ));
    if done.of_other_versions > 0 {
        text.push_str(&format!(
            "{} of the calls were decided by another version of the policy; their entries were found \
             by their place in their capability\n",
            done.of_other_versions
        ));
    }
    text
}

fn sentence(found: &Unused) -> String {
    let rule = &found.rule;
    let shown = found.text.as_deref().unwrap_or_default();
    match found.what {
        What::Entry if found.used_elsewhere => {
            format!("{rule}: no call used it, though another capability's calls did\n")
        }
        What::Entry => format!("{rule}: no call used it\n"),
        What::Command => format!("{rule}: no call used the command `{shown}`\n"),
        What::Wildcard => {
            let names: Vec<String> = found.instead.iter().map(|name| format!("`{name}`")).collect();
            format!("{rule}: of `{shown}` only {} was used\n", names.join(", "))
        }
        What::Path => format!("{rule}: no call used the path `{shown}`\n"),
        What::Url => format!("{rule}: no call used the url `{shown}`\n"),
        What::Key => format!("{rule}: no call used the key `{shown}`\n"),
    }
}
