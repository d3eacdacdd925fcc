//! Refusals that repeat. A page that asks ten thousand times a second for what it may not have
//! would fill the disk and hide everything else: the first few refusals of a kind are written in
//! full, the others counted. Allowed calls are counted only where the policy says so: see
//! `tallies`.

use std::collections::HashMap;
use std::time::Duration;

use super::event::{Event, Repeated, Shadow, Verdict};

/// How many of a kind are written in full in each [`PERIOD`]: enough to see how the calls differ.
const IN_FULL: u64 = 8;

/// How long counts are kept back: a follower sees at least one record of a flood each second.
const PERIOD: Duration = Duration::from_secs(1);

/// How many kinds are told apart at once. A page that makes up a new command for each call goes
/// beyond that; its further refusals are one kind for each window.
const MAX_KINDS: usize = 1024;

/// Characters kept of each name of a kind; beyond that, two names are told apart no more.
const MAX_NAME: usize = 256;

/// The refusals of the last while, by kind.
#[derive(Debug, Default)]
pub struct Repeats {
    kinds: HashMap<Kind, Tally>,
}

/// What makes two refusals the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    window: String,
    origin: String,
    command: String,
    reason: String,
    shadow: Option<KeptShadow>,
}

/// What an observed policy says, as it is kept with a count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct KeptShadow {
    verdict: Verdict,
    reason: Option<String>,
    rule: Option<String>,
}

impl KeptShadow {
    pub(super) fn of(shadow: Shadow<'_>) -> Self {
        let Shadow { verdict, reason, rule } = shadow;
        // A rule is the policy's own text, and there are as many as the policy has.
        Self { verdict, reason: reason.map(kept), rule: rule.map(str::to_owned) }
    }

    pub(super) fn event(&self) -> Shadow<'_> {
        let Self { verdict, reason, rule } = self;
        Shadow { verdict: *verdict, reason: reason.as_deref(), rule: rule.as_deref() }
    }
}

#[derive(Debug)]
struct Tally {
    began: Duration,
    written: u64,
    counted: u64,
}

/// What to do with a refusal.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// Write it in full.
    Write,
    /// It is counted: [`Repeats::due`] will tell.
    Counted,
}

impl Repeats {
    /// Takes note of a refusal at `now`, a time since any fixed start. The first of its kind is
    /// always written.
    pub fn note(
        &mut self,
        (window, origin, command, reason): (&str, &str, &str, &str),
        shadow: Option<Shadow<'_>>,
        now: Duration,
    ) -> Telling {
        let kind = |command: &str| Kind {
            window: kept(window),
            origin: kept(origin),
            command: kept(command),
            reason: kept(reason),
            shadow: shadow.map(KeptShadow::of),
        };
        let mut kind_of_it = kind(command);
        if self.kinds.len() >= MAX_KINDS && !self.kinds.contains_key(&kind_of_it) {
            kind_of_it = kind("*");
        }
        let fresh = Tally { began: now, written: 0, counted: 0 };
        let tally = self.kinds.entry(kind_of_it).or_insert(fresh);
        if tally.written < IN_FULL {
            tally.written = tally.written.saturating_add(1);
            return Telling::Write;
        }
        tally.counted = tally.counted.saturating_add(1);
        Telling::Counted
    }

    /// The counts whose time is up at `now`; to be asked about once a second.
    #[must_use]
    pub fn due(&mut self, now: Duration) -> Vec<Told> {
        self.take(now, PERIOD)
    }

    /// Whether no kind is being counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// All the counts there are; to be asked at the end.
    #[must_use]
    pub fn rest(&mut self, now: Duration) -> Vec<Told> {
        self.take(now, Duration::ZERO)
    }

    fn take(&mut self, now: Duration, age: Duration) -> Vec<Told> {
        let old = self.kinds.extract_if(|_, tally| now.saturating_sub(tally.began) >= age);
        let mut due: Vec<Told> = old
            .filter(|(_, tally)| tally.counted > 0)
            .map(|(kind, tally)| Told {
                kind,
                count: tally.counted,
                over: now.saturating_sub(tally.began),
            })
            .collect();
        due.sort_by(|a, b| {
            (&a.kind.window, &a.kind.command).cmp(&(&b.kind.window, &b.kind.command))
        });
        due
    }
}

/// Refusals of one kind that were not written in full.
#[derive(Debug)]
pub struct Told {
    kind: Kind,
    count: u64,
    over: Duration,
}

impl Told {
    /// The same as an event for the log.
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        Event::Repeated(Repeated {
            window: &self.kind.window,
            origin: &self.kind.origin,
            command: &self.kind.command,
            reason: &self.kind.reason,
            count: self.count,
            millis: u64::try_from(self.over.as_millis()).unwrap_or(u64::MAX),
            shadow: self.kind.shadow.as_ref().map(KeptShadow::event),
        })
    }
}

pub(super) fn kept(name: &str) -> String {
    name.chars().take(MAX_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: (&str, &str, &str, &str) =
        ("preview", "app://notes", "fs.write_text", "not-allowed");

    fn counts(due: &[Told]) -> Vec<(&str, u64)> {
        due.iter().map(|counted| (counted.kind.command.as_str(), counted.count)).collect()
    }

    #[test]
    fn h02_a_flood_is_counted_but_never_its_first() {
        let mut repeats = Repeats::default();
        let told: Vec<Telling> =
            (0..1212).map(|n| repeats.note(CALL, None, Duration::from_micros(n))).collect();
        assert!(told[..8].iter().all(|telling| *telling == Telling::Write));
        assert!(told[8..].iter().all(|telling| *telling == Telling::Counted));
        assert!(repeats.due(Duration::from_millis(999)).is_empty());
        assert_eq!(counts(&repeats.due(Duration::from_secs(1))), [("fs.write_text", 1204)]);
        assert!(repeats.due(Duration::from_secs(9)).is_empty(), "told once");
        assert_eq!(repeats.note(CALL, None, Duration::from_secs(9)), Telling::Write);
    }

    #[test]
    fn each_kind_has_its_own_first() {
        let mut repeats = Repeats::default();
        for _ in 0..20 {
            let _ = repeats.note(CALL, None, Duration::ZERO);
        }
        let (window, origin, command, reason) = CALL;
        for other in [
            ("editor", origin, command, reason),
            (window, "app://other", command, reason),
            (window, origin, "fs.remove", reason),
            (window, origin, command, "rate"),
        ] {
            assert_eq!(repeats.note(other, None, Duration::ZERO), Telling::Write, "{other:?}");
        }
        assert_eq!(counts(&repeats.rest(Duration::ZERO)), [("fs.write_text", 12)]);
    }

    #[test]
    fn what_an_observed_policy_says_is_summed_apart() {
        let mut repeats = Repeats::default();
        let shadow = Shadow { verdict: Verdict::Allow, reason: None, rule: Some("next.toml:3") };
        for n in 0..30 {
            let _ = repeats.note(CALL, (n % 3 == 0).then_some(shadow), Duration::ZERO);
        }
        let due = repeats.rest(Duration::ZERO);
        let mut told: Vec<_> = due
            .iter()
            .map(|told| {
                let Event::Repeated(repeated) = told.event() else { panic!("a count") };
                (repeated.count, repeated.shadow)
            })
            .collect();
        told.sort_by_key(|(count, _)| *count);
        assert_eq!(told, [(2, Some(shadow)), (12, None)]);
    }

    #[test]
    fn names_made_up_for_each_call_take_bounded_room() {
        let mut repeats = Repeats::default();
        let (window, origin, _, reason) = CALL;
        let mut written = 0;
        for n in 0..10_000 {
            let command = format!("{n}{}", "x".repeat(1000));
            let told = repeats.note((window, origin, &command, reason), None, Duration::ZERO);
            written += usize::from(told == Telling::Write);
        }
        assert_eq!(written, MAX_KINDS + 8);
        let due = repeats.rest(Duration::ZERO);
        assert_eq!(counts(&due), [("*", 10_000 - (MAX_KINDS as u64 + 8))]);
        assert!(due[0].kind.command.len() <= MAX_NAME);
    }
}
