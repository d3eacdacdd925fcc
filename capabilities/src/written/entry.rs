//! An entry of an `allow` or a `deny` list.

use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};

use super::At;
use super::ask::read_ask;
use super::audit::read_audit;
use super::limit::{read_limit, read_size};
use super::reader::{Node, Reader};
use crate::ask::WrittenAsk;
use crate::audit_rule::AuditRule;
use crate::diagnostics::{Diagnostic, Span};
use crate::limits::Limits;
use crate::result::{Pointer, ResultRule};
use crate::verdict::Effect;

/// The keys that narrow an entry: what an entry of either list may have.
const NARROWING: [&str; 5] = ["commands", "path", "url", "key", "args"];

/// The keys that say how an allowed call runs.
const GRANTING: [&str; 5] = ["ask", "limit", "result", "audit", "dangerous"];

/// An entry of an `allow` or a `deny` list.
#[derive(Debug, Clone)]
pub(crate) struct WrittenEntry {
    pub(crate) span: Span,
    pub(crate) commands: Vec<At<String>>,
    pub(crate) path: Option<At<Vec<At<String>>>>,
    pub(crate) url: Option<At<Vec<At<String>>>>,
    pub(crate) key: Option<At<Vec<At<String>>>>,
    pub(crate) args: Option<At<WrittenSchema>>,
    pub(crate) ask: Option<WrittenAsk>,
    pub(crate) limits: Limits,
    pub(crate) result: Option<ResultRule>,
    pub(crate) audit: AuditRule,
    pub(crate) dangerous: Option<At<String>>,
}

/// A JSON Schema of the arguments.
#[derive(Debug, Clone)]
pub(crate) enum WrittenSchema {
    /// Written in the policy file, with the place of each of its members.
    Inline(Value, Spans),
    /// The name of a file beside the policy file.
    File(String),
}

/// The places of the members of an inline value, by JSON pointer.
pub(crate) type Spans = Vec<(String, Span)>;

/// Reads the `allow` and the `deny` list of a capability or a permission.
pub(super) fn read_entries<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
) -> (Vec<WrittenEntry>, Vec<WrittenEntry>) {
    let mut list = |effect: Effect| {
        let help = format!("write `{effect} = [{{ commands = [\"…\"] }}]`");
        let tables = reader.tables(table, &effect.to_string(), &help);
        tables.into_iter().map(|(table, span)| read_entry(reader, table, span, effect)).collect()
    };
    (list(Effect::Allow), list(Effect::Deny))
}

fn read_entry<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
    span: Span,
    effect: Effect,
) -> WrittenEntry {
    match effect {
        Effect::Allow => {
            reader.only(table, "an allow entry", &[&NARROWING[..], &GRANTING[..]].concat());
        }
        Effect::Deny => reader.only(table, "a deny entry", &NARROWING),
    }
    let mut scope = |key: &str| {
        let node = table.get(key)?;
        if effect == Effect::Deny {
            let help = format!("leave `{key}` out to deny the command altogether");
            reader.not_empty(node, key, "this denies nothing", &help);
        }
        reader.strings(node, key)
    };
    let (path, url, key) = (scope("path"), scope("url"), scope("key"));
    WrittenEntry {
        span,
        commands: read_commands(reader, table, span),
        path,
        url,
        key,
        args: table.get("args").and_then(|node| read_schema(reader, node)),
        ask: table.get("ask").and_then(|node| read_ask(reader, node)),
        limits: table.get("limit").map(|node| read_limit(reader, node)).unwrap_or_default(),
        result: table.get("result").and_then(|node| read_result(reader, node)),
        audit: table.get("audit").map(|node| read_audit(reader, node)).unwrap_or_default(),
        dangerous: reader.said(table, "dangerous"),
    }
}

fn read_commands<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
    span: Span,
) -> Vec<At<String>> {
    let help = "write `commands = [\"app.info\"]`";
    let Some(node) = table.get("commands") else {
        reader.missing(span, "an entry", "commands", help);
        return Vec::new();
    };
    reader.not_empty(node, "commands", "this entry is about nothing", help);
    reader.strings(node, "commands").map(|list| list.value).unwrap_or_default()
}

fn read_schema<'s>(reader: &mut Reader<'s, '_>, node: &Node<'s>) -> Option<At<WrittenSchema>> {
    let span = node.span().into();
    if let Some(file) = node.get_ref().as_str() {
        return Some(At { value: WrittenSchema::File(file.to_owned()), span });
    }
    if !node.get_ref().is_table() {
        let help = "write `args = { properties = { … } }`, or the name of a `.json` file";
        reader.wrong_type(node, "args", "a JSON Schema", help);
        return None;
    }
    let mut spans = Vec::new();
    let value = to_json(reader, node, "", &mut spans)?;
    Some(At { value: WrittenSchema::Inline(value, spans), span })
}

/// A table as the JSON object it stands for.
pub(super) fn json_table<'s>(
    reader: &mut Reader<'s, '_>,
    node: &Node<'s>,
    key: &str,
) -> Option<Map<String, Value>> {
    reader.table(node, key)?;
    match to_json(reader, node, "", &mut Vec::new())? {
        Value::Object(map) => Some(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            None
        }
    }
}

/// A TOML value as the JSON value it stands for; a date and a number out of range are none.
fn to_json(
    reader: &mut Reader<'_, '_>,
    node: &Node<'_>,
    pointer: &str,
    spans: &mut Spans,
) -> Option<Value> {
    let value = match node.get_ref() {
        DeValue::String(text) => Some(Value::String(text.to_string())),
        DeValue::Boolean(value) => Some(Value::Bool(*value)),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(Value::from)
        }
        DeValue::Float(number) => {
            number.as_str().parse().ok().and_then(Number::from_f64).map(Value::Number)
        }
        DeValue::Datetime(_) => None,
        DeValue::Array(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(at, item)| to_json(reader, item, &format!("{pointer}/{at}"), spans))
                .collect()
        }
        DeValue::Table(table) => {
            let mut map = Map::new();
            for (key, inner) in table {
                let name = key.get_ref().to_string();
                let inner_pointer = format!("{pointer}/{}", escape(&name));
                spans.push((inner_pointer.clone(), key.span().into()));
                map.insert(name, to_json(reader, inner, &inner_pointer, spans)?);
            }
            return Some(Value::Object(map));
        }
    };
    if value.is_none() && !node.get_ref().is_array() {
        let place = reader.place(node.span().into());
        let message = "this value has no counterpart in JSON";
        reader.report(
            Diagnostic::error("bad-value", &place, message)
                .help("JSON has strings, numbers, booleans, lists and tables"),
        );
    }
    value
}

/// A member's name as a part of a JSON pointer.
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn read_result<'s>(reader: &mut Reader<'s, '_>, node: &Node<'s>) -> Option<ResultRule> {
    let table = reader.table(node, "result")?;
    reader.only(table, "`result`", &["omit", "keep", "max_bytes"]);
    let mut pointers = |key: &str| {
        let list = table.get(key).and_then(|node| reader.strings(node, key))?;
        Some(list.value.into_iter().filter_map(|text| read_pointer(reader, &text)).collect())
    };
    let omit = pointers("omit").unwrap_or_default();
    let keep = pointers("keep");
    let max_bytes = table.get("max_bytes").and_then(|node| read_size(reader, node, "max_bytes"));
    Some(ResultRule { omit, keep, max_bytes })
}

pub(super) fn read_pointer(reader: &mut Reader<'_, '_>, text: &At<String>) -> Option<Pointer> {
    let pointer = Pointer::parse(&text.value);
    if pointer.is_none() {
        let place = reader.place(text.span);
        let message = format!("`{}` is not a JSON pointer", text.value);
        reader.report(
            Diagnostic::error("bad-pointer", &place, message)
                .help("write it like `/owner` or `/owner/name`"),
        );
    }
    pointer
}
