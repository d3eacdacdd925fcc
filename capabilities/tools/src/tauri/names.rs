//! Tauri's names of commands in our grammar, and back. `plugin:window-state|save` is
//! `window_state.save`; an app's own command keeps its name. A name that has no counterpart is not
//! granted, and neither are two that would have the same one.

use std::collections::{BTreeMap, BTreeSet};

use sidegate_capabilities::CommandName;

use super::form::APP;

/// The names of all commands that some permission speaks of.
#[derive(Debug, Default)]
pub(super) struct Names {
    ours: BTreeMap<String, String>,
    /// Those that have none, and why.
    unnamed: BTreeMap<String, String>,
}

impl Names {
    /// Gives every command its name.
    pub(super) fn of(commands: BTreeSet<String>) -> Self {
        let mut names = Self::default();
        let mut takers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for command in commands {
            match translate(&command) {
                Some(name) => takers.entry(name).or_default().push(command),
                None => {
                    let why = "it cannot be written as lower-case words joined by dots";
                    names.unnamed.insert(command, why.to_owned());
                }
            }
        }
        for (name, commands) in takers {
            if let [command] = commands.as_slice() {
                names.ours.insert(command.clone(), name);
                continue;
            }
            let why = format!("`{}` would all be `{name}`", commands.join("`, `"));
            names.unnamed.extend(commands.into_iter().map(|command| (command, why.clone())));
        }
        names
    }

    /// Our name of a command, or why it has none.
    pub(super) fn get(&self, command: &str) -> Result<&str, &str> {
        let unnamed = || self.unnamed.get(command).map_or("it is not known", String::as_str);
        self.ours.get(command).map(String::as_str).ok_or_else(unnamed)
    }

    pub(super) fn into_ours(self) -> BTreeMap<String, String> {
        self.ours
    }
}

/// A command as Tauri's invoke takes it.
pub(super) fn full(key: &str, command: &str) -> String {
    if key == APP {
        return command.to_owned();
    }
    format!("plugin:{}|{command}", key.strip_prefix("core:").unwrap_or(key))
}

/// The pattern of all commands of a plugin, where its name has a counterpart.
pub(super) fn all_of(key: &str) -> Option<String> {
    let one = translate(&full(key, "x"))?;
    one.strip_suffix('x').filter(|front| front.ends_with('.')).map(|front| format!("{front}*"))
}

fn translate(command: &str) -> Option<String> {
    let name = match command.strip_prefix("plugin:") {
        Some(rest) => {
            let (plugin, command) = rest.split_once('|')?;
            format!("{}.{}", plugin.replace('-', "_"), command.replace('-', "_"))
        }
        None => command.replace('-', "_"),
    };
    CommandName::parse(&name).is_ok().then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_our_grammar() {
        let cases = [
            ("plugin:fs|read_text_file", Some("fs.read_text_file")),
            ("plugin:window-state|save", Some("window_state.save")),
            ("greet", Some("greet")),
            ("my-cmd", Some("my_cmd")),
            ("saveNote", None),
            ("", None),
            ("*", None),
            ("plugin:fs", None),
            ("plugin:fs|*", None),
        ];
        for (command, name) in cases {
            assert_eq!(translate(command).as_deref(), name, "{command}");
        }
    }

    #[test]
    fn two_that_would_be_one_are_neither() {
        let names = Names::of(["a-b", "a_b", "c"].map(str::to_owned).into());
        assert!(names.get("a-b").is_err() && names.get("a_b").is_err());
        assert_eq!(names.get("c"), Ok("c"));
    }
}
