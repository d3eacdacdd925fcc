//! Which of a rule's patterns a call matches: what a report names instead of single calls.

use std::collections::BTreeSet;

use serde::Serialize;

use super::dimension::{DIMENSIONS, Dimension};
use crate::capability::Capability;
use crate::directories::Directories;
use crate::names::WindowLabel;
use crate::origin::Origin;
use crate::platform::Platform;
use crate::rule::Rule;
use crate::scope::{Key, ResolvedPath, read_url};

/// Patterns, as written, each once and sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Patterns {
    /// Of windows.
    pub windows: BTreeSet<String>,
    /// Of origins, in canonical form (`local` is `app://localhost`).
    pub origins: BTreeSet<String>,
    /// Of commands.
    pub commands: BTreeSet<String>,
    /// Of paths; empty where the calls have none.
    pub path: BTreeSet<String>,
    /// Of URLs.
    pub url: BTreeSet<String>,
    /// Of keys.
    pub key: BTreeSet<String>,
}

impl Patterns {
    /// All patterns of a rule.
    pub(super) fn of(capability: &Capability, rule: &Rule) -> Self {
        let entry = &rule.entry;
        let path = entry.path.iter().flatten().map(|one| one.written().to_owned());
        let url = entry.url.iter().flatten().map(|one| one.written().to_owned());
        let key = entry.key.iter().flatten().map(|one| one.written().to_owned());
        Self {
            windows: capability.windows.iter().map(|one| one.0.to_string()).collect(),
            origins: capability.origins.iter().map(ToString::to_string).collect(),
            commands: entry.commands.iter().map(|one| one.0.to_string()).collect(),
            path: path.collect(),
            url: url.collect(),
            key: key.collect(),
        }
    }

    /// Adds those patterns of a rule that match the texts of a call.
    pub(super) fn add(
        &mut self,
        capability: &Capability,
        rule: &Rule,
        texts: &[Option<String>; DIMENSIONS],
    ) {
        let text = |dimension: Dimension| texts.get(dimension.index()).and_then(Option::as_deref);
        if let Some(label) = text(Dimension::Window).and_then(|text| WindowLabel::parse(text).ok())
        {
            let found = capability.windows.iter().filter(|one| one.matches(&label));
            self.windows.extend(found.map(|one| one.0.to_string()));
        }
        if let Some(origin) = text(Dimension::Origin).and_then(|text| Origin::parse(text).ok()) {
            let found = capability.origins.iter().filter(|one| one.matches(&origin));
            self.origins.extend(found.map(ToString::to_string));
        }
        if let Some(command) = text(Dimension::Command) {
            let found = rule.entry.commands.iter().filter(|one| one.matches(command));
            self.commands.extend(found.map(|one| one.0.to_string()));
        }
        self.add_scopes(rule, text(Dimension::Path), text(Dimension::Url), text(Dimension::Key));
    }

    fn add_scopes(
        &mut self,
        rule: &Rule,
        path: Option<&str>,
        url: Option<&str>,
        key: Option<&str>,
    ) {
        let nothing = Directories::default();
        if let Some(path) =
            path.and_then(|text| ResolvedPath::parse(text, &nothing, Platform::Linux).ok())
        {
            let found = rule.entry.path.iter().flatten().filter(|one| one.matches(&path));
            self.path.extend(found.map(|one| one.written().to_owned()));
        }
        if let Some(url) = url.and_then(|text| read_url(text).ok()) {
            let found = rule.entry.url.iter().flatten().filter(|one| one.matches(&url));
            self.url.extend(found.map(|one| one.written().to_owned()));
        }
        let key = key.map(|key| key.strip_prefix('.').unwrap_or(key));
        if let Some(key) = key.and_then(|text| Key::parse(text).ok()) {
            let found = rule.entry.key.iter().flatten().filter(|one| one.matches(&key));
            self.key.extend(found.map(|one| one.written().to_owned()));
        }
    }
}
