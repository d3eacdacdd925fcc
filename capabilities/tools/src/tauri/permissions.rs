//! What a permission's name stands for: sets opened up, as Tauri does it.

use std::collections::BTreeMap;

use super::form::{APP, Manifest, Permission};

/// The deepest set within a set. Tauri itself has no bound, and would not come back from a circle.
const MAX_DEPTH: usize = 16;

/// A permission, and whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) key: &'a str,
    pub(super) permission: &'a Permission,
}

/// The permissions that a name stands for.
///
/// # Errors
/// A sentence about what is not known.
pub(super) fn find<'a>(
    manifests: &'a BTreeMap<String, Manifest>,
    identifier: &str,
) -> Result<Vec<Found<'a>>, String> {
    let (key, name) = identifier.rsplit_once(':').unwrap_or((APP, identifier));
    let mut found = Vec::new();
    open(manifests, key, name, MAX_DEPTH, &mut found)?;
    Ok(found)
}

fn open<'a>(
    manifests: &'a BTreeMap<String, Manifest>,
    key: &str,
    name: &str,
    depth: usize,
    found: &mut Vec<Found<'a>>,
) -> Result<(), String> {
    let (key, manifest) = manifests
        .get_key_value(key)
        .ok_or_else(|| format!("nothing is known of the permissions of {}", whose(key)))?;
    let set = match name {
        "default" => match &manifest.default_permission {
            Some(set) => set,
            None => return Ok(()),
        },
        _ => match (manifest.permission_sets.get(name), manifest.permissions.get(name)) {
            // Of two with one name a capability means the set, and a set the permission.
            (set, Some(permission)) if set.is_none() || depth < MAX_DEPTH => {
                found.push(Found { key, permission });
                return Ok(());
            }
            (Some(set), _) => set,
            (None, _) => return Err(format!("{} has no permission `{name}`", whose(key))),
        },
    };
    let depth = depth.checked_sub(1).ok_or("its sets are in one another too deeply")?;
    for inner in &set.permissions {
        // A set may name permissions of other plugins.
        let other = inner.rsplit_once(':').filter(|(key, _)| manifests.contains_key(*key));
        let (key, name) = other.unwrap_or((key, inner));
        open(manifests, key, name, depth, found)?;
    }
    Ok(())
}

fn whose(key: &str) -> String {
    if key == APP { "the app".to_owned() } else { format!("the plugin `{key}`") }
}
