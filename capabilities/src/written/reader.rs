//! Takes values out of TOML tables, each with its place, and reports what is not as it should be.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{At, did_you_mean};
use crate::diagnostics::{Diagnostic, Diagnostics, FileText, Place, Span};

/// Words of others for keys of ours, each with what to write.
const OTHER_WORDS: [(&str, &str, &str); 9] = [
    ("log_args", "audit", "audit = { args = true }"),
    ("permissions", "use", "use = [\"notes:read\"]"),
    ("webviews", "windows", "windows = [\"main\"]"),
    ("remote", "origins", "origins = [\"https://example.com\"]"),
    ("identifier", "id", "id = \"editor\""),
    ("name", "id", "id = \"editor\""),
    ("command", "call", "call = \"app.info\""),
    ("command", "commands", "commands = [\"app.info\"]"),
    ("scope", "path", "path = [\"$APPDATA/notes/**\"]"),
];

/// A TOML value with its place.
pub(super) type Node<'s> = Spanned<DeValue<'s>>;

/// One file while it is read.
pub(super) struct Reader<'s, 'd> {
    pub(super) file: &'s FileText<'s>,
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl<'s> Reader<'s, '_> {
    pub(super) fn place(&self, span: Span) -> Place<'s> {
        Place::of(self.file, span)
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports every key that is not known here.
    pub(super) fn only(&mut self, table: &DeTable<'s>, of: &str, known: &[&str]) {
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let place = self.place(key.span().into());
            let list = known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            let help =
                other_word(name, known).or_else(|| did_you_mean(name, known.iter().copied()));
            self.report(
                Diagnostic::error("unknown-key", &place, format!("unknown key `{name}` in {of}"))
                    .label("nothing reads this")
                    .help(help.unwrap_or_else(|| format!("the keys here are {list}"))),
            );
        }
    }

    /// Reports a key that must be there and is not.
    pub(super) fn missing(&mut self, span: Span, of: &str, key: &str, help: &str) {
        let place = self.place(span);
        self.report(
            Diagnostic::error("missing-key", &place, format!("{of} needs `{key}`")).help(help),
        );
    }

    pub(super) fn wrong_type(&mut self, node: &Node<'_>, key: &str, wanted: &str, help: &str) {
        let place = self.place(node.span().into());
        let found = node.get_ref().type_str();
        self.report(
            Diagnostic::error("wrong-type", &place, format!("`{key}` must be {wanted}"))
                .label(format!("this is {} {found}", article(found)))
                .help(help),
        );
    }

    pub(super) fn string(&mut self, node: &Node<'_>, key: &str) -> Option<At<String>> {
        match node.get_ref().as_str() {
            Some(text) => Some(At { value: text.to_owned(), span: node.span().into() }),
            None => {
                self.wrong_type(node, key, "a string", &format!("write `{key} = \"…\"`"));
                None
            }
        }
    }

    pub(super) fn optional_string(&mut self, table: &DeTable<'s>, key: &str) -> Option<At<String>> {
        self.string(table.get(key)?, key)
    }

    /// A string that says something: a reason, an id.
    pub(super) fn said(&mut self, table: &DeTable<'s>, key: &str) -> Option<At<String>> {
        let text = self.optional_string(table, key)?;
        if text.value.trim().is_empty() {
            let place = self.place(text.span);
            self.report(
                Diagnostic::error("empty-text", &place, format!("`{key}` cannot be empty"))
                    .help("say why in a few words"),
            );
        }
        Some(text)
    }

    /// A list of strings; the elements that are none are reported and left out.
    pub(super) fn strings(&mut self, node: &Node<'s>, key: &str) -> Option<At<Vec<At<String>>>> {
        let (wanted, help) = ("a list of strings", format!("write `{key} = [\"…\"]`"));
        let Some(items) = node.get_ref().as_array() else {
            self.wrong_type(node, key, wanted, &help);
            return None;
        };
        let mut strings = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.get_ref().as_str() {
                Some(text) => strings.push(At { value: text.to_owned(), span: item.span().into() }),
                None => self.wrong_type(item, key, wanted, &help),
            }
        }
        Some(At { value: strings, span: node.span().into() })
    }

    /// Reports a list that is written empty where that can only be a slip.
    pub(super) fn not_empty(&mut self, node: &Node<'_>, key: &str, label: &str, help: &str) {
        if node.get_ref().as_array().is_some_and(|list| list.is_empty()) {
            let place = self.place(node.span().into());
            self.report(
                Diagnostic::error("empty-list", &place, format!("`{key}` cannot be empty"))
                    .label(label)
                    .help(help),
            );
        }
    }

    pub(super) fn boolean(&mut self, table: &DeTable<'s>, key: &str) -> bool {
        let Some(node) = table.get(key) else {
            return false;
        };
        node.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong_type(node, key, "`true` or `false`", &format!("write `{key} = true`"));
            false
        })
    }

    pub(super) fn table<'n>(&mut self, node: &'n Node<'s>, key: &str) -> Option<&'n DeTable<'s>> {
        let table = node.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(node, key, "a table", &format!("write `{key} = {{ … }}`"));
        }
        table
    }

    /// A list of tables, each with its span.
    pub(super) fn tables<'n>(
        &mut self,
        parent: &'n DeTable<'s>,
        key: &str,
        help: &str,
    ) -> Vec<(&'n DeTable<'s>, Span)> {
        let Some(node) = parent.get(key) else {
            return Vec::new();
        };
        let Some(items) = node.get_ref().as_array() else {
            self.wrong_type(node, key, "a list of tables", help);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(table) => tables.push((table, item.span().into())),
                None => self.wrong_type(item, key, "a list of tables", help),
            }
        }
        tables
    }
}

/// The key that says here what another tool, or a draft of this language, calls by another name.
fn other_word(written: &str, known: &[&str]) -> Option<String> {
    let (_, key, write) =
        OTHER_WORDS.into_iter().find(|(word, key, _)| *word == written && known.contains(key))?;
    Some(format!("that is `{key}` here: write `{write}`"))
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'i']) { "an" } else { "a" }
}
