//! From files as written to capabilities: every name looked up, every pattern read, every mistake
//! reported at once. What the rules then mean for a call is [`crate::principal`]'s business.

mod danger;
mod entry;
mod names;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::capability::Capability;
use crate::diagnostics::{Diagnostic, Diagnostics, FileText, Place, Span};
use crate::policy::Context;
use crate::rule::{Entry, Rule};
use crate::schema::{Budget, Schema};
use crate::sources::Sources;
use crate::verdict::{Effect, RuleRef};
use crate::written::{
    At, WrittenCapability, WrittenEntry, WrittenFile, WrittenPermission, nearest, read_file,
};

/// The most rules of a policy once permissions are copied into the capabilities that use them: a
/// thousand capabilities that each use a thousand permissions are a small file and a large table.
const MAX_RULES: usize = 200_000;

/// How many mistakes come with a "did you mean".
const MAX_SUGGESTIONS: usize = 100;

/// Compiles all texts. Where the diagnostics hold an error, the capabilities are not to be used.
pub(crate) fn compile(sources: &Sources, context: &Context<'_>) -> (Vec<Capability>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let texts: Vec<_> = sources.policies().map(|(name, text)| FileText::new(name, text)).collect();
    let files: Vec<_> =
        texts.iter().map(|text| (text, read_file(text, &mut diagnostics))).collect();
    let mut compiler = Compiler {
        sources,
        context,
        diagnostics,
        budget: Budget::default(),
        schemas: BTreeMap::new(),
        rules_left: MAX_RULES,
    };
    let capabilities = compiler.files(&files);
    compiler.diagnostics.sort();
    (capabilities, compiler.diagnostics)
}

struct Compiler<'c> {
    sources: &'c Sources,
    context: &'c Context<'c>,
    diagnostics: Diagnostics,
    budget: Budget,
    /// Schemas by their JSON text: the same one is compiled once.
    schemas: BTreeMap<String, Arc<Schema>>,
    rules_left: usize,
}

/// A permission once its entries are compiled.
struct Permission<'f> {
    file: &'f FileText<'f>,
    id: &'f At<String>,
    allow: Vec<Placed>,
    deny: Vec<Placed>,
}

/// A compiled entry, and where it stands.
struct Placed {
    index: u32,
    line: u32,
    column: u32,
    entry: Arc<Entry>,
}

/// What the entries of a list have in common.
#[derive(Clone, Copy)]
struct Owner<'f> {
    file: &'f FileText<'f>,
    effect: Effect,
    /// The capability's own word for its entries that they are dangerous on purpose.
    is_dangerous: bool,
}

type File<'f> = (&'f FileText<'f>, WrittenFile);

impl Compiler<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// The known word that is nearest, for the first mistakes: for thousands of them nobody reads
    /// it, and it costs the product of both lists.
    fn suggest<'k>(
        &self,
        written: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Option<&'k str> {
        if self.diagnostics.len() < MAX_SUGGESTIONS { nearest(written, known) } else { None }
    }

    fn did_you_mean<'k>(
        &self,
        written: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Option<String> {
        self.suggest(written, known).map(|word| format!("did you mean `{word}`?"))
    }

    fn files<'f>(&mut self, files: &'f [File<'f>]) -> Vec<Capability> {
        let written = files.iter().flat_map(|(file, written)| {
            written.permissions.iter().map(move |permission| (*file, permission))
        });
        let mut permissions: BTreeMap<&str, Permission<'f>> = BTreeMap::new();
        for (file, permission) in written {
            let compiled = self.permission(file, permission);
            if let Some(first) = permissions.get(permission.id.value.as_str()) {
                self.duplicate("permission", file, &permission.id, first.file, first.id.span);
            } else {
                permissions.insert(&permission.id.value, compiled);
            }
        }
        let capabilities = self.capabilities(files, &permissions);
        // A broken file may well have lost the capability that uses it.
        if files.iter().all(|(_, written)| written.is_whole) {
            self.unused(files, &permissions);
        }
        capabilities
    }

    fn capabilities<'f>(
        &mut self,
        files: &'f [File<'f>],
        permissions: &BTreeMap<&str, Permission<'f>>,
    ) -> Vec<Capability> {
        let mut seen: BTreeMap<&str, (&FileText<'_>, Span)> = BTreeMap::new();
        let mut capabilities = Vec::new();
        for (file, written) in files {
            for capability in &written.capabilities {
                let id = &capability.id;
                match seen.get(id.value.as_str()) {
                    Some((first, span)) => self.duplicate("capability", file, id, first, *span),
                    None => drop(seen.insert(&id.value, (file, id.span))),
                }
                self.unknown_uses(file, capability, permissions);
                capabilities.push(self.capability(file, capability, permissions));
            }
        }
        capabilities
    }

    fn permission<'f>(
        &mut self,
        file: &'f FileText<'f>,
        permission: &'f WrittenPermission,
    ) -> Permission<'f> {
        let owner = |effect| Owner { file, effect, is_dangerous: false };
        Permission {
            file,
            id: &permission.id,
            allow: self.entries(owner(Effect::Allow), &permission.allow),
            deny: self.entries(owner(Effect::Deny), &permission.deny),
        }
    }

    fn capability(
        &mut self,
        file: &FileText<'_>,
        capability: &WrittenCapability,
        permissions: &BTreeMap<&str, Permission<'_>>,
    ) -> Capability {
        self.check_windows_danger(file, capability);
        let owner = |effect| Owner { file, effect, is_dangerous: capability.dangerous.is_some() };
        let mut rules = |effect: Effect, written: &[WrittenEntry]| {
            let own = self.entries(owner(effect), written);
            let id = &capability.id;
            let mut rules = self.rules(id, effect, file, None, &own);
            for name in &capability.uses {
                let Some(used) = permissions.get(name.value.as_str()) else {
                    continue;
                };
                let entries = match effect {
                    Effect::Allow => &used.allow,
                    Effect::Deny => &used.deny,
                };
                rules.extend(self.rules(id, effect, used.file, Some(&name.value), entries));
            }
            rules
        };
        let (allow, deny) =
            (rules(Effect::Allow, &capability.allow), rules(Effect::Deny, &capability.deny));
        Capability {
            id: capability.id.value.clone(),
            description: capability.description.as_ref().map(|text| text.value.clone()),
            expires: None,
            windows: self.windows(file, &capability.windows),
            origins: self.origins(file, capability),
            allow,
            deny,
        }
    }

    fn entries(&mut self, owner: Owner<'_>, written: &[WrittenEntry]) -> Vec<Placed> {
        let mut placed = Vec::with_capacity(written.len());
        for (index, entry) in (1..).zip(written) {
            let (line, column) = owner.file.line_and_column(entry.span.start);
            let entry = Arc::new(self.entry(owner, entry));
            placed.push(Placed { index, line, column, entry });
        }
        placed
    }

    fn rules(
        &mut self,
        capability: &At<String>,
        effect: Effect,
        file: &FileText<'_>,
        permission: Option<&str>,
        entries: &[Placed],
    ) -> Vec<Rule> {
        let Some(left) = self.rules_left.checked_sub(entries.len()) else {
            let place = Place::of(file, capability.span);
            let message = "the policy has more than 200,000 rules";
            self.report(Diagnostic::error("too-much", &place, message));
            return Vec::new();
        };
        self.rules_left = left;
        let rule = |placed: &Placed| Rule {
            reference: Arc::new(RuleRef {
                capability: capability.value.clone(),
                permission: permission.map(str::to_owned),
                effect,
                index: placed.index,
                file: file.name.to_owned(),
                line: placed.line,
                column: placed.column,
            }),
            entry: placed.entry.clone(),
        };
        entries.iter().map(rule).collect()
    }

    fn unknown_uses(
        &mut self,
        file: &FileText<'_>,
        capability: &WrittenCapability,
        permissions: &BTreeMap<&str, Permission<'_>>,
    ) {
        for name in &capability.uses {
            if permissions.contains_key(name.value.as_str()) {
                continue;
            }
            let place = Place::of(file, name.span);
            let message = format!("there is no permission `{}`", name.value);
            let help = self.did_you_mean(&name.value, permissions.keys().copied());
            let write = format!("add a `[[permission]]` with `id = \"{}\"`", name.value);
            self.report(
                Diagnostic::error("unknown-permission", &place, message)
                    .label("no file of this policy has it")
                    .help(help.unwrap_or(write)),
            );
        }
    }

    fn unused<'f>(&mut self, files: &'f [File<'f>], permissions: &BTreeMap<&str, Permission<'f>>) {
        let capabilities = files.iter().flat_map(|(_, written)| &written.capabilities);
        // A misspelt use is reported already, and stands for the one that was meant.
        let meant = |name: &'f At<String>| {
            let id = name.value.as_str();
            let is_known = permissions.contains_key(id);
            if is_known { id } else { self.suggest(id, permissions.keys().copied()).unwrap_or(id) }
        };
        let uses: BTreeSet<_> =
            capabilities.flat_map(|capability| &capability.uses).map(meant).collect();
        for (id, permission) in permissions {
            if uses.contains(id) {
                continue;
            }
            let place = Place::of(permission.file, permission.id.span);
            let message = format!("no capability uses the permission `{id}`");
            let help = format!("add `use = [\"{id}\"]` to a capability, or remove the permission");
            self.report(Diagnostic::warning("unused-permission", &place, message).help(help));
        }
    }

    fn duplicate(
        &mut self,
        kind: &str,
        file: &FileText<'_>,
        id: &At<String>,
        first_file: &FileText<'_>,
        first_span: Span,
    ) {
        let place = Place::of(file, id.span);
        let first = Place::of(first_file, first_span);
        self.report(
            Diagnostic::error(
                "duplicate-id",
                &place,
                format!("there are two {} `{}`", plural(kind), id.value),
            )
            .label("the second")
            .help("give it an id of its own")
            .also(&first, "the first"),
        );
    }
}

fn plural(kind: &str) -> &str {
    match kind {
        "capability" => "capabilities called",
        _ => "permissions called",
    }
}
