//! The rules of a principal by command, so that a decision costs what the rules for its command
//! cost, however many others there are.

use std::collections::{BTreeMap, BTreeSet};

use crate::names::CommandName;
use crate::rule::{CommandPattern, Rule};

/// Rules, found by command name.
///
/// A pattern lies under what stands before its first `*`, so that a lookup goes through the fronts of
/// the command and never through all patterns.
#[derive(Debug, Default)]
pub(super) struct Index {
    rules: Vec<Rule>,
    exact: BTreeMap<Box<str>, Vec<usize>>,
    fronts: BTreeMap<Box<str>, Vec<(CommandPattern, usize)>>,
    /// The lengths that fronts have: at most as many as a command has bytes.
    lengths: BTreeSet<usize>,
}

impl Index {
    pub(super) fn of<'r>(rules: impl Iterator<Item = &'r Rule>) -> Self {
        let mut index = Self::default();
        for rule in rules {
            let place = index.rules.len();
            for pattern in &rule.entry.commands {
                let front = pattern.literal_front();
                if pattern.is_literal() {
                    index.exact.entry(front.into()).or_default().push(place);
                } else {
                    index.lengths.insert(front.len());
                    let list = index.fronts.entry(front.into()).or_default();
                    list.push((pattern.clone(), place));
                }
            }
            index.rules.push(rule.clone());
        }
        index
    }

    /// The rules that name a command, in their order, each once.
    pub(super) fn naming(&self, command: &CommandName) -> impl Iterator<Item = &Rule> {
        let command = command.as_str();
        let mut places = self.exact.get(command).cloned().unwrap_or_default();
        for front in self.lengths.iter().filter_map(|length| command.get(..*length)) {
            let patterns = self.fronts.get(front).into_iter().flatten();
            let found = patterns.filter(|(pattern, _)| pattern.matches(command));
            places.extend(found.map(|(_, place)| *place));
        }
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(|place| self.rules.get(place))
    }
}
