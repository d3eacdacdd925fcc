//! `sidegate learn`: the smallest capability file that would have allowed the refused calls.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use sidegate::audit::{Filter, Pattern, to_ascii_json};
use sidegate::capabilities::{CommandName, Context};
use sidegate_tools::learn::{self, Current, Learned, learn};

use super::journal::Journal;
use super::place::{Place, directories_of};
use super::plural::plural;
use crate::report::{self, Outcome, Unusable};

/// Proposes the smallest capability file that would have allowed the refused calls of a log
#[derive(clap::Args)]
#[command(after_help = "\
It reads, and prints; no policy is changed. Values stand in a log only where they were asked for: \
run the app with `sidegate run APP_DIR --log-args` while you try it out, or fill in what is left empty.

Nothing is proposed for what a deny entry refuses, the home directory as a whole, places of keys and \
credentials, shells, addresses within this machine or its network, and commands that change something \
at a remote origin. Those calls are named at the end, and why.

Exit status: 0 when the logs are whole, 1 when a line is no record or a chain is broken, 2 when they \
or the policy cannot be read.

Examples:
  sidegate learn audit.jsonl my-app
  sidegate learn audit.jsonl my-app --window preview --out policies/learned.toml")]
pub(crate) struct Learn {
    /// Logs, and then the policy of today: capability files, directories of them, or the directory
    /// of an app
    #[arg(required = true, value_name = "LOG|PATH")]
    paths: Vec<PathBuf>,
    /// Windows whose label fits; `*` is any run of characters
    #[arg(long, value_name = "PATTERN")]
    window: Option<String>,
    /// Writes the file here, where there is none yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Learn {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let window = self.window.as_deref().map(Pattern::new);
        let filter = Filter { window, ..Filter::default() };
        let (logs, policies): (Vec<PathBuf>, Vec<PathBuf>) =
            self.paths.iter().cloned().partition(|path| is_log(path));
        if logs.is_empty() {
            return Err(Unusable::new("no log is named: one ends in `.jsonl` or `.log`"));
        }
        let journal = Journal::read(&logs, &filter)?;
        let learned = learned(&journal, &policies)?;
        if let Some(out) = &self.out {
            write(out, &learned)?;
        }
        if self.json {
            let report = json!({ "whole": journal.is_whole, "learned": learned });
            report::print(format_args!("{}\n", to_ascii_json(&report)))?;
        } else {
            if self.out.is_none() {
                report::print(&learned.toml)?;
            }
            self.tell(&learned);
        }
        Ok(Outcome::of(journal.is_whole))
    }

    /// What became of the calls, beside the file: on standard error, so that the file can be piped.
    fn tell(&self, learned: &Learned) {
        let Learned { calls, allowed_by_now, proposals, withheld, .. } = learned;
        let withheld_calls = withheld.iter().fold(0_u64, |sum, w| sum.saturating_add(w.calls));
        eprintln!(
            "{}: {} proposed, nothing for {withheld_calls} of them, \
             {allowed_by_now} allowed by the policy of today",
            plural(*calls, "refused call"),
            plural(proposals.len(), "entry"),
        );
        if let Some(out) = &self.out {
            eprintln!("written to `{}`; read it before you use it", report::shown(out));
        }
        // Where there is a file, they stand in it.
        for found in withheld.iter().filter(|_| proposals.is_empty()) {
            let learn::Withheld { window, command, why, calls, .. } = found;
            eprintln!("nothing for `{command}` of `{window}` ({calls}): {}", why.escape_debug());
        }
    }
}

fn learned(journal: &Journal, policies: &[PathBuf]) -> Result<Learned, Unusable> {
    if policies.is_empty() {
        let directories = directories_of(journal.app.as_deref())?;
        let context = Context::new(&directories);
        return Ok(learn(&journal.calls, &Current { policy: None, context, takes: &takes }));
    }
    let place = Place::read(policies)?;
    let policy = place.policy()?;
    let policy = Some((&place.sources, &policy));
    let context = Context::new(place.directories());
    Ok(learn(&journal.calls, &Current { policy, context, takes: &takes }))
}

/// The argument by which the built-in commands name a resource.
fn takes(command: &CommandName) -> Option<&'static str> {
    match command.as_str().split('.').next() {
        Some("fs") => Some("path"),
        Some("settings") => Some("key"),
        _ => None,
    }
}

/// Whether a path of the command line is a log: a policy is a directory or ends in `.toml`.
pub(crate) fn is_log(path: &Path) -> bool {
    let is_toml = path.extension().is_some_and(|extension| extension == "toml");
    !is_toml && !path.is_dir()
}

/// Writes a new file. One that is there is somebody's policy, and is left alone.
fn write(out: &Path, learned: &Learned) -> Result<(), Unusable> {
    let unwritten =
        |error| Unusable::new(format!("cannot write `{}`: {error}", report::shown(out)));
    let mut file = fs::File::create_new(out).map_err(unwritten)?;
    std::io::Write::write_all(&mut file, learned.toml.as_bytes()).map_err(unwritten)
}
