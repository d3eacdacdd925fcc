//! From an app's files to capabilities of ours, and the differences.

use std::collections::{BTreeMap, BTreeSet};

use super::form::{APP, Capability};
use super::granted::{Granted, Limited, PLATFORMS, Platforms};
use super::names::{self, Names};
use super::patterns;
use super::read::App;
use super::report::{Difference, Import, Kind};
use super::write::{self, Line, Written};

/// The app's own pages among origins.
const LOCAL: &str = "local";

/// Imports an app.
#[must_use]
pub fn import(app: &App) -> Import {
    let mut importer = Importer {
        app,
        names: Names::of(all_commands(app)),
        limited: Limited::default(),
        differences: BTreeSet::new(),
    };
    let granted: Vec<_> = app.capabilities.iter().map(|one| importer.granted(one)).collect();
    importer.limited = Limited::of(granted.iter().flatten());
    let mut written = Vec::new();
    for (capability, granted) in app.capabilities.iter().zip(&granted) {
        written.extend(importer.capability(capability, granted));
    }
    unique_ids(&mut written);
    importer.about_all(&granted);
    let text = write::file(&written);
    let differences = importer.differences.into_iter().collect();
    Import { text, commands: importer.names.into_ours(), differences }
}

/// The entries of a capability.
#[derive(PartialEq)]
struct Entries {
    allow: Vec<Line>,
    /// Allowed to the app's own pages alone.
    local: Vec<Line>,
    deny: Vec<Line>,
}

pub(super) struct Importer<'a> {
    pub(super) app: &'a App,
    pub(super) names: Names,
    pub(super) limited: Limited<'a>,
    differences: BTreeSet<Difference>,
}

impl<'a> Importer<'a> {
    pub(super) fn differs(
        &mut self,
        kind: Kind,
        code: &'static str,
        of: &Capability,
        subject: &str,
        why: impl Into<String>,
    ) {
        self.differences.insert(Difference {
            kind,
            code,
            capability: Some(of.identifier.clone()),
            subject: subject.to_owned(),
            message: why.into(),
        });
    }

    fn capability(&mut self, capability: &'a Capability, granted: &[Granted<'a>]) -> Vec<Written> {
        let windows = self.windows(capability);
        let origins = self.origins(capability);
        let mut written = Vec::new();
        for (platforms, entries) in self.by_platform(capability, granted, &origins.allow) {
            let Entries { allow, local, deny } = entries;
            let part =
                |suffix: &str, allow, deny, windows: &BTreeSet<_>, origins: &BTreeSet<_>| Written {
                    id: format!("{}{suffix}", id_of(&capability.identifier)),
                    description: capability.description.clone(),
                    comments: vec![format!("`{}`", capability.identifier)],
                    windows: windows.clone(),
                    origins: origins.clone(),
                    platforms: platforms.clone(),
                    allow,
                    deny,
                };
            let same = windows.allow == windows.deny && origins.allow == origins.deny;
            let (own, apart) =
                if same && !allow.is_empty() { (deny, Vec::new()) } else { (Vec::new(), deny) };
            if !allow.is_empty() && !windows.allow.is_empty() && !origins.allow.is_empty() {
                written.push(part("", allow, own, &windows.allow, &origins.allow));
            }
            if !local.is_empty() && !windows.allow.is_empty() {
                let origins = [LOCAL.to_owned()].into();
                written.push(part("-local", local, Vec::new(), &windows.allow, &origins));
            }
            if !apart.is_empty() && !windows.deny.is_empty() && !origins.deny.is_empty() {
                written.push(part("-deny", Vec::new(), apart, &windows.deny, &origins.deny));
            }
        }
        if written.is_empty() {
            self.differs(
                Kind::Narrower,
                "empty",
                capability,
                &capability.identifier,
                "nothing of it is left",
            );
        }
        written
    }

    /// Parts what pages of others may call from what only the app's own may. Where our language wants
    /// a reason for granting a command to a page from the network, an import has none to give.
    fn kept_local(
        &mut self,
        capability: &Capability,
        allow: Vec<Line>,
        origins: &BTreeSet<String>,
    ) -> (Vec<Line>, Vec<Line>) {
        let Some(stranger) = origins.iter().find(|origin| *origin != LOCAL) else {
            return (allow, Vec::new());
        };
        let (mut everywhere, mut local) = (Vec::new(), Vec::new());
        for line in allow {
            let mut kept = Line { commands: Vec::new(), ..line.clone() };
            let mut open = kept.clone();
            for command in line.commands {
                match patterns::to_stranger(&command, stranger) {
                    Ok(()) => open.commands.push(command),
                    Err(why) => {
                        self.differs(Kind::Narrower, "remote-change", capability, &command, why);
                        kept.commands.push(command);
                    }
                }
            }
            everywhere.extend((!open.commands.is_empty()).then_some(open));
            let is_kept = !kept.commands.is_empty() && origins.contains(LOCAL);
            local.extend(is_kept.then_some(kept));
        }
        (everywhere, local)
    }

    /// The entries, and the platforms that they are the same on.
    fn by_platform(
        &mut self,
        capability: &'a Capability,
        granted: &[Granted<'a>],
        origins: &BTreeSet<String>,
    ) -> Vec<(Platforms, Entries)> {
        let mut found: Vec<(BTreeSet<&'static str>, Entries)> = Vec::new();
        for platform in PLATFORMS {
            let (allow, deny) = self.lines(capability, granted, platform);
            let (allow, local) = self.kept_local(capability, allow, origins);
            let entries = Entries { allow, local, deny };
            match found.iter_mut().find(|(_, same)| *same == entries) {
                Some((platforms, _)) => drop(platforms.insert(platform)),
                None => found.push(([platform].into(), entries)),
            }
        }
        let all = |platforms: BTreeSet<_>| (platforms.len() < PLATFORMS.len()).then_some(platforms);
        found.into_iter().map(|(platforms, entries)| (all(platforms), entries)).collect()
    }

    /// What is so for every import, or for the app as a whole.
    fn about_all(&mut self, granted: &[Vec<Granted<'a>>]) {
        let mut about = |kind, code, subject: &str, message: &str| {
            self.differences.insert(Difference {
                kind,
                code,
                capability: None,
                subject: subject.to_owned(),
                message: message.to_owned(),
            });
        };
        if !self.app.manifests.contains_key(APP) {
            about(
                Kind::Narrower,
                "app-commands",
                "the app's own commands",
                "without permissions of its own, a Tauri app lets every window call them; here each is granted by name",
            );
        }
        if granted.len() < 2 {
            return;
        }
        // Whether what it denies is denied elsewhere too.
        let mut global: BTreeMap<&str, bool> = BTreeMap::new();
        for one in granted.iter().flatten().filter(|one| one.is_global()) {
            let denies = one.scope.deny.as_ref().is_some_and(|values| !values.is_empty());
            if denies || one.scope.allow.is_some() {
                *global.entry(one.found.key).or_default() |= denies;
            }
        }
        for (key, denies) in global {
            let why = "a scope that names no command is for the commands and windows of its capability; Tauri's is for every window, what it denies too";
            let kind = if denies { Kind::Wider } else { Kind::Narrower };
            about(kind, "scope-per-window", key, why);
        }
    }
}

fn all_commands(app: &App) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (key, manifest) in &app.manifests {
        for permission in manifest.permissions.values() {
            let commands = permission.commands.allow.iter().chain(&permission.commands.deny);
            all.extend(commands.map(|command| names::full(key, command)));
        }
    }
    all
}

/// A capability's name in the characters of an id of ours.
fn id_of(identifier: &str) -> String {
    let fits = |c: char| if c.is_ascii_alphanumeric() || "-_.:".contains(c) { c } else { '-' };
    let id: String = identifier.chars().map(fits).take(48).collect();
    if id.is_empty() { "capability".to_owned() } else { id }
}

fn unique_ids(written: &mut [Written]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for capability in written {
        let base = capability.id.clone();
        let mut number = seen.get(&base).copied().unwrap_or(0);
        while seen.contains_key(&capability.id) {
            number = number.saturating_add(1);
            capability.id = format!("{base}-{number}");
        }
        seen.insert(base, number);
        seen.insert(capability.id.clone(), 0);
    }
}
