//! What a policy says of itself: tests, which are calls and what becomes of them, and invariants,
//! which are calls that are never allowed.

use serde_json::{Map, Value};
use toml::de::DeTable;

use super::At;
use super::date::read_moment;
use super::entry::json_table;
use super::reader::Reader;
use crate::diagnostics::{Diagnostic, Span};
use crate::time::WallTime;
use crate::verdict::Effect;

/// A `[[test]]`.
#[derive(Debug)]
pub(crate) struct WrittenTest {
    pub(crate) span: Span,
    pub(crate) window: At<String>,
    pub(crate) origin: Option<At<String>>,
    pub(crate) call: At<String>,
    pub(crate) args: Map<String, Value>,
    pub(crate) expect: Effect,
    pub(crate) because: Option<At<String>>,
    pub(crate) at: Option<WallTime>,
}

/// A `[[never]]`.
#[derive(Debug)]
pub(crate) struct WrittenNever {
    pub(crate) span: Span,
    pub(crate) why: At<String>,
    pub(crate) commands: Vec<At<String>>,
    pub(crate) windows: Option<Vec<At<String>>>,
    pub(crate) except_windows: Vec<At<String>>,
    pub(crate) origins: Option<Vec<At<String>>>,
    pub(crate) except_origins: Vec<At<String>>,
    pub(crate) path: Option<Vec<At<String>>>,
    pub(crate) url: Option<Vec<At<String>>>,
    pub(crate) key: Option<Vec<At<String>>>,
}

pub(super) fn read_test<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
    span: Span,
) -> Option<WrittenTest> {
    let known = ["window", "origin", "call", "args", "expect", "because", "at"];
    reader.only(table, "a test", &known);
    let mut needed = |key: &str, example: &str| {
        let Some(node) = table.get(key) else {
            reader.missing(span, "a test", key, &format!("write `{key} = \"{example}\"`"));
            return None;
        };
        reader.string(node, key)
    };
    let (window, call) = (needed("window", "main"), needed("call", "fs.read_text"));
    let expect = needed("expect", "deny").and_then(|text| read_expect(reader, &text));
    let args = match table.get("args") {
        Some(node) => json_table(reader, node, "args")?,
        None => Map::new(),
    };
    let origin = reader.optional_string(table, "origin");
    let because = reader.said(table, "because");
    let at = table.get("at").and_then(|node| read_moment(reader, node, "at"));
    Some(WrittenTest {
        span,
        window: window?,
        origin,
        call: call?,
        args,
        expect: expect?,
        because,
        at,
    })
}

fn read_expect(reader: &mut Reader<'_, '_>, text: &At<String>) -> Option<Effect> {
    match text.value.as_str() {
        "allow" => Some(Effect::Allow),
        "deny" => Some(Effect::Deny),
        other => {
            let place = reader.place(text.span);
            let message = format!("`{other}` is no verdict");
            let help = "write `expect = \"allow\"` or `expect = \"deny\"`";
            reader.report(Diagnostic::error("bad-verdict", &place, message).help(help));
            None
        }
    }
}

pub(super) fn read_never<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
    span: Span,
) -> Option<WrittenNever> {
    let known = [
        "why",
        "commands",
        "windows",
        "except_windows",
        "origins",
        "except_origins",
        "path",
        "url",
        "key",
    ];
    reader.only(table, "an invariant", &known);
    let mut list = |key: &str| {
        let node = table.get(key)?;
        let help = format!("leave `{key}` out, or write what it is about");
        reader.not_empty(node, key, "an empty list is about nothing", &help);
        reader.strings(node, key).map(|list| list.value)
    };
    let (windows, except_windows) = (list("windows"), list("except_windows"));
    let (origins, except_origins) = (list("origins"), list("except_origins"));
    let (path, url, key) = (list("path"), list("url"), list("key"));
    let commands = list("commands");
    if !table.contains_key("commands") {
        let help = "write `commands = [\"fs.write_*\"]`";
        reader.missing(span, "an invariant", "commands", help);
    }
    if !table.contains_key("why") {
        let help = "say in a few words why no such call may ever be allowed";
        reader.missing(span, "an invariant", "why", help);
    }
    let why = reader.said(table, "why")?;
    Some(WrittenNever {
        span,
        why,
        commands: commands?,
        windows,
        except_windows: except_windows.unwrap_or_default(),
        origins,
        except_origins: except_origins.unwrap_or_default(),
        path,
        url,
        key,
    })
}
