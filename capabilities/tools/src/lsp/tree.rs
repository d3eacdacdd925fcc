//! A document as a tree with places: what is under a cursor, and what the tables hold. A broken
//! text has a tree as well, of what could be made out.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One step from the top of a document inwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'t> {
    /// Into the member of a table.
    Key(&'t str),
    /// Into the element of a list.
    Index(usize),
}

/// What is under a cursor.
#[derive(Debug)]
pub(super) struct Spot<'t> {
    pub(super) steps: Vec<Step<'t>>,
    pub(super) span: Range<usize>,
    pub(super) on: On<'t>,
}

/// Which part of a member.
#[derive(Debug, Clone, Copy)]
pub(super) enum On<'t> {
    /// Its name.
    Key,
    /// Its value.
    Value(&'t DeValue<'t>),
}

/// The innermost thing at a byte.
pub(super) fn spot<'t>(document: &'t DeTable<'t>, offset: usize) -> Option<Spot<'t>> {
    let mut steps = Vec::new();
    let (span, on) = in_table(document, offset, &mut steps)?;
    Some(Spot { steps, span, on })
}

/// The span of a node and the part of it that was hit. The parser bounds how deep a tree is.
type Hit<'t> = (Range<usize>, On<'t>);

fn in_table<'t>(
    table: &'t DeTable<'t>,
    offset: usize,
    steps: &mut Vec<Step<'t>>,
) -> Option<Hit<'t>> {
    for (key, value) in table {
        steps.push(Step::Key(key.get_ref()));
        // The table of a dotted key has the key's own span, and is not what is meant by it.
        let is_key = holds(&key.span(), offset);
        let inner = in_value(value, offset, steps);
        match inner {
            Some((span, On::Value(_))) if is_key && span == key.span() => {
                return Some((span, On::Key));
            }
            Some(hit) => return Some(hit),
            None if is_key => return Some((key.span(), On::Key)),
            None => {}
        }
        steps.pop();
    }
    None
}

fn in_value<'t>(
    value: &'t Spanned<DeValue<'t>>,
    offset: usize,
    steps: &mut Vec<Step<'t>>,
) -> Option<Hit<'t>> {
    let inner = match value.get_ref() {
        // What follows the header of a table is not within the header's span.
        DeValue::Table(table) => in_table(table, offset, steps),
        DeValue::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            steps.push(Step::Index(index));
            let hit = in_value(item, offset, steps);
            if hit.is_none() {
                steps.pop();
            }
            hit
        }),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => None,
    };
    let whole = || holds(&value.span(), offset).then(|| (value.span(), On::Value(value.get_ref())));
    inner.or_else(whole)
}

/// A cursor behind the last character of a word is on the word.
fn holds(span: &Range<usize>, offset: usize) -> bool {
    span.start <= offset && offset <= span.end
}

/// The value that some steps lead to.
pub(super) fn at<'t>(document: &'t DeTable<'t>, steps: &[Step<'_>]) -> Option<&'t DeValue<'t>> {
    let (first, rest) = steps.split_first()?;
    let Step::Key(key) = first else {
        return None;
    };
    let mut value = document.get(*key)?.get_ref();
    for step in rest {
        value = match step {
            Step::Key(key) => value.as_table()?.get(*key)?.get_ref(),
            Step::Index(index) => value.as_array()?.get(*index)?.get_ref(),
        };
    }
    Some(value)
}

/// The tables of a list, `[[capability]]` and the like, with the spans of their headers.
pub(super) fn tables<'t>(
    table: &'t DeTable<'t>,
    key: &str,
) -> impl Iterator<Item = (&'t DeTable<'t>, Range<usize>)> {
    let items = table.get(key).and_then(|value| value.get_ref().as_array());
    let items = items.into_iter().flat_map(|items| items.iter());
    items.filter_map(|item| Some((item.get_ref().as_table()?, item.span())))
}

/// A string, with its place.
pub(super) fn string<'t>(table: &'t DeTable<'t>, key: &str) -> Option<(&'t str, Range<usize>)> {
    let value = table.get(key)?;
    Some((value.get_ref().as_str()?, value.span()))
}

/// The strings of a list, with their places; `None` where there is no list.
pub(super) fn strings<'t>(
    table: &'t DeTable<'t>,
    key: &str,
) -> Option<Vec<(&'t str, Range<usize>)>> {
    let items = table.get(key)?.get_ref().as_array()?;
    Some(items.iter().filter_map(|item| Some((item.get_ref().as_str()?, item.span()))).collect())
}

/// The permissions that a capability or a permission uses: written as a name, or as a table with
/// parameters.
pub(super) fn uses<'t>(table: &'t DeTable<'t>) -> Vec<(&'t str, Range<usize>)> {
    let items = table.get("use").and_then(|value| value.get_ref().as_array());
    let used = items.into_iter().flat_map(|items| items.iter()).filter_map(|item| {
        match item.get_ref().as_table() {
            Some(with_parameters) => string(with_parameters, "id"),
            None => Some((item.get_ref().as_str()?, item.span())),
        }
    });
    used.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_thing_is_found_in_broken_texts_too() {
        let text = "version = 1\n[[capability]]\nid = \"ü\"\nallow = [{ commands = [\"x\"] }]\n\
                    limit.rate = \"1/s\"\n[[capability]]\nuse = [{ id = \"p\" }, { i";
        let cases = [
            ("version", "version key"),
            ("1\n", "version"),
            ("[[cap", "capability 0"),
            ("\"ü\"", "capability 0 id"),
            ("allow", "capability 0 allow key"),
            ("{ comm", "capability 0 allow 0"),
            ("commands", "capability 0 allow 0 commands key"),
            ("x\"", "capability 0 allow 0 commands 0"),
            ("limit", "capability 0 limit key"),
            ("\"1/s", "capability 0 limit rate"),
            ("p\"", "capability 1 use 0 id"),
        ];
        let (document, _) = DeTable::parse_recoverable(text);
        for (at, expected) in cases {
            let offset = text.find(at).unwrap();
            let spot = spot(document.get_ref(), offset).unwrap();
            let mut shown: Vec<_> = spot
                .steps
                .iter()
                .map(|step| match step {
                    Step::Key(key) => (*key).to_owned(),
                    Step::Index(index) => index.to_string(),
                })
                .collect();
            if matches!(spot.on, On::Key) {
                shown.push("key".to_owned());
            }
            assert_eq!(shown.join(" "), expected, "{at}");
        }
        assert!(spot(document.get_ref(), 11).is_some(), "behind a word is on it");
    }
}
