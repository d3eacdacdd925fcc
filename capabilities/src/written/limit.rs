//! The `limit` table of an allow entry, and the sizes and times in it.

use std::time::Duration;

use toml::de::DeTable;

use super::reader::{Node, Reader};
use crate::diagnostics::Diagnostic;
use crate::limits::{Limits, PerSecond, Rate};

/// Units of size, in bytes.
const SIZES: [(&str, u64); 4] =
    [("B", 1), ("KiB", 1024), ("MiB", 1024 * 1024), ("GiB", 1024 * 1024 * 1024)];

/// Units of time, in milliseconds.
const TIMES: [(&str, u64); 3] = [("ms", 1), ("s", 1_000), ("m", 60_000)];

/// Units of a rate, in seconds.
const PERIODS: [(&str, u32); 3] = [("s", 1), ("m", 60), ("h", 3_600)];

/// Reads `{ rate, burst, in_flight, bytes, deadline }`.
pub(super) fn read_limit<'s>(reader: &mut Reader<'s, '_>, node: &Node<'s>) -> Limits {
    let Some(table) = reader.table(node, "limit") else {
        return Limits::default();
    };
    reader.only(table, "`limit`", &["rate", "burst", "in_flight", "bytes", "deadline"]);
    Limits {
        rate: read_rate(reader, table),
        in_flight: read_count(reader, table, "in_flight"),
        bytes: table.get("bytes").and_then(|node| read_size(reader, node, "bytes")),
        deadline: table.get("deadline").and_then(|node| read_time(reader, node)),
    }
}

/// Reads `"1 MiB"`.
pub(super) fn read_size(reader: &mut Reader<'_, '_>, node: &Node<'_>, key: &str) -> Option<u64> {
    let help = format!("write `{key} = \"64 KiB\"`, in B, KiB, MiB or GiB");
    let Some(text) = node.get_ref().as_str() else {
        reader.wrong_type(node, key, "a size", &help);
        return None;
    };
    let size =
        number_and_unit(text).and_then(|(number, unit)| number.checked_mul(unit_of(&SIZES, unit)?));
    or_report(reader, node, size.filter(|size| *size > 0), "a size", &help)
}

fn read_time(reader: &mut Reader<'_, '_>, node: &Node<'_>) -> Option<Duration> {
    let help = "write `deadline = \"2s\"`, in ms, s or m";
    let Some(text) = node.get_ref().as_str() else {
        reader.wrong_type(node, "deadline", "a length of time", help);
        return None;
    };
    let millis =
        number_and_unit(text).and_then(|(number, unit)| number.checked_mul(unit_of(&TIMES, unit)?));
    let millis = millis.filter(|millis| *millis > 0);
    or_report(reader, node, millis, "a length of time", help).map(Duration::from_millis)
}

fn read_rate(reader: &mut Reader<'_, '_>, table: &DeTable<'_>) -> Option<Rate> {
    let help = "write `rate = \"20/s\"`, per s, m or h";
    let burst = read_count(reader, table, "burst");
    let Some(node) = table.get("rate") else {
        if let Some(node) = table.get("burst") {
            let place = reader.place(node.span().into());
            let message = "`burst` means nothing without a `rate`";
            reader.report(Diagnostic::error("bad-limit", &place, message).help(help));
        }
        return None;
    };
    let Some(text) = node.get_ref().as_str() else {
        reader.wrong_type(node, "rate", "a rate", help);
        return None;
    };
    let rate = text.split_once('/').and_then(|(calls, unit)| {
        let calls = whole_number(calls.trim())?;
        let per_second =
            PerSecond::new(u32::try_from(calls).ok()?, unit_of(&PERIODS, unit.trim())?)?;
        Some(Rate { per_second, burst: burst.unwrap_or(per_second.calls()) })
    });
    or_report(reader, node, rate, "a rate", help)
}

fn read_count(reader: &mut Reader<'_, '_>, table: &DeTable<'_>, key: &str) -> Option<u32> {
    let node = table.get(key)?;
    let help = format!("write `{key} = 2`");
    let Some(number) = node.get_ref().as_integer() else {
        reader.wrong_type(node, key, "an integer", &help);
        return None;
    };
    let count = u32::from_str_radix(number.as_str(), number.radix()).ok();
    or_report(reader, node, count.filter(|count| *count > 0), "a count from 1", &help)
}

fn or_report<T>(
    reader: &mut Reader<'_, '_>,
    node: &Node<'_>,
    value: Option<T>,
    wanted: &str,
    help: &str,
) -> Option<T> {
    if value.is_none() {
        let place = reader.place(node.span().into());
        let written = reader.file.text.get(node.span()).unwrap_or_default();
        let message = format!("`{}` is not {wanted}", written.trim_matches('"'));
        reader.report(Diagnostic::error("bad-limit", &place, message).help(help));
    }
    value
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let (number, unit) = text.split_at_checked(text.find(|c: char| !c.is_ascii_digit())?)?;
    Some((whole_number(number)?, unit.trim_start()))
}

/// Digits alone: `u64::from_str` would take `+5`.
fn whole_number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn unit_of<T: Copy>(units: &[(&str, T)], unit: &str) -> Option<T> {
    units.iter().find(|(name, _)| *name == unit).map(|(_, value)| *value)
}
