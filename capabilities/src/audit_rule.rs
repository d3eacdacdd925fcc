//! What the audit log gets of the calls that an entry allows. Writing it is the broker's work.

use std::sync::Arc;

use crate::result::Pointer;

/// The `audit` table of one allow entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AuditRule {
    pub(crate) values: bool,
    pub(crate) redact: Vec<Pointer>,
    pub(crate) calls: CallRecords,
}

/// How allowed calls are recorded; in order, the one that records more first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CallRecords {
    /// Each has a record of its own.
    #[default]
    Each,
    /// The first has; of further ones like it only the count is written.
    Counted,
}

/// What the log gets of one allowed call, by all entries that matched: the least of its values, the
/// most of its calls. The order of entries never matters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditPermit {
    /// Of the entries so far; `None` where there is none yet.
    said: Option<(bool, CallRecords)>,
    /// The entries that keep values out. The first by itself: more than one is rare, and a list
    /// would take memory.
    first: Option<Arc<AuditRule>>,
    more: Vec<Arc<AuditRule>>,
}

impl AuditPermit {
    /// Takes in what one more entry says; the same one again changes nothing.
    pub(crate) fn add(&mut self, rule: &Arc<AuditRule>) {
        let (values, calls) = self.said.unwrap_or((true, CallRecords::Counted));
        self.said = Some((values && rule.values, calls.min(rule.calls)));
        if rule.redact.is_empty() || self.parts().any(|part| part.redact == rule.redact) {
            return;
        }
        match self.first {
            None => self.first = Some(rule.clone()),
            Some(_) => self.more.push(rule.clone()),
        }
    }

    /// Whether the values of the arguments may stand in the log, but for those that
    /// [`redacted`](Self::redacted) names: every entry says so.
    #[must_use]
    pub fn values(&self) -> bool {
        self.said.is_some_and(|(values, _)| values)
    }

    /// JSON pointers of the arguments whose values never stand in the log: those of any entry.
    pub fn redacted(&self) -> impl Iterator<Item = String> {
        self.parts().flat_map(|part| &part.redact).map(ToString::to_string)
    }

    /// How the call is recorded: each, where any entry says so.
    #[must_use]
    pub fn calls(&self) -> CallRecords {
        self.said.map(|(_, calls)| calls).unwrap_or_default()
    }

    fn parts(&self) -> impl Iterator<Item = &Arc<AuditRule>> {
        self.first.iter().chain(&self.more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(values: bool, redact: &[&str], calls: CallRecords) -> Arc<AuditRule> {
        let redact = redact.iter().filter_map(|text| Pointer::parse(text)).collect();
        Arc::new(AuditRule { values, redact, calls })
    }

    #[test]
    fn of_several_entries_the_least_is_shown_and_the_most_recorded() {
        use CallRecords::{Counted, Each};
        let of = |rules: &[Arc<AuditRule>]| {
            let mut permit = AuditPermit::default();
            rules.iter().for_each(|rule| permit.add(rule));
            (permit.values(), permit.redacted().collect::<Vec<_>>().join(" "), permit.calls())
        };
        let open = rule(true, &[], Counted);
        let some = rule(true, &["/pin", "/a~1b"], Counted);
        let none = rule(false, &["/text"], Each);
        let cases = [
            (vec![], (false, "", Each)),
            (vec![&open], (true, "", Counted)),
            (vec![&open, &open], (true, "", Counted)),
            (vec![&open, &some], (true, "/pin /a~1b", Counted)),
            (vec![&some, &none], (false, "/pin /a~1b /text", Each)),
            (vec![&none, &open, &some], (false, "/text /pin /a~1b", Each)),
        ];
        for (rules, (values, redacted, calls)) in cases {
            let rules: Vec<_> = rules.into_iter().cloned().collect();
            assert_eq!(of(&rules), (values, redacted.to_owned(), calls), "{rules:?}");
        }
    }
}
