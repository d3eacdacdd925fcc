//! The calls of some logs, as the tools for policy authors take them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use sidegate::audit::{Entry, Filter, Reader, verify};
use sidegate::capabilities::{Args, CommandName, Origin, WallTime, WindowLabel};
use sidegate_tools::calls::{Known, Line, Logged};

use crate::entries;
use crate::report::{Outcome, Unusable, shown};

/// What was read.
pub(crate) struct Journal {
    /// The calls, log by log.
    pub(crate) calls: Vec<Logged>,
    /// The identifier of the app, as the last start of it in the logs has it.
    pub(crate) app: Option<String>,
    /// Whether every line was a record and no chain is broken. What is not is told on standard error.
    pub(crate) is_whole: bool,
}

impl Journal {
    /// Reads `logs`, as `filter` wants them. A chain that is broken is told and read all the same: what
    /// is made of a log here is read by a person, and allows nothing by itself.
    pub(crate) fn read(logs: &[PathBuf], filter: &Filter) -> Result<Self, Unusable> {
        let mut journal = Self { calls: Vec::new(), app: None, is_whole: true };
        for log in logs {
            journal.log(log, filter)?;
        }
        Ok(journal)
    }

    fn log(&mut self, log: &Path, filter: &Filter) -> Result<(), Unusable> {
        let unreadable = |error| Unusable::new(format!("cannot read `{}`: {error}", shown(log)));
        if let Some(finding) = verify(log).map_err(unreadable)?.finding {
            eprintln!("warning: {}: {finding}", shown(log));
            self.is_whole = false;
        }
        let reader = Reader::open(log).map_err(unreadable)?;
        let (entries, outcome) = entries::read(&mut [(log.to_owned(), reader)], &Filter::default());
        self.is_whole &= outcome == Outcome::Holds;
        let name: Arc<str> = shown(log).into();
        for entry in &entries {
            if entry.event() == "start" {
                self.app = entry.text("app").map(str::to_owned);
            }
            if filter.takes(entry) {
                self.calls.extend(call(&name, entry));
            }
        }
        Ok(())
    }
}

/// The call that a record tells of, where it was made by a window that is known by name.
fn call(log: &Arc<str>, entry: &Entry) -> Option<Logged> {
    let count = match entry.event() {
        "call" => 1,
        "repeated" | "counted" => entry.number("count")?,
        _ => return None,
    };
    let owned = |key: &str| entry.text(key).map(str::to_owned);
    let time = entry.time();
    Some(Logged {
        line: Line { log: Arc::clone(log), record: entry.seq() },
        time: time.to_string(),
        at: WallTime::from_unix(i64::try_from(time.unix()).unwrap_or(i64::MAX)),
        policy: owned("policy").unwrap_or_default(),
        window: WindowLabel::parse(entry.text("window")?).ok()?,
        origin: Origin::parse(entry.text("origin")?).ok()?,
        command: CommandName::parse(entry.text("command")?).ok()?,
        args: args(entry),
        allowed: entry.event() == "counted" || entry.text("verdict") == Some("allow"),
        reason: owned("reason"),
        why: owned("why"),
        rule: owned("rule"),
        count,
    })
}

fn args(entry: &Entry) -> Known {
    let Some(Value::Object(args)) = entry.get("args") else {
        return Known::Nothing;
    };
    let args = Args::new(args.clone());
    let pointers = entry.get("redacted").and_then(Value::as_array);
    let pointers: Vec<String> =
        pointers.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if pointers.is_empty() { Known::All(args) } else { Known::But(args, pointers) }
}
