//! What a verdict carries, and the rules of the language that a table shows best.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

use std::time::Duration;

use serde_json::{Map, Value, json};
use sidegate_capabilities::{
    Args, Color, CommandName, Context, Directories, Limits, Origin, PerSecond, Permit, Policy,
    Principal, Rate, Reason, Sources, Verdict, WallTime, WindowLabel,
};

/// None of these policies expires.
const NOW: WallTime = WallTime::from_unix(0);

#[test]
fn e16_a_deny_overrides_wherever_it_stands() {
    let inside = r#"
allow = [{ commands = ["fs.read"], path = ["/d/**"] }]
deny = [{ commands = ["fs.*"], path = ["/d/secret/**"] }]"#;
    let around = r#"
allow = [{ commands = ["fs.read"], path = ["/d/open/**"] }]
deny = [{ commands = ["fs.read"], path = ["/d/**"] }]"#;
    let equal = r#"
allow = [{ commands = ["fs.read"], path = ["/d/**"] }]
deny = [{ commands = ["fs.read"], path = ["/d/**"] }]"#;
    let unscoped = r#"
allow = [{ commands = ["fs.read"], path = ["/d/**"] }]
deny = [{ commands = ["fs.*"] }]"#;
    #[rustfmt::skip]
    let cases = [
        (inside, "/d/a", "allow"),
        (inside, "/d/secret/a", "denied-by-rule"),
        (inside, "/d/secret", "denied-by-rule"),
        (inside, "/d/../d/a", "denied-by-rule"),
        (around, "/d/open/a", "denied-by-rule"),
        (equal, "/d/a", "denied-by-rule"),
        (unscoped, "/d/a", "denied-by-rule"),
    ];
    for (body, path, expected) in cases {
        let principal = main(body);
        assert_eq!(
            code(&principal, "fs.read", &json!({ "path": path })),
            expected,
            "{body} {path}"
        );
    }
}

#[test]
fn an_argument_that_names_a_resource_wants_a_scope_and_a_scope_wants_its_argument() {
    let body = r#"allow = [
  { commands = ["app.info"] },
  { commands = ["fs.read"], path = ["/d/*"] },
  { commands = ["net.get"], url = ["https://*.example.com/api/**"] },
  { commands = ["settings.get"], key = ["editor.*"] },
  { commands = ["none.at_all"], path = [] },
]"#;
    let principal = main(body);
    #[rustfmt::skip]
    let cases = [
        ("app.info", json!({}), "allow"),
        ("app.info", json!({"x": 1}), "allow"),
        ("app.info", json!({"path": "/d/a"}), "scope-missing"),
        ("app.info", json!({"url": "https://www.example.com/api"}), "scope-missing"),
        ("app.info", json!({"key": "editor.font"}), "scope-missing"),
        ("app.info", json!({"path": null}), "argument-invalid"),
        ("fs.read", json!({"path": "/d/a"}), "allow"),
        ("fs.read", json!({}), "argument-missing"),
        ("fs.read", json!({"path": "/e/a"}), "out-of-scope"),
        ("fs.read", json!({"path": "/d/a\u{0}"}), "argument-invalid"),
        ("fs.read", json!({"path": ["/d/a"]}), "argument-invalid"),
        ("fs.read", json!({"path": "/d/a", "key": "k"}), "scope-missing"),
        ("net.get", json!({"url": "https://a.example.com/api/x"}), "allow"),
        ("net.get", json!({"url": "https://notexample.com/api/x"}), "out-of-scope"),
        ("net.get", json!({"url": "https://u@a.example.com/api/x"}), "argument-invalid"),
        ("settings.get", json!({"key": "editor.font"}), "allow"),
        ("settings.get", json!({"key": "account.mail"}), "out-of-scope"),
        ("settings.get", json!({"key": "editor..font"}), "argument-invalid"),
        ("none.at_all", json!({"path": "/d/a"}), "out-of-scope"),
        ("fs.write", json!({"path": "/d/a"}), "not-granted"),
    ];
    for (command, args, expected) in cases {
        assert_eq!(code(&principal, command, &args), expected, "{command} {args}");
    }
}

#[test]
fn nobody_without_a_capability_is_told_anything() {
    let policy = policy(r#"allow = [{ commands = ["app.info"] }]"#);
    for (window, origin) in [("other", "app://localhost"), ("main", "https://localhost")] {
        let window = WindowLabel::parse(window).unwrap();
        let principal = policy.principal(&window, &Origin::parse(origin).unwrap(), NOW);
        assert_eq!(code(&principal, "app.info", &json!({})), Reason::NoCapability.code());
        assert_eq!(principal.limits(&name("app.info")), Limits::default());
    }
}

#[test]
fn a_permit_carries_what_was_decided_on() {
    let principal = main(
        r#"allow = [{ commands = ["all.three"], path = ["/d/notes/*"], url = ["https://example.com/**"], key = ["a.*"] }]"#,
    );
    let permit = permit(
        &principal,
        "all.three",
        &json!({"path": "/d/notes/a.md", "url": "https://EXAMPLE.com/x/../y", "key": "a.b"}),
    );
    let path = permit.path.unwrap();
    assert_eq!((path.base().to_str().unwrap(), path.relative()), ("/d/notes", "a.md"));
    assert_eq!(permit.url.unwrap().as_str(), "https://example.com/y");
    assert_eq!(permit.key.as_deref(), Some("a.b"));
    assert_eq!(permit.rule.to_string(), "p.toml:5 (capability `c`, allow 1)");
}

#[test]
fn of_several_entries_the_tightest_limits_and_all_filters_hold() {
    let body = r#"allow = [
  { commands = ["app.info"], limit = { rate = "20/s", bytes = "1 MiB" }, result = { omit = ["/a"] }, audit = { args = true } },
  { commands = ["app.*"], limit = { rate = "5/m", burst = 9, deadline = "2s" }, result = { omit = ["/b"], max_bytes = "1 KiB" } },
  { commands = ["app.info"], path = ["/d/*"], limit = { in_flight = 2 } },
]"#;
    let principal = main(body);
    let expected = Limits {
        rate: Some(Rate { per_second: PerSecond::new(5, 60).unwrap(), burst: 9 }),
        in_flight: Some(2),
        bytes: Some(1024 * 1024),
        deadline: Some(Duration::from_secs(2)),
    };
    assert_eq!(principal.limits(&name("app.info")), expected);
    let found = permit(&principal, "app.info", &json!({}));
    assert_eq!(found.limits, expected);
    assert_eq!(found.result.apply(json!({"a": 1, "b": 2, "c": 3})), Ok(json!({"c": 3})));
    assert_eq!(found.result.max_bytes(), Some(1024));
    assert!(!found.audit.values(), "one entry that does not say so is enough");
    assert!(
        permit(
            &main(r#"allow = [{ commands = ["a"], audit = { args = true } }]"#),
            "a",
            &json!({})
        )
        .audit
        .values()
    );
}

#[test]
fn the_person_is_asked_as_often_as_any_entry_that_matches_has_it() {
    let call = r#"{ commands = ["a.b"], ask = { when = "each call", text = "do it" } }"#;
    let session = r#"{ commands = ["a.*"], ask = "each session" }"#;
    let once = r#"{ commands = ["a.b"], ask = "once" }"#;
    let free = r#"{ commands = ["a.*"] }"#;
    let other = r#"{ commands = ["a.b"], key = ["k"], ask = "each call" }"#;
    let cases = [
        (vec![free], None),
        (vec![free, once], Some(("once", None, 2))),
        (vec![once, free, session], Some(("each session", None, 3))),
        (vec![session, call, once], Some(("each call", Some("do it"), 2))),
        (vec![call, call], Some(("each call", Some("do it"), 1))),
        // It allows no call without a key, and so has nobody asked about one.
        (vec![other, once], Some(("once", None, 2))),
    ];
    for (entries, expected) in cases {
        let body = format!("allow = [{}]", entries.join(", "));
        let principal = main(&body);
        let found = permit(&principal, "a.b", &json!({})).ask;
        let found = found.as_ref().map(|ask| (ask.when().word(), ask.text(), ask.rule().index));
        assert_eq!(found, expected, "{body}");
    }
    let body = format!("allow = [{call}]\ndeny = [{{ commands = [\"a.b\"] }}]");
    assert_eq!(code(&main(&body), "a.b", &json!({})), "denied-by-rule", "deny wins over asking");
}

/// What a yes was given for is told from what it was before, and not from where it stood.
#[test]
fn terms_are_what_an_entry_is_about() {
    let terms = |entry: &str| {
        let found = permit(&main(&format!("allow = [{entry}]")), "a", &json!({}));
        found.ask.unwrap().terms().to_owned()
    };
    let plain = terms(r#"{ commands = ["a"], ask = "once" }"#);
    let same = [
        "{ ask = \"once\", commands = [\"a\"] }",
        "\n\n  { commands = [\"a\"], ask = { when = \"once\" }, limit = { in_flight = 2 } }",
    ];
    let others = [
        r#"{ commands = ["a"], ask = "each session" }"#,
        r#"{ commands = ["a"], ask = { when = "once", text = "go on" } }"#,
        r#"{ commands = ["a", "b"], ask = "once" }"#,
        r#"{ commands = ["a"], ask = "once", args = { properties = { n = { maximum = 5 } } } }"#,
    ];
    same.iter().for_each(|entry| assert_eq!(terms(entry), plain, "{entry}"));
    others.iter().for_each(|entry| assert_ne!(terms(entry), plain, "{entry}"));
}

#[test]
fn a_schema_narrows_an_allow_and_a_deny() {
    let body = r#"
allow = [{ commands = ["a"], args = { properties = { n = { maximum = 5 } }, required = ["n"] } }]
deny = [{ commands = ["a"], args = { properties = { n = { const = 3 } }, required = ["n"] } }]"#;
    let principal = main(body);
    let cases = [(2, "allow"), (3, "denied-by-rule"), (6, "argument-invalid")];
    for (n, expected) in cases {
        assert_eq!(code(&principal, "a", &json!({ "n": n })), expected, "{n}");
    }
    assert_eq!(code(&principal, "a", &json!({})), "argument-invalid");
}

#[test]
fn a_schema_in_a_file_is_found_beside_the_policy() {
    let text = file(r#"allow = [{ commands = ["a"], args = "schemas/a.json" }]"#);
    let schema = r#"{"required": ["n"]}"#;
    let sources =
        Sources::from_texts([("app/p.toml", text.as_str()), ("app/schemas/a.json", schema)]);
    let principal = resolve(&compile(&sources));
    assert_eq!(code(&principal, "a", &json!({"n": 1})), "allow");
    assert_eq!(code(&principal, "a", &json!({})), "argument-invalid");
}

#[test]
fn an_explanation_names_every_rule_that_names_the_command() {
    let body = r#"
allow = [
  { commands = ["fs.read"], path = ["/d/*"] },
  { commands = ["app.info"] },
  { commands = ["fs.*"], path = ["/e/*"] },
]
deny = [{ commands = ["fs.*"], path = ["**/.*"] }]"#;
    let principal = main(body);
    let told = principal.explain(&name("fs.read"), &args(&json!({"path": "/e/a"})));
    let expected = "\
allowed: `fs.read` from window `main` at app://localhost
  p.toml:11 (capability `c`, deny 1) passes over: the call is outside of what it denies
  p.toml:7 (capability `c`, allow 1) passes over: the argument `path` is outside of what is allowed
  p.toml:9 (capability `c`, allow 3) applies: it allows the call
because of p.toml:9 (capability `c`, allow 3)
";
    assert_eq!(told.to_string(), expected);
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(json["verdict"], "allow");
    assert_eq!((&json["rule"]["file"], &json["rule"]["line"]), (&json!("p.toml"), &json!(9)));
    let told = principal.explain(&name("fs.read"), &args(&json!({"path": "/f/a"})));
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!((&json["verdict"], &json["code"]), (&json!("deny"), &json!("out-of-scope")));
    assert_eq!(
        json["help"],
        "add a pattern for it to `path` of the entry at p.toml:7 (capability `c`, allow 1)"
    );
}

#[test]
fn an_explanation_says_where_a_deny_applies_to_what_cannot_be_read() {
    let body = r#"
allow = [{ commands = ["fs.read"], path = ["/d/*"] }]
deny = [{ commands = ["fs.*"], path = ["**/.*"] }, { commands = ["*.read"], path = ["/e"] }]"#;
    let principal = main(body);
    let told = |path: &str| {
        let told = principal.explain(&name("fs.read"), &args(&json!({ "path": path })));
        told.steps.into_iter().map(|step| step.text).collect::<Vec<_>>()
    };
    let unread = "it denies the call, which names something that cannot be read";
    assert_eq!(told("/d/../a"), [unread, unread]);
    assert_eq!(
        told("/d/.a"),
        ["it denies the call", "the call is outside of what it denies"],
        "all deny entries are looked at, and no allow entry"
    );
}

#[test]
fn a_version_is_of_names_and_texts() {
    let version = |texts: &[(&str, &str)]| {
        compile(&Sources::from_texts(texts.iter().copied())).version().full().to_owned()
    };
    let one = version(&[("a.toml", "version = 1\n")]);
    assert_eq!(one.len(), 64);
    assert_eq!(one, version(&[("a.toml", "version = 1\n")]));
    assert_ne!(one, version(&[("b.toml", "version = 1\n")]));
    assert_ne!(one, version(&[("a.toml", "version = 1\n\n")]));
    let policy = compile(&Sources::from_texts([("a.toml", "version = 1\n")]));
    assert_eq!(policy.version().to_string(), one[..16]);
}

#[test]
fn windows_are_grouped_by_the_capabilities_that_name_them() {
    let text = r#"version = 1
[[capability]]
id = "b"
windows = ["main", "side-*"]
origins = ["local", "https://*.example.com"]
[[capability]]
id = "a"
windows = ["main"]
"#;
    let policy = compile(&Sources::from_texts([("p.toml", text)]));
    let label = |text| WindowLabel::parse(text).unwrap();
    assert_eq!(policy.capability_ids(&label("main")), ["a", "b"]);
    assert_eq!(policy.capability_ids(&label("side-1")), ["b"]);
    assert!(policy.capability_ids(&label("other")).is_empty());
    assert_eq!(policy.origins(&label("main")), ["app://localhost", "https://*.example.com"]);
    assert!(policy.origins(&label("other")).is_empty());
}

fn file(body: &str) -> String {
    format!("version = 1\n[[capability]]\nid = \"c\"\nwindows = [\"main\"]\n{body}\n")
}

fn policy(body: &str) -> Policy {
    compile(&Sources::from_texts([("p.toml", file(body))]))
}

fn compile(sources: &Sources) -> Policy {
    let directories = Directories::sample();
    let compiled = Policy::compile(sources, &Context::new(&directories));
    compiled.unwrap_or_else(|errors| panic!("{}", errors.render(sources, Color::Never))).policy
}

fn resolve(policy: &Policy) -> Principal {
    policy.principal(&WindowLabel::parse("main").unwrap(), &Origin::local(), NOW)
}

fn main(body: &str) -> Principal {
    resolve(&policy(body))
}

fn name(text: &str) -> CommandName {
    CommandName::parse(text).unwrap()
}

fn args(value: &Value) -> Args {
    Args::new(value.as_object().cloned().unwrap_or_else(Map::new))
}

fn code(principal: &Principal, command: &str, value: &Value) -> &'static str {
    match principal.decide(&name(command), &args(value)) {
        Verdict::Allow(_) => "allow",
        Verdict::Deny(denial) => denial.reason.code(),
    }
}

fn permit(principal: &Principal, command: &str, value: &Value) -> Permit<'static> {
    match principal.decide(&name(command), &args(value)) {
        Verdict::Allow(permit) => permit.into_owned(),
        Verdict::Deny(denial) => panic!("denied: {}", denial.reason),
    }
}
