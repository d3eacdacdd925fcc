//! The capability file as text.

use std::collections::BTreeSet;

/// How many commands stand in one entry: an entry is one line, and a line is for people.
const COMMANDS_A_LINE: usize = 8;

/// A capability of ours.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) id: String,
    pub(super) description: String,
    pub(super) comments: Vec<String>,
    pub(super) windows: BTreeSet<String>,
    pub(super) origins: BTreeSet<String>,
    pub(super) platforms: Option<BTreeSet<&'static str>>,
    pub(super) allow: Vec<Line>,
    pub(super) deny: Vec<Line>,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The permission it comes from.
    pub(super) from: String,
    pub(super) commands: Vec<String>,
    /// The scope's name and patterns.
    pub(super) scope: Option<(&'static str, Vec<String>)>,
    /// The schema of the arguments, as TOML.
    pub(super) args: Option<&'static str>,
}

/// The text of a file.
pub(super) fn file(capabilities: &[Written]) -> String {
    let mut text =
        "# Imported from a Tauri app. Look through it, then it is yours.\nversion = 1\n".to_owned();
    for capability in capabilities {
        text.push('\n');
        text.push_str(&table(capability));
    }
    text
}

fn table(capability: &Written) -> String {
    let mut lines: Vec<_> =
        capability.comments.iter().map(|text| format!("# {}", plain(text))).collect();
    lines.push("[[capability]]".to_owned());
    lines.push(format!("id = {}", quote(&capability.id)));
    if !capability.description.trim().is_empty() {
        lines.push(format!("description = {}", quote(&plain(&capability.description))));
    }
    lines.push(format!("windows = {}", list(&capability.windows)));
    if !capability.origins.iter().eq(["local"]) {
        lines.push(format!("origins = {}", list(&capability.origins)));
    }
    if let Some(platforms) = &capability.platforms {
        lines.push(format!("platforms = {}", list(platforms)));
    }
    for (name, entries) in [("allow", &capability.allow), ("deny", &capability.deny)] {
        if !entries.is_empty() {
            lines.push(format!("{name} = ["));
            lines.extend(entries.iter().flat_map(entry));
            lines.push("]".to_owned());
        }
    }
    lines.join("\n") + "\n"
}

fn entry(line: &Line) -> Vec<String> {
    let mut rest = String::new();
    if let Some((name, patterns)) = &line.scope {
        rest += &format!(", {name} = {}", list(patterns));
    }
    if let Some(args) = line.args {
        rest += &format!(", args = {args}");
    }
    let comment = format!("  # {}", plain(&line.from));
    let entries = line.commands.chunks(COMMANDS_A_LINE);
    let entries = entries.map(|commands| format!("  {{ commands = {}{rest} }},", list(commands)));
    std::iter::once(comment).chain(entries).collect()
}

fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<_> = texts.into_iter().map(|text| quote(text.as_ref())).collect();
    format!("[{}]", quoted.join(", "))
}

/// A text as a TOML string.
pub(super) fn quote(text: &str) -> String {
    // TOML's escapes are those of JSON, and it wants DEL escaped too.
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// One line, and nothing that moves a terminal's cursor.
fn plain(text: &str) -> String {
    let words: Vec<_> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
