//! Remarks by the entry that they are about, and which of them are worth saying.

use std::collections::{BTreeMap, BTreeSet};

use super::remark::{Remark, diagnostic};
use crate::diagnostics::{Diagnostics, FileText, Place};
use crate::sources::Sources;
use crate::verdict::RuleRef;

/// File, line and column of an entry.
pub(super) type At = (String, u32, u32);

pub(super) fn place_of(rule: &RuleRef) -> At {
    (rule.file.clone(), rule.line, rule.column)
}

/// Remarks by the entry that they are about, however many capabilities use it.
#[derive(Default)]
pub(super) struct Found {
    /// The entry as it stands in a file.
    remarks: BTreeMap<At, BTreeMap<RuleRef, BTreeSet<Remark>>>,
    /// Entries that are best removed: of these nothing else needs to be said.
    shadowed: BTreeSet<At>,
}

impl Found {
    pub(super) fn say(&mut self, rule: &RuleRef, remark: Remark) {
        self.remarks
            .entry(place_of(rule))
            .or_default()
            .entry(rule.clone())
            .or_default()
            .insert(remark);
    }

    pub(super) fn shadowed(&mut self, rule: &RuleRef, by: &RuleRef) {
        self.shadowed.insert(place_of(rule));
        self.say(rule, Remark::Shadowed(by.clone()));
    }

    pub(super) fn near(&mut self, rule: &RuleRef, first: &RuleRef) {
        // A permission that is used twice with other parameters has its entries twice.
        let is_shadowed = |rule| self.shadowed.contains(&place_of(rule));
        if place_of(rule) != place_of(first) && !is_shadowed(rule) && !is_shadowed(first) {
            self.say(rule, Remark::Near(first.clone()));
        }
    }

    /// An entry of a permission is idle only where it is so for all who use it.
    pub(super) fn diagnostics(self, sources: &Sources, uses: &BTreeMap<At, usize>) -> Diagnostics {
        let mut diagnostics = Vec::new();
        for (at, rules) in self.remarks {
            let said = rules.values().filter(|remarks| remarks.iter().any(Remark::is_of_one_use));
            let is_everywhere = uses.get(&at).is_none_or(|count| *count <= said.count());
            let (file, line, column) = at;
            let Some(text) = sources.text(&file) else { continue };
            let text = FileText::new(&file, text);
            let place = Place::of(&text, text.entry_at(line, column));
            let all: BTreeSet<_> = rules
                .values()
                .flatten()
                .filter(|remark| is_everywhere || !remark.is_of_one_use())
                .collect();
            let is_shadowed = all.iter().any(|remark| matches!(remark, Remark::Shadowed(_)));
            let all =
                all.into_iter().filter(|remark| !is_shadowed || !matches!(remark, Remark::Near(_)));
            diagnostics.extend(all.map(|remark| diagnostic(remark, &place, sources)));
        }
        diagnostics.into_iter().collect()
    }
}
