//! The entries of a capability: what its permissions allow and deny.

use super::form::{APP, Capability, Scopes};
use super::granted::Granted;
use super::import::Importer;
use super::names;
use super::patterns::{self, Side};
use super::plugin;
use super::report::Kind;
use super::write::Line;

/// What a command's scope comes to.
enum Scoped {
    Free,
    To(&'static str, Vec<String>, Option<&'static str>),
    Refused,
}

impl<'a> Importer<'a> {
    /// The entries of one capability on one platform.
    pub(super) fn lines(
        &mut self,
        capability: &'a Capability,
        granted: &[Granted<'a>],
        platform: &str,
    ) -> (Vec<Line>, Vec<Line>) {
        let (mut allow, mut deny) = (Vec::new(), Vec::new());
        for one in granted.iter().filter(|one| one.is_on(platform)) {
            let (key, commands) = (one.found.key, &one.found.permission.commands);
            if one.is_global() {
                self.deny_scope(capability, one, &[], &mut deny);
                continue;
            }
            let global = granted.iter().filter(|other| {
                other.found.key == key && other.is_global() && other.is_on(platform)
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
            None if !self.is_limited(key, &full) => return Scoped::Free,
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
        // The plugin cannot read such a scope, and fails every call.
        if !scope.allow.iter().flatten().all(|value| patterns::is_element(value, argument)) {
            found.clear();
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

    /// Whether what a command of a plugin that is not known may do hangs on a scope: a plugin that
    /// says what its scopes look like has some, and one scope is joined with those of every other
    /// permission for the command.
    fn is_limited(&self, key: &str, full: &str) -> bool {
        let manifest = self.app.manifests.get(key);
        self.limited.has(key, full)
            || manifest.is_some_and(|manifest| manifest.global_scope_schema.is_some())
    }

    /// There a command that is denied to one window is denied to all.
    fn denied_elsewhere(&mut self, capability: &Capability, key: &str, command: &str) {
        let elsewhere =
            self.app.capabilities.iter().any(|other| !other.has_audience_of(capability));
        if elsewhere {
            let why = "a denial is for the windows and origins of its capability; Tauri's is for all of them";
            self.differs(
                Kind::Wider,
                "deny-per-window",
                capability,
                &names::full(key, command),
                why,
            );
        }
    }
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
