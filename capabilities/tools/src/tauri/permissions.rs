//! What a permission's name stands for: sets opened up, as Tauri does it, but each of them once. Tauri
//! itself would not come back from a circle.

use std::collections::{BTreeMap, BTreeSet};

use super::form::{APP, Manifest, Permission, PermissionSet};

/// A permission, and whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) key: &'a str,
    pub(super) permission: &'a Permission,
}

/// What a name is the name of.
enum Named<'a> {
    One(&'a Permission),
    Set(&'a PermissionSet),
    /// The default of a plugin that has none.
    Nothing,
}

/// The permissions that a name stands for.
///
/// # Errors
/// A sentence about what is not known.
pub(super) fn find<'a>(
    manifests: &'a BTreeMap<String, Manifest>,
    identifier: &'a str,
) -> Result<Vec<Found<'a>>, String> {
    let (mut found, mut taken, mut opened) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    let mut waiting = vec![identifier.rsplit_once(':').unwrap_or((APP, identifier))];
    while let Some((key, name)) = waiting.pop() {
        let (key, manifest) = manifests
            .get_key_value(key)
            .ok_or_else(|| format!("nothing is known of the permissions of {}", whose(key)))?;
        // Of two with one name a capability means the set, and a set the permission.
        let first = opened.is_empty();
        match named(manifest, name, first) {
            None => return Err(format!("{} has no permission `{name}`", whose(key))),
            Some(Named::Nothing) => {}
            Some(Named::One(permission)) => {
                if taken.insert((key, name)) {
                    found.push(Found { key, permission });
                }
            }
            Some(Named::Set(set)) => {
                if opened.insert((key, name)) {
                    waiting.extend(set.permissions.iter().rev().map(|inner| {
                        // A set may name permissions of other plugins.
                        let other = inner.rsplit_once(':');
                        let other = other.filter(|(key, _)| manifests.contains_key(*key));
                        other.unwrap_or((key, inner))
                    }));
                }
            }
        }
    }
    Ok(found)
}

fn named<'a>(manifest: &'a Manifest, name: &str, set_first: bool) -> Option<Named<'a>> {
    if name == "default" {
        return Some(manifest.default_permission.as_ref().map_or(Named::Nothing, Named::Set));
    }
    let set = manifest.permission_sets.get(name).map(Named::Set);
    let one = manifest.permissions.get(name).map(Named::One);
    if set_first { set.or(one) } else { one.or(set) }
}

fn whose(key: &str) -> String {
    if key == APP { "the app".to_owned() } else { format!("the plugin `{key}`") }
}
