//! Which other files a policy file names: the schemas and the policies that it includes. Those it
//! reads and no others, however many lie about.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use toml::de::{DeTable, DeValue};

/// The relative names of files that a text names, as far as it is TOML.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// By some `args`.
    pub(super) schemas: BTreeSet<String>,
    /// By `include`.
    pub(super) policies: BTreeSet<String>,
}

/// Finds them.
pub(super) fn named_in(text: &str) -> Named {
    let mut names = Named::default();
    // Most policies name none, and are not read twice.
    if text.contains(".json") || text.contains("include") {
        let (document, _) = DeTable::parse_recoverable(text);
        let included = document.get_ref().get("include").and_then(|node| node.get_ref().as_array());
        let included = included.into_iter().flat_map(|list| list.iter());
        let included = included.filter_map(|item| item.get_ref().as_str());
        names.policies =
            included.filter(|name| is_beneath(name, "toml")).map(str::to_owned).collect();
        let mut open: Vec<(&str, &DeValue<'_>)> = members(document.get_ref()).collect();
        while let Some((key, value)) = open.pop() {
            match value {
                DeValue::String(name) if key == "args" && is_beneath(name, "json") => {
                    names.schemas.insert(name.to_string());
                }
                DeValue::Array(items) => {
                    open.extend(items.iter().map(|item| (key, item.get_ref())))
                }
                DeValue::Table(table) => open.extend(members(table)),
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_) => {}
            }
        }
    }
    names
}

/// Whether a name is that of a file with the extension beneath the directory it is written in, in the
/// one way to write it: `a/./b.toml` would be another name for `a/b.toml`.
pub(crate) fn is_beneath(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
        && name.split('/').all(|part| !matches!(part, "" | "."))
}

fn members<'t>(table: &'t DeTable<'t>) -> impl Iterator<Item = (&'t str, &'t DeValue<'t>)> {
    table.iter().map(|(key, value)| (key.get_ref().as_ref(), value.get_ref()))
}
