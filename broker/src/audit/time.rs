//! Wall-clock time as people read it: RFC 3339, in UTC, to the microsecond. The order of records
//! is their number, never their time: clocks are set back.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};

/// The last microsecond of the year 9999: four digits are all that the form has.
const LAST: u64 = 253_402_300_799_999_999;

const MICROS: u64 = 1_000_000;
const DAY: u64 = 86_400;

/// A moment, in microseconds after the start of 1970; never before it, never after 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The moment that is `time`; the nearest one where there is none.
    #[must_use]
    pub fn of(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self(u64::try_from(since.as_micros()).unwrap_or(LAST).min(LAST))
    }

    /// The moment `before` this one.
    #[must_use]
    pub fn minus(self, before: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(before.as_micros()).unwrap_or(u64::MAX)))
    }

    /// In seconds since the start of 1970; a begun second counts, as it does for dates of a policy.
    #[must_use]
    pub fn unix(self) -> u64 {
        self.0.div_ceil(MICROS)
    }

    /// The moment written as `text` in RFC 3339, with any offset, or as a date alone.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = Rest(text.as_bytes());
        let days = days_of_civil(
            rest.number(4)?,
            rest.after(b'-')?.number(2)?,
            rest.after(b'-')?.number(2)?,
        )?;
        if rest.0.is_empty() {
            return Self::from_parts(days, 0, 0, 0);
        }
        rest.one_of(b"Tt ")?;
        let hour = rest.number(2)?;
        let minute = rest.after(b':')?.number(2)?;
        let second = rest.after(b':')?.number(2)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds =
            hour.checked_mul(3600)?.checked_add(minute.checked_mul(60)?)?.checked_add(second)?;
        let micros = rest.fraction()?;
        let offset = rest.offset()?;
        rest.0.is_empty().then(|| Self::from_parts(days, seconds, micros, offset))?
    }

    /// Appends the 27 characters of this moment.
    pub(super) fn push(self, buffer: &mut Vec<u8>) {
        let seconds = self.0 / MICROS;
        let (year, month, day) = civil_of_days(seconds / DAY);
        let clock = seconds % DAY;
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        for (value, from, to) in [
            (year, 0, 4),
            (month, 5, 7),
            (day, 8, 10),
            (clock / 3600, 11, 13),
            (clock / 60 % 60, 14, 16),
            (clock % 60, 17, 19),
            (self.0 % MICROS, 20, 26),
        ] {
            write_digits(text.get_mut(from..to).unwrap_or_default(), value);
        }
        buffer.extend_from_slice(&text);
    }

    fn from_parts(days: u64, seconds: u64, micros: u64, offset: i64) -> Option<Self> {
        let seconds = days.checked_mul(DAY)?.checked_add(seconds)?.checked_add_signed(offset)?;
        let moment = seconds.checked_mul(MICROS)?.checked_add(micros)?;
        (moment <= LAST).then_some(Self(moment))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(27);
        self.push(&mut text);
        f.write_str(str::from_utf8(&text).unwrap_or_default())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where a log takes its time from.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// The clock of the machine.
    #[must_use]
    pub fn system() -> Self {
        Self::new(SystemTime::now)
    }

    /// A clock of one's own.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The moment it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::of((self.0)())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// What is left of a text that is being read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn after(&mut self, byte: u8) -> Option<&mut Self> {
        self.one_of(&[byte])?;
        Some(self)
    }

    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        bytes.contains(first).then_some(*first)
    }

    fn number(&mut self, width: usize) -> Option<u64> {
        let (digits, rest) = self.0.split_at_checked(width)?;
        self.0 = rest;
        digits.iter().all(u8::is_ascii_digit).then_some(())?;
        str::from_utf8(digits).ok()?.parse().ok()
    }

    /// The microseconds of `.123456…`, if there is a fraction. Finer digits are dropped.
    fn fraction(&mut self) -> Option<u64> {
        let Some(digits) = self.0.strip_prefix(b".") else {
            return Some(0);
        };
        let width = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = digits.split_at_checked(width)?;
        self.0 = rest;
        let padded = digits.iter().chain(b"000000").take(6);
        let micros = padded.fold(0_u64, |sum, digit| {
            sum.saturating_mul(10).saturating_add(u64::from(digit.saturating_sub(b'0')))
        });
        (!digits.is_empty()).then_some(micros)
    }

    /// The seconds to add to come to UTC.
    fn offset(&mut self) -> Option<i64> {
        let sign = self.one_of(b"Zz+-")?;
        if sign.eq_ignore_ascii_case(&b'Z') {
            return Some(0);
        }
        let hours = self.number(2)?;
        let minutes = self.after(b':')?.number(2)?;
        if hours > 23 || minutes > 59 {
            return None;
        }
        let seconds = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?;
        let seconds = i64::try_from(seconds).ok()?;
        if sign == b'+' { seconds.checked_neg() } else { Some(seconds) }
    }
}

/// Writes `value` in as many digits as there are places. Each record has 20 of them: to divide by what
/// the compiler knows takes a tenth of what any division takes.
fn write_digits(places: &mut [u8], mut value: u64) {
    for place in places.iter_mut().rev() {
        *place = b'0'.saturating_add(u8::try_from(value % 10).unwrap_or_default());
        value /= 10;
    }
}

/// Year, month and day of a day after the start of 1970: Howard Hinnant's `civil_from_days`
/// (chrono-compatible low-level date algorithms) for days that are not negative.
#[expect(clippy::arithmetic_side_effects, reason = "a day lies before the year 10000: below 2^22")]
fn civil_of_days(days: u64) -> (u64, u64, u64) {
    let days = days.min(LAST / MICROS / DAY) + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

/// The day after the start of 1970 of a date that exists: the reverse of [`civil_of_days`].
#[expect(clippy::arithmetic_side_effects, reason = "checked first: 1970..=9999, 1..=12, 1..=31")]
fn days_of_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let shifted_year = year - u64::from(month <= 2);
    let of_era = shifted_year % 400;
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let days =
        shifted_year / 400 * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    // The thirtieth of February comes back as another day.
    (civil_of_days(days) == (year, month, day)).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_and_read() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_795_416_866_123_456, "2026-11-23T06:54:26.123456Z"),
            (4_107_542_399_999_999, "2100-02-28T23:59:59.999999Z"),
            (LAST, "9999-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(Timestamp(micros).to_string(), text);
            assert_eq!(Timestamp::parse(text), Some(Timestamp(micros)));
        }
    }

    #[test]
    fn other_writings_of_a_moment_are_read_and_none_is_guessed() {
        let moment = Timestamp::parse("2026-11-23T06:54:26Z");
        assert!(moment.is_some());
        for (text, same) in [
            ("2026-11-23t06:54:26z", true),
            ("2026-11-23 06:54:26.0000009Z", true),
            ("2026-11-23T07:54:26+01:00", true),
            ("2026-11-23T02:24:26-04:30", true),
            ("2026-11-23T06:54:26", false),
            ("2026-11-23T06:54:26.Z", false),
            ("2026-11-23T06:54:26Z ", false),
            ("2026-11-23T24:00:00Z", false),
            ("2026-02-30T06:54:26Z", false),
            ("2026-13-01T06:54:26Z", false),
            ("+026-11-23T06:54:26Z", false),
            ("1969-12-31T23:59:59Z", false),
            ("1970-01-01T00:00:00+01:00", false),
            ("", false),
        ] {
            let read = Timestamp::parse(text);
            assert_eq!(read.is_some() && read == moment, same, "{text}");
            assert!(same || read.is_none(), "{text}");
        }
        assert_eq!(Timestamp::parse("2026-11-23"), Timestamp::parse("2026-11-23T00:00:00Z"));
    }

    proptest::proptest! {
        #[test]
        fn every_moment_comes_back(micros in 0..=LAST) {
            assert_eq!(Timestamp::parse(&Timestamp(micros).to_string()), Some(Timestamp(micros)));
        }
    }
}
