//! Windows and commands as a table: who may do what, at a glance.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Value, json};
use sidegate::COMMANDS;
use sidegate::capabilities::analysis::{Grant, Holders, Inquiry, who_can};
use sidegate::capabilities::{CommandName, Origin, Policy, WallTime, WindowLabel};

use super::diff::{sentence, shown_origin};
use super::who_can::terms;

/// The table.
pub(crate) struct Matrix {
    pub(crate) policy: String,
    pub(crate) commands: Vec<CommandName>,
    pub(crate) rows: Vec<Row>,
}

/// A window at an origin.
pub(crate) struct Row {
    /// Its label, or the pattern that it stands for.
    pub(crate) window: String,
    pub(crate) origin: String,
    /// One for each command.
    pub(crate) cells: Vec<Cell>,
}

/// What the window may do with one command.
pub(crate) struct Cell {
    pub(crate) state: State,
    /// In words; empty where it may not.
    pub(crate) words: Vec<String>,
}

/// What a cell shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Whatever the arguments.
    Allow,
    /// On some resources.
    Scoped,
    /// Under limits, schemas or filters.
    Conditional,
    /// Not at all.
    Deny,
}

impl State {
    pub(crate) const ALL: [Self; 4] = [Self::Allow, Self::Scoped, Self::Conditional, Self::Deny];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Scoped => "scoped",
            Self::Conditional => "conditional",
            Self::Deny => "deny",
        }
    }

    fn of(holders: &Holders) -> Self {
        let is_scoped = |grant: &Grant| {
            let patterns = &grant.patterns;
            !(patterns.path.is_empty() && patterns.url.is_empty() && patterns.key.is_empty())
        };
        let is_plain = |grant: &Grant| !is_scoped(grant) && terms(grant).is_empty();
        match holders.grants.as_slice() {
            [] if holders.complete => Self::Deny,
            grants if grants.iter().any(is_plain) => Self::Allow,
            grants if !grants.is_empty() && grants.iter().all(is_scoped) => Self::Scoped,
            _ => Self::Conditional,
        }
    }
}

impl Matrix {
    /// The table of these windows; where none are known, of the windows that the policy names.
    pub(crate) fn of(policy: &Policy, windows: &[WindowLabel], now: WallTime) -> Self {
        let windows = if windows.is_empty() {
            named(policy)
        } else {
            windows.iter().map(|label| (label.to_string(), label.clone())).collect()
        };
        let commands = commands(policy);
        let mut rows = Vec::new();
        for (shown, label) in windows {
            for written in policy.origins(&label) {
                // A pattern of hosts stands for one of them.
                let Ok(origin) = Origin::parse(&written.replace("*.", "any.")) else { continue };
                let cell = |command| cell(policy, command, (&label, &origin), now);
                let cells = commands.iter().map(cell).collect();
                let origin = shown_origin(&written).to_owned();
                rows.push(Row { window: shown.clone(), origin, cells });
            }
        }
        Self { policy: policy.version().to_string(), commands, rows }
    }

    pub(crate) fn allows_anything(&self) -> bool {
        let mut cells = self.rows.iter().flat_map(|row| &row.cells);
        cells.any(|cell| cell.state != State::Deny)
    }

    /// For `--json`.
    pub(crate) fn report(&self) -> Value {
        let mut cells = Vec::new();
        for row in &self.rows {
            for (command, cell) in self.commands.iter().zip(&row.cells) {
                cells.push(json!({
                    "window": row.window,
                    "origin": row.origin,
                    "command": command.as_str(),
                    "state": cell.state.name(),
                    "words": cell.words,
                }));
            }
        }
        json!({ "policy": self.policy, "matrix": cells })
    }
}

/// A line for each command, a column for each window: there are more commands than windows.
impl fmt::Display for Matrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = |row: &Row| match row.origin.as_str() {
            "local" => row.window.clone(),
            origin => format!("{} at {origin}", row.window),
        };
        let titles: Vec<_> = self.rows.iter().map(title).collect();
        let first = self.commands.iter().map(|command| command.as_str().len()).max().unwrap_or(0);
        let width = |title: &String| title.chars().count().max("conditional".len());
        write!(f, "{:first$}", "")?;
        for title in &titles {
            write!(f, "  {title:width$}", width = width(title))?;
        }
        writeln!(f)?;
        for (at, command) in self.commands.iter().enumerate() {
            write!(f, "{:first$}", command.as_str())?;
            for (row, title) in self.rows.iter().zip(&titles) {
                let state = row.cells.get(at).map_or(State::Deny, |cell| cell.state);
                let shown = if state == State::Deny { "-" } else { state.name() };
                write!(f, "  {shown:width$}", width = width(title))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn cell(
    policy: &Policy,
    command: &CommandName,
    caller: (&WindowLabel, &Origin),
    now: WallTime,
) -> Cell {
    let inquiry = Inquiry { command, args: None, caller: Some(caller) };
    let holders = who_can(policy, inquiry, now);
    let mut words = Vec::new();
    for grant in &holders.grants {
        words.push(sentence(&grant.patterns));
        words.extend(terms(grant));
        if !grant.certain {
            words.push("not certain: it depends on what the schemas admit".to_owned());
        }
        words.push(format!("rule: {}", grant.rule));
    }
    Cell { state: State::of(&holders), words }
}

/// The window patterns of the policy, each with a label that it matches.
fn named(policy: &Policy) -> Vec<(String, WindowLabel)> {
    let outline = policy.outline();
    let patterns: BTreeSet<_> =
        outline.iter().flat_map(|capability| capability.windows.iter().cloned()).collect();
    let with_label = |pattern: String| {
        let label = WindowLabel::parse(&pattern.replace('*', "any")).ok()?;
        Some((pattern, label))
    };
    patterns.into_iter().filter_map(with_label).collect()
}

/// The commands that the policy names in full, and the built-in ones.
fn commands(policy: &Policy) -> Vec<CommandName> {
    let outline = policy.outline();
    let entries = outline.iter().flat_map(|one| one.allow.iter().chain(&one.deny));
    let named = entries.flat_map(|entry| entry.commands.iter().map(String::as_str));
    let all: BTreeSet<_> =
        named.chain(COMMANDS).filter_map(|name| CommandName::parse(name).ok()).collect();
    all.into_iter().collect()
}
