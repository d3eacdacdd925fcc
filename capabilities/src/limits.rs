//! How much of a thing: the limits of an allow entry, and what "tightest" means for two of them.
//! Counting against a limit is the broker's work; there is no clock here.

use std::time::Duration;

/// The limits that hold for one command of one principal. `None` is "none of the policy's": the
/// broker has bounds of its own beneath.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Calls over time.
    pub rate: Option<Rate>,
    /// Most calls that run at once.
    pub in_flight: Option<u32>,
    /// Most bytes of the arguments of one call.
    pub bytes: Option<u64>,
    /// Longest time for one call.
    pub deadline: Option<Duration>,
}

/// A token bucket: how fast it fills, how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Calls a second, exactly.
    pub per_second: PerSecond,
    /// Most calls at once after a pause; at least one. Where a policy names none, it is the
    /// count of its rate: `5/m` may spend its five calls together.
    pub burst: u32,
}

/// A rate as an exact ratio, since five a minute is no whole number of calls a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerSecond {
    calls: u32,
    seconds: u32,
}

impl Limits {
    /// The tighter of two sets of limits, each taken by itself.
    #[must_use]
    pub fn tighten(self, other: Self) -> Self {
        Self {
            rate: either(self.rate, other.rate, Rate::tighten),
            in_flight: either(self.in_flight, other.in_flight, Ord::min),
            bytes: either(self.bytes, other.bytes, Ord::min),
            deadline: either(self.deadline, other.deadline, Ord::min),
        }
    }
}

impl Rate {
    /// The slower rate and the smaller burst.
    #[must_use]
    pub fn tighten(self, other: Self) -> Self {
        let slower = if other.per_second.interval() > self.per_second.interval() {
            other.per_second
        } else {
            self.per_second
        };
        Self { per_second: slower, burst: self.burst.min(other.burst) }
    }
}

impl PerSecond {
    /// `calls` in `seconds`; `None` where either is nought.
    #[must_use]
    pub fn new(calls: u32, seconds: u32) -> Option<Self> {
        (calls > 0 && seconds > 0).then_some(Self { calls, seconds })
    }

    /// Calls in [`PerSecond::seconds`].
    #[must_use]
    pub fn calls(self) -> u32 {
        self.calls
    }

    /// The span of time of [`PerSecond::calls`], in seconds.
    #[must_use]
    pub fn seconds(self) -> u32 {
        self.seconds
    }

    /// The time after which one more call is due, rounded down to a nanosecond.
    #[must_use]
    pub fn interval(self) -> Duration {
        let nanos = u64::from(self.seconds).saturating_mul(1_000_000_000);
        Duration::from_nanos(nanos.checked_div(u64::from(self.calls)).unwrap_or(u64::MAX))
    }
}

fn either<T>(a: Option<T>, b: Option<T>, tighter: impl FnOnce(T, T) -> T) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(tighter(a, b)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(calls: u32, seconds: u32, burst: u32) -> Option<Rate> {
        PerSecond::new(calls, seconds).map(|per_second| Rate { per_second, burst })
    }

    #[test]
    fn the_tighter_of_each_limit_is_taken_by_itself() {
        let fast = Limits { rate: rate(20, 1, 5), in_flight: Some(2), ..Limits::default() };
        let slow =
            Limits { rate: rate(5, 60, 10), in_flight: Some(3), bytes: Some(9), deadline: None };
        let both =
            Limits { rate: rate(5, 60, 5), in_flight: Some(2), bytes: Some(9), deadline: None };
        assert_eq!(fast.tighten(slow), both);
        assert_eq!(slow.tighten(fast), both);
        assert_eq!(Limits::default().tighten(fast), fast);
    }

    #[test]
    fn intervals() {
        let cases = [
            (1, 1, 1_000_000_000),
            (20, 1, 50_000_000),
            (5, 60, 12_000_000_000),
            (3, 1, 333_333_333),
        ];
        for (calls, seconds, nanos) in cases {
            let rate = PerSecond::new(calls, seconds).unwrap();
            assert_eq!(rate.interval(), Duration::from_nanos(nanos));
        }
        assert_eq!(PerSecond::new(0, 1), None);
        assert_eq!(PerSecond::new(1, 0), None);
    }
}
