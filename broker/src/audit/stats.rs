//! How often what was allowed or refused: counts by window, command and reason.

use std::collections::BTreeMap;

use serde::Serialize;

use super::read::Entry;
use super::view::{clip, grouped, safe};

/// The widest that a column of names becomes.
const WIDEST: usize = 40;

/// The counts of a log, or of what was chosen of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    counts: BTreeMap<(String, String, String), u64>,
}

/// How often one thing happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The window that asked.
    pub window: String,
    /// The command.
    pub command: String,
    /// The code of the reason, or `allowed`.
    pub outcome: String,
    /// How often.
    pub count: u64,
}

impl Stats {
    /// Counts `entry`, if it is about calls.
    pub fn add(&mut self, entry: &Entry) {
        let (outcome, times) = match entry.event() {
            "call" if !entry.is_refusal() => ("allowed", 1),
            "call" => (entry.text("reason").unwrap_or("denied"), 1),
            "repeated" => (
                entry.text("reason").unwrap_or("denied"),
                entry.number("count").unwrap_or_default(),
            ),
            "counted" => ("allowed", entry.number("count").unwrap_or_default()),
            _ => return,
        };
        let text = |key| entry.text(key).unwrap_or_default().to_owned();
        let count = self.counts.entry((text("window"), text("command"), outcome.to_owned()));
        let count = count.or_default();
        *count = count.saturating_add(times);
    }

    /// The counts, the greatest first.
    #[must_use]
    pub fn counts(&self) -> Vec<Count> {
        let mut counts: Vec<Count> = self
            .counts
            .iter()
            .map(|((window, command, outcome), count)| Count {
                window: window.clone(),
                command: command.clone(),
                outcome: outcome.clone(),
                count: *count,
            })
            .collect();
        // A stable sort: equal counts stay in the order of their names.
        counts.sort_by_key(|count| std::cmp::Reverse(count.count));
        counts
    }

    /// The counts as a table for people.
    #[must_use]
    pub fn render(&self) -> String {
        let heading = ["count", "window", "command", "outcome"].map(str::to_owned);
        let rows = self.counts().into_iter().map(|count| {
            let Count { window, command, outcome, count } = count;
            let names = [window, command, outcome].map(|name| clip(&safe(&name), WIDEST));
            let [window, command, outcome] = names;
            [grouped(count), window, command, outcome]
        });
        let rows: Vec<[String; 4]> = std::iter::once(heading).chain(rows).collect();
        let mut widths = [0; 4];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        let [count, window, command, _] = widths;
        rows.iter()
            .map(|[a, b, c, d]| format!("{a:>count$}  {b:window$}  {c:command$}  {d}\n"))
            .collect()
    }
}

impl Serialize for Stats {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.counts().serialize(serializer)
    }
}

impl<'a> FromIterator<&'a Entry> for Stats {
    fn from_iter<I: IntoIterator<Item = &'a Entry>>(entries: I) -> Self {
        let mut stats = Self::default();
        for entry in entries {
            stats.add(entry);
        }
        stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_and_repeats_with_them() {
        let entries: Vec<Entry> = [
            r#""event":"start""#,
            r#""event":"call","window":"a","command":"fs.list","verdict":"allow""#,
            r#""event":"call","window":"a","command":"fs.list","verdict":"deny","reason":"scope""#,
            r#""event":"repeated","window":"a","command":"fs.list","reason":"scope","count":1204"#,
            r#""event":"counted","window":"a","command":"fs.list","verdict":"allow","first":2,"count":99"#,
            r#""event":"call","window":"b","command":"x\u001b[31m","verdict":"deny""#,
        ]
        .iter()
        .map(|fields| format!(r#"{{"seq":1,"time":"2026-11-23T06:54:26Z",{fields}}}"#))
        .map(|line| Entry::parse(line.as_bytes()).unwrap())
        .collect();
        let stats: Stats = entries.iter().collect();
        let expected = "\
count  window  command      outcome
1,205  a       fs.list      scope
  100  a       fs.list      allowed
    1  b       x\\u{1b}[31m  denied
";
        assert_eq!(stats.render(), expected);
    }
}
