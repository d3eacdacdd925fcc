//! A policy file: its version, the files it includes, and its tables.

use toml::de::{DeTable, DeValue};

use super::capability::{WrittenCapability, read_capability};
use super::permission::{WrittenPermission, read_permission};
use super::reader::{Node, Reader};
use super::statement::{WrittenNever, WrittenTest, read_never, read_test};
use super::{At, did_you_mean};
use crate::diagnostics::{Diagnostic, Diagnostics, FileText, Span};
use crate::platform::Platform;

/// The one version of the language.
const VERSION: &str = "1";

/// The most bytes of one line. A longer one is not written by hand, and finding columns in it
/// would cost its length for each entry.
const MAX_LINE_BYTES: usize = 16 * 1024;

/// A policy file.
#[derive(Debug, Default)]
pub(crate) struct WrittenFile {
    /// Whether the text was TOML: what a broken one lost is not missed a second time.
    pub(crate) is_whole: bool,
    pub(crate) includes: Vec<At<String>>,
    pub(crate) permissions: Vec<WrittenPermission>,
    pub(crate) capabilities: Vec<WrittenCapability>,
    pub(crate) tests: Vec<WrittenTest>,
    pub(crate) nevers: Vec<WrittenNever>,
}

/// Reads a file, and reports all that is wrong with its form.
pub(crate) fn read_file<'s>(file: &'s FileText<'s>, diagnostics: &mut Diagnostics) -> WrittenFile {
    let mut reader = Reader { file, diagnostics };
    if let Some(span) = file.line_longer_than(MAX_LINE_BYTES) {
        let place = reader.place(Span { start: span.start, end: span.start });
        let message = "a line of a policy file is at most 16 KiB long";
        reader.report(Diagnostic::error("too-much", &place, message).help("break the line"));
        return WrittenFile::default();
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
    let known = ["version", "include", "permission", "capability", "test", "never"];
    reader.only(document, "a policy file", &known);
    match document.get("version") {
        Some(version) => check_version(reader, version),
        None if is_whole => {
            let start = Span { start: 0, end: 0 };
            reader.missing(start, "a policy file", "version", "begin the file with `version = 1`");
        }
        // A broken file may well have lost it with the line that is broken.
        None => {}
    }
    let includes = document.get("include").and_then(|node| reader.strings(node, "include"));
    WrittenFile {
        is_whole,
        includes: includes.map(|list| list.value).unwrap_or_default(),
        permissions: read_all(reader, document, "permission", read_permission),
        capabilities: read_all(reader, document, "capability", read_capability),
        tests: read_all(reader, document, "test", read_test),
        nevers: read_all(reader, document, "never", read_never),
    }
}

fn read_all<'s, 'd, T>(
    reader: &mut Reader<'s, 'd>,
    document: &DeTable<'s>,
    key: &str,
    read: impl Fn(&mut Reader<'s, 'd>, &DeTable<'s>, Span) -> Option<T>,
) -> Vec<T> {
    let tables = reader.tables(document, key, &format!("write `[[{key}]]`"));
    tables.into_iter().filter_map(|(table, span)| read(reader, table, span)).collect()
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

/// Reads whom a capability is for.
pub(super) fn read_audience<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
    key: &str,
    example: &str,
) -> Option<Vec<At<String>>> {
    let node = table.get(key)?;
    let help = format!("write `{key} = [\"{example}\"]`");
    reader.not_empty(node, key, "this is for nobody", &help);
    reader.strings(node, key).map(|list| list.value)
}

/// Reads the operating systems that a table is for.
pub(super) fn read_platforms<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
) -> Option<Vec<Platform>> {
    let names = read_audience(reader, table, "platforms", "linux")?;
    let mut platforms = Vec::with_capacity(names.len());
    for name in &names {
        let known = Platform::ALL.into_iter().find(|platform| platform.name() == name.value);
        if let Some(platform) = known {
            platforms.push(platform);
            continue;
        }
        let place = reader.place(name.span);
        let message = format!("there is no platform `{}`", name.value);
        let nearest = did_you_mean(&name.value, Platform::ALL.map(Platform::name));
        let list = || "the platforms are `linux`, `macos` and `windows`".to_owned();
        reader.report(
            Diagnostic::error("unknown-platform", &place, message)
                .help(nearest.unwrap_or_else(list)),
        );
    }
    Some(platforms)
}

pub(super) fn read_id<'s>(
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
