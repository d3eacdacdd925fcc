//! What may be typed at a place: keys, and the values that are known beforehand.

use std::collections::BTreeSet;
use std::path::Path;

use gen_lsp_types::{
    CompletionItem, CompletionItemKind, InsertTextFormat, MarkupContent, MarkupKind, TextEdit,
};
use sidegate_capabilities::Platform;

use super::asked::Asked;
use super::cursor::{Cursor, Place};
use super::hover;
use super::keys::{Key, Section};
use super::tree;

/// The most proposals of one answer: whoever reads on types another letter.
const MAX_ITEMS: usize = 1_000;

/// All proposals.
pub(super) fn complete(asked: &Asked<'_>) -> Vec<CompletionItem> {
    let Some(cursor) = Cursor::at(asked.text(), asked.offset) else {
        return Vec::new();
    };
    let keys: Vec<&str> = cursor.path.iter().map(String::as_str).collect();
    let mut proposals = match cursor.place {
        Place::Key => of_keys(Section::of(keys), &cursor.seen),
        Place::Value | Place::String => of_values(asked, &keys),
    };
    proposals.truncate(MAX_ITEMS);
    proposals.into_iter().map(|proposal| proposal.item(asked, &cursor)).collect()
}

/// A proposal.
struct Proposal {
    label: String,
    about: String,
    kind: CompletionItemKind,
    form: Form,
}

/// How it is typed.
enum Form {
    /// A value that stands in quotes.
    Text,
    /// A value that does not.
    Bare,
    /// With blanks to fill in, `$1` first.
    Snippet(String),
}

impl Proposal {
    fn text(label: impl Into<String>, kind: CompletionItemKind) -> Self {
        Self { label: label.into(), about: String::new(), kind, form: Form::Text }
    }

    fn about(self, about: impl Into<String>) -> Self {
        Self { about: about.into(), ..self }
    }

    fn item(self, asked: &Asked<'_>, cursor: &Cursor) -> CompletionItem {
        let has_snippets = asked.client.has_snippets;
        let (new_text, is_snippet) = match self.form {
            Form::Text if cursor.place == Place::Value => (format!("\"{}\"", self.label), false),
            Form::Text | Form::Bare => (self.label.clone(), false),
            Form::Snippet(snippet) if has_snippets => (snippet, true),
            Form::Snippet(snippet) => (snippet.replace("$1", ""), false),
        };
        let range = asked.lines.range(cursor.start..asked.offset);
        let about = MarkupContent { kind: MarkupKind::Markdown, value: self.about };
        CompletionItem {
            // What is typed so far is compared with this, its quote among it.
            filter_text: Some(new_text.clone()).filter(|text| text.starts_with('"')),
            label: self.label,
            kind: Some(self.kind),
            documentation: (!about.value.is_empty()).then(|| about.into()),
            insert_text_format: is_snippet.then_some(InsertTextFormat::Snippet),
            text_edit: Some(TextEdit { range, new_text }.into()),
            ..CompletionItem::default()
        }
    }
}

fn of_keys(section: Section, seen: &[String]) -> Vec<Proposal> {
    let missing = section.keys().iter().filter(|key| !seen.iter().any(|seen| seen == key.name));
    let proposal = |key: &Key| Proposal {
        label: if key.value.is_empty() { format!("[[{}]]", key.name) } else { key.name.to_owned() },
        about: key.about.to_owned(),
        kind: CompletionItemKind::Property,
        form: Form::Snippet(typed(key)),
    };
    missing.map(proposal).collect()
}

/// What is typed for a key; for a table, its header and the keys that it must have.
fn typed(key: &Key) -> String {
    let must = match key.name {
        "permission" => "id = \"$1\"\nallow = [\n  { commands = [] },\n]",
        "capability" => "id = \"$1\"\nwindows = []\nallow = [\n  { commands = [] },\n]",
        "test" => "window = \"$1\"\ncall = \"\"\nexpect = \"allow\"",
        "never" => "why = \"$1\"\ncommands = []",
        _ => return format!("{} = {}", key.name, key.value),
    };
    format!("[[{}]]\n{must}", key.name)
}

fn of_values(asked: &Asked<'_>, keys: &[&str]) -> Vec<Proposal> {
    let surroundings = &asked.checked.surroundings;
    match keys {
        [.., "commands"] | ["test", "call"] => {
            let commands = surroundings.commands.iter().flatten();
            let proposal = |command| {
                let about = hover::told(command);
                Proposal::text(&command.name, CompletionItemKind::Function).about(about)
            };
            commands.map(proposal).collect()
        }
        ["capability" | "permission", "use"] | ["capability" | "permission", "use", "id"] => {
            permissions(asked)
        }
        [.., "path"] => {
            let directories = &surroundings.directories;
            let proposal = |name| {
                let about = directories.get(name).map(|directory| directory.display().to_string());
                Proposal::text(format!("${name}/"), CompletionItemKind::Variable)
                    .about(about.unwrap_or_default())
            };
            directories.names().map(proposal).collect()
        }
        [.., "windows" | "except_windows"] | ["test", "window"] => {
            let labels = surroundings.windows.iter();
            labels.map(|label| Proposal::text(label, CompletionItemKind::Value)).collect()
        }
        [.., "platforms"] => words(&Platform::ALL.map(Platform::name)),
        ["never", "origins" | "except_origins"] => words(&["local", "remote"]),
        [.., "origins"] | ["test", "origin"] => words(&["local"]),
        ["test", "expect"] => words(&["allow", "deny"]),
        [.., "ask"] | [.., "ask", "when"] => words(&["each call", "each session", "once"]),
        [.., "audit", "calls"] => words(&["each", "counted"]),
        [.., "observe"] | [.., "audit", "args"] => {
            let bare = |word: &str| Proposal { form: Form::Bare, ..word_of(word) };
            ["true", "false"].map(bare).into()
        }
        ["capability" | "permission", effect @ ("allow" | "deny")] => vec![entry(effect)],
        ["include"] => files(asked),
        _ => Vec::new(),
    }
}

fn words(words: &[&str]) -> Vec<Proposal> {
    words.iter().map(|word| word_of(word)).collect()
}

fn word_of(word: &str) -> Proposal {
    Proposal::text(word, CompletionItemKind::EnumMember)
}

/// An entry with its command to fill in.
fn entry(effect: &str) -> Proposal {
    Proposal {
        label: "{ commands = […] }".to_owned(),
        about: format!("an entry of `{effect}`"),
        kind: CompletionItemKind::Snippet,
        form: Form::Snippet("{ commands = [\"$1\"] }".to_owned()),
    }
}

/// The permissions of all files.
fn permissions(asked: &Asked<'_>) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    let mut seen = BTreeSet::new();
    for file in asked.files_with("permission") {
        for (permission, _) in tree::tables(file.tree.get_ref(), "permission") {
            let Some((id, _)) = tree::string(permission, "id") else {
                continue;
            };
            if seen.insert(id.to_owned()) {
                let description = tree::string(permission, "description");
                let about = description.map(|(text, _)| text).unwrap_or_default();
                proposals.push(Proposal::text(id, CompletionItemKind::Interface).about(about));
            }
        }
    }
    proposals
}

/// The policy's files beneath the document's directory.
fn files(asked: &Asked<'_>) -> Vec<Proposal> {
    let Some(directory) = asked.document.path.as_deref().and_then(Path::parent) else {
        return Vec::new();
    };
    let others = asked.checked.sources.names().filter(|name| *name != asked.document.name);
    let beneath = others.filter_map(|name| Path::new(name).strip_prefix(directory).ok()?.to_str());
    let policies = beneath.filter(|name| name.ends_with(".toml"));
    policies.map(|name| Proposal::text(name, CompletionItemKind::File)).collect()
}
