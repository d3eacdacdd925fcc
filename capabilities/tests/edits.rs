//! What `explain` proposes is taken: the edit, applied to the policy as written, compiles, and allows
//! the call. The world is small and full of what is refused without a reason: keys, other users' homes,
//! pages from the network, and invariants.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test that panics has failed"
)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, Value};
use sidegate_capabilities::{
    Args, CommandName, Context, Diagnostics, Directories, Edit, Origin, Policy, Sources, WallTime,
    WindowLabel,
};

const NOW: WallTime = WallTime::from_unix(100);
const OVER: &str = "1970-01-01T00:01:00Z";

const COMMANDS: [&str; 3] = ["fs.read_text", "fs.write_text", "app.info"];
const WINDOWS: [&str; 2] = ["main", "web"];
const ORIGINS: [&str; 3] = ["local", "https://a.example", "http://b.example"];
const PATHS: [Option<&str>; 6] = [
    None,
    Some("$APPDATA/a"),
    Some("$HOME/b"),
    Some("$HOME/.ssh/id"),
    Some("/home/bob/x"),
    Some("$APPLOG/audit.jsonl"),
];
const PATTERNS: [&str; 4] = ["$APPDATA/*", "$HOME/c", "$HOME/.ssh/*", "/etc/hosts"];
const NEVERS: [&str; 4] = [
    "commands = [\"fs.write_*\"], origins = [\"remote\"]",
    "commands = [\"fs.*\"], path = [\"$HOME/b\"]",
    "commands = [\"fs.write_text\"], except_windows = [\"main\"]",
    "commands = [\"app.*\"], windows = [\"web\"], origins = [\"local\"]",
];

#[derive(Debug, Clone)]
struct Entry {
    commands: Vec<String>,
    path: Option<Vec<String>>,
    is_dangerous: bool,
}

#[derive(Debug, Clone)]
struct Capability {
    id: String,
    windows: Vec<String>,
    origins: Vec<String>,
    uses: bool,
    is_over: bool,
    is_dangerous: bool,
    allow: Vec<String>,
    deny: Vec<String>,
}

#[derive(Debug, Clone)]
struct Written {
    /// Of the one permission.
    allow: Vec<Entry>,
    capabilities: Vec<(Capability, Vec<Entry>, Vec<Entry>)>,
    nevers: BTreeSet<&'static str>,
    more: String,
}

impl Entry {
    fn text(&self) -> String {
        let path = self.path.as_ref().map(|path| format!(", path = {path:?}")).unwrap_or_default();
        let dangerous = if self.is_dangerous { ", dangerous = \"meant\"" } else { "" };
        format!("{{ commands = {:?}{path}{dangerous} }}", self.commands)
    }
}

fn list(entries: &[Entry], more: &[String]) -> String {
    let all = entries.iter().map(Entry::text).chain(more.iter().cloned());
    format!("[{}]", all.collect::<Vec<_>>().join(", "))
}

impl Written {
    fn text(&self) -> String {
        let mut text = format!(
            "version = 1\n[[permission]]\nid = \"shared\"\nallow = {}\n",
            list(&self.allow, &[])
        );
        for (capability, allow, deny) in &self.capabilities {
            let Capability { id, windows, origins, .. } = capability;
            text += &format!(
                "[[capability]]\nid = {id:?}\nwindows = {windows:?}\norigins = {origins:?}\n"
            );
            if capability.uses {
                text += "use = [\"shared\"]\n";
            }
            if capability.is_over {
                text += &format!("expires = {OVER}\n");
            }
            if capability.is_dangerous {
                text += "dangerous = \"meant\"\n";
            }
            let (allow, deny) = (list(allow, &capability.allow), list(deny, &capability.deny));
            text += &format!("allow = {allow}\ndeny = {deny}\n");
        }
        for never in &self.nevers {
            text += &format!("[[never]]\nwhy = \"it may not\"\n{}\n", never.replace(", ", "\n"));
        }
        text + &self.more
    }

    fn of(&mut self, id: &str) -> &mut (Capability, Vec<Entry>, Vec<Entry>) {
        self.capabilities.iter_mut().find(|(capability, ..)| capability.id == id).unwrap()
    }

    fn edited(&self, edit: &Edit) -> Self {
        let mut edited = self.clone();
        match edit {
            Edit::Pattern { rule, list, value } => {
                let at = usize::try_from(rule.index).unwrap() - 1;
                let entry = match &rule.permission {
                    Some(_) => &mut edited.allow[at],
                    None => &mut edited.of(&rule.capability).1[at],
                };
                match *list {
                    "commands" => entry.commands.push(value.clone()),
                    _ => entry.path.as_mut().unwrap().push(value.clone()),
                }
            }
            Edit::Window { capability, value } => {
                edited.of(capability).0.windows.push(value.clone());
            }
            Edit::Origin { capability, origins } => {
                edited.of(capability).0.origins.clone_from(origins);
            }
            Edit::Expiry { capability } => edited.of(capability).0.is_over = false,
            Edit::Entry { capability, entry } => {
                edited.of(capability).0.allow.push(entry.clone());
            }
            Edit::Capability { text } => edited.more = format!("{text}\n"),
            Edit::Removal { rule } => {
                let at = usize::try_from(rule.index).unwrap() - 1;
                edited.of(&rule.capability).2.remove(at);
            }
            other => panic!("{other:?}"),
        }
        edited
    }
}

fn compile(text: &str) -> Result<Policy, Diagnostics> {
    let sources = Sources::from_texts([("p.toml", text)]);
    let directories = Directories::sample();
    Policy::compile(&sources, &Context::new(&directories)).map(|compiled| compiled.policy)
}

fn some_of(list: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(prop::sample::select(list), 1..3)
        .prop_map(|all| all.into_iter().map(str::to_owned).collect())
}

fn entry() -> impl Strategy<Value = Entry> {
    let path = prop::option::of(some_of(&PATTERNS));
    (some_of(&COMMANDS), path, prop::bool::weighted(0.3))
        .prop_map(|(commands, path, is_dangerous)| Entry { commands, path, is_dangerous })
}

fn denied() -> impl Strategy<Value = Entry> {
    entry().prop_map(|entry| Entry { is_dangerous: false, ..entry })
}

fn capability() -> impl Strategy<Value = (Capability, Vec<Entry>, Vec<Entry>)> {
    let often = prop::bool::weighted(0.3);
    let head = (some_of(&WINDOWS), some_of(&ORIGINS), often, prop::bool::weighted(0.2), often);
    let lists = (prop::collection::vec(entry(), 0..3), prop::collection::vec(denied(), 0..2));
    (head, lists).prop_map(|((windows, origins, uses, is_over, is_dangerous), (allow, deny))| {
        let (id, none) = (String::new(), Vec::new());
        let capability = Capability {
            id,
            windows,
            origins,
            uses,
            is_over,
            is_dangerous,
            allow: none.clone(),
            deny: none,
        };
        (capability, allow, deny)
    })
}

fn written() -> impl Strategy<Value = Written> {
    let nevers = prop::collection::btree_set(prop::sample::select(&NEVERS[..]), 0..2);
    let capabilities = prop::collection::vec(capability(), 1..4);
    (prop::collection::vec(entry(), 1..3), capabilities, nevers).prop_map(
        |(allow, mut capabilities, nevers)| {
            for (n, (capability, ..)) in capabilities.iter_mut().enumerate() {
                capability.id = format!("c{n}");
            }
            Written { allow, capabilities, nevers, more: String::new() }
        },
    )
}

fn calls() -> Vec<(WindowLabel, Origin, CommandName, Args)> {
    let mut calls = Vec::new();
    for window in WINDOWS {
        for origin in ["app://localhost", "https://a.example", "http://b.example"] {
            for command in COMMANDS {
                for path in PATHS {
                    let path = path.map(|path| ("path".to_owned(), Value::from(path)));
                    calls.push((
                        WindowLabel::parse(window).unwrap(),
                        Origin::parse(origin).unwrap(),
                        CommandName::parse(command).unwrap(),
                        Args::new(path.into_iter().collect::<Map<_, _>>()),
                    ));
                }
            }
        }
    }
    calls
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_global_rejects: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn e18_what_is_proposed_compiles_and_allows_the_call(written in written()) {
        // Of the policies that are written here most need a reason that they do not give.
        let policy = compile(&written.text());
        prop_assume!(policy.is_ok());
        let policy = policy.unwrap();
        for (window, origin, command, args) in calls() {
            let told = policy.explain(&window, &origin, NOW, &command, &args);
            let Some(edit) = told.nearest.as_ref().and_then(|near| near.edit.as_ref()) else {
                continue;
            };
            let text = written.edited(edit).text();
            match compile(&text) {
                Ok(edited) => {
                    let principal = edited.principal(&window, &origin, NOW);
                    prop_assert!(principal.decide(&command, &args).is_allowed(), "{edit}\n{text}");
                }
                Err(errors) => {
                    let codes: Vec<_> = errors.iter().map(|error| error.code).collect();
                    prop_assert!(false, "{codes:?} {edit}\n{text}");
                }
            }
        }
    }
}

/// The place of a refusal, and what is said of it.
#[test]
fn e18_a_refused_grant_is_not_proposed_and_the_reason_is_told() {
    let text = "version = 1\n[[capability]]\nid = \"main\"\nwindows = [\"main\"]\n\
                allow = [{ commands = [\"fs.read_text\"], path = [\"$APPDATA/*\"] }, { commands = [\"app.info\"] }]\n\
                [[capability]]\nid = \"web\"\nwindows = [\"web\"]\norigins = [\"https://a.example\"]\n\
                [[never]]\nwhy = \"nobody reads b\"\ncommands = [\"fs.*\"]\npath = [\"$HOME/b\"]\n";
    let policy = compile(text).unwrap();
    #[rustfmt::skip]
    let cases = [
        ("main", "app://localhost", "fs.read_text", Some("$HOME/.ssh/id"),
            "`$HOME/.ssh/id` reaches `$HOME/.ssh`, where keys and passwords are kept: a grant of it has to say why it is `dangerous`"),
        ("main", "app://localhost", "fs.read_text", Some("$HOME/b"),
            "an invariant of the policy forbids it: nobody reads b"),
        ("web", "https://a.example", "fs.write_text", None,
            "`fs.write_text` may change something, and `https://a.example` is not the app's own: a grant of it has to say why it is `dangerous`"),
    ];
    for (window, origin, command, path, expected) in cases {
        let path = path.map(|path| ("path".to_owned(), Value::from(path)));
        let args = Args::new(path.into_iter().collect::<Map<_, _>>());
        let (window, origin) =
            (WindowLabel::parse(window).unwrap(), Origin::parse(origin).unwrap());
        let command = CommandName::parse(command).unwrap();
        let near = policy.explain(&window, &origin, NOW, &command, &args).nearest.unwrap();
        assert_eq!(near.edit, None, "{}", near.text);
        assert_eq!(near.refused.as_deref(), Some(expected), "{}", near.text);
    }
}
