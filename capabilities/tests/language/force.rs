//! When a capability is in force, and for whom: platforms, dates, what is only observed; what the log gets.

use serde_json::json;
use sidegate_capabilities::{
    Args, CallRecords, CommandName, Context, Directories, Origin, Platform, Policy, Sources,
    Verdict, WallTime,
};

use crate::{NOW, code, code_at, compile, errors, label, policy, told};

#[test]
fn what_is_for_another_platform_is_checked_and_grants_nothing() {
    let text = r#"version = 1
[[permission]]
id = "mac"
platforms = ["macos"]
allow = [{ commands = ["mac.only"] }]
[[capability]]
id = "unix"
windows = ["main"]
platforms = ["linux", "macos"]
use = ["mac"]
allow = [{ commands = ["app.info"] }]
"#;
    let on = |platform| {
        let directories = Directories::sample();
        let sources = Sources::from_texts([("p.toml", text)]);
        Policy::compile(&sources, &Context::new(&directories).platform(platform)).unwrap().policy
    };
    let cases = [
        (Platform::Linux, ["allow", "not-granted"]),
        (Platform::Macos, ["allow", "allow"]),
        (Platform::Windows, ["no-capability", "no-capability"]),
    ];
    for (platform, expected) in cases {
        let policy = on(platform);
        let found = ["app.info", "mac.only"].map(|name| code(&policy, "main", name, &json!({})));
        assert_eq!(found, expected, "{platform}");
    }
    let wrong = told(&errors(&text.replace("\"linux\"", "\"linus\"")));
    let expected = "9:14 unknown-platform: there is no platform `linus` (did you mean `linux`?)";
    assert_eq!(wrong, [expected]);
}

#[test]
fn a_capability_ends_on_its_day_denials_and_all() {
    let policy = policy(
        r#"
[[capability]]
id = "trial"
windows = ["main"]
expires = 2026-01-01T00:00:00Z
allow = [{ commands = ["app.info"] }]
deny = [{ commands = ["fs.read"] }]
[[capability]]
id = "rest"
windows = ["main"]
allow = [{ commands = ["fs.read"], path = ["/d/*"] }]
"#,
    );
    let last = 1_767_225_599;
    let read = json!({ "path": "/d/a" });
    for (at, info, reading) in [
        (0, "allow", "denied-by-rule"),
        (last, "allow", "denied-by-rule"),
        (last + 1, "not-granted", "allow"),
    ] {
        let at = WallTime::from_unix(at);
        assert_eq!(code_at(&policy, at, "main", "app.info", &json!({})), info, "{at:?}");
        assert_eq!(code_at(&policy, at, "main", "fs.read", &read), reading, "{at:?}");
    }
    let wrong = told(&errors(
        "version = 1\n[[capability]]\nid = \"c\"\nwindows = [\"main\"]\nexpires = 2026-01-01\n",
    ));
    assert_eq!(
        wrong,
        [
            "5:11 bad-time: `2026-01-01` is another moment in each time zone (write `expires = 2027-01-01T00:00:00Z`)"
        ]
    );
}

#[test]
fn what_is_observed_decides_nothing_and_stands_in_the_shadow() {
    let compiled = compile(
        r#"
[[capability]]
id = "preview"
windows = ["preview"]
allow = [{ commands = ["fs.*"], path = ["/d/**"] }]
[[capability]]
id = "preview"
observe = true
windows = ["preview"]
allow = [{ commands = ["fs.read"], path = ["/d/*"] }]
[[capability]]
id = "more"
observe = true
windows = ["preview"]
allow = [{ commands = ["app.info"] }]
"#,
    );
    let shadow = compiled.shadow.unwrap();
    let cases = [
        ("fs.read", json!({ "path": "/d/a" }), "allow", "allow"),
        ("fs.read", json!({ "path": "/d/e/a" }), "allow", "out-of-scope"),
        ("fs.write", json!({ "path": "/d/a" }), "allow", "not-granted"),
        ("app.info", json!({}), "not-granted", "allow"),
    ];
    for (command, args, enforced, observed) in cases {
        assert_eq!(code(&compiled.policy, "preview", command, &args), enforced, "{command}");
        assert_eq!(code(&shadow, "preview", command, &args), observed, "{command}");
    }
    assert!(compile("").shadow.is_none());
}

#[test]
fn an_audit_table_says_what_the_log_gets() {
    let policy = policy(
        r#"
[[capability]]
id = "c"
windows = ["main"]
allow = [
  { commands = ["a"], audit = { args = true, redact = ["/pin"], calls = "counted" } },
  { commands = ["b"] },
]
"#,
    );
    let of = |command: &str| {
        let principal = policy.principal(&label("main"), &Origin::local(), NOW);
        let (command, args) = (CommandName::parse(command).unwrap(), Args::empty());
        match principal.decide(&command, &args) {
            Verdict::Allow(permit) => permit.audit,
            Verdict::Deny(denial) => panic!("{}", denial.reason),
        }
    };
    let (a, b) = (of("a"), of("b"));
    assert_eq!((a.values(), a.calls()), (true, CallRecords::Counted));
    assert_eq!(a.redacted().collect::<Vec<_>>(), ["/pin"]);
    assert_eq!((b.values(), b.calls()), (false, CallRecords::Each));
}
