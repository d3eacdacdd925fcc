//! A permission: entries with a name, to be used by capabilities and by other permissions.

use toml::de::DeTable;

use super::At;
use super::entry::{WrittenEntry, read_entries};
use super::file::{read_id, read_platforms};
use super::reader::Reader;
use super::uses::{Value, WrittenUse, read_uses, read_values};
use crate::diagnostics::{Diagnostic, Span};
use crate::platform::Platform;

/// Entries with a name. One that uses others is a set of permissions.
#[derive(Debug)]
pub(crate) struct WrittenPermission {
    pub(crate) id: At<String>,
    /// `None`: all of them.
    pub(crate) platforms: Option<Vec<Platform>>,
    /// The names that stand for a text which whoever uses the permission says.
    pub(crate) params: Vec<At<String>>,
    /// The texts where nobody says one.
    pub(crate) defaults: Vec<Value>,
    pub(crate) uses: Vec<WrittenUse>,
    pub(crate) allow: Vec<WrittenEntry>,
    pub(crate) deny: Vec<WrittenEntry>,
}

pub(super) fn read_permission<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
    span: Span,
) -> Option<WrittenPermission> {
    let known = ["id", "description", "platforms", "params", "defaults", "use", "allow", "deny"];
    reader.only(table, "a permission", &known);
    reader.optional_string(table, "description");
    let (allow, deny) = read_entries(reader, table);
    let params = table.get("params").and_then(|node| reader.strings(node, "params"));
    let params = params.map(|list| list.value).unwrap_or_default();
    check_names(reader, &params);
    let defaults = table.get("defaults").and_then(|node| reader.table(node, "defaults"));
    Some(WrittenPermission {
        platforms: read_platforms(reader, table),
        defaults: defaults.map(|table| read_values(reader, table, &[])).unwrap_or_default(),
        params,
        uses: read_uses(reader, table),
        allow,
        deny,
        id: read_id(reader, table, span, "a permission", "notes:read")?,
    })
}

fn check_names(reader: &mut Reader<'_, '_>, params: &[At<String>]) {
    for (at, param) in params.iter().enumerate() {
        let place = reader.place(param.span);
        let name = &param.value;
        let is_word = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let (label, help) = if !is_word || name == "id" {
            ("a parameter is a lower-case word, and not `id`", "write `params = [\"dir\"]`")
        } else if params.iter().take(at).any(|before| before.value == *name) {
            ("the second of this name", "leave it out")
        } else {
            continue;
        };
        let message = format!("`{name}` is not the name of a parameter");
        reader.report(Diagnostic::error("bad-param", &place, message).label(label).help(help));
    }
}
