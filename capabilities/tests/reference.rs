//! The decision by a second road: an evaluator that walks the written file entry by entry, with none
//! of the crate's patterns, indexes or types, must agree with `decide` on generated policies and calls;
//! and so must `explain`.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

use proptest::prelude::*;
use serde_json::{Map, Value};
use sidegate_capabilities::{
    Args, Color, CommandName, Context, Directories, Origin, Policy, Sources, Verdict, WallTime,
    WindowLabel,
};

/// None of these policies expires.
const NOW: WallTime = WallTime::from_unix(0);

const COMMANDS: [&str; 5] = ["fs.read", "fs.write", "app.info", "settings.get", "fs"];
const COMMAND_PATTERNS: [&str; 7] =
    ["fs.read", "fs.*", "app.info", "*.get", "settings.*", "f*", "fs.w*e"];
const WINDOWS: [&str; 3] = ["main", "main-2", "other"];
const WINDOW_PATTERNS: [&str; 3] = ["main", "main*", "o*r"];
const ORIGINS: [&str; 3] = ["app://localhost", "https://example.com", "https://www.example.com"];
const ORIGIN_PATTERNS: [&str; 3] = ["local", "https://example.com", "https://*.example.com"];
const PATHS: [&str; 9] =
    ["/d/a", "/d/.a", "/d/b/a", "/d/.b/a", "/d", "/e/a", "/d/../e", "d/a", "/d/b/.a/c"];
const ALLOW_PATHS: [&str; 7] = ["/d/**", "/d/*", "/d/a", "/e/*", "/d/.*", "/d/**/a", "/d/.b/**"];
const DENY_PATHS: [&str; 5] = ["**/.*", "/d/b/**", "**/a", "/e/**", "/d/*"];
const KEYS: [&str; 4] = ["a.b", "a", "a.b.c", "a..b"];
const KEY_PATTERNS: [&str; 4] = ["a.*", "a", "a.**", "*.b"];

/// An entry as it is written; the same value is written as TOML and walked naively.
#[derive(Debug, Clone)]
struct Entry {
    commands: Vec<&'static str>,
    path: Option<Vec<&'static str>>,
    key: Option<Vec<&'static str>>,
    /// `args = { properties = { n = { maximum = … } } }`
    maximum: Option<i64>,
}

#[derive(Debug, Clone)]
struct Capability {
    windows: Vec<&'static str>,
    origins: Vec<&'static str>,
    allow: Vec<Entry>,
    deny: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Call {
    window: &'static str,
    origin: &'static str,
    command: &'static str,
    args: Map<String, Value>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn e16_decide_agrees_with_the_naive_walk_and_explain_with_decide(
        policy in prop::collection::vec(capability(), 1..5),
        calls in prop::collection::vec(call(), 1..12),
    ) {
        let compiled = compile(&policy);
        for call in &calls {
            let window = WindowLabel::parse(call.window).unwrap();
            let principal = compiled.principal(&window, &Origin::parse(call.origin).unwrap(), NOW);
            let command = CommandName::parse(call.command).unwrap();
            let args = Args::new(call.args.clone());
            let verdict = principal.decide(&command, &args);
            prop_assert_eq!(verdict.is_allowed(), allows(&policy, call), "{:?}", call);
            let explained = principal.explain(&command, &args);
            prop_assert_eq!(format!("{:?}", &explained.verdict), format!("{verdict:?}"));
            if let Verdict::Allow(permit) = verdict {
                let path = permit.path.map(|grant| {
                    let base = grant.base().to_str().unwrap().to_owned();
                    let below = grant.relative();
                    if below.is_empty() { base } else { format!("{}/{below}", base.trim_end_matches('/')) }
                });
                prop_assert_eq!(path.as_deref(), call.args.get("path").and_then(Value::as_str));
            }
        }
    }

    /// More capabilities without a deny never take anything away, and a deny never gives.
    #[test]
    fn allows_only_add_and_denies_only_take_away(
        policy in prop::collection::vec(capability(), 1..4),
        more in capability(),
        call in call(),
    ) {
        let only = |allow: bool| Capability {
            allow: if allow { more.allow.clone() } else { Vec::new() },
            deny: if allow { Vec::new() } else { more.deny.clone() },
            ..more.clone()
        };
        let with = |extra: Capability| {
            let mut longer = policy.clone();
            longer.push(extra);
            decides(&longer, &call)
        };
        let before = decides(&policy, &call);
        prop_assert!(!before || with(only(true)));
        prop_assert!(before || !with(only(false)));
    }

    #[test]
    fn the_order_of_capabilities_never_matters(
        policy in prop::collection::vec(capability(), 1..5),
        call in call(),
    ) {
        let mut reversed = policy.clone();
        reversed.reverse();
        for capability in &mut reversed {
            capability.allow.reverse();
            capability.deny.reverse();
        }
        prop_assert_eq!(decides(&policy, &call), decides(&reversed, &call));
    }
}

/// The walk on foot, as the language's rules are told: deny wins, else some allow entry matches.
fn allows(policy: &[Capability], call: &Call) -> bool {
    let mine: Vec<_> = policy
        .iter()
        .filter(|c| c.windows.iter().any(|pattern| like(pattern, call.window)))
        .filter(|c| c.origins.iter().any(|pattern| origin_like(pattern, call.origin)))
        .collect();
    let denied = mine.iter().flat_map(|c| &c.deny).any(|entry| denies(entry, call));
    !denied && mine.iter().flat_map(|c| &c.allow).any(|entry| grants(entry, call))
}

fn grants(entry: &Entry, call: &Call) -> bool {
    let path = match (&entry.path, call.args.get("path")) {
        (None, None) => true,
        (Some(patterns), Some(Value::String(path))) => {
            is_path(path) && patterns.iter().any(|pattern| path_like(pattern, path, false))
        }
        _ => false,
    };
    let key = match (&entry.key, call.args.get("key")) {
        (None, None) => true,
        (Some(patterns), Some(Value::String(key))) => {
            is_key(key) && patterns.iter().any(|pattern| key_like(pattern, key))
        }
        _ => false,
    };
    names(entry, call) && path && key && fits(entry, call)
}

fn denies(entry: &Entry, call: &Call) -> bool {
    let path = match (&entry.path, call.args.get("path")) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(patterns), Some(Value::String(path))) if is_path(path) => {
            patterns.iter().any(|pattern| path_like(pattern, path, true))
        }
        (Some(_), Some(_)) => true,
    };
    let key = match (&entry.key, call.args.get("key")) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(patterns), Some(Value::String(key))) if is_key(key) => {
            patterns.iter().any(|pattern| key_like(pattern, key))
        }
        (Some(_), Some(_)) => true,
    };
    names(entry, call) && path && key && fits(entry, call)
}

fn names(entry: &Entry, call: &Call) -> bool {
    entry.commands.iter().any(|pattern| like(pattern, call.command))
}

fn fits(entry: &Entry, call: &Call) -> bool {
    let n = call.args.get("n").and_then(Value::as_i64);
    entry.maximum.is_none_or(|maximum| n.is_none_or(|n| n <= maximum))
}

fn is_path(path: &str) -> bool {
    path.starts_with('/') && path.split('/').skip(1).all(|name| !["", ".", ".."].contains(&name))
}

fn is_key(key: &str) -> bool {
    key.split('.').all(|word| !word.is_empty())
}

/// `*` is any run of characters: every split is tried.
fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((front, rest)) => text
            .strip_prefix(front)
            .is_some_and(|tail| (0..=tail.len()).any(|at| like(rest, &tail[at..]))),
    }
}

fn origin_like(pattern: &str, origin: &str) -> bool {
    match pattern {
        "local" => origin == "app://localhost",
        "https://*.example.com" => origin == "https://www.example.com",
        exact => origin == exact,
    }
}

fn path_like(pattern: &str, path: &str, hidden: bool) -> bool {
    let names: Vec<_> = path.split('/').skip(1).collect();
    let pattern = pattern.strip_prefix('/').unwrap_or(pattern);
    let pattern: Vec<_> = pattern.split('/').collect();
    parts_like(&pattern, &names, &|name| hidden || !name.starts_with('.'))
}

fn key_like(pattern: &str, key: &str) -> bool {
    let (pattern, key): (Vec<_>, Vec<_>) = (pattern.split('.').collect(), key.split('.').collect());
    parts_like(&pattern, &key, &|_| true)
}

fn parts_like(pattern: &[&str], parts: &[&str], open: &dyn Fn(&str) -> bool) -> bool {
    match (pattern, parts) {
        ([], []) => true,
        (["**", rest @ ..], _) => {
            parts_like(rest, parts, open)
                || parts
                    .split_first()
                    .is_some_and(|(first, tail)| open(first) && parts_like(pattern, tail, open))
        }
        ([item, rest @ ..], [first, tail @ ..]) => {
            let visible = open(first) || item.starts_with('.') || !item.contains('*');
            visible && like(item, first) && parts_like(rest, tail, open)
        }
        _ => false,
    }
}

fn decides(policy: &[Capability], call: &Call) -> bool {
    let window = WindowLabel::parse(call.window).unwrap();
    let principal = compile(policy).principal(&window, &Origin::parse(call.origin).unwrap(), NOW);
    let command = CommandName::parse(call.command).unwrap();
    principal.decide(&command, &Args::new(call.args.clone())).is_allowed()
}

/// Each capability is a file of its own.
fn compile(policy: &[Capability]) -> Policy {
    let files = policy.iter().enumerate().map(|(n, c)| (format!("c{n}.toml"), written(n, c)));
    let sources = Sources::from_texts(files);
    let directories = Directories::default();
    let context = Context::new(&directories);
    let compiled = Policy::compile(&sources, &context)
        .unwrap_or_else(|errors| panic!("{}", errors.render(&sources, Color::Never)));
    compiled.policy
}

fn written(n: usize, c: &Capability) -> String {
    let entries = |list: &[Entry]| list.iter().map(entry_text).collect::<Vec<_>>().join(",\n  ");
    format!(
        "version = 1\n[[capability]]\nid = \"c{n}\"\nwindows = {:?}\norigins = {:?}\nallow = [\n  {}\n]\ndeny = [\n  {}\n]\n",
        c.windows,
        c.origins,
        entries(&c.allow),
        entries(&c.deny)
    )
}

fn entry_text(entry: &Entry) -> String {
    let mut text = format!("{{ commands = {:?}", entry.commands);
    for (name, scope) in [("path", &entry.path), ("key", &entry.key)] {
        if let Some(patterns) = scope {
            text += &format!(", {name} = {patterns:?}");
        }
    }
    if let Some(maximum) = entry.maximum {
        text += &format!(", args = {{ properties = {{ n = {{ maximum = {maximum} }} }} }}");
    }
    text + " }"
}

fn some_of(list: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(list), 1..3)
}

fn entry(paths: &'static [&'static str]) -> impl Strategy<Value = Entry> {
    let path = prop::option::of(some_of(paths));
    let key = prop::option::weighted(0.3, some_of(&KEY_PATTERNS));
    let maximum = prop::option::weighted(0.2, 0_i64..3);
    let parts = (some_of(&COMMAND_PATTERNS), path, key, maximum);
    parts.prop_map(|(commands, path, key, maximum)| Entry { commands, path, key, maximum })
}

fn capability() -> impl Strategy<Value = Capability> {
    let allow = prop::collection::vec(entry(&ALLOW_PATHS), 0..4);
    let deny = prop::collection::vec(entry(&DENY_PATHS), 0..2);
    let parts = (some_of(&WINDOW_PATTERNS), some_of(&ORIGIN_PATTERNS), allow, deny);
    parts.prop_map(|(windows, origins, allow, deny)| Capability { windows, origins, allow, deny })
}

fn call() -> impl Strategy<Value = Call> {
    let path = prop_oneof![
        6 => prop::sample::select(&PATHS[..]).prop_map(|path| Some(Value::from(path))),
        3 => Just(None),
        1 => Just(Some(Value::from(1))),
    ];
    let key = prop_oneof![
        3 => prop::sample::select(&KEYS[..]).prop_map(|key| Some(Value::from(key))),
        6 => Just(None),
        1 => Just(Some(Value::Null)),
    ];
    let n = prop::option::of((0_i64..3).prop_map(Value::from));
    let who = (
        prop::sample::select(&WINDOWS[..]),
        prop::sample::select(&ORIGINS[..]),
        prop::sample::select(&COMMANDS[..]),
    );
    (who, path, key, n).prop_map(|((window, origin, command), path, key, n)| {
        let named = [("path", path), ("key", key), ("n", n)];
        let args = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Call { window, origin, command, args: args.collect() }
    })
}
