//! A moment of the calendar, for capabilities that expire on a date. Asking a clock is the caller's
//! work.

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
    fn a_begun_second_is_over() {
        let at =
            |millis: u64| WallTime::from(SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
        assert_eq!([at(0), at(1), at(1_000)].map(WallTime::unix), [0, 1, 1]);
        let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1_500);
        assert_eq!(WallTime::from(before).unix(), -1);
    }
}
