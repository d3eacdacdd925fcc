//! Values: on one line where they fit, else broken where they have parts.
//!
//! A list that is too long has an item a line. A table that is too long fills its lines, each but
//! the first two columns further in: what an entry is about stands first, and how it runs beneath.

use toml_edit::{Array, Decor, InlineTable, Key, Value};

use super::WIDTH;
use super::comments::{Before, trailing};
use super::order::Kind;
use super::tables::text;

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// What it is.
    pub(super) kind: Kind,
    /// The indentation of the line that it begins on.
    pub(super) indent: usize,
    /// The column that it begins at.
    pub(super) column: usize,
    /// How many characters must follow it on its last line.
    pub(super) after: usize,
}

/// A value, its later lines indented from the start of the line.
pub(super) fn write(value: &Value, place: Place) -> String {
    let line = (!has_comment(value)).then(|| flat(value, place.kind));
    // A list of entries reads best as a table of them.
    let is_table =
        matches!(value, Value::Array(array) if array.len() > 1) && place.kind.is_listed();
    if let Some(line) = line.filter(|line| !is_table && (fits(line, place) || is_whole(value))) {
        return line;
    }
    match value {
        Value::Array(array) => list(array, place),
        Value::InlineTable(table) if !table.is_empty() => fill(table, place),
        Value::InlineTable(_)
        | Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => verbatim(value),
    }
}

/// Whether there is no place to break it at.
fn is_whole(value: &Value) -> bool {
    match value {
        Value::Array(array) => array.is_empty(),
        Value::InlineTable(table) => table.is_empty(),
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => true,
    }
}

/// A key, in quotes only where it needs them.
pub(super) fn key(key: &Key) -> String {
    key.default_repr().as_raw().as_str().map_or_else(|| key.to_string(), str::to_owned)
}

fn fits(line: &str, place: Place) -> bool {
    let width = line.chars().count().saturating_add(place.column).saturating_add(place.after);
    // A text of several lines is as its author has it.
    !line.contains('\n') && width <= WIDTH
}

/// The value on one line.
fn flat(value: &Value, kind: Kind) -> String {
    match value {
        Value::Array(array) => {
            let items: Vec<_> = array.iter().map(|item| flat(item, kind)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::InlineTable(table) if table.is_empty() => "{}".to_owned(),
        Value::InlineTable(table) => {
            let pairs: Vec<_> = pairs(table, kind)
                .into_iter()
                .map(|(name, value, inner)| format!("{name} = {}", flat(value, inner)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::String(string) => quoted(string),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            verbatim(value)
        }
    }
}

/// A literal string in basic quotes, where it has nothing that these would have to escape.
fn quoted(string: &toml_edit::Formatted<String>) -> String {
    let written = string.display_repr();
    let is_plain = !string.value().chars().any(|c| matches!(c, '"' | '\\') || c.is_control());
    if is_plain && written.starts_with('\'') && !written.starts_with("'''") {
        return format!("\"{}\"", string.value());
    }
    written.into_owned()
}

/// The list with an item a line.
fn list(array: &Array, place: Place) -> String {
    let indent = place.indent.saturating_add(2);
    let mut out = "[".to_owned();
    // A comment between an item and its comma comes to stand behind the comma.
    let mut suffix = "";
    for item in array {
        let between = format!("{suffix}{}", text(item.decor().prefix()));
        comments(&mut out, &between, indent, |below| below);
        out.extend(std::iter::repeat_n(' ', indent));
        let inner = Place { kind: place.kind, indent, column: indent, after: 1 };
        out.push_str(&write(item, inner));
        out.push(',');
        suffix = text(item.decor().suffix());
    }
    let between = format!("{suffix}{}", text(Some(array.trailing())));
    comments(&mut out, &between, indent, Before::last);
    out.extend(std::iter::repeat_n(' ', place.indent));
    out.push(']');
    out
}

/// What stands between two items: a comment on the line of the one before, then lines.
fn comments(out: &mut String, raw: &str, indent: usize, shaped: impl Fn(Before) -> Before) {
    let (same_line, below) = raw.split_once('\n').unwrap_or((raw, ""));
    let is_first = out.ends_with('[');
    out.push_str(&trailing(same_line));
    out.push('\n');
    let below = shaped(Before::read(below));
    // Directly behind the bracket no distance is needed.
    let below = if is_first { below.first() } else { below };
    below.write(out, indent);
}

/// The table with as many members on a line as fit.
fn fill(table: &InlineTable, place: Place) -> String {
    if has_comment_inside(table) {
        return verbatim(&Value::InlineTable(table.clone()));
    }
    let indent = place.indent.saturating_add(2);
    let mut out = "{".to_owned();
    let mut column = place.column.saturating_add(1);
    let pairs = pairs(table, place.kind);
    let last = pairs.len().saturating_sub(1);
    for (at, (name, value, inner)) in pairs.into_iter().enumerate() {
        // A comma, or the bracket and what comes after it.
        let after = if at == last { place.after.saturating_add(2) } else { 1 };
        let head = format!("{name} = ");
        let line = format!("{head}{}", flat(value, inner));
        let here = Place { kind: inner, indent, column: column.saturating_add(1), after };
        if at == 0 || fits(&line, here) {
            out.push(' ');
            column = column.saturating_add(1);
        } else {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        }
        let start = column.saturating_add(head.chars().count());
        let value = write(value, Place { kind: inner, indent, column: start, after });
        out.push_str(&head);
        out.push_str(&value);
        column = match value.rsplit_once('\n') {
            Some((_, end)) => end.chars().count(),
            None => start.saturating_add(value.chars().count()),
        };
        if at < last {
            out.push(',');
            column = column.saturating_add(1);
        }
    }
    out.push_str(" }");
    out
}

/// The members of an inline table, in order, each with what it is.
fn pairs(table: &InlineTable, kind: Kind) -> Vec<(String, &Value, Kind)> {
    let mut found = table.get_values();
    found.sort_by_key(|(keys, _)| keys.first().map(|key| kind.rank(key.get())));
    let named = |(keys, value): (Vec<&Key>, _)| {
        let names: Vec<_> = keys.iter().map(|one| key(one)).collect();
        let inner = keys.iter().fold(kind, |kind, key| kind.of(key.get()));
        (names.join("."), value, inner)
    };
    found.into_iter().map(named).collect()
}

/// Whether a comment stands within the value.
fn has_comment(value: &Value) -> bool {
    match value {
        Value::Array(array) => {
            text(Some(array.trailing())).contains('#')
                || array.iter().any(|item| decor_has_comment(item.decor()) || has_comment(item))
        }
        Value::InlineTable(table) => has_comment_inside(table),
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => false,
    }
}

fn has_comment_inside(table: &InlineTable) -> bool {
    let in_keys = |keys: &[&Key]| {
        let decors = keys.iter().flat_map(|key| [key.leaf_decor(), key.dotted_decor()]);
        decors.into_iter().any(decor_has_comment)
    };
    text(Some(table.trailing())).contains('#')
        || table.get_values().into_iter().any(|(keys, value)| {
            in_keys(&keys) || decor_has_comment(value.decor()) || has_comment(value)
        })
}

fn decor_has_comment(decor: &Decor) -> bool {
    text(decor.prefix()).contains('#') || text(decor.suffix()).contains('#')
}

/// The value as it was written.
fn verbatim(value: &Value) -> String {
    let mut value = value.clone();
    value.decor_mut().clear();
    value.to_string().trim().to_owned()
}
