//! Allowed calls that the policy wants counted, not written one by one. The first of a kind in each
//! [`PERIOD`] is a record like any other and comes before the call; the others of that period are
//! counted before they run, and their number becomes a record when the period is over.
//!
//! So the log always says, before it happens, *that* a window used a rule; how often is known up
//! to the last period, and a broker that is killed takes at most that number with it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::event::{Counted, Event, Shadow, Verdict};
use super::log::Receipt;
use super::repeats::KeptShadow;

/// How long a count grows before it is told, and so how much of it a kill can lose: a poll each
/// second becomes a tenth of the records, and a person who follows the log still sees it.
const PERIOD: Duration = Duration::from_secs(10);

/// How many kinds are counted at once. There are as many as windows use rules; beyond that, which
/// no honest app reaches, each call is written.
const MAX_KINDS: usize = 1024;

/// The allowed calls of the last while, by kind.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    kinds: HashMap<Kind, Tally>,
    /// Counts that could not be written yet.
    owed: Vec<Tallied>,
}

/// What makes two allowed calls the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Kind {
    window: String,
    origin: String,
    command: String,
    rule: String,
    shadow: Option<KeptShadow>,
}

#[derive(Debug)]
struct Tally {
    /// The record of the first, which stands for the others.
    first: Arc<Receipt>,
    began: Duration,
    count: u64,
}

/// A count whose time is up.
#[derive(Debug)]
pub(crate) struct Tallied {
    kind: Kind,
    first: u64,
    count: u64,
    over: Duration,
}

impl Kind {
    pub(crate) fn of(
        (window, origin, command, rule): (&str, &str, &str, &str),
        shadow: Option<Shadow<'_>>,
    ) -> Self {
        Self {
            window: window.to_owned(),
            origin: origin.to_owned(),
            command: command.to_owned(),
            rule: rule.to_owned(),
            shadow: shadow.map(KeptShadow::of),
        }
    }
}

impl Tallies {
    /// Counts a call of `kind`, where one of the same period stands in the log: that record is what
    /// allows it to go on. `None`: it is to be written, and [`begin`](Self::begin) told of it.
    pub(crate) fn count(&mut self, kind: &Kind, now: Duration) -> Option<Arc<Receipt>> {
        // A count that could not be written says that the log cannot be: this call is to find out
        // whether that is still so.
        if !self.owed.is_empty() {
            return None;
        }
        let tally = self.kinds.get_mut(kind)?;
        if now.saturating_sub(tally.began) >= PERIOD {
            return None;
        }
        tally.count = tally.count.saturating_add(1);
        Some(Arc::clone(&tally.first))
    }

    /// Whether no kind is being counted and nothing is owed.
    pub(crate) fn is_empty(&self) -> bool {
        self.kinds.is_empty() && self.owed.is_empty()
    }

    /// Begins a period with the call whose record is `first`.
    pub(crate) fn begin(&mut self, kind: Kind, first: Arc<Receipt>, now: Duration) {
        if self.kinds.len() >= MAX_KINDS && !self.kinds.contains_key(&kind) {
            return;
        }
        let fresh = Tally { first, began: now, count: 0 };
        if let Some(before) = self.kinds.insert(kind.clone(), fresh) {
            self.owed.extend(before.told(kind, now));
        }
    }

    /// Writes the counts whose time is up, or all of them, by `write`; one that cannot be written is
    /// kept, with those after it.
    pub(crate) fn tell<E>(
        &mut self,
        now: Duration,
        all: bool,
        mut write: impl FnMut(&Tallied) -> Result<(), E>,
    ) -> Result<(), E> {
        let age = if all { Duration::ZERO } else { PERIOD };
        let old = self.kinds.extract_if(|_, tally| now.saturating_sub(tally.began) >= age);
        let mut due: Vec<Tallied> = old.filter_map(|(kind, tally)| tally.told(kind, now)).collect();
        due.sort_by_key(|tallied| tallied.first);
        self.owed.append(&mut due);
        while let Some(oldest) = self.owed.first() {
            write(oldest)?;
            self.owed.remove(0);
        }
        Ok(())
    }
}

impl Tally {
    fn told(self, kind: Kind, now: Duration) -> Option<Tallied> {
        let (first, over) = (self.first.seq(), now.saturating_sub(self.began));
        (self.count > 0).then_some(Tallied { kind, first, count: self.count, over })
    }
}

impl Tallied {
    /// The same as an event for the log.
    pub(crate) fn event(&self) -> Event<'_> {
        Event::Counted(Counted {
            window: &self.kind.window,
            origin: &self.kind.origin,
            command: &self.kind.command,
            verdict: Verdict::Allow,
            rule: &self.kind.rule,
            first: self.first,
            count: self.count,
            millis: u64::try_from(self.over.as_millis()).unwrap_or(u64::MAX),
            shadow: self.kind.shadow.as_ref().map(KeptShadow::event),
        })
    }
}
