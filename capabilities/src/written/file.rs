//! A policy file: its version, its permissions, its capabilities.

use toml::de::{DeTable, DeValue};

use super::At;
use super::entry::{WrittenEntry, read_entries};
use super::reader::{Node, Reader};
use crate::diagnostics::{Diagnostic, Diagnostics, FileText, Span};

/// The one version of the language.
const VERSION: &str = "1";

/// The most bytes of one line. A longer one is not written by hand, and finding columns in it
/// would cost its length for each entry.
const MAX_LINE_BYTES: usize = 16 * 1024;

/// A policy file.
#[derive(Debug)]
pub(crate) struct WrittenFile {
    /// Whether the text was TOML: what a broken one lost is not missed a second time.
    pub(crate) is_whole: bool,
    pub(crate) permissions: Vec<WrittenPermission>,
    pub(crate) capabilities: Vec<WrittenCapability>,
}

/// Entries with a name, to be used by capabilities.
#[derive(Debug)]
pub(crate) struct WrittenPermission {
    pub(crate) id: At<String>,
    pub(crate) allow: Vec<WrittenEntry>,
    pub(crate) deny: Vec<WrittenEntry>,
}

/// What some windows may do.
#[derive(Debug)]
pub(crate) struct WrittenCapability {
    pub(crate) id: At<String>,
    pub(crate) description: Option<At<String>>,
    pub(crate) windows: Vec<At<String>>,
    /// `None`: the app's own pages.
    pub(crate) origins: Option<Vec<At<String>>>,
    pub(crate) uses: Vec<At<String>>,
    pub(crate) allow: Vec<WrittenEntry>,
    pub(crate) deny: Vec<WrittenEntry>,
    pub(crate) dangerous: Option<At<String>>,
}

/// Reads a file, and reports all that is wrong with its form.
pub(crate) fn read_file<'s>(file: &'s FileText<'s>, diagnostics: &mut Diagnostics) -> WrittenFile {
    let mut reader = Reader { file, diagnostics };
    if let Some(span) = file.line_longer_than(MAX_LINE_BYTES) {
        let place = reader.place(Span { start: span.start, end: span.start });
        let message = "a line of a policy file is at most 16 KiB long";
        reader.report(Diagnostic::error("too-much", &place, message).help("break the line"));
        return WrittenFile { is_whole: false, permissions: Vec::new(), capabilities: Vec::new() };
    }
    let (document, errors) = DeTable::parse_recoverable(file.text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0).into();
        let message = format!("not TOML: {}", error.message());
        let place = reader.place(span);
        reader.report(Diagnostic::error("toml-syntax", &place, message));
    }
    read_document(&mut reader, document.get_ref(), errors.is_empty())
}

fn read_document<'s>(
    reader: &mut Reader<'s, '_>,
    document: &DeTable<'s>,
    is_whole: bool,
) -> WrittenFile {
    reader.only(document, "a policy file", &["version", "permission", "capability"]);
    match document.get("version") {
        Some(version) => check_version(reader, version),
        None if is_whole => {
            let start = Span { start: 0, end: 0 };
            reader.missing(start, "a policy file", "version", "begin the file with `version = 1`");
        }
        // A broken file may well have lost it with the line that is broken.
        None => {}
    }
    let permissions = reader.tables(document, "permission", "write `[[permission]]`");
    let capabilities = reader.tables(document, "capability", "write `[[capability]]`");
    WrittenFile {
        is_whole,
        permissions: permissions
            .into_iter()
            .filter_map(|(table, span)| read_permission(reader, table, span))
            .collect(),
        capabilities: capabilities
            .into_iter()
            .filter_map(|(table, span)| read_capability(reader, table, span))
            .collect(),
    }
}

fn check_version(reader: &mut Reader<'_, '_>, version: &Node<'_>) {
    if let DeValue::Integer(number) = version.get_ref() {
        if number.as_str() != VERSION {
            let place = reader.place(version.span().into());
            let message = format!("there is no version `{number}` of the policy language");
            reader.report(
                Diagnostic::error("unknown-version", &place, message).help("write `version = 1`"),
            );
        }
    } else {
        reader.wrong_type(version, "version", "an integer", "write `version = 1`");
    }
}

fn read_permission<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
    span: Span,
) -> Option<WrittenPermission> {
    reader.only(table, "a permission", &["id", "description", "allow", "deny"]);
    reader.optional_string(table, "description");
    let (allow, deny) = read_entries(reader, table);
    let id = read_id(reader, table, span, "a permission", "notes:read")?;
    Some(WrittenPermission { id, allow, deny })
}

fn read_capability<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
    span: Span,
) -> Option<WrittenCapability> {
    let known = ["id", "description", "windows", "origins", "use", "allow", "deny", "dangerous"];
    reader.only(table, "a capability", &known);
    let description = reader.optional_string(table, "description");
    let dangerous = reader.said(table, "dangerous");
    let (allow, deny) = read_entries(reader, table);
    let uses = table.get("use").and_then(|node| reader.strings(node, "use"));
    let origins = read_audience(reader, table, "origins", "local");
    let windows = read_audience(reader, table, "windows", "main");
    if !table.contains_key("windows") {
        reader.missing(span, "a capability", "windows", "write `windows = [\"main\"]`");
    }
    let id = read_id(reader, table, span, "a capability", "editor")?;
    Some(WrittenCapability {
        id,
        description,
        windows: windows?,
        origins,
        uses: uses.map(|uses| uses.value).unwrap_or_default(),
        allow,
        deny,
        dangerous,
    })
}

/// Reads whom a capability is for.
fn read_audience<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
    key: &str,
    example: &str,
) -> Option<Vec<At<String>>> {
    let node = table.get(key)?;
    let help = format!("write `{key} = [\"{example}\"]`");
    reader.not_empty(node, key, "this capability is for nobody", &help);
    reader.strings(node, key).map(|list| list.value)
}

fn read_id<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
    span: Span,
    of: &str,
    example: &str,
) -> Option<At<String>> {
    let Some(node) = table.get("id") else {
        reader.missing(span, of, "id", &format!("write `id = \"{example}\"`"));
        return None;
    };
    let id = reader.string(node, "id")?;
    let is_id_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    if id.value.is_empty() || id.value.len() > 64 || !id.value.bytes().all(is_id_byte) {
        let place = reader.place(id.span);
        let message = "an id is 1 to 64 letters, digits, `-`, `_`, `.` and `:`";
        let help = format!("write it like `{example}`");
        reader.report(Diagnostic::error("bad-id", &place, message).help(help));
    }
    Some(id)
}
