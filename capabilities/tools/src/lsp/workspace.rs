//! What is open, in what it is judged in, and what is wrong with it. Each policy that an open
//! document belongs to is compiled as a whole, from the texts as they are in the editor.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use gen_lsp_types::Uri;
use sidegate_capabilities::{
    CommandName, Context, Diagnostic, Diagnostics, Policy, SourceError, Sources,
};

use toml::de::{DeTable, DeValue};

use super::documents::{Document, Documents};
use super::surroundings::{Finder, Surroundings};

/// Documents and the policies they belong to.
pub(super) struct Workspace<'f> {
    finder: &'f Finder<'f>,
    pub(super) documents: Documents,
    policies: BTreeMap<Roots, Checked>,
    /// The policies that something may have changed in.
    stale: BTreeSet<Roots>,
}

/// What a policy is read from: what tells policies apart.
pub(super) type Roots = Vec<PathBuf>;

/// A policy as it was when it was last looked at.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) surroundings: Surroundings,
    pub(super) sources: Sources,
    pub(super) diagnostics: Diagnostics,
    /// Why the files beside the document could not be read.
    pub(super) unreadable: Option<String>,
    /// The files that the client was told of, and has to be told of when there is nothing more.
    pub(super) published: BTreeSet<Uri>,
}

impl<'f> Workspace<'f> {
    pub(super) fn new(finder: &'f Finder<'f>) -> Self {
        Self {
            finder,
            documents: Documents::default(),
            policies: BTreeMap::new(),
            stale: BTreeSet::new(),
        }
    }

    /// Something about the document may have changed.
    pub(super) fn touch(&mut self, uri: &Uri) {
        if let Some((roots, _)) = self.documents.get(uri).and_then(|open| self.around(open)) {
            self.stale.insert(roots);
        }
    }

    /// Something outside of the editor may have changed: a file, a manifest.
    pub(super) fn touch_all(&mut self) {
        self.stale.extend(self.policies.keys().cloned());
        let around = self.documents.iter().filter_map(|open| self.around(open));
        let roots: Vec<_> = around.map(|(roots, _)| roots).collect();
        self.stale.extend(roots);
    }

    /// Looks anew at what may have changed; what it looked at, and the files of which the client
    /// was told before.
    pub(super) fn refresh(&mut self) -> Vec<(Roots, BTreeSet<Uri>)> {
        let mut refreshed = Vec::new();
        for roots in std::mem::take(&mut self.stale) {
            let before = self.policies.remove(&roots).unwrap_or_default().published;
            let open: Vec<_> = self.documents.iter().collect();
            let around = open.iter().find_map(|document| {
                let (found, surroundings) = self.around(document)?;
                let is_meant = found == roots && !is_foreign(document, &surroundings);
                is_meant.then_some((*document, surroundings))
            });
            if let Some((document, surroundings)) = around {
                let checked = check(document, surroundings, &self.documents);
                self.policies.insert(roots.clone(), checked);
            }
            refreshed.push((roots, before));
        }
        refreshed
    }

    pub(super) fn checked(&self, roots: &Roots) -> Option<&Checked> {
        self.policies.get(roots)
    }

    pub(super) fn published(&mut self, roots: &Roots, files: BTreeSet<Uri>) {
        if let Some(checked) = self.policies.get_mut(roots) {
            checked.published = files;
        }
    }

    /// An open document with its text, and the policy it belongs to.
    pub(super) fn look_up(&self, uri: &Uri) -> Option<(&Document, &Checked)> {
        let document = self.documents.get(uri)?;
        let (roots, _) = self.around(document)?;
        Some((document, self.policies.get(&roots)?))
    }

    /// The URI of a text: the client's own spelling where it is open.
    pub(super) fn uri(&self, name: &str) -> Option<Uri> {
        let open = self.documents.named(name).map(|document| document.uri.clone());
        open.or_else(|| Uri::from_file_path(name).ok())
    }

    fn around(&self, document: &Document) -> Option<(Roots, Surroundings)> {
        let surroundings = (self.finder)(document.path.as_deref())?;
        let roots = if surroundings.roots.is_empty() {
            vec![PathBuf::from(&document.name)]
        } else {
            surroundings.roots.clone()
        };
        Some((roots, surroundings))
    }
}

/// Whether a document that nothing around it marks as a capability file is plainly something else:
/// an editor may well name the server for all TOML there is.
fn is_foreign(document: &Document, surroundings: &Surroundings) -> bool {
    let Some(text) = document.text.as_ref().filter(|_| surroundings.roots.is_empty()) else {
        return false;
    };
    let (tree, _) = DeTable::parse_recoverable(text);
    let tree = tree.get_ref();
    let is_version = |value: &DeValue<'_>| value.as_integer().is_some_and(|it| it.as_str() == "1");
    let is_ours = tree.get("version").is_some_and(|value| is_version(value.get_ref()))
        || ["capability", "permission", "never"].iter().any(|key| tree.contains_key(*key));
    !is_ours && !tree.is_empty()
}

fn check(document: &Document, surroundings: Surroundings, documents: &Documents) -> Checked {
    let (sources, unreadable) = match read(document, &surroundings, documents) {
        Ok(sources) => (sources, None),
        Err(error) => (alone(document), Some(error.to_string())),
    };
    let commands = surroundings.commands.as_ref().map(|commands| {
        let names = commands.iter().filter_map(|command| CommandName::parse(&command.name).ok());
        names.collect::<Vec<_>>()
    });
    let context = Context::new(&surroundings.directories).commands(commands.as_deref());
    let diagnostics = match Policy::compile(&sources, &context) {
        Ok(compiled) => compiled.warnings,
        Err(diagnostics) => diagnostics,
    };
    Checked { sources, diagnostics, unreadable, surroundings, published: BTreeSet::new() }
}

fn read(
    document: &Document,
    surroundings: &Surroundings,
    documents: &Documents,
) -> Result<Sources, SourceError> {
    match (&document.path, surroundings.roots.is_empty()) {
        (Some(path), true) => Sources::read_with(std::slice::from_ref(path), &documents.unsaved()),
        (None, true) => Ok(alone(document)),
        (_, false) => Sources::read_with(&surroundings.roots, &documents.unsaved()),
    }
}

/// The document without anything around it.
fn alone(document: &Document) -> Sources {
    let text = document.text.as_ref().map(|text| (document.name.clone(), text.clone()));
    Sources::from_texts(text)
}

impl Checked {
    /// Diagnostics by the file they are about; each file of the policy is there.
    pub(super) fn by_file(&self) -> BTreeMap<&str, Vec<&Diagnostic>> {
        let mut files: BTreeMap<&str, Vec<&Diagnostic>> =
            self.sources.names().map(|name| (name, Vec::new())).collect();
        for diagnostic in &self.diagnostics {
            files.entry(&diagnostic.file).or_default().push(diagnostic);
        }
        files
    }
}
