//! The calls of a log decided anew under other policy files: what would now be allowed that was not,
//! the reverse, and what cannot be told, since a log holds no values unless it was asked to.

use std::collections::BTreeMap;

use serde::Serialize;
use sidegate_capabilities::Policy;

use crate::calls::{Answer, Asked, Line, Logged};

/// How many lines a row names; it says how many calls there were.
const MOST_LINES: usize = 8;

/// What became of the calls of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replay {
    /// Calls that were refused and would be allowed.
    pub newly_allowed: u64,
    /// Calls that were allowed and would be refused.
    pub newly_refused: u64,
    /// Calls that would be decided as they were.
    pub unchanged: u64,
    /// Calls of which the log says too little.
    pub cannot_tell: u64,
    /// Calls that were refused, and not by a policy: a limit, a token, a handler's schema.
    pub not_of_policy: u64,
    /// What changes and what cannot be told, by kind.
    pub rows: Vec<Row>,
}

/// Calls of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What becomes of them.
    pub change: Change,
    /// The window that asked.
    pub window: String,
    /// The origin of its document.
    pub origin: String,
    /// The command.
    pub command: String,
    /// `allowed`, or the code of the reason for which they were refused.
    pub was: String,
    /// `allowed`, the code of the reason, or `null` where it cannot be told.
    pub now: Option<String>,
    /// The rule that now decides.
    pub rule: Option<String>,
    /// How many.
    pub calls: u64,
    /// The first of their records.
    pub lines: Vec<Line>,
}

/// What becomes of a call. In the order of what a reader must not miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It was refused and would be allowed.
    NewlyAllowed,
    /// It was allowed and would be refused.
    NewlyRefused,
    /// It depends on arguments that are not in the log.
    CannotTell,
}

/// Decides `calls` anew under `policy`, each as of its own time.
#[must_use]
pub fn replay(calls: &[Logged], policy: &Policy) -> Replay {
    let mut asked = Asked::new(policy);
    let mut done = Replay {
        newly_allowed: 0,
        newly_refused: 0,
        unchanged: 0,
        cannot_tell: 0,
        not_of_policy: 0,
        rows: Vec::new(),
    };
    let mut rows = BTreeMap::new();
    for call in calls {
        if !call.is_of_policy() {
            add(&mut done.not_of_policy, call.count);
            continue;
        }
        let answer = asked.ask(call);
        let change = match (&answer, call.allowed) {
            (Answer::Allows(_), true) | (Answer::Refuses(..), false) => None,
            (Answer::Allows(_), false) => Some(Change::NewlyAllowed),
            (Answer::Refuses(..), true) => Some(Change::NewlyRefused),
            // Nothing is known of the arguments but who judged them.
            (Answer::CannotTell, _) if asked.decided(call) => None,
            (Answer::CannotTell, _) => Some(Change::CannotTell),
        };
        let sum = match change {
            None => &mut done.unchanged,
            Some(Change::NewlyAllowed) => &mut done.newly_allowed,
            Some(Change::NewlyRefused) => &mut done.newly_refused,
            Some(Change::CannotTell) => &mut done.cannot_tell,
        };
        add(sum, call.count);
        if let Some(change) = change {
            note(&mut rows, change, call, answer);
        }
    }
    done.rows = rows.into_values().collect();
    done
}

type Kind = (Change, String, String, String, String, Option<String>, Option<String>);

fn note(rows: &mut BTreeMap<Kind, Row>, change: Change, call: &Logged, answer: Answer) {
    let (now, rule) = match answer {
        Answer::Allows(rule) => (Some("allowed".to_owned()), Some(rule)),
        Answer::Refuses(reason, rule) => (Some(reason.to_owned()), rule),
        Answer::CannotTell => (None, None),
    };
    let was = if call.allowed { "allowed" } else { call.reason.as_deref().unwrap_or("refused") };
    let row = Row {
        change,
        window: call.window.to_string(),
        origin: call.origin.to_string(),
        command: call.command.to_string(),
        was: was.to_owned(),
        now,
        rule,
        calls: 0,
        lines: Vec::new(),
    };
    let kind = (
        change,
        row.window.clone(),
        row.origin.clone(),
        row.command.clone(),
        row.was.clone(),
        row.now.clone(),
        row.rule.clone(),
    );
    let row = rows.entry(kind).or_insert(row);
    add(&mut row.calls, call.count);
    if row.lines.len() < MOST_LINES {
        row.lines.push(call.line.clone());
    }
}

fn add(sum: &mut u64, count: u64) {
    *sum = sum.saturating_add(count);
}
