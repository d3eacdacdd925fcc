//! Which windows share a host process: those that may do the same, or that the app's manifest
//! puts together. A host that falls to its pages then holds nothing that they did not have.

use std::collections::BTreeMap;

use sidegate_capabilities::Policy;

use crate::app::Window;

/// The windows of one host.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// For messages: the labels, joined by commas.
    pub(crate) name: String,
    pub(crate) windows: Vec<Window>,
}

/// Groups `windows`, in the order in which they first appear in a sorted list of groups.
pub(crate) fn group(policy: &Policy, windows: &[Window]) -> Vec<Group> {
    let mut groups: BTreeMap<Key, Vec<Window>> = BTreeMap::new();
    for window in windows {
        let key = match &window.group {
            Some(name) => Key::Named(name.clone()),
            None => Key::Capabilities(policy.capability_ids(&window.label)),
        };
        groups.entry(key).or_default().push(window.clone());
    }
    groups.into_values().map(Group::of).collect()
}

impl Group {
    pub(crate) fn of(windows: Vec<Window>) -> Self {
        let labels: Vec<_> = windows.iter().map(|window| window.label.as_str()).collect();
        Self { name: labels.join(","), windows }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Named(String),
    Capabilities(Vec<String>),
}
