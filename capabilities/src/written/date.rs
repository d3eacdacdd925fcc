//! A moment of the calendar: a TOML date and time with an offset. One without an offset is another
//! moment in each time zone, and is refused.

use toml::de::DeValue;
use toml::value::{Datetime, Offset};

use super::reader::{Node, Reader};
use crate::diagnostics::Diagnostic;
use crate::time::WallTime;

/// Reads `2027-01-01T00:00:00Z`. A begun second counts as not begun: what ends, ends no later.
pub(super) fn read_moment(
    reader: &mut Reader<'_, '_>,
    node: &Node<'_>,
    key: &str,
) -> Option<WallTime> {
    let help = format!("write `{key} = 2027-01-01T00:00:00Z`");
    let DeValue::Datetime(written) = node.get_ref() else {
        reader.wrong_type(node, key, "a date and time", &help);
        return None;
    };
    let moment = moment(written);
    if moment.is_none() {
        let place = reader.place(node.span().into());
        let message = format!("`{written}` is another moment in each time zone");
        reader.report(Diagnostic::error("bad-time", &place, message).help(help));
    }
    moment
}

fn moment(written: &Datetime) -> Option<WallTime> {
    let (date, time, offset) = (written.date?, written.time?, written.offset?);
    let minutes_east = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes),
    };
    let days = days_since_1970(i64::from(date.year), i64::from(date.month), i64::from(date.day));
    let minutes = days
        .saturating_mul(24)
        .saturating_add(i64::from(time.hour))
        .saturating_mul(60)
        .saturating_add(i64::from(time.minute))
        .saturating_sub(minutes_east);
    let second = i64::from(time.second.unwrap_or(0));
    Some(WallTime::from_unix(minutes.saturating_mul(60).saturating_add(second)))
}

/// The days from the first of January 1970 to a day of the Gregorian calendar. The year begins in
/// March here, so that the leap day is its last: then the days before a month are
/// `(153 × month + 2) / 5`, and the rest is counting leap years. All divisions are of numbers that
/// are not negative, since TOML has no year before 0.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    /// The first of March of the year 0, seen from 1970.
    const EPOCH: i64 = 719_468;
    let (year, month) = match month {
        1 | 2 => (year.saturating_sub(1), month.saturating_add(9)),
        _ => (year, month.saturating_sub(3)),
    };
    let whole = |count: i64, by: i64| count.div_euclid(by);
    let leap_days =
        whole(year, 4).saturating_sub(whole(year, 100)).saturating_add(whole(year, 400));
    let before_month = whole(month.saturating_mul(153).saturating_add(2), 5);
    year.saturating_mul(365)
        .saturating_add(leap_days)
        .saturating_add(before_month)
        .saturating_add(day)
        .saturating_sub(1)
        .saturating_sub(EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let cases = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1969-12-31T23:59:59Z", Some(-1)),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2000-03-01T00:00:00Z", Some(951_868_800)),
            ("2026-11-25T15:52:03Z", Some(1_795_621_923)),
            ("2026-11-25T16:52:03.9+01:00", Some(1_795_621_923)),
            ("2026-11-25T10:22:03-05:30", Some(1_795_621_923)),
            ("2100-02-28T23:59:59Z", Some(4_107_542_399)),
            ("2100-03-01T00:00:00Z", Some(4_107_542_400)),
            ("0000-01-01T00:00:00Z", Some(-62_167_219_200)),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799)),
            ("2026-11-25T15:52:03", None),
            ("2026-11-25", None),
            ("15:52:03", None),
        ];
        for (text, unix) in cases {
            let written: Datetime = text.parse().unwrap();
            assert_eq!(moment(&written).map(WallTime::unix), unix, "{text}");
        }
    }
}
