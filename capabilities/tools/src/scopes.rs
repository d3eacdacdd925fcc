//! Patterns asked one at a time. There is one reader of patterns, and it is the policy core: a
//! pattern is put into a policy of its own, and that policy asked.

use serde_json::{Map, Value};
use sidegate_capabilities::{
    Args, CommandName, Context, Directories, Origin, Policy, Principal, Sources, WallTime,
    WindowLabel,
};

/// The name of everything in such a policy.
const NAME: &str = "x";

/// One pattern of a scope.
pub(crate) struct Pattern {
    argument: &'static str,
    principal: Principal,
    command: CommandName,
}

impl Pattern {
    /// The pattern `text` of the scope `argument`; `None` where it is none.
    pub(crate) fn new(
        argument: &'static str,
        text: &str,
        directories: &Directories,
    ) -> Option<Self> {
        let toml = format!(
            "version = 1\n[[capability]]\nid = \"{NAME}\"\nwindows = [\"{NAME}\"]\n\
             allow = [{{ commands = [\"{NAME}\"], {argument} = [{}], dangerous = \"it is only asked\" }}]\n",
            quoted(text)
        );
        let sources = Sources::from_texts([("pattern.toml", toml)]);
        let policy = Policy::compile(&sources, &Context::new(directories)).ok()?.policy;
        let window = WindowLabel::parse(NAME).ok()?;
        let principal = policy.principal(&window, &Origin::local(), WallTime::from_unix(0));
        Some(Self { argument, principal, command: CommandName::parse(NAME).ok()? })
    }

    /// Whether it matches what a call names.
    pub(crate) fn matches(&self, value: &str) -> bool {
        let map = Map::from_iter([(self.argument.to_owned(), Value::from(value))]);
        self.principal.decide(&self.command, &Args::new(map)).is_allowed()
    }
}

/// Whether a command's or window's name fits a pattern of such: `*` is any run of characters.
pub(crate) fn text_fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(name) = name.strip_prefix(start) else {
        return false;
    };
    let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
    ends.filter_map(|at| name.get(at..)).any(|tail| text_fits(rest, tail))
}

/// A text as TOML has it, with everything escaped that is not a visible character of its own: a name
/// that a page made up is not to turn the direction of a line that a person reads.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            _ if letter != '\'' && letter.escape_debug().len() > 1 => {
                out.push_str(&format!("\\U{:08X}", u32::from(letter)))
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_asked_of_the_policy_core() {
        let directories = Directories::sample();
        for (argument, pattern, value, fits) in [
            ("path", "$APPDATA/notes/*.md", "$APPDATA/notes/a.md", true),
            ("path", "$APPDATA/notes/*.md", "/home/user/.local/share/app/notes/a.md", true),
            ("path", "$APPDATA/notes/*.md", "$APPDATA/notes/.a.md", false),
            ("path", "$HOME/**", "$HOME/x", true),
            ("url", "https://example.com/**", "https://example.com/a?q", true),
            ("key", "editor.*", "editor.font", true),
            ("key", "editor.*", "view.font", false),
        ] {
            let asked = Pattern::new(argument, pattern, &directories).unwrap();
            assert_eq!(asked.matches(value), fits, "{pattern} {value}");
        }
        assert!(Pattern::new("path", "nowhere", &directories).is_none());
    }

    #[test]
    fn a_star_is_any_run() {
        for (pattern, name, fits) in [
            ("fs.*", "fs.list", true),
            ("*", "", true),
            ("*.list", "fs.list", true),
            ("f*t", "fs.list", true),
            ("f*x", "fs.list", false),
            ("fs.list", "fs.lists", false),
        ] {
            assert_eq!(text_fits(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn a_quoted_text_is_read_as_it_was() {
        for text in ["plain", "a\"b\\c", "tab\tline\n\u{7f}\u{1b}", "é\u{202e}"] {
            let table: toml::Table = toml::from_str(&format!("a = {}", quoted(text))).unwrap();
            assert_eq!(table["a"].as_str(), Some(text));
        }
    }
}
