//! Rules by what they name, so that only those are held against each other that may have a call in
//! common.

use std::collections::{BTreeMap, BTreeSet};

use super::super::patterns::may_meet;
use super::Placed;
use crate::capability::Capability;
use crate::rule::Rule;

/// Rules by the front of their commands, up to the first dot or `*`: two rules that may name a
/// command in common have it in common, or one of them has none.
#[derive(Default)]
pub(super) struct Index<'p> {
    pub(super) allow: BTreeMap<String, Vec<Placed<'p>>>,
    pub(super) deny: BTreeMap<String, Vec<Placed<'p>>>,
}

impl<'p> Index<'p> {
    pub(super) fn of(capabilities: &'p [Capability]) -> Self {
        let mut index = Self::default();
        for capability in capabilities {
            for (rules, map) in
                [(&capability.allow, &mut index.allow), (&capability.deny, &mut index.deny)]
            {
                for rule in rules {
                    for front in fronts(rule) {
                        map.entry(front).or_default().push((capability, rule));
                    }
                }
            }
        }
        index
    }

    pub(super) fn meeting(
        map: &BTreeMap<String, Vec<Placed<'p>>>,
        mine: Placed<'_>,
    ) -> Vec<Placed<'p>> {
        let fronts = fronts(mine.1);
        let lists: Vec<_> = if fronts.contains("") {
            map.values().collect()
        } else {
            fronts
                .iter()
                .map(String::as_str)
                .chain([""])
                .filter_map(|front| map.get(front))
                .collect()
        };
        let meets = |(capability, rule): &&Placed<'p>| {
            may_meet(&mine.0.windows, &capability.windows, |one| &one.0)
                && may_meet(&mine.1.entry.commands, &rule.entry.commands, |one| &one.0)
        };
        let mut found: Vec<_> = lists.into_iter().flatten().filter(meets).copied().collect();
        found.sort_by(|a, b| a.1.reference.cmp(&b.1.reference));
        found.dedup_by(|a, b| a.1.reference == b.1.reference);
        found
    }
}

fn fronts(rule: &Rule) -> BTreeSet<String> {
    let front = |text: &str| match text.split_once(['.', '*']) {
        // `fs*` may be `fs.read`, and `fsx.read`.
        Some((front, _)) if text.get(front.len()..).is_some_and(|rest| rest.starts_with('.')) => {
            front.to_owned()
        }
        Some(_) => String::new(),
        None => text.to_owned(),
    };
    rule.entry.commands.iter().map(|pattern| front(&pattern.0)).collect()
}
