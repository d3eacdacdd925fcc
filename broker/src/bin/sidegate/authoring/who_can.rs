//! `sidegate who-can`: which windows and origins may call a command, or all of them as a table.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::json;
use sidegate::capabilities::analysis::{Exception, Grant, Holders, Inquiry, who_can};
use sidegate::capabilities::{Args, CommandName, parse_object};

use super::diff::{sentence, usable};
use super::matrix::Matrix;
use super::page;
use super::place::Place;
use crate::report::{self, Outcome, Unusable};

/// Says who may call a command, on what, and under which conditions
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when somebody may, 1 when nobody may, 2 when the question cannot be read.

Examples:
  sidegate who-can my-app --command fs.write_text
  sidegate who-can my-app --command fs.write_text --args '{\"path\": \"$APPDATA/notes/a.md\"}'
  sidegate who-can my-app --matrix
  sidegate who-can my-app --html grants.html")]
pub(crate) struct WhoCan {
    /// Capability files, directories of them, or the directory of an app
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The command
    #[arg(long, value_name = "NAME", required_unless_present_any = ["matrix", "html"])]
    command: Option<String>,
    /// The arguments, a JSON object; without it, any
    #[arg(long, value_name = "JSON", requires = "command")]
    args: Option<String>,
    /// Prints a table of all windows and commands
    #[arg(long, conflicts_with = "command")]
    matrix: bool,
    /// Writes the table as a page that needs nothing else
    #[arg(long, value_name = "FILE", conflicts_with = "command")]
    html: Option<PathBuf>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl WhoCan {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let place = Place::read(&self.paths)?;
        let policy = usable(place.compile(None), &place)?;
        let now = SystemTime::now().into();
        let Some(command) = &self.command else {
            let matrix = Matrix::of(&policy, &place.windows()?, now);
            return self.table(&matrix);
        };
        let command = CommandName::parse(command)
            .map_err(|error| Unusable::new(format!("--command: {error}")))?;
        let args = self.args.as_ref().map(|text| parse_object(text.as_bytes()).map(Args::new));
        let args = args.transpose().map_err(|error| Unusable::new(format!("--args: {error}")))?;
        let inquiry = Inquiry { command: &command, args: args.as_ref(), caller: None };
        let holders = who_can(&policy, inquiry, now);
        let anybody = !holders.grants.is_empty() || !holders.complete;
        if self.json {
            let report = json!({
                "command": command.as_str(),
                "anybody": anybody,
                "complete": holders.complete,
                "policy": policy.version().to_string(),
                "grants": holders.grants,
            });
            report::print(format_args!("{report}\n"))?;
        } else {
            let mut out = String::new();
            write(&mut out, &command, &holders).map_err(Unusable::new)?;
            report::print(out)?;
        }
        Ok(Outcome::of(anybody))
    }

    fn table(&self, matrix: &Matrix) -> Result<Outcome, Unusable> {
        if let Some(file) = &self.html {
            fs::write(file, page::of(matrix)).map_err(|error| {
                Unusable::new(format!("cannot write `{}`: {error}", report::shown(file)))
            })?;
        }
        if self.json {
            report::print(format_args!("{}\n", matrix.report()))?;
        } else if self.matrix || self.html.is_none() {
            report::print(matrix)?;
        }
        Ok(Outcome::of(matrix.allows_anything()))
    }
}

fn write(out: &mut String, command: &CommandName, holders: &Holders) -> fmt::Result {
    if holders.grants.is_empty() {
        writeln!(out, "nobody may call `{command}`")?;
    }
    for grant in &holders.grants {
        write_grant(out, grant)?;
    }
    if !holders.complete {
        writeln!(out, "the search took too much work: there may be more")?;
    }
    Ok(())
}

fn write_grant(out: &mut String, grant: &Grant) -> fmt::Result {
    writeln!(out, "{}", sentence(&grant.patterns))?;
    for words in terms(grant) {
        writeln!(out, "  {words}")?;
    }
    match &grant.example {
        Some(call) => writeln!(out, "  example: {call}")?,
        None => writeln!(out, "  not certain: it depends on what the schemas admit")?,
    }
    writeln!(out, "  rule: {}", grant.rule)
}

/// What a grant needs and leaves out, one thing a line.
pub(crate) fn terms(grant: &Grant) -> Vec<String> {
    let mut terms: Vec<_> = grant.except.iter().map(|one| exception(one, grant)).collect();
    terms.extend(grant.conditions.iter().cloned());
    terms.extend(grant.args.as_ref().map(|schema| format!("arguments as {schema}")));
    terms
}

fn exception(exception: &Exception, grant: &Grant) -> String {
    let Exception { rule, patterns, .. } = exception;
    let ticked = |patterns: &std::collections::BTreeSet<String>| {
        let all: Vec<_> = patterns.iter().map(|pattern| format!("`{pattern}`")).collect();
        all.join(", ")
    };
    let mut text = "except".to_owned();
    let scopes = [("path", &patterns.path), ("url", &patterns.url), ("key", &patterns.key)];
    for (name, patterns) in scopes.into_iter().filter(|(_, patterns)| !patterns.is_empty()) {
        text += &format!(" on {name} {}", ticked(patterns));
    }
    if rule.capability != grant.rule.capability {
        text += &format!(" from {}", ticked(&patterns.windows));
    }
    format!("{text} ({}:{})", rule.file, rule.line)
}
