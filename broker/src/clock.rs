//! The clock that a token's life and rates are measured by: it counts suspend, and no change of the
//! wall clock moves it. Everything that decides takes a [`Moment`] as an argument; only the
//! edges ask for [`Moment::now`].

use std::time::{Duration, SystemTime};

use sidegate_capabilities::WallTime;

/// The present by both clocks. Whatever is measured is measured by the moment; only the dates that
/// a policy names are held against the calendar, which whoever sets the machine's clock can move.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) moment: Moment,
    pub(crate) wall: WallTime,
}

impl Now {
    /// Asks both clocks.
    pub(crate) fn read() -> Self {
        Self { moment: Moment::now(), wall: SystemTime::now().into() }
    }
}

/// Nanoseconds since the machine started, the time it slept included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    /// The present, from `CLOCK_BOOTTIME`.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn now() -> Self {
        use rustix::time::{ClockId, clock_gettime};
        let time = clock_gettime(ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds))
    }

    /// The present, counted from the first call; where the system has no clock that counts
    /// suspend, expiry is late by the time slept.
    #[cfg(not(target_os = "linux"))]
    #[must_use]
    pub fn now() -> Self {
        use std::sync::OnceLock;
        use std::time::Instant;
        static START: OnceLock<Instant> = OnceLock::new();
        Self::from_nanos(
            u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX),
        )
    }

    /// A moment by its count of nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanoseconds: u64) -> Self {
        Self(nanoseconds)
    }

    /// Its count of nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// This moment and `span` more; the end of time where that overflows.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        let span = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(span))
    }

    /// The time from `earlier` to this moment; zero where `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_does_not_run_backwards_and_does_not_overflow() {
        let first = Moment::now();
        assert!(Moment::now() >= first);
        assert_eq!(Moment::from_nanos(u64::MAX).after(Duration::from_secs(1)).as_nanos(), u64::MAX);
        assert_eq!(Moment::from_nanos(1).since(Moment::from_nanos(2)), Duration::ZERO);
    }

    #[test]
    fn a_span_added_is_the_span_between() {
        let (first, span) = (Moment::from_nanos(7), Duration::new(2, 3));
        assert_eq!(first.after(span).as_nanos(), 2_000_000_010);
        assert_eq!(first.after(span).since(first), span);
    }
}
