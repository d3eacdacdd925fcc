//! From files as written to capabilities: every name looked up, every pattern read, every mistake
//! reported at once. What the rules then mean for a call is [`crate::principal`]'s business.

mod asking;
mod danger;
mod entry;
mod includes;
mod names;
mod permissions;
mod placeholders;
mod schema;
mod statements;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::capability::Capability;
use crate::diagnostics::{Diagnostic, Diagnostics, FileText, Place, Span};
use crate::never::Never;
use crate::policy::Context;
use crate::rule::{Entry, Rule};
use crate::schema::{Budget, Schema};
use crate::sources::Sources;
use crate::testing::Test;
use crate::verdict::{Effect, RuleRef};
use crate::written::{At, WrittenCapability, WrittenEntry, WrittenFile, nearest, read_file};
pub(crate) use danger::{may_change, reached_place};

use danger::Places;
use permissions::Permissions;
use statements::PlacedNever;

/// The most rules of a policy once permissions are copied into the capabilities that use them: a
/// thousand capabilities that each use a thousand permissions are a small file and a large table.
const MAX_RULES: usize = 200_000;

/// How many mistakes come with a "did you mean".
const MAX_SUGGESTIONS: usize = 100;

/// What the texts of a policy come to. Where the diagnostics hold an error, the rest is not to be
/// used.
pub(crate) struct Output {
    pub(crate) diagnostics: Diagnostics,
    /// The capabilities that are in force.
    pub(crate) enforced: Vec<Capability>,
    /// Those that would be in force if the observed ones were; `None` where none is observed.
    pub(crate) shadow: Option<Vec<Capability>>,
    pub(crate) tests: Vec<Test>,
    /// Invariants, each with the place to complain at.
    pub(crate) nevers: Vec<(Never, Diagnostic)>,
}

/// Compiles all texts.
pub(crate) fn compile(sources: &Sources, context: &Context<'_>) -> Output {
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
        places: Places::of(context.directories),
        rules_left: MAX_RULES,
    };
    let mut output = compiler.files(&files);
    output.diagnostics = compiler.diagnostics;
    output.diagnostics.sort();
    output
}

struct Compiler<'c> {
    sources: &'c Sources,
    context: &'c Context<'c>,
    diagnostics: Diagnostics,
    budget: Budget,
    /// Schemas by their JSON text: the same one is compiled once.
    schemas: BTreeMap<String, Arc<Schema>>,
    /// Places that no page should reach.
    places: Places,
    rules_left: usize,
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
    /// Whether it is an invariant's: that may speak of commands which are still to come.
    is_invariant: bool,
    /// Where a capability gave the values that are in the entries.
    used_at: Option<Place<'f>>,
}

type File<'f> = (&'f FileText<'f>, WrittenFile);

impl Compiler<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports what is wrong with a text of an entry: where a capability gave the values that are in
    /// it, or where it stands.
    fn report_text(
        &mut self,
        owner: Owner<'_>,
        span: Span,
        diagnostic: impl FnOnce(&Place<'_>) -> Diagnostic,
    ) {
        let written = Place::of(owner.file, span);
        let found = match &owner.used_at {
            Some(used_at) => diagnostic(used_at).also(&written, "the pattern it is put into"),
            None => diagnostic(&written),
        };
        self.report(found);
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

    fn files<'f>(&mut self, files: &'f [File<'f>]) -> Output {
        self.check_includes(files);
        let mut permissions = self.permissions(files);
        let (enforced, observed) = self.capabilities(files, &mut permissions);
        // A broken file may well have lost the capability that uses it.
        if files.iter().all(|(_, written)| written.is_whole) {
            self.unused(files, &permissions);
        }
        let tests = self.tests(files, &enforced);
        let nevers = self.nevers(files).into_iter().map(PlacedNever::into_parts).collect();
        let shadow = (!observed.is_empty()).then(|| shadow(&enforced, observed));
        Output { diagnostics: Diagnostics::default(), enforced, shadow, tests, nevers }
    }

    /// The capabilities that are in force on this platform, and those that are observed.
    fn capabilities<'f>(
        &mut self,
        files: &'f [File<'f>],
        permissions: &mut Permissions<'f>,
    ) -> (Vec<Capability>, Vec<Capability>) {
        let mut seen: BTreeMap<(&str, bool), (&FileText<'_>, Span)> = BTreeMap::new();
        let (mut enforced, mut observed) = (Vec::new(), Vec::new());
        for (file, written) in files {
            for capability in &written.capabilities {
                let id = &capability.id;
                // An observed capability may have the id of the one that it is to replace.
                let first =
                    *seen.entry((&id.value, capability.observe)).or_insert((*file, id.span));
                if first.1 != id.span || first.0.name != file.name {
                    self.duplicate("capability", file, id, first.0, first.1);
                }
                self.check_uses(file, &capability.uses, permissions);
                for used in &capability.uses {
                    self.no_placeholders(file, &used.values);
                }
                let compiled = self.capability(file, capability, permissions);
                let platforms = capability.platforms.as_ref();
                if platforms.is_none_or(|on| on.contains(&self.context.platform)) {
                    let list = if capability.observe { &mut observed } else { &mut enforced };
                    list.push(compiled);
                }
            }
        }
        (enforced, observed)
    }

    fn capability<'f>(
        &mut self,
        file: &'f FileText<'f>,
        capability: &'f WrittenCapability,
        permissions: &mut Permissions<'f>,
    ) -> Capability {
        let used = self.gather(file, capability, permissions);
        let mut rules = |effect: Effect, written: &[WrittenEntry]| {
            let is_dangerous = capability.dangerous.is_some();
            let owner = Owner { file, effect, is_dangerous, is_invariant: false, used_at: None };
            let own = self.entries(owner, written);
            let id = &capability.id;
            let mut rules = self.rules(id, effect, file, None, &own);
            for group in &used {
                let entries = match effect {
                    Effect::Allow => &group.allow,
                    Effect::Deny => &group.deny,
                };
                rules.extend(self.rules(id, effect, group.file, Some(group.id), entries));
            }
            rules
        };
        let (allow, deny) =
            (rules(Effect::Allow, &capability.allow), rules(Effect::Deny, &capability.deny));
        self.check_audience_danger(file, capability, &allow);
        Capability {
            id: capability.id.value.clone(),
            description: capability.description.as_ref().map(|text| text.value.clone()),
            expires: capability.expires.as_ref().map(|at| at.value),
            expires_at: capability.expires.as_ref().map(|at| (file.name.into(), at.span)),
            is_dangerous: capability.dangerous.is_some(),
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
            reference: Arc::new(RuleRef::new(
                (&capability.value, permission),
                (effect, placed.index),
                (file.name, placed.line, placed.column),
            )),
            entry: placed.entry.clone(),
        };
        entries.iter().map(rule).collect()
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

/// The policy in whose shadow the enforced one would stand: an observed capability takes the place of
/// the enforced one of its id, or is added.
fn shadow(enforced: &[Capability], observed: Vec<Capability>) -> Vec<Capability> {
    let is_replaced = |id: &str| observed.iter().any(|capability| capability.id == id);
    let mut shadow: Vec<_> =
        enforced.iter().filter(|capability| !is_replaced(&capability.id)).cloned().collect();
    shadow.extend(observed);
    shadow
}

fn plural(kind: &str) -> &str {
    match kind {
        "capability" => "capabilities called",
        _ => "permissions called",
    }
}
