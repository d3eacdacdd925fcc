//! A world so small that every call of it can be tried.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::analysis::Call;
use crate::args::Args;
use crate::ask::{Ask, AskWhen};
use crate::directories::Directories;
use crate::glob::{self, Question};
use crate::limits::Limits;
use crate::names::{CommandName, WindowLabel};
use crate::origin::Origin;
use crate::policy::{Context, Policy};
use crate::sources::Sources;
use crate::time::WallTime;
use crate::verdict::Verdict;

pub(super) const NOW: WallTime = WallTime::from_unix(0);

pub(super) const COMMANDS: [&str; 4] = ["fs.read", "fs.write", "app.info", "fs"];
const WINDOWS: [&str; 4] = ["main", "main-2", "other", "x"];
const ORIGINS: [&str; 3] = ["app://localhost", "https://example.com", "https://www.example.com"];
const PATHS: [Option<&str>; 6] =
    [None, Some("/d/a"), Some("/d/.a"), Some("/d/b/a"), Some("/d/.b/a"), Some("/e/a")];
const KEYS: [Option<&str>; 3] = [None, Some("a.b"), Some("a")];
const NUMBERS: [Option<i64>; 3] = [None, Some(1), Some(2)];

const COMMAND_PATTERNS: [&str; 6] = ["fs.read", "fs.*", "app.info", "*.write", "f*", "fs.w*e"];
const WINDOW_PATTERNS: [&str; 4] = ["main", "main*", "o*r", "*x*"];
const ORIGIN_PATTERNS: [&str; 3] = ["local", "https://example.com", "https://*.example.com"];
const ALLOW_PATHS: [&str; 6] = ["/d/**", "/d/*", "/d/a", "/e/*", "/d/.*", "/d/**/a"];
const DENY_PATHS: [&str; 5] = ["**/.*", "/d/b/**", "**/a", "/e/**", "/d/*"];
const KEY_PATTERNS: [&str; 4] = ["a.*", "a", "a.**", "*.b"];

/// Every call of the world.
pub(super) fn calls() -> Vec<Call> {
    let mut calls = Vec::new();
    for window in WINDOWS {
        for origin in ORIGINS {
            for command in COMMANDS {
                for args in all_args() {
                    calls.push(Call {
                        window: WindowLabel::parse(window).unwrap(),
                        origin: Origin::parse(origin).unwrap(),
                        command: CommandName::parse(command).unwrap(),
                        args,
                    });
                }
            }
        }
    }
    calls
}

fn all_args() -> Vec<Args> {
    let mut all = Vec::new();
    for path in PATHS {
        for key in KEYS {
            for n in NUMBERS {
                let mut map = Map::new();
                map.extend(path.map(|path| ("path".to_owned(), Value::from(path))));
                map.extend(key.map(|key| ("key".to_owned(), Value::from(key))));
                map.extend(n.map(|n| ("n".to_owned(), Value::from(n))));
                all.push(Args::new(map));
            }
        }
    }
    all
}

pub(super) fn compile(text: &str) -> Policy {
    let directories = Directories::default();
    let sources = Sources::from_texts([("p.toml", text)]);
    match Policy::compile(&sources, &Context::new(&directories)) {
        Ok(compiled) => compiled.policy,
        Err(errors) => panic!("{}", errors.render(&sources, crate::Color::Never)),
    }
}

/// What a policy keeps out of the log of a command, in the broker's way.
pub(super) fn kept_out(policy: &Policy, command: &str) -> BTreeSet<String> {
    let entries = policy.outline().into_iter().flat_map(|capability| capability.allow);
    let like = |pattern: &String| glob::text_matches(pattern, command, Question::Literal);
    let mine = entries.filter(|entry| entry.commands.iter().any(like));
    mine.flat_map(|entry| entry.audit.redact).collect()
}

/// The verdict on every call of the world: the limits, where it is allowed.
pub(super) fn verdicts(policy: &Policy, calls: &[Call]) -> Vec<Option<(Limits, Option<AskWhen>)>> {
    let mut principals = std::collections::HashMap::new();
    let decide = |call: &Call| {
        let who = (call.window.clone(), call.origin.clone());
        let principal = principals
            .entry(who)
            .or_insert_with(|| policy.principal(&call.window, &call.origin, NOW));
        match principal.decide(&call.command, &call.args) {
            Verdict::Allow(permit) => Some((permit.limits, permit.ask.as_ref().map(Ask::when))),
            Verdict::Deny(_) => None,
        }
    };
    calls.iter().map(decide).collect()
}

pub(super) fn is_allowed(policy: &Policy, call: &Call) -> bool {
    policy.principal(&call.window, &call.origin, NOW).decide(&call.command, &call.args).is_allowed()
}

/// The text of a policy of one to four capabilities; with schemas on some entries or without any.
pub(super) fn policy(schemas: f64) -> impl Strategy<Value = String> {
    prop::collection::vec(capability(schemas), 1..5).prop_map(|capabilities| {
        let numbered = capabilities.iter().enumerate();
        let texts = numbered.map(|(n, text)| format!("[[capability]]\nid = \"c{n}\"\n{text}"));
        format!("version = 1\n{}", texts.collect::<String>())
    })
}

fn capability(schemas: f64) -> impl Strategy<Value = String> {
    let allow = prop::collection::vec(entry(&ALLOW_PATHS, schemas, true), 0..4);
    let deny = prop::collection::vec(entry(&DENY_PATHS, schemas, false), 0..3);
    (some_of(&WINDOW_PATTERNS), some_of(&ORIGIN_PATTERNS), allow, deny).prop_map(
        |(windows, origins, allow, deny)| {
            format!(
                "windows = {windows:?}\norigins = {origins:?}\ndangerous = \"generated\"\nallow = [{}]\ndeny = [{}]\n",
                allow.join(", "),
                deny.join(", ")
            )
        },
    )
}

fn entry(
    paths: &'static [&'static str],
    schemas: f64,
    conditions: bool,
) -> impl Strategy<Value = String> {
    let limit = prop::option::weighted(if conditions { 0.2 } else { 1e-9 }, 1_u32..3);
    let omit = prop::option::weighted(
        if conditions { 0.2 } else { 1e-9 },
        prop::sample::select(&["/a", "/b"][..]),
    );
    let ask = prop::option::weighted(
        if conditions { 0.2 } else { 1e-9 },
        prop::sample::select(&AskWhen::ALL[..]),
    );
    let redact = prop::option::weighted(
        if conditions { 0.2 } else { 1e-9 },
        (prop::sample::select(&["/a", "/a/b", "/c"][..]), any::<bool>()),
    );
    let parts = (
        some_of(&COMMAND_PATTERNS),
        prop::option::of(some_of(paths)),
        prop::option::weighted(0.3, some_of(&KEY_PATTERNS)),
        prop::option::weighted(schemas.max(1e-9), 0_i64..3),
        limit,
        (omit, ask),
        redact,
    );
    parts.prop_map(|(commands, path, key, maximum, limit, (omit, ask), redact)| {
        let mut text = format!("{{ commands = {commands:?}");
        for (name, scope) in [("path", path), ("key", key)] {
            text += &scope.map(|patterns| format!(", {name} = {patterns:?}")).unwrap_or_default();
        }
        if let Some(maximum) = maximum {
            text += &format!(", args = {{ properties = {{ n = {{ maximum = {maximum} }} }} }}");
        }
        text += &limit.map(|n| format!(", limit = {{ in_flight = {n} }}")).unwrap_or_default();
        text += &ask.map(|when| format!(", ask = \"{when}\"")).unwrap_or_default();
        text += &omit.map(|at| format!(", result = {{ omit = [{at:?}] }}")).unwrap_or_default();
        if let Some((at, values)) = redact {
            text += &format!(", audit = {{ args = {values}, redact = [{at:?}] }}");
        }
        text + " }"
    })
}

pub(super) fn some_of(list: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(list), 1..3)
}

pub(super) fn window_patterns() -> impl Strategy<Value = Vec<&'static str>> {
    some_of(&WINDOW_PATTERNS)
}

pub(super) fn command_patterns() -> impl Strategy<Value = Vec<&'static str>> {
    some_of(&COMMAND_PATTERNS)
}

pub(super) fn deny_paths() -> impl Strategy<Value = Vec<&'static str>> {
    some_of(&DENY_PATHS)
}
