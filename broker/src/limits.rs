//! Rates: how often a window may call a command. One atomic number a bucket, no clock; calls do not
//! wait for one another.
//!
//! Who decides how often is the policy; how many calls at once and how many bytes are counted
//! where they are held, in `session` and at the connection.

use std::collections::HashMap;

use sidegate_capabilities::{CommandName, Rate, WindowLabel};

use crate::clock::Moment;
use crate::sync::RwLock;
use crate::sync::atomic::{AtomicU64, Ordering};

/// A rate limiter after the generic cell rate algorithm (ITU-T I.371): it keeps the theoretical
/// arrival time of the next call, and lets a call through that is early by no more than the
/// burst allows. All in integers, nanoseconds.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    arrival: AtomicU64,
}

impl Bucket {
    /// A bucket for another rate that lacks as many calls as this one does `now`.
    fn at_rate(&self, from: Rate, to: Rate, now: Moment) -> Self {
        let early = self.arrival.load(Ordering::Acquire).saturating_sub(now.as_nanos());
        let calls = early.div_ceil(interval(from).max(1));
        let arrival = now.as_nanos().saturating_add(calls.saturating_mul(interval(to)));
        Self { arrival: AtomicU64::new(arrival) }
    }

    /// Takes one call at `now`, if `rate` allows it.
    pub(crate) fn take(&self, rate: Rate, now: Moment) -> bool {
        let interval = interval(rate);
        let tolerance = interval.saturating_mul(u64::from(rate.burst).saturating_sub(1));
        let now = now.as_nanos();
        let next = |arrival: u64| {
            let early = arrival.saturating_sub(now) > tolerance;
            (!early).then(|| arrival.max(now).saturating_add(interval))
        };
        self.arrival.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).is_ok()
    }
}

/// Nanoseconds from one call to the next.
fn interval(rate: Rate) -> u64 {
    u64::try_from(rate.per_second.interval().as_nanos()).unwrap_or(u64::MAX)
}

/// A bucket, and the rate that it is for.
type Rated = (Rate, Bucket);

/// The buckets of all windows. They are the window's and not the document's, so that a page
/// gains nothing by reloading itself.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    by_window: RwLock<HashMap<WindowLabel, HashMap<CommandName, Rated>>>,
}

impl Buckets {
    /// Takes one call of a window and a command at `now`, if `rate` allows it. Only commands that a
    /// policy names with a rate are asked for, so there are no more buckets than policies have such
    /// commands.
    ///
    /// A bucket outlives the policy: under another that names the same rate it is the same bucket, and
    /// under one with another rate as many calls of the burst are used up in it as were.
    pub(crate) fn take(
        &self,
        window: &WindowLabel,
        command: &CommandName,
        rate: Rate,
        now: Moment,
    ) -> bool {
        // Under the lock: what is taken from a bucket that is replaced just then, its successor would
        // not know of.
        let Ok(known) = self.by_window.read() else { return false };
        let found = known.get(window).and_then(|commands| commands.get(command));
        if let Some((_, bucket)) = found.filter(|(of, _)| *of == rate) {
            return bucket.take(rate, now);
        }
        drop(known);
        let Ok(mut known) = self.by_window.write() else { return false };
        let commands = known.entry(window.clone()).or_default();
        let fresh = || (rate, Bucket::default());
        let (of, bucket) = commands.entry(command.clone()).or_insert_with(fresh);
        if *of != rate {
            *bucket = bucket.at_rate(*of, rate, now);
            *of = rate;
        }
        bucket.take(rate, now)
    }
}

#[cfg(test)]
#[cfg(feature = "models")]
mod models;
#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;

    use sidegate_capabilities::PerSecond;

    const START: Moment = Moment::from_nanos(1_000_000_000_000);

    #[test]
    fn a_bucket_lets_the_burst_through_and_then_the_rate() {
        let rate = Rate { per_second: PerSecond::new(5, 1).unwrap(), burst: 3 };
        let bucket = Bucket::default();
        for (millis, expected) in [
            (0, true),
            (0, true),
            (0, true),
            (0, false),
            (199, false),
            (200, true),
            (201, false),
            (400, true),
            (10_000, true),
            (10_000, true),
            (10_000, true),
            (10_000, false),
        ] {
            let now = START.after(Duration::from_millis(millis));
            assert_eq!(bucket.take(rate, now), expected, "at {millis} ms");
        }
    }

    #[test]
    fn in_a_long_run_no_more_than_the_rate_gets_through() {
        let rate = Rate { per_second: PerSecond::new(20, 1).unwrap(), burst: 1 };
        let bucket = Bucket::default();
        let through = (0..60_000)
            .filter(|millis| bucket.take(rate, START.after(Duration::from_millis(*millis))))
            .count();
        assert_eq!(through, 60 * 20);
    }

    #[test]
    fn windows_and_commands_have_buckets_of_their_own() {
        let buckets = Buckets::default();
        let label = |text| WindowLabel::parse(text).unwrap();
        let command = |text| CommandName::parse(text).unwrap();
        let rate = Rate { per_second: PerSecond::new(1, 1).unwrap(), burst: 1 };
        for (window, name, expected) in [
            ("a", "fs.list", true),
            ("a", "fs.list", false),
            ("b", "fs.list", true),
            ("a", "fs.read_text", true),
            ("a", "fs.read_text", false),
        ] {
            let taken = buckets.take(&label(window), &command(name), rate, START);
            assert_eq!(taken, expected, "{window} {name}");
        }
    }

    #[test]
    fn another_rate_refills_nothing_and_owes_nothing_but_calls() {
        let buckets = Buckets::default();
        let (window, command) =
            (WindowLabel::parse("a").unwrap(), CommandName::parse("fs.list").unwrap());
        let rate = |calls, seconds, burst| Rate {
            per_second: PerSecond::new(calls, seconds).unwrap(),
            burst,
        };
        for (rate, millis, expected) in [
            (rate(1, 3600, 2), 0, true),
            (rate(1, 3600, 2), 0, true),
            (rate(1, 3600, 2), 0, false),
            // Two calls of the burst are used up; at ten a second that is two tenths of one.
            (rate(10, 1, 2), 0, false),
            (rate(10, 1, 2), 99, false),
            (rate(10, 1, 2), 100, true),
            (rate(10, 1, 2), 100, false),
            (rate(10, 1, 3), 100, true),
            (rate(10, 1, 3), 100, false),
        ] {
            let now = START.after(Duration::from_millis(millis));
            let taken = buckets.take(&window, &command, rate, now);
            assert_eq!(taken, expected, "{rate:?} at {millis} ms");
        }
    }
}
