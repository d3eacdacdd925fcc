//! From an app's files to capabilities of ours, and the differences.

use std::collections::{BTreeMap, BTreeSet};

use super::form::{APP, Capability, Scopes};
use super::names::{self, Names};
use super::patterns::{self, Side};
use super::permissions::{self, Found};
use super::plugin;
use super::read::App;
use super::report::{Difference, Import, Kind};
use super::write::{self, Line, Written};

/// Imports an app.
#[must_use]
pub fn import(app: &App) -> Import {
    let mut importer =
        Importer { app, names: Names::of(all_commands(app)), differences: BTreeSet::new() };
    let mut written = Vec::new();
    for capability in &app.capabilities {
        written.extend(importer.capability(capability));
    }
    unique_ids(&mut written);
    importer.about_all();
    let text = write::file(&written);
    let differences = importer.differences.into_iter().collect();
    Import { text, commands: importer.names.into_ours(), differences }
}

struct Importer<'a> {
    app: &'a App,
    names: Names,
    differences: BTreeSet<Difference>,
}

/// A permission as one capability has it.
struct Granted<'a> {
    /// As the capability names it.
    named: &'a str,
    found: Found<'a>,
    scope: Scopes,
    platforms: Platforms,
}

/// `None`: all.
type Platforms = Option<BTreeSet<&'static str>>;

/// What a command's scope comes to.
enum Scoped {
    Free,
    To(&'static str, Vec<String>, Option<&'static str>),
    Refused,
}

impl<'a> Importer<'a> {
    fn differs(
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

    fn capability(&mut self, capability: &'a Capability) -> Vec<Written> {
        let granted = self.granted(capability);
        let windows = self.windows(capability);
        let origins = self.origins(capability);
        let mut groups: Vec<&Platforms> =
            granted.iter().map(|granted| &granted.platforms).collect();
        groups.sort();
        groups.dedup();
        let mut written = Vec::new();
        for platforms in groups
            .into_iter()
            .filter(|platforms| platforms.as_ref().is_none_or(|set| !set.is_empty()))
        {
            let (allow, deny) = self.lines(capability, &granted, platforms);
            let part = |suffix: &str,
                        allow,
                        deny,
                        windows: &BTreeSet<String>,
                        origins: &BTreeSet<String>| Written {
                id: format!("{}{suffix}", id_of(&capability.identifier)),
                description: capability.description.clone(),
                comments: vec![format!("`{}`", capability.identifier)],
                windows: windows.clone(),
                origins: origins.clone(),
                platforms: platforms.clone(),
                allow,
                deny,
            };
            if !allow.is_empty() && !windows.allow.is_empty() && !origins.allow.is_empty() {
                let same = windows.allow == windows.deny && origins.allow == origins.deny;
                let own = if same { deny.clone() } else { Vec::new() };
                written.push(part("", allow, own, &windows.allow, &origins.allow));
                if same {
                    continue;
                }
            }
            if !deny.is_empty() && !windows.deny.is_empty() && !origins.deny.is_empty() {
                written.push(part("-deny", Vec::new(), deny, &windows.deny, &origins.deny));
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

    fn granted(&mut self, capability: &'a Capability) -> Vec<Granted<'a>> {
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

    /// The windows. A pattern that cannot be said allows nothing, and denies everywhere.
    fn windows(&mut self, capability: &Capability) -> Sides {
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
    fn origins(&mut self, capability: &Capability) -> Sides {
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

    /// The entries of one capability on some platforms.
    fn lines(
        &mut self,
        capability: &'a Capability,
        granted: &[Granted<'a>],
        platforms: &Platforms,
    ) -> (Vec<Line>, Vec<Line>) {
        let (mut allow, mut deny) = (Vec::new(), Vec::new());
        for one in granted.iter().filter(|one| one.platforms == *platforms) {
            let (key, commands) = (one.found.key, &one.found.permission.commands);
            if commands.allow.is_empty() && commands.deny.is_empty() {
                self.deny_scope(capability, one, &[], &mut deny);
                continue;
            }
            let global = granted.iter().filter(|other| {
                let theirs = &other.found.permission.commands;
                // A scope for fewer platforms than the command is for would be one for all of them.
                other.found.key == key
                    && theirs.allow.is_empty()
                    && theirs.deny.is_empty()
                    && (other.platforms.is_none() || other.platforms == *platforms)
            });
            let scope = global.fold(one.scope.clone(), |scope, other| scope.and(&other.scope));
            allow.extend(self.allowed(capability, one, &scope));
            let from = from(one);
            let denied: Vec<_> = commands
                .deny
                .iter()
                .filter_map(|command| self.name(capability, key, command))
                .collect();
            if !denied.is_empty() {
                deny.push(Line { from: from.clone(), commands: denied, scope: None, args: None });
            }
            for command in &commands.deny {
                self.denied_elsewhere(capability, key, command);
            }
            let scoped: Vec<_> = commands
                .allow
                .iter()
                .filter_map(|command| {
                    self.names.get(&names::full(key, command)).ok().map(str::to_owned)
                })
                .collect();
            self.deny_scope(capability, one, &scoped, &mut deny);
        }
        (allow, deny)
    }

    /// The entries for what a permission allows: one for all commands with the same scope.
    fn allowed(&mut self, capability: &Capability, one: &Granted<'_>, scope: &Scopes) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for command in &one.found.permission.commands.allow {
            let Some(name) = self.name(capability, one.found.key, command) else {
                continue;
            };
            let (scope, args) = match self.scoped(capability, one, command, scope) {
                Scoped::Refused => continue,
                Scoped::Free => (None, None),
                Scoped::To(kind, patterns, args) => (Some((kind, patterns)), args),
            };
            match lines.iter_mut().find(|line| line.scope == scope && line.args == args) {
                Some(line) => line.commands.push(name),
                None => lines.push(Line { from: from(one), commands: vec![name], scope, args }),
            }
        }
        lines
    }

    fn name(&mut self, capability: &Capability, key: &str, command: &str) -> Option<String> {
        let full = names::full(key, command);
        match self.names.get(&full) {
            Ok(name) => Some(name.to_owned()),
            Err(why) => {
                let why = why.to_owned();
                self.differs(Kind::Narrower, "command-name", capability, &full, why);
                None
            }
        }
    }

    /// What an allowed command may touch.
    fn scoped(
        &mut self,
        capability: &Capability,
        one: &Granted<'_>,
        command: &str,
        scope: &Scopes,
    ) -> Scoped {
        let key = one.found.key;
        let full = names::full(key, command);
        let (argument, args) = match plugin::names(key, command) {
            None if scope.is_empty() => return Scoped::Free,
            None => {
                let why = format!("what a scope of `{key}` means is not known here");
                self.differs(Kind::Narrower, "scope-unknown", capability, &full, why);
                return Scoped::Refused;
            }
            Some(plugin::Names::Nothing) => return Scoped::Free,
            Some(plugin::Names::Other(why)) => {
                self.differs(Kind::Narrower, "command-scope", capability, &full, why);
                return Scoped::Refused;
            }
            Some(plugin::Names::Path) => ("path", None),
            Some(plugin::Names::Url) => ("url", None),
            Some(plugin::Names::OpenedUrl) => {
                ("url", Some("{ properties = { with = { type = \"null\" } } }"))
            }
        };
        let mut found = Vec::new();
        for value in scope.allow.iter().flatten() {
            match translate(key, value, Side::Allow) {
                Ok(patterns) => found.extend(patterns),
                Err(why) => self.differs(
                    Kind::Narrower,
                    "scope",
                    capability,
                    &format!("{full} {value}"),
                    why,
                ),
            }
        }
        found.sort();
        found.dedup();
        if found.is_empty() {
            let why = "there is nothing that it may touch";
            self.differs(Kind::Narrower, "scope-empty", capability, &full, why);
            return Scoped::Refused;
        }
        Scoped::To(argument, found, args)
    }

    /// What some commands may not touch; all of the plugin's, where the permission has none. A scope
    /// that cannot be said denies them whole.
    fn deny_scope(
        &mut self,
        capability: &Capability,
        one: &Granted<'_>,
        commands: &[String],
        deny: &mut Vec<Line>,
    ) {
        let Some(values) = one.scope.deny.as_ref().filter(|values| !values.is_empty()) else {
            return;
        };
        let key = one.found.key;
        let commands = match commands {
            [] if one.found.permission.commands.deny.is_empty() => {
                names::all_of(key).into_iter().collect()
            }
            _ => commands.to_vec(),
        };
        if commands.is_empty() {
            return;
        }
        let argument = match key {
            "fs" => Some("path"),
            "http" | "opener" => Some("url"),
            _ => None,
        };
        let mut found = Vec::new();
        let mut whole = argument.is_none();
        for value in values {
            match translate(key, value, Side::Deny) {
                Ok(patterns) => found.extend(patterns),
                Err(why) => {
                    whole = true;
                    let why = format!("{why}: what cannot be denied in part is denied whole");
                    self.differs(
                        Kind::Narrower,
                        "scope-deny",
                        capability,
                        &format!("{key} {value}"),
                        why,
                    );
                }
            }
        }
        let scope = argument.filter(|_| !whole).map(|argument| (argument, found));
        deny.push(Line { from: from(one), commands, scope, args: None });
    }

    /// There a command that is denied to one window is denied to all.
    fn denied_elsewhere(&mut self, capability: &Capability, key: &str, command: &str) {
        let elsewhere = self.app.capabilities.iter().any(|other| {
            other.windows != capability.windows || other.webviews != capability.webviews
        });
        if elsewhere {
            let why = "a denial is for the windows of its capability; Tauri's is for every window";
            self.differs(
                Kind::Wider,
                "deny-per-window",
                capability,
                &names::full(key, command),
                why,
            );
        }
    }

    /// What is so for every import, or for the app as a whole.
    fn about_all(&mut self) {
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
        let global: BTreeSet<_> = self
            .app
            .manifests
            .iter()
            .filter(|(_, manifest)| {
                manifest.permissions.values().any(|permission| {
                    permission.commands.allow.is_empty() && permission.commands.deny.is_empty()
                })
            })
            .map(|(key, _)| key.clone())
            .collect();
        if self.app.capabilities.len() > 1 {
            for key in global {
                about(
                    Kind::Wider,
                    "scope-per-window",
                    &key,
                    "a scope that names no command is for the commands and windows of its capability; Tauri's is for every window, what it denies too",
                );
            }
        }
    }
}

#[derive(Debug, Default)]
struct Sides {
    allow: BTreeSet<String>,
    deny: BTreeSet<String>,
}

fn translate(key: &str, value: &serde_json::Value, side: Side) -> Result<Vec<String>, String> {
    match key {
        "fs" => patterns::path(value, side).map(|pattern| vec![pattern]),
        "http" => patterns::url(value, side),
        "opener" => patterns::opened_url(value, side),
        _ => Err(format!("what a scope of `{key}` means is not known here")),
    }
}

fn from(one: &Granted<'_>) -> String {
    let name = &one.found.permission.identifier;
    let whole =
        if one.found.key == APP { name.clone() } else { format!("{}:{name}", one.found.key) };
    if whole == one.named { whole } else { format!("{}: {whole}", one.named) }
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
