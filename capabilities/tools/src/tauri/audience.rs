//! Whom a capability is for: its windows and its origins, as far as they can be said.

use std::collections::BTreeSet;

use super::form::Capability;
use super::import::Importer;
use super::patterns;
use super::report::Kind;

/// What stands for an audience where something is allowed, and where something is denied.
#[derive(Debug, Default)]
pub(super) struct Sides {
    pub(super) allow: BTreeSet<String>,
    pub(super) deny: BTreeSet<String>,
}

impl Importer<'_> {
    /// The windows. A pattern that cannot be said allows nothing, and denies everywhere.
    pub(super) fn windows(&mut self, capability: &Capability) -> Sides {
        let mut sides = Sides::default();
        for text in capability.windows.iter().chain(&capability.webviews) {
            match patterns::window(text) {
                Ok(pattern) if pattern == "*" => {
                    let why = "every window there will ever be is too wide: the windows of the configuration are meant";
                    self.differs(Kind::Narrower, "window-any", capability, text, why);
                    let known =
                        self.app.windows.iter().filter(|label| patterns::window(label).is_ok());
                    sides.allow.extend(known.filter(|label| !label.contains('*')).cloned());
                    sides.deny.insert(pattern);
                }
                Ok(pattern) => {
                    sides.allow.insert(pattern.clone());
                    sides.deny.insert(pattern);
                }
                Err(why) => {
                    self.differs(Kind::Narrower, "window-pattern", capability, text, why);
                    sides.deny.insert("*".to_owned());
                }
            }
        }
        if !capability.webviews.is_empty() {
            let why = "a window has one page here: its webviews are windows of their labels";
            self.differs(
                Kind::Renamed,
                "webviews",
                capability,
                &capability.webviews.join(", "),
                why,
            );
        }
        sides
    }

    /// The origins. One that cannot be said allows nothing, and denies for all that are granted
    /// anything by this app.
    pub(super) fn origins(&mut self, capability: &Capability) -> Sides {
        let mut sides = Sides::default();
        if capability.local {
            sides.allow.insert("local".to_owned());
        }
        let mut refused = false;
        for text in capability.remote.iter().flat_map(|remote| &remote.urls) {
            match patterns::origin(text) {
                Ok(origin) => drop(sides.allow.insert(origin)),
                Err(why) => {
                    refused = true;
                    self.differs(Kind::Narrower, "remote-url", capability, text, why);
                }
            }
        }
        sides.deny = sides.allow.clone();
        if refused {
            let all = self.app.capabilities.iter().filter_map(|other| other.remote.as_ref());
            let all =
                all.flat_map(|remote| &remote.urls).filter_map(|url| patterns::origin(url).ok());
            sides.deny.extend(all);
        }
        sides
    }
}
