//! The `audit` table of an allow entry.

use super::entry::read_pointer;
use super::reader::{Node, Reader};
use crate::audit_rule::{AuditRule, CallRecords};
use crate::diagnostics::Diagnostic;

/// Reads `{ args, redact, calls }`.
pub(super) fn read_audit<'s>(reader: &mut Reader<'s, '_>, node: &Node<'s>) -> AuditRule {
    let Some(table) = reader.table(node, "audit") else {
        return AuditRule::default();
    };
    reader.only(table, "`audit`", &["args", "redact", "calls"]);
    let values = reader.boolean(table, "args");
    let redact = table.get("redact").and_then(|node| reader.strings(node, "redact"));
    let redact = redact.map(|list| list.value).unwrap_or_default();
    let redact = redact.iter().filter_map(|text| read_pointer(reader, text)).collect();
    let calls = table.get("calls").map(|node| read_calls(reader, node)).unwrap_or_default();
    AuditRule { values, redact, calls }
}

fn read_calls(reader: &mut Reader<'_, '_>, node: &Node<'_>) -> CallRecords {
    let help = "write `calls = \"each\"` or `calls = \"counted\"`";
    match node.get_ref().as_str() {
        Some("each") => CallRecords::Each,
        Some("counted") => CallRecords::Counted,
        Some(other) => {
            let place = reader.place(node.span().into());
            let message = format!("`{other}` is not how calls are recorded");
            reader.report(Diagnostic::error("bad-audit", &place, message).help(help));
            CallRecords::Each
        }
        None => {
            reader.wrong_type(node, "calls", "a string", help);
            CallRecords::Each
        }
    }
}
