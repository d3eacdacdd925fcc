//! What a host is given, from what its windows need: the network only where one of them has a
//! remote origin, and so on. A host is as strong as the most that one of its windows needs; which
//! windows share one is [`super::group`]'s.

use std::collections::BTreeSet;

use sidegate_capabilities::Policy;

use crate::app::{Containment, Window};
use crate::wire::HostProfile;

/// What a host is given and held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needs {
    /// For the launcher of the host.
    pub(crate) profile: HostProfile,
    /// Bytes of memory.
    pub(crate) memory: u64,
}

impl Needs {
    /// What the host of `windows` needs.
    pub(crate) fn of(policy: &Policy, windows: &[Window]) -> Self {
        let usual = Containment::default();
        let each = || windows.iter().map(|window| window.sandbox);
        let profile = HostProfile {
            ports: windows.iter().flat_map(|window| remote_ports(policy, window)).collect(),
            gpu: each().any(|one| one.gpu),
            // What one of them is protected from, all are: they are one process' worth of memory.
            jit: each().all(|one| one.jit),
            tasks: each().map(|one| one.tasks).max().unwrap_or(usual.tasks),
        };
        let memory = each().map(|one| one.memory).max().unwrap_or(usual.memory);
        Self { profile, memory }
    }
}

/// The TCP ports of a window's remote origins: that of its first page, and those that the policy
/// names for it.
pub(crate) fn remote_ports(policy: &Policy, window: &Window) -> BTreeSet<u16> {
    let named = policy.origins(&window.label);
    named.iter().map(String::as_str).chain([window.url.as_str()]).filter_map(port).collect()
}

/// The port of a web address or of a pattern of web origins; nothing for the app's own pages.
fn port(address: &str) -> Option<u16> {
    let (usual, rest) = match address.split_once("://")? {
        ("https", rest) => (443, rest),
        ("http", rest) => (80, rest),
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // The colons of an IPv6 address stand within brackets.
    let after = authority.rsplit_once(']').map_or(authority, |(_, after)| after);
    after.rsplit_once(':').map_or(Some(usual), |(_, port)| port.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidegate_capabilities::{Context, Directories, Sources};

    const POLICY: &str = r#"
version = 1
[[capability]]
id = "own"
description = "the app's own pages"
windows = ["editor", "drawing", "careful"]
allow = [{ commands = ["app.info"] }]
[[capability]]
id = "remote"
description = "pages of others"
windows = ["site"]
origins = ["https://example.com:8443", "https://*.example.org"]
allow = [{ commands = ["app.info"] }]
"#;

    fn needs(windows: &[Window]) -> Needs {
        let sources = Sources::from_texts([("policy.toml", POLICY)]);
        let directories = Directories::default();
        let compiled = Policy::compile(&sources, &Context::new(&directories));
        let policy = compiled.unwrap_or_else(|_| panic!("it does not compile")).policy;
        Needs::of(&policy, windows)
    }

    fn window(label: &str) -> Window {
        Window::new(label, "index.html").unwrap()
    }

    #[test]
    fn k03_only_a_remote_origin_brings_the_network() {
        assert_eq!(needs(&[window("editor")]).profile, HostProfile::default());
        assert_eq!(needs(&[window("editor"), window("site")]).profile.ports, [443, 8443].into());
        let mut first = window("editor");
        first.url = "https://example.net/start".to_owned();
        assert_eq!(needs(&[first]).profile.ports, [443].into());
    }

    #[test]
    fn a_host_is_as_its_neediest_window_and_as_its_most_careful_one() {
        let (mut drawing, mut careful) = (window("drawing"), window("careful"));
        drawing.sandbox.gpu = true;
        drawing.sandbox.memory = 4 << 30;
        careful.sandbox.jit = false;
        careful.sandbox.tasks = 200;
        let found = needs(&[drawing, careful]);
        assert!(found.profile.gpu && !found.profile.jit);
        assert_eq!((found.memory, found.profile.tasks), (4 << 30, HostProfile::TASKS));
    }

    #[test]
    fn a_port_is_read_from_an_address_and_from_a_pattern() {
        for (address, expected) in [
            ("https://example.com", Some(443)),
            ("https://*.example.com:8443", Some(8443)),
            ("http://127.0.0.1:5173/a:1?b", Some(5173)),
            ("http://[::1]/", Some(80)),
            ("https://[::1]:9", Some(9)),
            ("app://localhost/index.html", None),
            ("https://example.com:99999", None),
            ("", None),
        ] {
            assert_eq!(port(address), expected, "{address}");
        }
    }
}
