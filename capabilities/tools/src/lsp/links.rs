//! From a use to the permission, from an include to the file, and from a permission to its uses.

use std::path::Path;

use gen_lsp_types::{Location, Range};

use super::asked::{Asked, Elsewhere};
use super::tree::{self, On, Spot, Step};

/// The most places of one answer. Nobody looks at more, and each is a walk along its line.
const MAX_LOCATIONS: usize = 1_000;

/// Where what is named at the place is written.
pub(super) fn definition(asked: &Asked<'_>) -> Vec<Location> {
    let tree = asked.tree();
    let Some(spot) = tree::spot(tree.get_ref(), asked.offset) else {
        return Vec::new();
    };
    match named(&spot) {
        Some(Named::Used(id) | Named::Permission(id)) => permissions(asked, id),
        Some(Named::Included(file)) => included(asked, file).into_iter().collect(),
        None => Vec::new(),
    }
}

/// Where the permission at the place is used.
pub(super) fn references(asked: &Asked<'_>, with_declaration: bool) -> Vec<Location> {
    let tree = asked.tree();
    let spot = tree::spot(tree.get_ref(), asked.offset);
    let Some(Named::Used(id) | Named::Permission(id)) = spot.as_ref().and_then(named) else {
        return Vec::new();
    };
    let mut found = if with_declaration { permissions(asked, id) } else { Vec::new() };
    for file in asked.files_with(id) {
        let owners = ["capability", "permission"]
            .into_iter()
            .flat_map(|kind| tree::tables(file.tree.get_ref(), kind));
        let uses = owners.flat_map(|(owner, _)| tree::uses(owner)).filter(|(used, _)| *used == id);
        let left = MAX_LOCATIONS.saturating_sub(found.len());
        found.extend(uses.filter_map(|(_, span)| asked.location(&file, span)).take(left));
    }
    found
}

/// What a place names.
enum Named<'t> {
    Used(&'t str),
    Permission(&'t str),
    Included(&'t str),
}

fn named<'t>(spot: &Spot<'t>) -> Option<Named<'t>> {
    let On::Value(value) = spot.on else {
        return None;
    };
    let text = value.as_str()?;
    match spot.steps.as_slice() {
        [Step::Key("include"), Step::Index(_)] => Some(Named::Included(text)),
        [Step::Key("permission"), Step::Index(_), Step::Key("id")] => Some(Named::Permission(text)),
        [
            Step::Key("capability" | "permission"),
            Step::Index(_),
            Step::Key("use"),
            Step::Index(_),
        ]
        | [
            Step::Key("capability" | "permission"),
            Step::Index(_),
            Step::Key("use"),
            Step::Index(_),
            Step::Key("id"),
        ] => Some(Named::Used(text)),
        _ => None,
    }
}

fn permissions(asked: &Asked<'_>, id: &str) -> Vec<Location> {
    let in_file = |file: Elsewhere<'_>| {
        let tables = tree::tables(file.tree.get_ref(), "permission");
        let ids = tables.filter_map(|(table, _)| tree::string(table, "id"));
        let found = ids.filter(|(found, _)| *found == id);
        found.filter_map(|(_, span)| asked.location(&file, span)).collect::<Vec<_>>()
    };
    asked.files_with(id).flat_map(in_file).take(MAX_LOCATIONS).collect()
}

/// The file of an include, where it is one of the policy's.
fn included(asked: &Asked<'_>, file: &str) -> Option<Location> {
    let directory = asked.document.path.as_deref().and_then(Path::parent)?;
    let path = directory.join(file);
    let name = path.to_str()?;
    asked.checked.sources.text(name)?;
    Some(Location { uri: asked.workspace.uri(name)?, range: Range::default() })
}
