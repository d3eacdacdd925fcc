//! The proposals as a capability file. Whatever stands in it was read as a name or a pattern before:
//! nothing that a page wrote gets into a comment or a text as it was.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sidegate_capabilities::Origin;

use super::{Current, Learned, Proposal, Withheld};
use crate::calls::Line;
use crate::scopes::quoted;

/// What the file is called while it is tried out.
pub(super) const FILE: &str = "learned.toml";

/// Characters of an id: an id has at most 64, and a number may have to follow.
const MAX_ID: usize = 56;

/// The ids that are taken.
pub(super) fn taken(current: &Current<'_>) -> BTreeSet<String> {
    let outline = current.policy.map(|(_, policy)| policy.outline()).unwrap_or_default();
    outline.into_iter().map(|capability| capability.id).collect()
}

/// The file; empty where there is nothing to propose. `taken` are ids of other capabilities.
pub(super) fn toml(learned: &Learned, taken: &BTreeSet<String>) -> String {
    if learned.proposals.is_empty() {
        return String::new();
    }
    let mut taken = taken.clone();
    let mut text = "# Proposed by `sidegate learn`. Read each line before you use it: it allows what was refused.\n\
                    version = 1\n"
        .to_owned();
    let mut rest = learned.proposals.as_slice();
    while let Some(first) = rest.first() {
        let same =
            |found: &&Proposal| (&found.window, &found.origin) == (&first.window, &first.origin);
        let (mine, others) = rest.split_at(rest.iter().take_while(same).count());
        rest = others;
        capability(&mut text, first, &free(first, &mut taken), mine);
    }
    for withheld in &learned.withheld {
        text.push_str(&remark(withheld));
    }
    text
}

fn capability(text: &mut String, who: &Proposal, id: &str, entries: &[Proposal]) {
    let Proposal { window, origin, .. } = who;
    let _ = write!(
        text,
        "\n[[capability]]\nid = {}\ndescription = \"proposed from refused calls of the log\"\nwindows = [{}]\n",
        quoted(id),
        quoted(window)
    );
    if *origin != Origin::local().to_string() {
        let _ = writeln!(text, "origins = [{}]", quoted(origin));
    }
    text.push_str("allow = [\n");
    for entry in entries {
        text.push_str(&comment(entry));
        let _ = write!(text, "  {{ commands = [{}]", list(&entry.commands));
        for (name, scope) in [("path", &entry.path), ("url", &entry.url), ("key", &entry.key)] {
            if let Some(patterns) = scope {
                let _ = write!(text, ", {name} = [{}]", list(patterns));
            }
        }
        text.push_str(" },\n");
    }
    text.push_str("]\n");
}

/// What made an entry, and what else it allows.
fn comment(entry: &Proposal) -> String {
    let mut text = format!("  # {}: {}\n", calls(entry.calls), lines(&entry.lines));
    for what in &entry.also.what {
        let _ = writeln!(text, "  # also allows: {}", what.escape_debug());
    }
    match (&entry.fill_in, [&entry.path, &entry.url, &entry.key].iter().all(|s| s.is_none())) {
        (Some(argument), _) => {
            let _ = writeln!(
                text,
                "  # the log has no arguments: fill in `{argument}`; empty, it allows nothing"
            );
        }
        (None, true) => text.push_str("  # only without a `path`, `url` or `key`\n"),
        (None, false) => {}
    }
    text
}

fn remark(withheld: &Withheld) -> String {
    let Withheld { window, origin, command, why, calls: count, lines: places } = withheld;
    format!(
        "\n# nothing is proposed for `{command}` of `{window}` at {origin} ({}, {}):\n#   {}\n",
        calls(*count),
        lines(places),
        why.escape_debug()
    )
}

fn calls(count: u64) -> String {
    if count == 1 { "1 refused call".to_owned() } else { format!("{count} refused calls") }
}

fn lines(lines: &[Line]) -> String {
    let texts = lines.iter().map(|line| line.to_string().escape_debug().to_string());
    texts.collect::<Vec<_>>().join(", ")
}

fn list(texts: &[String]) -> String {
    texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ")
}

/// An id that no capability has.
fn free(proposal: &Proposal, taken: &mut BTreeSet<String>) -> String {
    let host = match Origin::parse(&proposal.origin) {
        Ok(origin) if origin != Origin::local() => format!("-{}", plain(origin.host())),
        _ => String::new(),
    };
    let whole = format!("learned-{}{host}", plain(&proposal.window));
    let wanted: String = whole.chars().take(MAX_ID).collect();
    let mut id = wanted.clone();
    let mut number = 2_u32;
    while !taken.insert(id.clone()) {
        id = format!("{wanted}-{number}");
        number = number.saturating_add(1);
    }
    id
}

fn plain(text: &str) -> String {
    let letter =
        |c: char| if c.is_ascii_alphanumeric() || c == '-' { c.to_ascii_lowercase() } else { '-' };
    text.chars().map(letter).collect()
}
