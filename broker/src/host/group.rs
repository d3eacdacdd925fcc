//! Which windows share a host process: those that may do the same and need the same sandbox, or
//! that the app's manifest puts together. A host that falls to its pages then holds nothing that they did not have.

use std::collections::{BTreeMap, BTreeSet};

use sidegate_capabilities::Policy;

use super::needs::{Needs, remote_ports};
use crate::app::{Containment, Window};

/// The windows of one host.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// For messages: the labels, joined by commas.
    pub(crate) name: String,
    pub(crate) windows: Vec<Window>,
    /// What its host is given, and how much it may take up.
    pub(crate) needs: Needs,
}

/// Groups `windows`, in the order in which they first appear in a sorted list of groups.
pub(crate) fn group(policy: &Policy, windows: &[Window]) -> Vec<Group> {
    let mut groups: BTreeMap<Key, Vec<Window>> = BTreeMap::new();
    for window in windows {
        let key = match &window.group {
            Some(name) => Key::Named(name.clone()),
            None => Key::Alike(
                policy.capability_ids(&window.label),
                remote_ports(policy, window),
                window.sandbox,
            ),
        };
        groups.entry(key).or_default().push(window.clone());
    }
    groups.into_values().map(|windows| Group::of(policy, windows)).collect()
}

impl Group {
    pub(super) fn of(policy: &Policy, windows: Vec<Window>) -> Self {
        let labels: Vec<_> = windows.iter().map(|window| window.label.as_str()).collect();
        Self { name: labels.join(","), needs: Needs::of(policy, &windows), windows }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Named(String),
    /// By their capabilities, the ports of their remote origins, and what the manifest says.
    Alike(Vec<String>, BTreeSet<u16>, Containment),
}
