//! The exported Cedar policies against the policy that they come from: two engines, written by
//! different people, that must agree on every call. Which patterns an argument matches is told to
//! Cedar by us and so is not judged here; all that is put together from it is.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, Schema, ValidationMode,
    Validator,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use sidegate_capabilities::{
    Args, CommandName, Context as PolicyContext, Directories, Origin, Platform, Policy, Sources,
    WallTime, WindowLabel,
};
use sidegate_tools::cedar::{self, Export};

const WINDOWS: &[&str] = &["main", "note-1", "note-", "other"];
const WINDOW_PATTERNS: &[&str] = &["main", "note-*", "*", "o*r", "*-1", "m*n*", "other", "*e*"];
const ORIGINS: &[&str] = &[
    "app://localhost",
    "https://example.com",
    "https://a.example.com",
    "https://a.b.example.com:8443",
    "https://notexample.com",
    "https://example.com.example.org",
    "app://localhost:1",
    "http://[::1]:8080",
    "http://127.0.0.1",
];
const ORIGIN_PATTERNS: &[&str] = &[
    "local",
    "https://example.com",
    "https://*.example.com",
    "https://*.example.com:8443",
    "http://[::1]:8080",
    "http://127.0.0.1",
];
const COMMANDS: &[&str] = &["fs.read", "fs.read_all", "fs.write", "app.info", "fs", "net.get"];
const COMMAND_PATTERNS: &[&str] =
    &["fs.read", "fs.*", "*", "*.info", "f*", "*r*a*", "net.get", "fs.w*e", "fs.read_all"];
const PATHS: &[&str] = &[
    "/d/a",
    "/d/.a",
    "/d/b/a",
    "/d/.b/a",
    "/d",
    "/e/a",
    "/d/../e",
    "d/a",
    "",
    "/d//a",
    "$HOME/a",
    "$HOME",
    "$HOME/.ssh/id",
    "$NONE/a",
    "/d/a*",
    "/d/\"a",
    "/d/é",
];
const ALLOW_PATHS: &[&str] =
    &["/d/**", "/d/*", "/d/a", "/e/?", "/d/.*", "/d/**/a", "$HOME/*", "$HOME/.ssh/**", "/d/\\\"*"];
const DENY_PATHS: &[&str] = &["**/.*", "/d/b/**", "**/a", "/d/*", "**/.ssh/**", "$HOME/**", "/d/a"];
const URLS: &[&str] = &[
    "https://example.com/a/b",
    "https://a.example.com/",
    "https://EXAMPLE.com:443/a/../x",
    "https://u@example.com/",
    "ftp://example.com/",
    "https://example.com//x",
];
const URL_PATTERNS: &[&str] =
    &["https://example.com/**", "https://*.example.com/**", "https://example.com/a/*"];
const KEYS: &[&str] = &["a", "a.b", "a.b.c", "a..b", "b.a"];
const KEY_PATTERNS: &[&str] = &["a", "a.*", "a.**", "*.b"];
const SCHEMAS: &[&str] = &[
    "{ required = [\"n\"] }",
    "{ properties = { n = { type = \"integer\", maximum = 2 } } }",
    "{ properties = { path = { type = \"string\", maxLength = 5 } } }",
];
/// Two of the moments are before the end of what ends, one of them by a second.
const TIMES: &[i64] = &[0, 1_893_455_999, 1_893_456_000, 4_000_000_000];

type List = Vec<&'static str>;

#[derive(Debug, Clone)]
struct Entry {
    commands: List,
    path: Option<List>,
    url: Option<List>,
    key: Option<List>,
    args: Option<&'static str>,
}

#[derive(Debug, Clone)]
struct Capability {
    windows: List,
    origins: List,
    expires: bool,
    observe: bool,
    allow: Vec<Entry>,
    deny: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Call {
    window: &'static str,
    origin: &'static str,
    command: &'static str,
    now: i64,
    args: Value,
}

fn some_of(from: &'static [&'static str], least: usize) -> impl Strategy<Value = List> {
    subsequence(from, least..=from.len().min(5))
}

fn entry(paths: &'static [&'static str], least: usize) -> impl Strategy<Value = Entry> {
    let schema = option::weighted(0.1, select(SCHEMAS));
    let scope = |weight, from, least| option::weighted(weight, some_of(from, least));
    let path = scope(0.6, paths, least);
    let (url, key) = (scope(0.1, URL_PATTERNS, least), scope(0.1, KEY_PATTERNS, least));
    (some_of(COMMAND_PATTERNS, 1), path, url, key, schema)
        .prop_map(|(commands, path, url, key, args)| Entry { commands, path, url, key, args })
}

fn capability() -> impl Strategy<Value = Capability> {
    let (windows, origins) = (some_of(WINDOW_PATTERNS, 2), some_of(ORIGIN_PATTERNS, 2));
    let (allow, deny) = (vec(entry(ALLOW_PATHS, 0), 1..7), vec(entry(DENY_PATHS, 1), 0..2));
    let flags = (prop::bool::weighted(0.3), prop::bool::weighted(0.1));
    (windows, origins, flags, allow, deny).prop_map(
        |(windows, origins, (expires, observe), allow, deny)| Capability {
            windows,
            origins,
            expires,
            observe,
            allow,
            deny,
        },
    )
}

fn call() -> impl Strategy<Value = Call> {
    let argument = |from: &'static [&'static str]| prop_oneof![12 => select(from).prop_map(Value::from), 1 => Just(Value::Null)];
    let args = (
        option::weighted(0.6, argument(PATHS)),
        option::weighted(0.1, argument(URLS)),
        option::weighted(0.1, argument(KEYS)),
        option::weighted(0.4, (0..5_i64).prop_map(Value::from)),
    );
    (select(WINDOWS), select(ORIGINS), select(COMMANDS), select(TIMES), args).prop_map(
        |(window, origin, command, now, (path, url, key, n))| {
            let named = [("path", path), ("url", url), ("key", key), ("n", n)];
            let args: Map<_, _> = named
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect();
            Call { window, origin, command, now, args: args.into() }
        },
    )
}

fn written(capabilities: &[Capability]) -> String {
    let list = |list: &List| {
        format!("[{}]", list.iter().map(|s| format!("\"{s}\"")).collect::<Vec<_>>().join(", "))
    };
    let entry = |entry: &Entry, more: &str| {
        let mut text = format!("{{ commands = {}{more}", list(&entry.commands));
        for (name, scope) in [("path", &entry.path), ("url", &entry.url), ("key", &entry.key)] {
            if let Some(scope) = scope {
                text += &format!(", {name} = {}", list(scope));
            }
        }
        if let Some(args) = entry.args {
            text += &format!(", args = {args}");
        }
        text + " }"
    };
    let entries = |entries: &[Entry], more: &str| {
        entries.iter().map(|one| entry(one, more)).collect::<Vec<_>>().join(", ")
    };
    // What is too wide, or lets a page of the network change something, is meant here.
    let dangerous = ", dangerous = \"w\"";
    let mut text = "version = 1\n".to_owned();
    for (n, one) in capabilities.iter().enumerate() {
        text += &format!(
            "[[capability]]\nid = \"c{n}\"\ndescription = \"d\"\ndangerous = \"w\"\n\
             windows = {}\norigins = {}\n",
            list(&one.windows),
            list(&one.origins)
        );
        if one.expires {
            text += "expires = 2030-01-01T00:00:00Z\n";
        }
        if one.observe {
            text += "observe = true\n";
        }
        let (allow, deny) = (entries(&one.allow, dangerous), entries(&one.deny, ""));
        text += &format!("allow = [{allow}]\ndeny = [{deny}]\n");
    }
    text
}

fn compiled(text: &str) -> Policy {
    let directories = Directories::sample();
    let sources = Sources::from_texts([("p.toml".to_owned(), text.to_owned())]);
    let context = PolicyContext::new(&directories).platform(Platform::Linux);
    match Policy::compile(&sources, &context) {
        Ok(compiled) => compiled.policy,
        Err(errors) => {
            panic!("{}\n{text}", errors.render(&sources, sidegate_capabilities::Color::Never))
        }
    }
}

/// An exported policy in Cedar's hands.
struct Cedar {
    schema: Schema,
    policies: PolicySet,
}

impl Cedar {
    fn of(export: &Export) -> Self {
        let (schema, _) = Schema::from_cedarschema_str(cedar::SCHEMA).unwrap();
        let policies = PolicySet::from_str(export.policies())
            .unwrap_or_else(|error| panic!("{error}\n{}", export.policies()));
        let counts = export.counts();
        assert_eq!(policies.policies().count(), counts.permits + counts.forbids);
        let validator = Validator::new(schema.clone());
        let result = validator.validate(&policies, ValidationMode::Strict);
        let faults: Vec<_> = result.validation_errors().map(ToString::to_string).collect();
        assert!(faults.is_empty(), "{faults:#?}\n{}", export.policies());
        Self { schema, policies }
    }

    fn allows(&self, request: cedar::Request) -> bool {
        let uid = |text: &str| EntityUid::from_str(text).unwrap();
        let action = uid(&request.action);
        let context =
            Context::from_json_value(request.context, Some((&self.schema, &action))).unwrap();
        let (principal, resource) = (uid(&request.principal), uid(&request.resource));
        let request =
            Request::new(principal, action, resource, context, Some(&self.schema)).unwrap();
        let response =
            Authorizer::new().is_authorized(&request, &self.policies, &Entities::empty());
        // A policy that errs is left out, and a `forbid` must not be.
        let errors: Vec<_> = response.diagnostics().errors().map(ToString::to_string).collect();
        assert!(errors.is_empty(), "{errors:?}");
        response.decision() == Decision::Allow
    }
}

/// What both say of a call.
fn verdicts(policy: &Policy, export: &Export, cedar: &Cedar, call: &Call) -> (bool, bool) {
    let window = WindowLabel::parse(call.window).unwrap();
    let origin = Origin::parse(call.origin).unwrap();
    let command = CommandName::parse(call.command).unwrap();
    let now = WallTime::from_unix(call.now);
    let args = Args::new(call.args.as_object().unwrap().clone());
    let ours = policy.principal(&window, &origin, now).decide(&command, &args).is_allowed();
    (ours, cedar.allows(export.request(&window, &origin, now, &command, &args)))
}

proptest! {
    #[test]
    fn cedar_decides_as_we_do(
        capabilities in vec(capability(), 1..4),
        calls in vec(call(), 100),
    ) {
        let text = written(&capabilities);
        let policy = compiled(&text);
        let export = cedar::export(&policy);
        let cedar = Cedar::of(&export);
        for call in &calls {
            let (ours, theirs) = verdicts(&policy, &export, &cedar, call);
            prop_assert_eq!(ours, theirs, "{:?}\n{}\n{}", call, text, export.policies());
        }
    }
}

/// The generated calls must meet what is generated: a test in which all is refused says nothing.
#[test]
fn both_verdicts_come_up() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut allowed, mut all) = (0, 0);
    for _ in 0..50 {
        let capabilities = vec(capability(), 1..4).new_tree(&mut runner).unwrap().current();
        let policy = compiled(&written(&capabilities));
        let export = cedar::export(&policy);
        let cedar = Cedar::of(&export);
        for _ in 0..60 {
            let call = call().new_tree(&mut runner).unwrap().current();
            allowed += usize::from(verdicts(&policy, &export, &cedar, &call).0);
            all += 1;
        }
    }
    assert!((all / 20..all / 2).contains(&allowed), "{allowed} of {all} are allowed");
}

/// A thousand patterns in one list, and a forbid among them that must not be lost.
#[test]
fn long_lists_are_no_error() {
    let windows: Vec<_> = (0..1_000).map(|n| format!("\"w{n}-*\"")).collect();
    let commands: Vec<_> = (0..1_000).map(|n| format!("\"a{n}.*\"")).collect();
    let text = format!(
        "version = 1\n[[capability]]\nid = \"c\"\ndescription = \"d\"\nwindows = [{}, \"main\"]\n\
         allow = [{{ commands = [{}] }}]\ndeny = [{{ commands = [{}] }}]\n",
        windows.join(", "),
        commands.join(", "),
        commands[500..].join(", "),
    );
    let policy = compiled(&text);
    let export = cedar::export(&policy);
    let cedar = Cedar::of(&export);
    for (window, command, expected) in [
        ("w999-1", "a499.x", true),
        ("w0-1", "a0.x", true),
        ("main", "a1.x", true),
        ("w999-1", "a500.x", false),
        ("w999-1", "a999.x", false),
        ("w1000-1", "a1.x", false),
    ] {
        let call = Call { window, origin: "app://localhost", command, now: 0, args: json!({}) };
        assert_eq!(
            verdicts(&policy, &export, &cedar, &call),
            (expected, expected),
            "{window} {command}"
        );
    }
}
