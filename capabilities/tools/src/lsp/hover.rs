//! What a thing means: a key, a command, a variable, a permission, a grant in words.

use gen_lsp_types::{Hover, MarkupContent, MarkupKind};
use toml::de::DeTable;

use super::asked::Asked;
use super::keys::Section;
use super::surroundings::Command;
use super::tree::{self, On, Spot, Step};
use super::words;

/// The most commands that are told of a pattern.
const MAX_COMMANDS: usize = 20;

/// What is to be said about the place.
pub(super) fn hover(asked: &Asked<'_>) -> Option<Hover> {
    let tree = asked.tree();
    let spot = tree::spot(tree.get_ref(), asked.offset)?;
    let said = Saying { asked, document: tree.get_ref() }.about(&spot)?;
    Some(Hover {
        contents: MarkupContent { kind: MarkupKind::Markdown, value: said }.into(),
        range: Some(asked.lines.range(spot.span)),
    })
}

struct Saying<'a, 't> {
    asked: &'a Asked<'a>,
    document: &'t DeTable<'t>,
}

impl Saying<'_, '_> {
    fn about(&self, spot: &Spot<'_>) -> Option<String> {
        let keys: Vec<&str> = spot.steps.iter().filter_map(name).collect();
        if let On::Key = spot.on {
            let (key, above) = keys.split_last()?;
            let section = Section::of(above.iter().copied());
            return section.key(key).map(|found| format!("`{key}`: {}", found.about));
        }
        match keys.as_slice() {
            [_, "use", ..] => self.permission(self.string(spot)?),
            [.., "commands"] | ["test", "call"] => {
                let command = self.command(self.string(spot)?);
                Some(joined([command, self.entry(spot)]))
            }
            [.., "path"] => Some(joined([self.variable(spot), self.entry(spot)])),
            ["capability" | "permission"]
            | ["capability" | "permission", "id" | "windows" | "origins"] => self.owner(spot),
            ["capability" | "permission", "allow" | "deny", ..] => self.entry(spot),
            [.., key] => {
                let section = Section::of(keys.iter().copied().take(keys.len().saturating_sub(1)));
                section.key(key).map(|found| format!("`{key}`: {}", found.about))
            }
            [] => None,
        }
        .filter(|said| !said.is_empty())
    }

    fn string<'s>(&self, spot: &Spot<'s>) -> Option<&'s str> {
        match spot.on {
            On::Value(value) => value.as_str(),
            On::Key => None,
        }
    }

    /// The entry that a place is in, in words.
    fn entry(&self, spot: &Spot<'_>) -> Option<String> {
        let [Step::Key(kind), Step::Index(_), Step::Key(effect), Step::Index(_), ..] =
            spot.steps.as_slice()
        else {
            return None;
        };
        let owner = tree::at(self.document, spot.steps.get(..2)?)?.as_table()?;
        let entry = tree::at(self.document, spot.steps.get(..4)?)?.as_table()?;
        let is_entry = matches!(*effect, "allow" | "deny");
        let audience = words::audience(owner, *kind == "capability");
        is_entry.then(|| words::grant(&audience, effect, entry))
    }

    /// A capability or a permission as a whole.
    fn owner(&self, spot: &Spot<'_>) -> Option<String> {
        let kind = spot.steps.first().and_then(name)?;
        let owner = tree::at(self.document, spot.steps.get(..2)?)?.as_table()?;
        let mut said = described(kind, owner);
        for (id, _) in tree::uses(owner) {
            said.push_str(&format!("\n- by the permission `{id}`:"));
            let of_permission = self.entries_of(id, &words::audience(owner, kind == "capability"));
            for line in of_permission {
                said.push_str(&format!("\n  - {line}"));
            }
        }
        Some(said)
    }

    fn permission(&self, id: &str) -> Option<String> {
        self.asked.files_with(id).find_map(|file| {
            let mut permissions = tree::tables(file.tree.get_ref(), "permission");
            let (permission, _) = permissions.find(|(table, _)| {
                tree::string(table, "id").is_some_and(|(found, _)| found == id)
            })?;
            Some(described("permission", permission))
        })
    }

    /// The entries of a permission, as if they were a capability's.
    fn entries_of(&self, id: &str, audience: &str) -> Vec<String> {
        let found = self.asked.files_with(id).find_map(|file| {
            let mut permissions = tree::tables(file.tree.get_ref(), "permission");
            let (permission, _) = permissions.find(|(table, _)| {
                tree::string(table, "id").is_some_and(|(found, _)| found == id)
            })?;
            Some(entries(permission, audience))
        });
        found.unwrap_or_default()
    }

    fn command(&self, pattern: &str) -> Option<String> {
        let commands = self.asked.checked.surroundings.commands.as_ref()?;
        let matching: Vec<_> =
            commands.iter().filter(|command| matches(pattern, &command.name)).collect();
        match matching.as_slice() {
            [] => None,
            [one] => Some(told(one)),
            several => {
                let names = several.iter().take(MAX_COMMANDS);
                let lines = names.map(|command| format!("\n- `{}`", command.name));
                let more = several.len().saturating_sub(MAX_COMMANDS);
                let more = if more > 0 { format!("\n- and {more} more") } else { String::new() };
                Some(format!("`{pattern}` is{}{more}", lines.collect::<String>()))
            }
        }
    }

    /// The directory that the variable of a path stands for here.
    fn variable(&self, spot: &Spot<'_>) -> Option<String> {
        let path = self.string(spot)?.strip_prefix('$')?;
        let end = path.find(|c: char| !c.is_ascii_uppercase()).unwrap_or(path.len());
        let variable = path.get(..end)?;
        let directory = self.asked.checked.surroundings.directories.get(variable)?;
        Some(format!("`${variable}` is `{}` here", directory.display()))
    }
}

/// What a capability or a permission is called and what its own entries say.
fn described(kind: &str, owner: &DeTable<'_>) -> String {
    let id = tree::string(owner, "id").map(|(id, _)| id).unwrap_or_default();
    let mut said = format!("{kind} `{id}`");
    if let Some((description, _)) = tree::string(owner, "description") {
        said.push_str(&format!(": {description}"));
    }
    if said.ends_with(|last: char| last != '\n') {
        said.push('\n');
    }
    for line in entries(owner, &words::audience(owner, kind == "capability")) {
        said.push_str(&format!("\n- {line}"));
    }
    said
}

fn entries(owner: &DeTable<'_>, audience: &str) -> Vec<String> {
    let of = |effect: &'static str| {
        tree::tables(owner, effect).map(move |(entry, _)| words::grant(audience, effect, entry))
    };
    of("allow").chain(of("deny")).collect()
}

/// A command, with the members of its arguments.
pub(super) fn told(command: &Command) -> String {
    let mut said = format!("`{}`", command.name);
    if !command.description.is_empty() {
        said.push_str(&format!(": {}", command.description));
    }
    if !command.arguments.is_empty() {
        said.push('\n');
    }
    for (name, about) in &command.arguments {
        said.push_str(&format!("\n- `{name}`: {about}"));
    }
    said
}

fn joined(parts: [Option<String>; 2]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

fn name<'t>(step: &Step<'t>) -> Option<&'t str> {
    match step {
        Step::Key(key) => Some(key),
        Step::Index(_) => None,
    }
}

/// Whether a command's name is one of a pattern's.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<_> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else {
            return false;
        };
        left = left.get(at.saturating_add(part.len())..).unwrap_or_default();
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_of_commands() {
        let cases = [
            ("fs.list", "fs.list", true),
            ("fs.*", "fs.list", true),
            ("fs.*", "app.info", false),
            ("*.list", "fs.list", true),
            ("*", "x", true),
            ("f*s*t", "fs.list", true),
            ("f*x*t", "fs.list", false),
            ("ab*ba", "aba", false),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
