//! A capability: what some windows may do.

use toml::de::DeTable;

use super::At;
use super::date::read_moment;
use super::entry::{WrittenEntry, read_entries};
use super::file::{read_audience, read_id, read_platforms};
use super::reader::Reader;
use super::uses::{WrittenUse, read_uses};
use crate::diagnostics::Span;
use crate::platform::Platform;
use crate::time::WallTime;

/// What some windows may do.
#[derive(Debug)]
pub(crate) struct WrittenCapability {
    pub(crate) id: At<String>,
    pub(crate) description: Option<At<String>>,
    pub(crate) windows: Vec<At<String>>,
    /// `None`: the app's own pages.
    pub(crate) origins: Option<Vec<At<String>>>,
    /// `None`: all of them.
    pub(crate) platforms: Option<Vec<Platform>>,
    pub(crate) expires: Option<At<WallTime>>,
    pub(crate) observe: bool,
    pub(crate) uses: Vec<WrittenUse>,
    pub(crate) allow: Vec<WrittenEntry>,
    pub(crate) deny: Vec<WrittenEntry>,
    pub(crate) dangerous: Option<At<String>>,
}

pub(super) fn read_capability<'s>(
    reader: &mut Reader<'s, '_>,
    table: &DeTable<'s>,
    span: Span,
) -> Option<WrittenCapability> {
    let known = [
        "id",
        "description",
        "windows",
        "origins",
        "platforms",
        "expires",
        "observe",
        "use",
        "allow",
        "deny",
        "dangerous",
    ];
    reader.only(table, "a capability", &known);
    let description = reader.optional_string(table, "description");
    let dangerous = reader.said(table, "dangerous");
    let (allow, deny) = read_entries(reader, table);
    let origins = read_audience(reader, table, "origins", "local");
    let windows = read_audience(reader, table, "windows", "main");
    if !table.contains_key("windows") {
        reader.missing(span, "a capability", "windows", "write `windows = [\"main\"]`");
    }
    Some(WrittenCapability {
        id: read_id(reader, table, span, "a capability", "editor")?,
        description,
        windows: windows?,
        origins,
        platforms: read_platforms(reader, table),
        expires: table.get("expires").and_then(|node| {
            let value = read_moment(reader, node, "expires")?;
            Some(At { value, span: node.span().into() })
        }),
        observe: reader.boolean(table, "observe"),
        uses: read_uses(reader, table),
        allow,
        deny,
        dangerous,
    })
}
