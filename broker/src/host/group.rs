//! Which windows share a host process: those that may do the same and need the same sandbox, or
//! that the app's manifest puts together. A host that falls to its pages then holds nothing that they did not have.

use std::collections::{BTreeMap, BTreeSet};

use sidegate_capabilities::{Origin, Policy};

use super::needs::{Needs, remote_ports};
use crate::app::{Containment, Window};
use crate::reload::ReloadError;
use crate::session::Policies;

/// The windows of one host.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// For messages: the labels, joined by commas.
    pub(crate) name: String,
    pub(crate) windows: Vec<Window>,
    /// What its host is given, and how much it may take up.
    pub(crate) needs: Needs,
    /// Whether the app's manifest put them together, whatever they may do.
    pub(crate) named: bool,
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
    let group = |(key, windows)| Group {
        named: matches!(key, Key::Named(_)),
        ..Group::of(policy, windows)
    };
    groups.into_iter().map(group).collect()
}

impl Policies {
    /// What `next` would want of the hosts that run, and does not get before the app is started
    /// again: windows that share a host stay in it, and a window's bridge is put into the origins
    /// that were listed when it was opened.
    ///
    /// # Errors
    /// [`ReloadError::SharedHost`] where windows that share a host would no longer be alike and one
    /// of them would gain by it: what it gains, a host that falls to the others would have too.
    pub(crate) fn regroup(
        &self,
        next: &Policy,
        hosts: &[Group],
    ) -> Result<Vec<String>, ReloadError> {
        let mut notices = Vec::new();
        for group in hosts {
            if !group.named && !is_alike(next, &group.windows) {
                self.gains_nothing(next, group)?;
                notices.push(format!(
                    "the windows {} may no longer do the same and would be kept apart; they share a \
                     host process until the app is started again",
                    group.name
                ));
            }
            let unlisted = group.windows.iter().flat_map(|window| self.unlisted(next, window));
            notices.extend(unlisted);
        }
        Ok(notices)
    }

    fn gains_nothing(&self, next: &Policy, group: &Group) -> Result<(), ReloadError> {
        for Window { label, .. } in &group.windows {
            let before = self.enforced.capability_ids(label);
            let mut now = next.capability_ids(label).into_iter();
            if let Some(capability) = now.find(|id| !before.contains(id)) {
                let (windows, window) = (group.name.clone(), label.to_string());
                return Err(ReloadError::SharedHost { windows, window, capability });
            }
        }
        Ok(())
    }

    /// The origins that `next` names for a window and this policy did not.
    fn unlisted(&self, next: &Policy, window: &Window) -> Vec<String> {
        let label = &window.label;
        let mut listed = self.enforced.origins(label);
        listed.extend(Origin::of_url(&window.url).map(|own| own.to_string()));
        let more = next.origins(label).into_iter().filter(|origin| !listed.contains(origin));
        more.map(|origin| {
            format!("pages of {origin} have no bridge in the window `{label}` until its host is started again")
        })
        .collect()
    }
}

/// Whether these windows may do the same.
fn is_alike(policy: &Policy, windows: &[Window]) -> bool {
    let mut may = windows.iter().map(|window| policy.capability_ids(&window.label));
    may.next().is_none_or(|first| may.all(|other| other == first))
}

impl Group {
    pub(crate) fn of(policy: &Policy, windows: Vec<Window>) -> Self {
        let labels: Vec<_> = windows.iter().map(|window| window.label.as_str()).collect();
        let (name, needs) = (labels.join(","), Needs::of(policy, &windows));
        Self { name, needs, windows, named: true }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Named(String),
    /// By their capabilities, the ports of their remote origins, and what the manifest says.
    Alike(Vec<String>, BTreeSet<u16>, Containment),
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidegate_capabilities::{Context, Directories, Sources};

    /// A policy in which `a` and `b` have the capabilities of these letters.
    fn policy(a: &str, b: &str) -> Policy {
        let mut text = "version = 1\n".to_owned();
        for id in ["x", "y", "z"] {
            let windows = [("a", a), ("b", b)].into_iter().filter(|(_, has)| has.contains(id));
            let windows: Vec<_> = windows.map(|(window, _)| format!("\"{window}\"")).collect();
            if !windows.is_empty() {
                let windows = windows.join(", ");
                text.push_str(&format!(
                    "[[capability]]\nid = \"{id}\"\nwindows = [{windows}]\n\
                     allow = [{{ commands = [\"app.{id}\"] }}]\n"
                ));
            }
        }
        let (sources, directories) =
            (Sources::from_texts([("p.toml", text)]), Directories::sample());
        Policy::compile(&sources, &Context::new(&directories)).unwrap().policy
    }

    fn windows() -> Vec<Window> {
        ["a", "b"].map(|label| Window::new(label, "index.html").unwrap()).to_vec()
    }

    #[test]
    fn windows_that_share_a_host_gain_together_or_not_at_all() {
        for (before, after, expected) in [
            (("x", "x"), ("x", "x"), Ok(0)),
            (("x", "x"), ("xy", "xy"), Ok(0)),
            (("x", "x"), ("", ""), Ok(0)),
            // One of them loses: that is in force at once, and the rest has to wait.
            (("xy", "xy"), ("xy", "x"), Ok(1)),
            (("xy", "xy"), ("", "xy"), Ok(1)),
            (("xy", "xy"), ("x", "y"), Ok(1)),
            // One of them gains: whoever takes over the host would have it for the other as well.
            (("x", "x"), ("x", "xy"), Err("y")),
            (("x", "x"), ("y", "x"), Err("y")),
            (("x", "x"), ("", "z"), Err("z")),
        ] {
            let hosts = group(&policy(before.0, before.1), &windows());
            assert_eq!(hosts.len(), 1);
            let now = Policies::new(policy(before.0, before.1), None);
            let found = now.regroup(&policy(after.0, after.1), &hosts);
            let gained = |error: ReloadError| {
                let ReloadError::SharedHost { capability, .. } = error else { panic!("{error}") };
                capability
            };
            let found = found.map(|notices| notices.len()).map_err(gained);
            assert_eq!(found, expected.map_err(str::to_owned), "{before:?} to {after:?}");
        }
    }

    #[test]
    fn windows_apart_or_put_together_by_the_manifest_gain_as_the_policy_says() {
        let mut together = windows();
        for window in &mut together {
            window.group = Some("all".to_owned());
        }
        for (windows, a, b) in [(windows(), "x", "y"), (together, "x", "x")] {
            let before = policy(a, b);
            let hosts = group(&before, &windows);
            let found = Policies::new(before, None).regroup(&policy("xz", "y"), &hosts);
            assert_eq!(found.unwrap(), Vec::<String>::new());
        }
    }
}
