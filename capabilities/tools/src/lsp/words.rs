//! A grant in words, from the document as it is written: it need not compile for its author to be
//! told what it would say.

use toml::de::{DeTable, DeValue};

use super::tree;

/// Whom an entry is for, in words: of a capability the windows and the pages, of a permission
/// whoever uses it.
pub(super) fn audience(owner: &DeTable<'_>, is_capability: bool) -> String {
    let mut words = if is_capability {
        let windows = tree::strings(owner, "windows").unwrap_or_default();
        let windows = match windows.as_slice() {
            [] => "no window".to_owned(),
            [(one, _)] => format!("window `{one}`"),
            _ => format!("windows {}", quoted(&windows, "and")),
        };
        format!("{windows} at {}", pages(owner))
    } else {
        let id = tree::string(owner, "id").map_or("this permission", |(id, _)| id);
        format!("whoever uses `{id}`")
    };
    if let Some(platforms) = tree::strings(owner, "platforms") {
        words.push_str(&format!(" (on {} only)", quoted(&platforms, "and")));
    }
    if let Some(DeValue::Datetime(expires)) = owner.get("expires").map(|value| value.get_ref()) {
        words.push_str(&format!(" (until {expires})"));
    }
    if owner.get("observe").is_some_and(|value| value.get_ref().as_bool() == Some(true)) {
        words.push_str(" (observed, not enforced)");
    }
    words
}

/// What an entry says, in a sentence.
pub(super) fn grant(audience: &str, effect: &str, entry: &DeTable<'_>) -> String {
    let may = if effect == "deny" { "may not call" } else { "may call" };
    let commands = tree::strings(entry, "commands").unwrap_or_default();
    let commands =
        if commands.is_empty() { "nothing".to_owned() } else { quoted(&commands, "and") };
    let mut words = format!("{audience} {may} {commands}");
    for (key, on, nothing) in
        [("path", "on", "a path"), ("url", "to", "an address"), ("key", "for", "a key")]
    {
        match tree::strings(entry, key) {
            Some(list) if list.is_empty() && effect == "allow" => {
                words.push_str(&format!(
                    " with {nothing} of an empty list, so that no call matches"
                ));
            }
            Some(list) if !list.is_empty() => {
                words.push_str(&format!(" {on} {}", quoted(&list, "or")));
            }
            _ => {}
        }
    }
    if entry.contains_key("args") {
        words.push_str(", with arguments that meet a schema");
    }
    for part in [ask(entry), limits(entry), result(entry), audit(entry)].into_iter().flatten() {
        words.push_str(&format!(", {part}"));
    }
    if let Some((why, _)) = tree::string(entry, "dangerous") {
        words.push_str(&format!("; wide on purpose: {why}"));
    }
    words
}

fn pages(owner: &DeTable<'_>) -> String {
    let Some(origins) = tree::strings(owner, "origins") else {
        return "the app's own pages".to_owned();
    };
    let (local, others): (Vec<_>, Vec<_>) =
        origins.into_iter().partition(|(origin, _)| *origin == "local");
    match (local.is_empty(), others.is_empty()) {
        (true, true) => "no page".to_owned(),
        (false, true) => "the app's own pages".to_owned(),
        (true, false) => format!("pages of {}", quoted(&others, "and")),
        (false, false) => format!("the app's own pages and those of {}", quoted(&others, "and")),
    }
}

fn limits(entry: &DeTable<'_>) -> Option<String> {
    let limit = entry.get("limit")?.get_ref().as_table()?;
    let mut parts = Vec::new();
    if let Some((rate, _)) = tree::string(limit, "rate") {
        parts.push(rate_in_words(rate));
    }
    if let Some(burst) = number(limit, "burst") {
        parts.push(format!("{burst} of them together after a pause"));
    }
    if let Some(most) = number(limit, "in_flight") {
        parts.push(format!("{most} at the same time"));
    }
    if let Some((bytes, _)) = tree::string(limit, "bytes") {
        parts.push(format!("{bytes} of arguments a call"));
    }
    if let Some((deadline, _)) = tree::string(limit, "deadline") {
        parts.push(format!("{deadline} a call"));
    }
    (!parts.is_empty()).then(|| format!("at most {}", parts.join(", ")))
}

fn rate_in_words(rate: &str) -> String {
    let Some((calls, unit)) = rate.split_once('/') else {
        return rate.to_owned();
    };
    let unit = match unit.trim() {
        "s" => "second",
        "m" => "minute",
        "h" => "hour",
        other => other,
    };
    let article = if unit == "hour" { "an" } else { "a" };
    format!("{} {article} {unit}", calls.trim())
}

fn result(entry: &DeTable<'_>) -> Option<String> {
    let result = entry.get("result")?.get_ref().as_table()?;
    let mut parts = Vec::new();
    if let Some(keep) = tree::strings(result, "keep") {
        parts.push(format!("and is answered {} alone", quoted(&keep, "and")));
    }
    if let Some(omit) = tree::strings(result, "omit").filter(|list| !list.is_empty()) {
        parts.push(format!("and is answered all but {}", quoted(&omit, "and")));
    }
    if let Some((size, _)) = tree::string(result, "max_bytes") {
        parts.push(format!("answers being at most {size}"));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn ask(entry: &DeTable<'_>) -> Option<String> {
    let table = entry.get("ask").and_then(|ask| ask.get_ref().as_table());
    let when = tree::string(table.unwrap_or(entry), if table.is_some() { "when" } else { "ask" });
    when.map(|(when, _)| format!("the person being asked first ({when})"))
}

fn audit(entry: &DeTable<'_>) -> Option<String> {
    let audit = entry.get("audit")?.get_ref().as_table()?;
    let is_counted = tree::string(audit, "calls").is_some_and(|(calls, _)| calls == "counted");
    let shows = audit.get("args").is_some_and(|value| value.get_ref().as_bool() == Some(true));
    let logged = if is_counted { "counted in the log" } else { "logged one by one" };
    let values = if shows { ", with the values of the arguments" } else { "" };
    Some(format!("{logged}{values}"))
}

fn number<'t>(table: &'t DeTable<'t>, key: &str) -> Option<&'t str> {
    table.get(key)?.get_ref().as_integer().map(|number| number.as_str())
}

/// `a`, `b` and `c`, each in backticks.
pub(super) fn quoted<T>(names: &[(&str, T)], and: &str) -> String {
    let mut words = String::new();
    for (index, (name, _)) in names.iter().enumerate() {
        match (index, index.saturating_add(1) == names.len()) {
            (0, _) => {}
            (_, true) => words.push_str(&format!(" {and} ")),
            (_, false) => words.push_str(", "),
        }
        words.push_str(&format!("`{name}`"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_in_words() {
        let cases = [
            (
                "windows = ['editor', 'editor-*']\nallow = [{ commands = ['fs.write_text'], path = \
                 ['$APPDATA/notes/*.md'], limit = { rate = '20/s', bytes = '1 MiB' } }]",
                "windows `editor` and `editor-*` at the app's own pages may call `fs.write_text` on \
                 `$APPDATA/notes/*.md`, at most 20 a second, 1 MiB of arguments a call",
            ),
            (
                "windows = ['main']\norigins = ['local', 'https://a.example']\nplatforms = \
                 ['linux']\nexpires = 2027-01-01T00:00:00Z\ndeny = [{ commands = ['a.b', 'c.*'], \
                 url = ['https://b.example', 'https://c.example'] }]",
                "window `main` at the app's own pages and those of `https://a.example` (on \
                 `linux` only) (until 2027-01-01T00:00:00Z) may not call `a.b` and `c.*` to \
                 `https://b.example` or `https://c.example`",
            ),
            (
                "windows = ['a']\norigins = ['https://a.example']\nallow = [{ commands = ['x'], key \
                 = [], args = {}, result = { keep = ['/a', '/b'], max_bytes = '1 KiB' }, limit = { \
                 rate = '3/h', burst = 2, in_flight = 1, deadline = '2s' }, dangerous = 'why' }]",
                "window `a` at pages of `https://a.example` may call `x` with a key of an empty \
                 list, so that no call matches, with arguments that meet a schema, at most 3 an \
                 hour, 2 of them together after a pause, 1 at the same time, 2s a call, and is \
                 answered `/a` and `/b` alone, answers being at most 1 KiB; wide on purpose: why",
            ),
            ("allow = [{}]", "no window at the app's own pages may call nothing"),
        ];
        for (text, expected) in cases {
            let document = DeTable::parse(text).unwrap();
            let owner = document.get_ref();
            let effect = if text.contains("deny") { "deny" } else { "allow" };
            let (entry, _) = tree::tables(owner, effect).next().unwrap();
            assert_eq!(grant(&audience(owner, true), effect, entry), expected);
        }
    }
}
