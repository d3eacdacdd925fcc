//! A moment of the calendar, for capabilities that expire on a date. Asking a clock is the caller's
//! work.

use std::fmt;
use std::time::{Duration, SystemTime};

/// Whole seconds since 1970-01-01T00:00:00Z, leap seconds not counted; may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(i64);

impl WallTime {
    /// From seconds since 1970.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// In seconds since 1970.
    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }
}

/// In UTC, as a policy writes it: `2027-01-01T00:00:00Z`.
impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The seconds of a day.
        const DAY: i64 = 86_400;
        let (year, month, day) = date(self.0.div_euclid(DAY));
        let second = self.0.rem_euclid(DAY);
        let (hour, minute) = (second.div_euclid(3_600), second.div_euclid(60).rem_euclid(60));
        let second = second.rem_euclid(60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Year, month and day of the Gregorian calendar, by the days since the first of January 1970. As in a
/// year that begins in March, so that the leap day is its last.
fn date(days: i64) -> (i64, i64, i64) {
    /// The days of four hundred years.
    const ERA: i64 = 146_097;
    /// From the first of March of the year 0 on.
    const EPOCH: i64 = 719_468;
    let days = days.saturating_add(EPOCH);
    let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    // Without the leap days every year has 365.
    let leap_days = day
        .div_euclid(1_460)
        .saturating_sub(day.div_euclid(36_524))
        .saturating_add(day.div_euclid(146_096));
    let year = day.saturating_sub(leap_days).div_euclid(365);
    let before = year
        .saturating_mul(365)
        .saturating_add(year.div_euclid(4))
        .saturating_sub(year.div_euclid(100));
    let day = day.saturating_sub(before);
    // The months from March on have 153 days in five of them.
    let month = day.saturating_mul(5).saturating_add(2).div_euclid(153);
    let first = month.saturating_mul(153).saturating_add(2).div_euclid(5);
    let year = era.saturating_mul(400).saturating_add(year);
    let day = day.saturating_sub(first).saturating_add(1);
    match month {
        0..=9 => (year, month.saturating_add(3), day),
        _ => (year.saturating_add(1), month.saturating_sub(9), day),
    }
}

impl From<SystemTime> for WallTime {
    /// Rounds up: what has begun to expire has expired.
    fn from(time: SystemTime) -> Self {
        let whole = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self(whole(after).saturating_add(i64::from(after.subsec_nanos() > 0))),
            Err(before) => Self(whole(before.duration()).saturating_neg()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_a_policy_writes_it() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_798_761_600, "2027-01-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (1_830_297_599, "2027-12-31T23:59:59Z"),
        ] {
            assert_eq!(WallTime::from_unix(seconds).to_string(), expected, "{seconds}");
        }
    }

    #[test]
    fn a_begun_second_is_over() {
        let at =
            |millis: u64| WallTime::from(SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
        assert_eq!([at(0), at(1), at(1_000)].map(WallTime::unix), [0, 1, 1]);
        let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1_500);
        assert_eq!(WallTime::from(before).unix(), -1);
    }
}
