//! The `use` list of a capability or a permission: ids of permissions, with values for the
//! parameters that these have.

use toml::de::DeTable;

use super::At;
use super::reader::{Node, Reader};
use crate::diagnostics::Span;

/// One permission that is used.
#[derive(Debug, Clone)]
pub(crate) struct WrittenUse {
    pub(crate) id: At<String>,
    pub(crate) values: Vec<Value>,
}

/// The value of one parameter: a text, or several of which each is meant.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub(crate) name: At<String>,
    pub(crate) texts: Vec<At<String>>,
    /// Where the whole of it stands.
    pub(crate) span: Span,
}

/// Reads `["notes:read", { id = "files:read", dir = "$DOCUMENTS" }]`.
pub(super) fn read_uses<'s>(reader: &mut Reader<'s, '_>, table: &DeTable<'s>) -> Vec<WrittenUse> {
    let help = "write `use = [\"notes:read\"]`, or `use = [{ id = \"files:read\", dir = \"$DOCUMENTS\" }]`";
    let wanted = "a list of permission ids, or of tables with an `id`";
    let Some(node) = table.get("use") else {
        return Vec::new();
    };
    let Some(items) = node.get_ref().as_array() else {
        reader.wrong_type(node, "use", wanted, help);
        return Vec::new();
    };
    let mut uses = Vec::with_capacity(items.len());
    for item in items.iter() {
        if let Some(id) = item.get_ref().as_str() {
            let id = At { value: id.to_owned(), span: item.span().into() };
            uses.push(WrittenUse { id, values: Vec::new() });
        } else if let Some(table) = item.get_ref().as_table() {
            uses.extend(read_use(reader, table, item.span().into()));
        } else {
            reader.wrong_type(item, "use", wanted, help);
        }
    }
    uses
}

fn read_use<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
    span: Span,
) -> Option<WrittenUse> {
    let values = read_values(reader, table, &["id"]);
    let Some(id) = table.get("id") else {
        reader.missing(span, "a `use`", "id", "write `{ id = \"files:read\", … }`");
        return None;
    };
    Some(WrittenUse { id: reader.string(id, "id")?, values })
}

/// Reads the members of a table that are the values of parameters.
pub(super) fn read_values<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
    except: &[&str],
) -> Vec<Value> {
    let mut values = Vec::new();
    for (key, node) in table {
        let name: &str = key.get_ref();
        if except.contains(&name) {
            continue;
        }
        if let Some(texts) = read_texts(reader, node, name) {
            let name = At { value: name.to_owned(), span: key.span().into() };
            values.push(Value { name, texts, span: node.span().into() });
        }
    }
    values
}

fn read_texts<'s>(
    reader: &mut Reader<'s, '_>,
    node: &Node<'s>,
    name: &str,
) -> Option<Vec<At<String>>> {
    if let Some(text) = node.get_ref().as_str() {
        return Some(vec![At { value: text.to_owned(), span: node.span().into() }]);
    }
    if !node.get_ref().is_array() {
        let help = format!("write `{name} = \"…\"`, or `{name} = [\"…\", \"…\"]` for each of them");
        reader.wrong_type(node, name, "a string or a list of strings", &help);
        return None;
    }
    reader.not_empty(node, name, "nothing is left of what it is put into", "write a value");
    reader.strings(node, name).map(|list| list.value)
}
