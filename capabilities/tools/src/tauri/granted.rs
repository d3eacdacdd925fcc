//! What a capability is granted: its permissions, each with its scope and its platforms.

use std::collections::BTreeSet;

use super::form::{Capability, Scopes};
use super::import::Importer;
use super::names;
use super::permissions::{self, Found};
use super::report::Kind;

/// A permission as one capability has it.
#[derive(Debug)]
pub(super) struct Granted<'a> {
    /// As the capability names it.
    pub(super) named: &'a str,
    pub(super) found: Found<'a>,
    pub(super) scope: Scopes,
    pub(super) platforms: Platforms,
}

/// The platforms, as ours are called.
pub(super) const PLATFORMS: [&str; 3] = ["linux", "macos", "windows"];

/// `None`: all.
pub(super) type Platforms = Option<BTreeSet<&'static str>>;

/// What is limited by some scope of the app, in whatever capability it stands.
#[derive(Debug, Default)]
pub(super) struct Limited<'a> {
    plugins: BTreeSet<&'a str>,
    commands: BTreeSet<String>,
}

impl Granted<'_> {
    pub(super) fn is_on(&self, platform: &str) -> bool {
        self.platforms.as_ref().is_none_or(|platforms| platforms.contains(platform))
    }

    /// Whether it names no command, so that its scope is for all commands of its plugin.
    pub(super) fn is_global(&self) -> bool {
        let commands = &self.found.permission.commands;
        commands.allow.is_empty() && commands.deny.is_empty()
    }
}

impl<'a> Limited<'a> {
    pub(super) fn of<'g>(granted: impl Iterator<Item = &'g Granted<'a>>) -> Self
    where
        'a: 'g,
    {
        let mut limited = Self::default();
        for one in granted.filter(|one| !one.scope.is_empty()) {
            let key = one.found.key;
            if one.is_global() {
                limited.plugins.insert(key);
            }
            let allowed = one.found.permission.commands.allow.iter();
            limited.commands.extend(allowed.map(|command| names::full(key, command)));
        }
        limited
    }

    pub(super) fn has(&self, key: &str, full: &str) -> bool {
        self.plugins.contains(key) || self.commands.contains(full)
    }
}

impl<'a> Importer<'a> {
    pub(super) fn granted(&mut self, capability: &'a Capability) -> Vec<Granted<'a>> {
        let own = self.platforms(capability, capability.platforms.as_deref());
        let mut granted = Vec::new();
        for used in &capability.permissions {
            let all = match permissions::find(&self.app.manifests, used.identifier()) {
                Ok(all) => all,
                Err(why) => {
                    self.differs(
                        Kind::Narrower,
                        "permission-unknown",
                        capability,
                        used.identifier(),
                        why,
                    );
                    continue;
                }
            };
            for found in all {
                let more = self.platforms(capability, found.permission.platforms.as_deref());
                let platforms = match (&own, more) {
                    (None, more) => more,
                    (Some(own), None) => Some(own.clone()),
                    (Some(own), Some(more)) => Some(own.intersection(&more).copied().collect()),
                };
                let scope = used.scope().and(&found.permission.scope);
                granted.push(Granted { named: used.identifier(), found, scope, platforms });
            }
        }
        granted
    }

    fn platforms(&mut self, capability: &Capability, written: Option<&[String]>) -> Platforms {
        let mut known = BTreeSet::new();
        for platform in written? {
            match platform.as_str() {
                "linux" => drop(known.insert("linux")),
                "macOS" => drop(known.insert("macos")),
                "windows" => drop(known.insert("windows")),
                other => {
                    let why = "there is no such platform here";
                    self.differs(Kind::Narrower, "platform", capability, other, why);
                }
            }
        }
        Some(known)
    }
}
