//! Permissions: checked where they stand, compiled for the values that they are used with, and
//! gathered for a capability with all that they use in turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::placeholders::{Values, fill, substitute};
use super::{Compiler, File, Owner, Placed};
use crate::diagnostics::{Diagnostic, FileText, Place};
use crate::verdict::Effect;
use crate::written::{Value, WrittenCapability, WrittenEntry, WrittenPermission, WrittenUse};

/// The most permissions that one policy compiles and gathers, each use with its own values counted:
/// twenty sets that each use the next one twice, with other values, are a small file and a million.
const MAX_USES: usize = 100_000;

/// The most permissions that a way round is told with.
const MAX_NAMED: usize = 5;

/// The permissions of a policy, by id.
pub(super) struct Permissions<'f> {
    known: BTreeMap<&'f str, (&'f FileText<'f>, &'f WrittenPermission)>,
    compiled: BTreeMap<Instance, Arc<Group<'f>>>,
    uses_left: usize,
    /// Whether one comes back to itself: then nothing is gathered, which would have no end.
    is_cyclic: bool,
}

/// A permission with values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Instance {
    id: String,
    values: Values,
    /// Whether whoever uses it says that its values are dangerous on purpose.
    is_dangerous: bool,
}

/// The compiled entries of a permission.
pub(super) struct Group<'f> {
    pub(super) file: &'f FileText<'f>,
    pub(super) id: &'f str,
    pub(super) allow: Vec<Placed>,
    pub(super) deny: Vec<Placed>,
}

/// What a capability is gathering.
struct Gathering<'f, 'g> {
    is_dangerous: bool,
    seen: BTreeSet<Instance>,
    groups: &'g mut Vec<Arc<Group<'f>>>,
}

/// A use that is still to be gathered.
struct Open<'f> {
    used: &'f WrittenUse,
    /// What the parameters of the permission around it stand for.
    values: Values,
    /// The use in a capability that it comes from; `None` where it is one.
    from: Option<Place<'f>>,
}

impl<'f> Permissions<'f> {
    pub(super) fn ids(&self) -> impl Iterator<Item = &'f str> {
        self.known.keys().copied()
    }
}

impl Compiler<'_> {
    /// Finds all permissions, and checks each where it stands.
    pub(super) fn permissions<'f>(&mut self, files: &'f [File<'f>]) -> Permissions<'f> {
        let mut permissions = Permissions {
            known: BTreeMap::new(),
            compiled: BTreeMap::new(),
            uses_left: MAX_USES,
            is_cyclic: false,
        };
        for (file, written) in files {
            for permission in &written.permissions {
                let id = &permission.id;
                if let Some((first, other)) = permissions.known.get(id.value.as_str()) {
                    self.duplicate("permission", file, id, first, other.id.span);
                } else {
                    permissions.known.insert(&id.value, (file, permission));
                }
            }
        }
        self.check_permissions(&mut permissions);
        permissions
    }

    fn check_permissions(&mut self, permissions: &mut Permissions<'_>) {
        permissions.is_cyclic = self.check_cycles(permissions);
        let known: Vec<_> = permissions.known.values().copied().collect();
        for (file, permission) in known {
            self.check_placeholders(file, permission);
            self.check_uses(file, &permission.uses, permissions);
            // One that nobody uses is compiled all the same, for its mistakes.
            if permission.params.iter().all(|param| default(permission, &param.value).is_some()) {
                let (id, values) = (permission.id.value.clone(), defaults(permission));
                let instance = Instance { id, values, is_dangerous: false };
                self.group(&instance, file, permission, None, permissions);
            }
        }
    }

    /// Reports uses of what does not exist, and values that fit no parameter or are missing.
    pub(super) fn check_uses(
        &mut self,
        file: &FileText<'_>,
        uses: &[WrittenUse],
        permissions: &Permissions<'_>,
    ) {
        for used in uses {
            let Some((_, permission)) = permissions.known.get(used.id.value.as_str()) else {
                self.unknown_permission(file, used, permissions);
                continue;
            };
            for value in &used.values {
                self.known_param(file, permission, &value.name.value, value.name.span);
            }
            for param in &permission.params {
                let name = &param.value;
                let is_given = used.values.iter().any(|value| value.name.value == *name);
                if !is_given && default(permission, name).is_none() {
                    self.missing_param(file, used, name);
                }
            }
        }
    }

    fn unknown_permission(
        &mut self,
        file: &FileText<'_>,
        used: &WrittenUse,
        permissions: &Permissions<'_>,
    ) {
        let id = &used.id;
        let place = Place::of(file, id.span);
        let help = self.did_you_mean(&id.value, permissions.ids());
        let write = || format!("add a `[[permission]]` with `id = \"{}\"`", id.value);
        let message = format!("there is no permission `{}`", id.value);
        self.report(
            Diagnostic::error("unknown-permission", &place, message)
                .label("no file of this policy has it")
                .help(help.unwrap_or_else(write)),
        );
    }

    fn missing_param(&mut self, file: &FileText<'_>, used: &WrittenUse, name: &str) {
        let id = &used.id.value;
        let place = Place::of(file, used.id.span);
        let message = format!("the permission `{id}` needs a value for `{name}`");
        let help = format!("write `{{ id = \"{id}\", {name} = \"…\" }}`");
        self.report(Diagnostic::error("missing-param", &place, message).help(help));
    }

    /// Reports the uses by which permissions come back to themselves; whether there are any. Each
    /// permission is gone through once, with a stack of our own.
    fn check_cycles(&mut self, permissions: &Permissions<'_>) -> bool {
        let mut is_cyclic = false;
        let mut done: BTreeSet<&str> = BTreeSet::new();
        for first in permissions.known.keys() {
            let mut way: Vec<(&str, usize)> = Vec::new();
            let mut on_way: BTreeSet<&str> = BTreeSet::new();
            let mut next = Some(*first).filter(|first| !done.contains(first));
            loop {
                if let Some(id) = next.take() {
                    way.push((id, 0));
                    on_way.insert(id);
                }
                let Some((id, at)) = way.last_mut() else { break };
                let Some((file, permission)) = permissions.known.get(*id) else { break };
                let Some(used) = permission.uses.get(*at) else {
                    done.insert(*id);
                    on_way.remove(*id);
                    way.pop();
                    continue;
                };
                *at = at.saturating_add(1);
                let target = used.id.value.as_str();
                if on_way.contains(target) {
                    is_cyclic = true;
                    self.cycle(file, used, &way);
                } else if permissions.known.contains_key(target) && !done.contains(target) {
                    next = Some(target);
                }
            }
        }
        is_cyclic
    }

    fn cycle(&mut self, file: &FileText<'_>, used: &WrittenUse, way: &[(&str, usize)]) {
        let id = used.id.value.as_str();
        let round = way.iter().map(|(one, _)| *one).skip_while(|one| *one != id);
        let names: Vec<_> =
            round.take(MAX_NAMED).chain([id]).map(|one| format!("`{one}`")).collect();
        let place = Place::of(file, used.id.span);
        let message = format!("the permission `{id}` comes back to itself");
        self.report(
            Diagnostic::error("permission-cycle", &place, message)
                .label(format!("the way round is {}", names.join(", ")))
                .help("remove this use, or another one on the way"),
        );
    }

    /// All that a capability uses, each permission with each set of values once.
    pub(super) fn gather<'f>(
        &mut self,
        file: &'f FileText<'f>,
        capability: &'f WrittenCapability,
        permissions: &mut Permissions<'f>,
    ) -> Vec<Arc<Group<'f>>> {
        let mut groups = Vec::new();
        let mut gathering = Gathering {
            is_dangerous: capability.dangerous.is_some(),
            seen: BTreeSet::new(),
            groups: &mut groups,
        };
        if !permissions.is_cyclic {
            self.gather_uses(file, &capability.uses, permissions, &mut gathering);
        }
        groups
    }

    /// A stack of our own: a chain of ten thousand permissions must not be one of calls.
    fn gather_uses<'f>(
        &mut self,
        file: &'f FileText<'f>,
        uses: &'f [WrittenUse],
        permissions: &mut Permissions<'f>,
        gathering: &mut Gathering<'f, '_>,
    ) {
        let mut open = Vec::new();
        let later = |open: &mut Vec<Open<'f>>, uses: &'f [WrittenUse], values: &Values, from| {
            let uses = uses.iter().rev();
            open.extend(uses.map(|used| Open { used, values: values.clone(), from }));
        };
        later(&mut open, uses, &Values::new(), None);
        while let Some(Open { used, values, from }) = open.pop() {
            let known = permissions.known.get(used.id.value.as_str());
            let Some((home, permission)) = known.copied() else {
                continue;
            };
            let span = used.values.first().map_or(used.id.span, |value| value.span);
            let from = from.unwrap_or(Place::of(file, span));
            let Some(values) = self.values_of(used, permission, &values, &from) else { continue };
            let is_dangerous = gathering.is_dangerous && !values.is_empty();
            let instance = Instance { id: used.id.value.clone(), values, is_dangerous };
            if gathering.seen.contains(&instance) {
                continue;
            }
            let Some(left) = permissions.uses_left.checked_sub(1) else {
                let message = "the policy uses more than 100,000 permissions";
                return self.report(Diagnostic::error("too-much", &from, message));
            };
            permissions.uses_left = left;
            later(&mut open, &permission.uses, &instance.values, Some(from));
            if permission.platforms.as_ref().is_none_or(|on| on.contains(&self.context.platform)) {
                let group = self.group(&instance, home, permission, Some(from), permissions);
                gathering.groups.push(group);
            }
            gathering.seen.insert(instance);
        }
    }

    /// What each parameter of a used permission stands for. `None` where one has no value or too
    /// many: that is reported.
    fn values_of(
        &mut self,
        used: &WrittenUse,
        permission: &WrittenPermission,
        around: &Values,
        from: &Place<'_>,
    ) -> Option<Values> {
        let mut values = Values::new();
        for param in &permission.params {
            let name = param.value.as_str();
            let given = used.values.iter().find(|value| value.name.value == name);
            let value = given.or_else(|| default(permission, name))?;
            let mut texts = Vec::new();
            for text in &value.texts {
                let Some(more) = substitute(&text.value, around) else {
                    self.too_many_texts(from);
                    return None;
                };
                texts.extend(more);
            }
            values.insert(name.to_owned(), texts);
        }
        Some(values)
    }

    fn group<'f>(
        &mut self,
        instance: &Instance,
        file: &'f FileText<'f>,
        permission: &'f WrittenPermission,
        from: Option<Place<'f>>,
        permissions: &mut Permissions<'f>,
    ) -> Arc<Group<'f>> {
        if let Some(known) = permissions.compiled.get(instance) {
            return known.clone();
        }
        let has_params = !permission.params.is_empty();
        let mut list = |effect, written: &[WrittenEntry]| {
            let used_at = from.filter(|_| has_params);
            let owner = Owner {
                file,
                effect,
                is_dangerous: instance.is_dangerous,
                is_invariant: false,
                used_at,
            };
            if !has_params {
                return self.entries(owner, written);
            }
            let filled: Option<Vec<_>> =
                written.iter().map(|entry| fill(entry, &instance.values)).collect();
            let Some(filled) = filled else {
                let here = Place::of(file, permission.id.span);
                self.too_many_texts(&from.unwrap_or(here));
                return Vec::new();
            };
            self.entries(owner, &filled)
        };
        let allow = list(Effect::Allow, &permission.allow);
        let deny = list(Effect::Deny, &permission.deny);
        let group = Arc::new(Group { file, id: &permission.id.value, allow, deny });
        permissions.compiled.insert(instance.clone(), group.clone());
        group
    }

    fn too_many_texts(&mut self, place: &Place<'_>) {
        let message = "the values of the parameters make more than 1,000 texts of one pattern";
        self.report(Diagnostic::error("too-much", place, message).help("use fewer values"));
    }

    /// Reports permissions that no capability comes to use.
    pub(super) fn unused(&mut self, files: &[File<'_>], permissions: &Permissions<'_>) {
        let capabilities = files.iter().flat_map(|(_, written)| &written.capabilities);
        let mut used: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<&WrittenUse> = capabilities.flat_map(|one| &one.uses).collect();
        while let Some(next) = open.pop() {
            let id = next.id.value.as_str();
            // A misspelt use is reported already, and stands for the one that was meant.
            let is_known = permissions.known.contains_key(id);
            let meant = if is_known { None } else { self.suggest(id, permissions.ids()) };
            if let Some((id, (_, permission))) =
                permissions.known.get_key_value(meant.unwrap_or(id))
                && used.insert(id)
            {
                open.extend(&permission.uses);
            }
        }
        for (id, (file, permission)) in &permissions.known {
            if used.contains(id) {
                continue;
            }
            let place = Place::of(file, permission.id.span);
            let message = format!("no capability uses the permission `{id}`");
            let help = format!("add `use = [\"{id}\"]` to a capability, or remove the permission");
            self.report(Diagnostic::warning("unused-permission", &place, message).help(help));
        }
    }
}

fn default<'w>(permission: &'w WrittenPermission, name: &str) -> Option<&'w Value> {
    permission.defaults.iter().find(|value| value.name.value == name)
}

fn defaults(permission: &WrittenPermission) -> Values {
    let texts = |value: &Value| value.texts.iter().map(|text| text.value.clone()).collect();
    let values = permission.params.iter().filter_map(|param| {
        let value = default(permission, &param.value)?;
        Some((param.value.clone(), texts(value)))
    });
    values.collect()
}
