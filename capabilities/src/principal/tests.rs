//! What no policy file can bring about by itself: time that passes, another operating system.

use super::*;
use crate::capability::WindowPattern;
use crate::origin::OriginPattern;
use crate::policy::{Context, Policy};
use crate::rule::{CommandPattern, Entry};
use crate::sources::Sources;
use crate::verdict::RuleRef;
use serde_json::json;

fn rule(capability: &str, command: &str, effect: Effect) -> Rule {
    let reference = RuleRef::new((capability, None), (effect, 1), ("p.toml", 1, 1));
    let entry = Entry {
        commands: vec![CommandPattern(command.into())],
        path: None,
        url: None,
        key: None,
        schema: None,
        ask: None,
        limits: Limits::default(),
        result: None,
        audit: Arc::default(),
        is_dangerous: false,
    };
    Rule { reference: Arc::new(reference), entry: Arc::new(entry) }
}

fn capability(id: &str, expires: Option<i64>, allow: Vec<Rule>, deny: Vec<Rule>) -> Capability {
    Capability {
        id: id.to_owned(),
        expires_at: None,
        is_dangerous: false,
        description: None,
        expires: expires.map(WallTime::from_unix),
        windows: vec![WindowPattern("main".into())],
        origins: vec![OriginPattern::local()],
        allow,
        deny,
    }
}

fn resolve(capabilities: &[Capability], now: i64) -> Principal {
    let ground = Ground { directories: Arc::new(Directories::sample()), platform: Platform::Linux };
    let window = WindowLabel::parse("main").unwrap();
    Principal::resolve(
        &window,
        &Origin::local(),
        WallTime::from_unix(now),
        capabilities,
        &none(),
        ground,
    )
}

fn code(principal: &Principal, command: &str) -> &'static str {
    let command = CommandName::parse(command).unwrap();
    match principal.decide(&command, &Args::empty()) {
        Verdict::Allow(_) => "allow",
        Verdict::Deny(denial) => denial.reason.code(),
    }
}

#[test]
fn what_has_expired_grants_and_denies_nothing() {
    let allow = |id, command| vec![rule(id, command, Effect::Allow)];
    let capabilities = [
        capability("always", None, allow("always", "a"), Vec::new()),
        capability("late", Some(20), allow("late", "b"), Vec::new()),
        capability("early", Some(10), Vec::new(), vec![rule("early", "a", Effect::Deny)]),
    ];
    #[rustfmt::skip]
    let cases = [
        (9, "denied-by-rule", "allow", Some(10)),
        (10, "allow", "allow", Some(20)),
        (19, "allow", "allow", Some(20)),
        (20, "allow", "not-granted", None),
    ];
    for (now, a, b, until) in cases {
        let principal = resolve(&capabilities, now);
        assert_eq!((code(&principal, "a"), code(&principal, "b")), (a, b), "{now}");
        assert_eq!(principal.until().map(WallTime::unix), until, "{now}");
    }
    assert_eq!(code(&resolve(&capabilities[1..], 20), "b"), "no-capability");
}

/// A help costs the same, however many capabilities a window has.
#[test]
fn a_help_names_three_capabilities_at_most() {
    let capabilities: Vec<_> = ["c1", "c2", "c3", "c4"]
        .map(|id| capability(id, None, vec![rule(id, "a", Effect::Allow)], Vec::new()))
        .into();
    let help = |count: usize| {
        let command = CommandName::parse("b").unwrap();
        let principal = resolve(&capabilities[..count], 0);
        let Verdict::Deny(denial) = principal.decide(&command, &Args::empty()) else { panic!() };
        denial.help
    };
    let add = "add `{ commands = [\"b\"] }` to `allow` of the capability";
    assert_eq!(help(1), format!("{add} `c1`"));
    assert_eq!(help(4), format!("{add} `c1` or `c2` or `c3`"));
}

/// To a page from elsewhere the origin is a part of what is missing.
#[test]
fn a_window_without_a_capability_is_told_which_it_wants() {
    let help = |origin: Origin| {
        let ground =
            Ground { directories: Arc::new(Directories::sample()), platform: Platform::Linux };
        let window = WindowLabel::parse("main").unwrap();
        let principal =
            Principal::resolve(&window, &origin, WallTime::from_unix(0), &[], &none(), ground);
        let command = CommandName::parse("a").unwrap();
        let Verdict::Deny(denial) = principal.decide(&command, &Args::empty()) else { panic!() };
        denial.help
    };
    let remote = Origin::parse("https://example.com").unwrap();
    let add = "add a capability with `windows = [\"main\"]`";
    assert_eq!(help(Origin::local()), add);
    assert_eq!(help(remote), format!("{add} and `origins = [\"https://example.com\"]`"));
}

fn none() -> Arc<[Never]> {
    Arc::new([])
}

/// An edit that the policy forbids is not told as if it were enough.
#[test]
fn a_help_says_which_invariant_stands_against_it() {
    let text = r#"version = 1
[[capability]]
id = "c"
description = "d"
windows = ["main", "other"]
allow = [{ commands = ["a"] }]
[[never]]
why = "no window writes"
commands = ["b.*"]
except_windows = ["other"]
[[never]]
why = "not from elsewhere"
commands = ["c"]
origins = ["remote"]
[[never]]
why = "this file alone"
commands = ["d"]
path = ["$HOME/kept"]
"#;
    let policy = Policy::compile(
        &Sources::from_texts([("p.toml", text)]),
        &Context::new(&Directories::sample()),
    )
    .unwrap()
    .policy;
    let cases = [
        ("main", "app://localhost", "b.x", Some("no window writes")),
        ("other", "app://localhost", "b.x", None),
        ("main", "app://localhost", "c", None),
        ("main", "https://example.com", "c", Some("not from elsewhere")),
        ("main", "https://example.com", "b.x", Some("no window writes")),
        ("main", "app://localhost", "d", None),
        ("main", "app://localhost", "e", None),
    ];
    for (window, origin, command, why) in cases {
        let window = WindowLabel::parse(window).unwrap();
        let origin = Origin::parse(origin).unwrap();
        let principal = policy.principal(&window, &origin, WallTime::from_unix(0));
        let command = CommandName::parse(command).unwrap();
        let Verdict::Deny(denial) = principal.decide(&command, &Args::empty()) else { panic!() };
        let told = denial.help.strip_prefix("take back the invariant against it (");
        let told = told.and_then(|rest| rest.split_once("), and add ")).map(|(why, _)| why);
        assert_eq!(told, why, "{window} {command}: {}", denial.help);
    }
}

/// Whether the command is named in full or by a pattern, and in the order of the files.
#[test]
fn entries_and_limits_are_those_that_name_the_command() {
    let text = r#"version = 1
[[capability]]
id = "c"
windows = ["main"]
allow = [
  { commands = ["fs.*"], limit = { in_flight = 3 } },
  { commands = ["net.get"], limit = { in_flight = 1 } },
  { commands = ["fs.read"], limit = { in_flight = 2 } },
]
deny = [{ commands = ["*.get"] }, { commands = ["fs.read", "x"] }]
"#;
    let policy = Policy::compile(
        &Sources::from_texts([("p.toml", text)]),
        &Context::new(&Directories::sample()),
    )
    .unwrap()
    .policy;
    let window = WindowLabel::parse("main").unwrap();
    let principal = policy.principal(&window, &Origin::local(), WallTime::from_unix(0));
    // command, the places of what allows it, of what denies it, calls at one time
    #[rustfmt::skip]
    let cases = [
        ("fs.read", vec![1, 3], vec![2], Some(2)),
        ("fs.write", vec![1], vec![], Some(3)),
        ("net.get", vec![2], vec![1], Some(1)),
        ("net.put", vec![], vec![], None),
    ];
    for (command, allow, deny, in_flight) in cases {
        let command = CommandName::parse(command).unwrap();
        let (allows, denies) = principal.entries(&command);
        let places = |entries: &[outline::Entry]| {
            entries.iter().map(|entry| entry.rule.index).collect::<Vec<_>>()
        };
        assert_eq!((places(&allows), places(&denies)), (allow, deny), "{command}");
        assert_eq!(principal.limits(&command).in_flight, in_flight, "{command}");
    }
}

#[test]
fn e17_a_principal_of_windows_reads_paths_as_windows_does() {
    let text = "version = 1\n[[capability]]\nid = \"c\"\nwindows = [\"main\"]\nallow = [{ commands = [\"a\"], path = [\"$APPDATA/**\"] }]\n";
    let sources = Sources::from_texts([("p.toml", text)]);
    let directories = Directories::sample();
    let allowed = |platform, path: &str| {
        let context = Context::new(&directories).platform(platform);
        let policy = Policy::compile(&sources, &context).unwrap().policy;
        let window = WindowLabel::parse("main").unwrap();
        let args = Args::new(json!({ "path": path }).as_object().unwrap().clone());
        let command = CommandName::parse("a").unwrap();
        let now = WallTime::from_unix(0);
        policy.principal(&window, &Origin::local(), now).decide(&command, &args).is_allowed()
    };
    for path in ["$APPDATA/nul.txt", "$APPDATA/a:b", "$APPDATA/a\\..\\b"] {
        assert!(allowed(Platform::Linux, path), "{path}");
        assert!(!allowed(Platform::Windows, path), "{path}");
    }
    assert!(allowed(Platform::Windows, "$APPDATA/a"));
}

#[test]
fn by_whose_rules_something_is_allowed() {
    let mut of_permission = rule("a", "fs.list", Effect::Allow);
    if let Some(reference) = Arc::get_mut(&mut of_permission.reference) {
        reference.permission = Some("notes:read".to_owned());
    }
    let both = [
        capability("a", None, vec![of_permission], vec![]),
        capability("b", None, vec![], vec![rule("b", "fs.*", Effect::Deny)]),
        capability("c", Some(10), vec![rule("c", "app.info", Effect::Allow)], vec![]),
    ];
    let principal = resolve(&both, 20);
    for (id, expected) in
        [("a", true), ("notes:read", true), ("b", false), ("c", false), ("d", false)]
    {
        assert_eq!(principal.is_granted_by(id), expected, "{id}");
    }
    assert!(principal.is_somebody());
    assert!(!resolve(&[], 20).is_somebody());
}
