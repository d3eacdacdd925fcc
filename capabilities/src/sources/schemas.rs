//! Which schema files a policy file names: those it reads and no others, however many `.json` files
//! lie about.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use toml::de::{DeTable, DeValue};

/// The relative names of the files that some `args` names, as far as the text is TOML.
pub(super) fn named_in(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    // Most policies name none, and are not read twice.
    if text.contains(".json") {
        let (document, _) = DeTable::parse_recoverable(text);
        let mut open: Vec<(&str, &DeValue<'_>)> = members(document.get_ref()).collect();
        while let Some((key, value)) = open.pop() {
            match value {
                DeValue::String(name) if key == "args" && is_beneath(name) => {
                    names.insert(name.to_string());
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

/// Whether a name is that of a `.json` file beneath the directory it is written in.
pub(crate) fn is_beneath(name: &str) -> bool {
    name.ends_with(".json")
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

fn members<'t>(table: &'t DeTable<'t>) -> impl Iterator<Item = (&'t str, &'t DeValue<'t>)> {
    table.iter().map(|(key, value)| (key.get_ref().as_ref(), value.get_ref()))
}
