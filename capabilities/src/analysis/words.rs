//! Conditions of a call in words, and how two sets of them compare.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::ask::AskWhen;
use crate::audit_rule::{AuditPermit, CallRecords};
use crate::limits::{Limits, Rate};
use crate::result::ResultRule;
use crate::rule::Entry;

/// What holds for a call that is allowed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Conditions {
    pub(super) ask: Option<AskWhen>,
    pub(super) limits: Limits,
    pub(super) results: Vec<Arc<ResultRule>>,
    pub(super) audit: AuditPermit,
}

/// A condition that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct Shift {
    /// Whether it lets more through than before.
    pub looser: bool,
    /// Which condition: `ask`, `rate`, `burst`, `in_flight`, `bytes`, `deadline`, `result` or `audit`.
    pub condition: &'static str,
    /// What it was.
    pub before: String,
    /// What it is.
    pub after: String,
}

const NONE: &str = "none";

/// What is different from `old` to `new`.
pub(super) fn shifts(old: &Conditions, new: &Conditions) -> Vec<Shift> {
    let mut shifts = Vec::new();
    if old.ask != new.ask {
        let looser = !is_as_strict(new.ask, old.ask);
        let text = |ask: Option<AskWhen>| ask.map_or(NONE.to_owned(), |when| when.to_string());
        shifts.push(Shift {
            looser,
            condition: "ask",
            before: text(old.ask),
            after: text(new.ask),
        });
    }
    let interval = |limits: &Limits| limits.rate.map(|rate| rate.per_second.interval());
    let rates = (interval(&old.limits), interval(&new.limits));
    if rates.0 != rates.1 {
        // A longer interval is the tighter rate.
        let looser = match rates {
            (Some(before), Some(after)) => after < before,
            (before, _) => before.is_some(),
        };
        let text = |limits: &Limits| limits.rate.map_or(NONE.to_owned(), rate);
        let (before, after) = (text(&old.limits), text(&new.limits));
        shifts.push(Shift { looser, condition: "rate", before, after });
    }
    let mut most =
        |condition, before: Option<u128>, after: Option<u128>, text: &dyn Fn(u128) -> String| {
            if before != after {
                let looser = match (before, after) {
                    (Some(before), Some(after)) => after > before,
                    (before, _) => before.is_some(),
                };
                let text = |most: Option<u128>| most.map_or(NONE.to_owned(), text);
                shifts.push(Shift { looser, condition, before: text(before), after: text(after) });
            }
        };
    let burst = |limits: &Limits| limits.rate.map(|rate| rate.burst.into());
    let plain = |most: u128| most.to_string();
    let limits = (old.limits, new.limits);
    most("burst", burst(&limits.0), burst(&limits.1), &plain);
    let in_flight = |limits: &Limits| limits.in_flight.map(Into::into);
    most("in_flight", in_flight(&limits.0), in_flight(&limits.1), &plain);
    most("bytes", limits.0.bytes.map(Into::into), limits.1.bytes.map(Into::into), &|most| {
        size(u64::try_from(most).unwrap_or(u64::MAX))
    });
    let deadline = |limits: &Limits| limits.deadline.map(|deadline| deadline.as_millis());
    most("deadline", deadline(&limits.0), deadline(&limits.1), &|millis| {
        span(Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX)))
    });
    let filters = (Filter::of(&old.results), Filter::of(&new.results));
    if filters.0 != filters.1 {
        let looser = !filters.1.is_as_strict_as(&filters.0);
        let (before, after) = (filters.0.words(), filters.1.words());
        shifts.push(Shift { looser, condition: "result", before, after });
    }
    let audits = (Audit::of(&old.audit), Audit::of(&new.audit));
    // What is redacted holds for the whole command, whichever entry allows the call: see `diff::log`.
    if !audits.0.is_alike(&audits.1) {
        let looser = !audits.1.shows_no_more_than(&audits.0);
        let (before, after) = (audits.0.words(), audits.1.words());
        shifts.push(Shift { looser, condition: "audit", before, after });
    }
    shifts
}

/// Whether the one asks the person at least as often as the other.
fn is_as_strict(one: Option<AskWhen>, other: Option<AskWhen>) -> bool {
    match (one, other) {
        (_, None) => true,
        (one, Some(other)) => one.is_some_and(|one| one <= other),
    }
}

/// How often the person is asked by all of some entries: as often as any of them says.
pub(super) fn ask_of<'e>(entries: impl Iterator<Item = &'e Entry>) -> Option<AskWhen> {
    entries.filter_map(|entry| entry.ask.as_ref()).map(|ask| ask.when).min()
}

/// What the log gets by all of some entries.
pub(super) fn audit_of<'e>(entries: impl Iterator<Item = &'e Entry>) -> AuditPermit {
    let mut audit = AuditPermit::default();
    entries.for_each(|entry| audit.add(&entry.audit));
    audit
}

impl Conditions {
    /// Whether a call under these has nothing more to bear than under others.
    pub(super) fn are_no_stricter_than(&self, others: &Self) -> bool {
        shifts(others, self).iter().all(|shift| shift.looser)
            && Filter::of(&others.results).is_as_strict_as(&Filter::of(&self.results))
            && Audit::of(&others.audit).is_as_strict_as(&Audit::of(&self.audit))
    }

    /// Each of them, as a person says it.
    pub(super) fn words(&self) -> Vec<String> {
        let Limits { rate: most, in_flight, bytes, deadline } = self.limits;
        let filter = Filter::of(&self.results);
        let mut words = Vec::new();
        words.extend(self.ask.map(|when| format!("asks the person first ({when})")));
        words.extend(most.map(|most| format!("at most {}, burst {}", rate(most), most.burst)));
        words.extend(in_flight.map(|most| format!("at most {most} at once")));
        words.extend(bytes.map(|most| format!("arguments of at most {}", size(most))));
        words.extend(deadline.map(|most| format!("within {}", span(most))));
        if filter != Filter::default() {
            words.push(format!("result: {}", filter.words()));
        }
        let audit = Audit::of(&self.audit);
        if audit != Audit::of(&AuditPermit::default()) {
            words.push(format!("log: {}", audit.words()));
        }
        words
    }
}

/// The filters of one call taken together, in an order that is always the same.
#[derive(Debug, Default, PartialEq)]
struct Filter {
    omit: Vec<String>,
    keep: Vec<Vec<String>>,
    max_bytes: Option<u64>,
}

impl Filter {
    fn of(results: &[Arc<ResultRule>]) -> Self {
        let sorted = |pointers: &mut dyn Iterator<Item = String>| {
            let mut all: Vec<_> = pointers.collect();
            all.sort();
            all.dedup();
            all
        };
        let omit = results.iter().flat_map(|result| &result.omit);
        let keep = results.iter().filter_map(|result| result.keep.as_ref());
        let mut keep: Vec<_> =
            keep.map(|keep| sorted(&mut keep.iter().map(ToString::to_string))).collect();
        keep.sort();
        keep.dedup();
        Self {
            omit: sorted(&mut omit.map(ToString::to_string)),
            keep,
            max_bytes: results.iter().filter_map(|result| result.max_bytes).min(),
        }
    }

    /// Whether everything that `other` keeps back is kept back here.
    fn is_as_strict_as(&self, other: &Self) -> bool {
        let is_in = |pointer: &String, list: &[String]| list.iter().any(|one| covers(one, pointer));
        let narrower = |keep: &Vec<String>, than: &Vec<String>| {
            keep.iter().all(|pointer| is_in(pointer, than))
        };
        other.omit.iter().all(|pointer| is_in(pointer, &self.omit))
            && other.keep.iter().all(|than| self.keep.iter().any(|keep| narrower(keep, than)))
            && match (self.max_bytes, other.max_bytes) {
                (Some(mine), Some(other)) => mine <= other,
                (mine, None) => mine.is_some() || other.max_bytes.is_none(),
                (None, Some(_)) => false,
            }
    }

    fn words(&self) -> String {
        let list = |pointers: &[String]| {
            let ticked: Vec<_> = pointers.iter().map(|pointer| format!("`{pointer}`")).collect();
            ticked.join(", ")
        };
        let mut words = Vec::new();
        words.extend(self.keep.iter().map(|keep| format!("nothing but {}", list(keep))));
        if !self.omit.is_empty() {
            words.push(format!("without {}", list(&self.omit)));
        }
        words.extend(self.max_bytes.map(|most| format!("at most {}", size(most))));
        if words.is_empty() { "whole".to_owned() } else { words.join("; ") }
    }
}

/// What the log gets: fewer values and more records are the stricter.
#[derive(Debug, PartialEq)]
struct Audit {
    values: bool,
    redact: BTreeSet<String>,
    calls: CallRecords,
}

impl Audit {
    fn of(permit: &AuditPermit) -> Self {
        // Where values are not shown it is kept out of the digest all the same, and for other
        // entries of the command.
        let redact = permit.redacted().collect();
        Self { values: permit.values(), redact, calls: permit.calls() }
    }

    fn is_alike(&self, other: &Self) -> bool {
        (self.values, self.calls) == (other.values, other.calls)
    }

    fn shows_no_more_than(&self, other: &Self) -> bool {
        (!self.values || other.values) && self.calls <= other.calls
    }

    fn is_as_strict_as(&self, other: &Self) -> bool {
        let is_kept_out = |pointer: &String| self.redact.iter().any(|one| covers(one, pointer));
        self.shows_no_more_than(other) && other.redact.iter().all(is_kept_out)
    }

    fn words(&self) -> String {
        let values = if self.values { "with the arguments' values" } else { "without values" };
        let mut text = values.to_owned();
        if self.values && !self.redact.is_empty() {
            let all: Vec<_> = self.redact.iter().map(|pointer| format!("`{pointer}`")).collect();
            text += &format!(" but {}", all.join(", "));
        } else if !self.redact.is_empty() {
            text += " and digests";
        }
        match self.calls {
            CallRecords::Each => text,
            CallRecords::Counted => text + ", calls counted",
        }
    }
}

/// Whether a pointer is another one or what holds it.
pub(super) fn covers(above: &str, pointer: &str) -> bool {
    pointer.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn rate(rate: Rate) -> String {
    let (calls, seconds) = (rate.per_second.calls(), rate.per_second.seconds());
    match seconds {
        1 => format!("{calls}/s"),
        60 => format!("{calls}/m"),
        3_600 => format!("{calls}/h"),
        _ => format!("{calls} in {seconds} s"),
    }
}

fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let whole = units.into_iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    match whole {
        Some((unit, name)) => format!("{} {name}", bytes.checked_div(unit).unwrap_or(bytes)),
        None => format!("{bytes} bytes"),
    }
}

fn span(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{} s", time.as_secs())
    } else {
        format!("{} ms", time.as_millis())
    }
}
