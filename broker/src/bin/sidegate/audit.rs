//! `sidegate audit`: the log for people, filtered, counted, followed, verified.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use sidegate::audit::{
    Clock, Colour, Entry, Filter, Observed, Pattern, Reader, Stats, since, to_ascii_json, verify,
};
use sidegate::capabilities::Color;

use crate::entries::read;
use crate::follow;
use crate::report::{self, Outcome, Unusable};

/// Shows an audit log
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Exit status: 0 when the log could be read whole, 1 when a line of it is no record (verify: when it \
was changed), 2 when it cannot be read.

Examples:
  sidegate audit audit.jsonl --denied --since 10m
  sidegate audit audit.jsonl -f --window 'preview*'
  sidegate audit audit.jsonl --observed --since 1d
  sidegate audit verify audit.jsonl"
)]
pub(crate) struct Audit {
    #[command(subcommand)]
    verify: Option<Verb>,
    /// Logs
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Refusals alone
    #[arg(long)]
    denied: bool,
    /// Windows whose label fits; `*` is any run of characters
    #[arg(long, value_name = "PATTERN")]
    window: Option<String>,
    /// Commands whose name fits; `*` is any run of characters
    #[arg(long, value_name = "PATTERN")]
    command: Option<String>,
    /// What is not older: 2026-11-23T08:00:00Z, or 10m, 2h, 1d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Goes on as the log grows
    #[arg(short, long, conflicts_with = "stats")]
    follow: bool,
    /// Counts by window, command and outcome
    #[arg(long)]
    stats: bool,
    /// Sums up what an observed policy would have decided otherwise
    #[arg(long, conflicts_with_all = ["stats", "follow"])]
    observed: bool,
    /// Prints the records as they are, one JSON object a line (--stats, --observed: one JSON object)
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Verb {
    Verify(Verify),
}

/// Checks that no record of a log was changed, cut or inserted
#[derive(clap::Args)]
struct Verify {
    /// Logs
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Audit {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        if let Some(Verb::Verify(verify)) = self.verify {
            return verify.run();
        }
        let filter = self.filter()?;
        let mut readers = self.open()?;
        let (entries, mut outcome) = read(&mut readers, &filter);
        if self.stats {
            let mut stats = Stats::default();
            entries.iter().for_each(|entry| stats.add(entry));
            if self.json {
                report::print(format_args!(
                    "{}\n",
                    to_ascii_json(&json!({ "counts": stats.counts() }))
                ))?;
            } else {
                report::print(stats.render())?;
            }
            return Ok(outcome);
        }
        if self.observed {
            self.show_observed(&entries)?;
            return Ok(outcome);
        }
        let show = follow::Show::new(&entries, self.json, report::width(), colour());
        show.heading()?;
        entries.iter().try_for_each(|entry| show.entry(entry))?;
        if self.follow {
            outcome = follow::follow(&mut readers, &filter, &show)?;
        }
        Ok(outcome)
    }

    fn show_observed(&self, entries: &[Entry]) -> Result<(), Unusable> {
        let mut observed = Observed::default();
        entries.iter().for_each(|entry| observed.add(entry));
        if !self.json {
            return report::print(observed.render());
        }
        let report = json!({ "calls": observed.calls(), "observed": observed.differences() });
        report::print(format_args!("{}\n", to_ascii_json(&report)))
    }

    fn filter(&self) -> Result<Filter, Unusable> {
        let since = match &self.since {
            None => None,
            Some(text) => Some(since(text, Clock::system().now()).ok_or_else(|| {
                Unusable::new(format!("--since: `{text}` is neither a time (2026-11-23T08:00:00Z) nor an age (10m, 2h, 1d)"))
            })?),
        };
        Ok(Filter {
            denied: self.denied,
            window: self.window.as_deref().map(Pattern::new),
            command: self.command.as_deref().map(Pattern::new),
            since,
        })
    }

    fn open(&self) -> Result<Vec<(PathBuf, Reader)>, Unusable> {
        let open = |log: &PathBuf| {
            let reader = Reader::open(log).map_err(|error| {
                Unusable::new(format!("cannot read `{}`: {error}", report::shown(log)))
            })?;
            Ok((log.clone(), reader))
        };
        self.logs.iter().map(open).collect()
    }
}

impl Verify {
    fn run(self) -> Result<Outcome, Unusable> {
        let mut all_good = true;
        let mut reports = Vec::new();
        for log in &self.logs {
            let found = verify(log).map_err(|error| {
                Unusable::new(format!("cannot read `{}`: {error}", report::shown(log)))
            })?;
            all_good &= found.is_good();
            if self.json {
                reports.push(found);
                continue;
            }
            let log = report::shown(log);
            let head = if found.has_head {
                ""
            } else {
                " (no head beside it: records cut off its end are not seen)"
            };
            match (&found.finding, &found.last) {
                (Some(finding), _) => report::print(format_args!("{log}: {finding}\n"))?,
                (None, Some(last)) => report::print(format_args!(
                    "{log}: {} records, none changed, cut or inserted{head}\n  last {last}\n",
                    found.records
                ))?,
                (None, None) => report::print(format_args!("{log}: no records{head}\n"))?,
            }
        }
        if self.json {
            let report = json!({ "ok": all_good, "logs": reports });
            report::print(format_args!("{}\n", to_ascii_json(&report)))?;
        }
        Ok(Outcome::of(all_good))
    }
}

fn colour() -> Colour {
    match report::color() {
        Color::Always => Colour::Always,
        Color::Never => Colour::Never,
    }
}
