//! What an observed policy would have decided otherwise, summed up: calls that it would newly
//! refuse, and calls that it would newly allow, by window, command and reason.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::read::Entry;
use super::time::Timestamp;
use super::view::{grouped, safe};

/// The differences between an observed policy and the one in force.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    calls: u64,
    rows: BTreeMap<Kind, Times>,
}

/// Calls that differ in the same way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    change: Change,
    window: String,
    origin: String,
    command: String,
    reason: Option<String>,
    rule: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Times {
    calls: u64,
    since: Timestamp,
    last: Timestamp,
}

/// What the observed policy would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Refuse what is allowed.
    Refuse,
    /// Allow what is refused.
    Allow,
}

/// Calls that an observed policy would decide otherwise, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it would do.
    pub change: Change,
    /// The window that asked.
    pub window: String,
    /// The origin of its document.
    pub origin: String,
    /// The command.
    pub command: String,
    /// The code of its reason to refuse; where it would allow, the one for which it was refused.
    pub reason: Option<String>,
    /// Its rule.
    pub rule: Option<String>,
    /// How many calls.
    pub calls: u64,
    /// The time of the first record.
    pub since: String,
    /// The time of the last one.
    pub last: String,
}

impl Observed {
    /// Takes in `entry`, if it is about calls.
    pub fn add(&mut self, entry: &Entry) {
        let count = match entry.event() {
            "call" => 1,
            "repeated" | "counted" => entry.number("count").unwrap_or_default(),
            _ => return,
        };
        self.calls = self.calls.saturating_add(count);
        let Some(kind) = Kind::of(entry) else {
            return;
        };
        let now = entry.time();
        let fresh = Times { calls: 0, since: now, last: now };
        let times = self.rows.entry(kind).or_insert(fresh);
        times.calls = times.calls.saturating_add(count);
        times.since = times.since.min(now);
        times.last = times.last.max(now);
    }

    /// How many calls there were, whether or not they differ.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// The differences: what would be refused first, then the most calls first.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        let mut found: Vec<Difference> = self
            .rows
            .iter()
            .map(|(kind, times)| Difference {
                change: kind.change,
                window: kind.window.clone(),
                origin: kind.origin.clone(),
                command: kind.command.clone(),
                reason: kind.reason.clone(),
                rule: kind.rule.clone(),
                calls: times.calls,
                since: times.since.to_string(),
                last: times.last.to_string(),
            })
            .collect();
        // A stable sort: equal counts stay in the order of their names.
        found.sort_by_key(|row| (row.change, std::cmp::Reverse(row.calls)));
        found
    }

    /// A sentence for each, for people.
    #[must_use]
    pub fn render(&self) -> String {
        let sentences = self.differences().into_iter().map(|row| row.sentence());
        let sentences: String = sentences.collect();
        if sentences.is_empty() {
            return format!("no difference in {}\n", calls(self.calls));
        }
        format!("{sentences}of {} in all\n", calls(self.calls))
    }
}

impl Kind {
    fn of(entry: &Entry) -> Option<Self> {
        let shadow = entry.get("shadow")?;
        let text = |key: &str| shadow.get(key).and_then(Value::as_str).map(str::to_owned);
        let own = |key: &str| entry.text(key).map(str::to_owned);
        let (change, reason) = match text("verdict")?.as_str() {
            "allow" => (Change::Allow, own("reason")),
            _ => (Change::Refuse, text("reason")),
        };
        Some(Self {
            change,
            window: own("window").unwrap_or_default(),
            origin: own("origin").unwrap_or_default(),
            command: own("command").unwrap_or_default(),
            reason,
            rule: text("rule"),
        })
    }
}

impl Difference {
    fn sentence(&self) -> String {
        let verb = match self.change {
            Change::Refuse => "refuse",
            Change::Allow => "allow",
        };
        let reason = match (self.change, &self.reason) {
            (_, None) => String::new(),
            (Change::Refuse, Some(reason)) => format!(", {}", safe(reason)),
            (Change::Allow, Some(reason)) => format!(", now {}", safe(reason)),
        };
        let rule = self.rule.as_ref().map(|rule| format!(" [{}]", safe(rule)));
        format!(
            "would newly {verb} {} of window `{}` (`{}`{reason}) since {}{}\n",
            calls(self.calls),
            safe(&self.window),
            safe(&self.command),
            self.since,
            rule.unwrap_or_default()
        )
    }
}

fn calls(count: u64) -> String {
    if count == 1 { "1 call".to_owned() } else { format!("{} calls", grouped(count)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_summed_up_counts_and_all() {
        let mut observed = Observed::default();
        assert_eq!(observed.render(), "no difference in 0 calls\n");
        let refuse = r#""shadow":{"verdict":"deny","reason":"out-of-scope","rule":"next.toml:3"}"#;
        let allow = r#""shadow":{"verdict":"allow","rule":"next.toml:9"}"#;
        let call = |verdict: &str| {
            format!(
                r#""event":"call","window":"preview","command":"fs.read_text","verdict":"{verdict}""#
            )
        };
        for (second, fields) in [
            (1, r#""event":"start""#.to_owned()),
            (2, call("allow")),
            (3, format!("{},{refuse}", call("allow"))),
            (4, format!(r#""event":"counted","window":"preview","command":"fs.read_text","verdict":"allow","count":13,{refuse}"#)),
            (5, format!(r#"{},"reason":"not-granted",{allow}"#, call("deny"))),
            (6, r#""event":"repeated","window":"preview","command":"fs.read_text","reason":"rate","count":7"#.to_owned()),
        ] {
            let line = format!(r#"{{"seq":1,"time":"2026-11-23T06:54:0{second}Z",{fields}}}"#);
            observed.add(&Entry::parse(line.as_bytes()).unwrap());
        }
        let expected = "\
would newly refuse 14 calls of window `preview` (`fs.read_text`, out-of-scope) since 2026-11-23T06:54:03.000000Z [next.toml:3]
would newly allow 1 call of window `preview` (`fs.read_text`, now not-granted) since 2026-11-23T06:54:05.000000Z [next.toml:9]
of 23 calls in all
";
        assert_eq!(observed.render(), expected);
    }
}
