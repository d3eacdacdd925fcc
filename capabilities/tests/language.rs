//! What the tables of a policy file come to: permissions with parameters and sets of them, files that
//! include others, platforms, dates, what is only observed, what a policy says of itself.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

use serde_json::{Value, json};
use sidegate_capabilities::{
    Args, CallRecords, Color, CommandName, Compiled, Context, Diagnostics, Directories, Effect,
    Origin, Platform, Policy, Sources, Verdict, WallTime, WindowLabel, testing,
};

const NOW: WallTime = WallTime::from_unix(1_000_000_000);

#[test]
fn a_permission_takes_its_parameters_from_who_uses_it() {
    let policy = policy(
        r#"
[[permission]]
id = "files:read"
params = ["dir", "ext"]
defaults = { ext = ["md", "txt"] }
allow = [{ commands = ["fs.read"], path = ["{dir}/**/*.{ext}"] }]
deny = [{ commands = ["fs.*"], path = ["{dir}/private/**"] }]

[[capability]]
id = "main"
windows = ["main"]
use = [
  { id = "files:read", dir = "$DOCUMENTS" },
  { id = "files:read", dir = ["$APPDATA/a", "$APPDATA/b"], ext = "log" },
]
"#,
    );
    let cases = [
        ("$DOCUMENTS/x/y.md", "allow"),
        ("$DOCUMENTS/y.txt", "allow"),
        ("$DOCUMENTS/y.log", "out-of-scope"),
        ("$APPDATA/a/y.log", "allow"),
        ("$APPDATA/b/y.log", "allow"),
        ("$APPDATA/c/y.log", "out-of-scope"),
        ("$APPDATA/a/y.md", "out-of-scope"),
        ("$DOCUMENTS/private/y.md", "denied-by-rule"),
        ("$APPDATA/b/private/y.log", "denied-by-rule"),
        ("{dir}/y.md", "denied-by-rule"),
    ];
    for (path, expected) in cases {
        assert_eq!(code(&policy, "main", "fs.read", &json!({ "path": path })), expected, "{path}");
    }
}

/// What stands for nothing would leave a deny entry without a pattern, and so nothing denied.
#[test]
fn a_parameter_that_is_nobodys_is_a_mistake_wherever_it_stands() {
    let permission = |defaults: &str, id: &str| {
        format!(
            "[[permission]]\nid = {id:?}\nparams = [\"dir\"]\n{defaults}\n\
             deny = [{{ commands = [\"fs.*\"], path = [\"{{dir}}/secret/**\"] }}]\n"
        )
    };
    let capability = |value: &str| {
        format!(
            "[[capability]]\nid = \"main\"\nwindows = [\"main\"]\nuse = [{{ id = \"p\"{value} }}]\n\
             allow = [{{ commands = [\"fs.read\"], path = [\"$DOCUMENTS/**\"] }}]\n"
        )
    };
    let cases = [
        ("", ", dir = \"$DOCUMENTS\"", None),
        ("", ", dir = \"{docs}\"", Some("`{docs}` is no parameter here")),
        ("", ", dir = [\"$APPDATA\", \"{dir}/x\"]", Some("`{dir}` is no parameter here")),
        ("defaults = { dir = \"{docs}\" }", "", Some("`{docs}` is no parameter here")),
    ];
    for (defaults, value, expected) in cases {
        let text = format!("version = 1\n{}{}", permission(defaults, "p"), capability(value));
        let sources = Sources::from_texts([("p.toml", text)]);
        let errors = Policy::compile(&sources, &Context::new(&Directories::sample())).err();
        let said: Vec<_> = errors.iter().flatten().map(|error| error.message.as_str()).collect();
        assert!(expected.map_or(said.is_empty(), |text| said.contains(&text)), "{value}: {said:?}");
    }
}

#[test]
fn a_permission_that_uses_others_is_a_set_and_hands_its_own_values_on() {
    let policy = policy(
        r#"
[[permission]]
id = "read"
params = ["dir"]
allow = [{ commands = ["fs.read"], path = ["{dir}/*"] }]
[[permission]]
id = "write"
params = ["dir"]
allow = [{ commands = ["fs.write"], path = ["{dir}/*"] }]
[[permission]]
id = "edit"
params = ["in"]
use = [{ id = "read", dir = "$APPDATA/{in}" }, { id = "write", dir = "$APPDATA/{in}" }]
[[permission]]
id = "all"
use = [{ id = "edit", in = ["notes", "drafts"] }]
allow = [{ commands = ["app.info"] }]
[[capability]]
id = "main"
windows = ["main"]
use = ["all"]
"#,
    );
    for (command, path, expected) in [
        ("fs.read", "$APPDATA/notes/a", "allow"),
        ("fs.write", "$APPDATA/drafts/a", "allow"),
        ("fs.write", "$APPDATA/other/a", "out-of-scope"),
    ] {
        let found = code(&policy, "main", command, &json!({ "path": path }));
        assert_eq!(found, expected, "{command} {path}");
    }
    assert_eq!(code(&policy, "main", "app.info", &json!({})), "allow");
    // The rule is of the permission that holds the entry, not of the set.
    let ids: Vec<_> = policy.outline()[0].allow.iter().map(|e| e.rule.permission.clone()).collect();
    assert_eq!(ids, ["all", "read", "write"].map(|id| Some(id.to_owned())));
}

#[test]
fn what_is_used_twice_is_there_once() {
    let policy = policy(
        r#"
[[permission]]
id = "a"
params = ["dir"]
defaults = { dir = "/d" }
allow = [{ commands = ["fs.read"], path = ["{dir}/*"] }]
[[permission]]
id = "b"
use = ["a", { id = "a", dir = "/d" }, { id = "a", dir = "/e" }]
[[capability]]
id = "main"
windows = ["main"]
use = ["a", "b", "b"]
"#,
    );
    assert_eq!(policy.outline()[0].allow.len(), 2);
}

#[test]
fn mistakes_in_parameters_are_told_where_they_are_made() {
    #[rustfmt::skip]
    let cases = [
        ("params = [\"dir\"]\nallow = [{ commands = [\"a\"], path = [\"{dri}/*\"] }]", "use = [{ id = \"p\", dir = \"/d\" }]",
         "5:38 unknown-param: `{dri}` is no parameter of the permission `p` (did you mean `{dir}`?)"),
        ("allow = [{ commands = [\"a\"], path = [\"{dir}/*\"] }]", "use = [\"p\"]",
         "4:38 unknown-param: `{dir}` is no parameter of the permission `p` (declare it in this permission: `params = [\"dir\"]`)"),
        ("params = [\"dir\"]\nallow = [{ commands = [\"a\"], path = [\"{dir}/*\"] }]", "use = [\"p\"]",
         "9:8 missing-param: the permission `p` needs a value for `dir` (write `{ id = \"p\", dir = \"…\" }`)"),
        ("params = [\"dir\"]\nallow = [{ commands = [\"a\"], path = [\"{dir}/*\"] }]", "use = [{ id = \"p\", dir = \"/d\", dirs = \"/e\" }]",
         "9:32 unknown-param: the permission `p` has no parameter `dirs` (did you mean `dir`?)"),
        ("params = [\"dir\"]\nallow = [{ commands = [\"a\"], path = [\"{dir}/*\"] }]", "use = [{ id = \"p\", dir = 1 }]",
         "9:26 wrong-type: `dir` must be a string or a list of strings (write `dir = \"…\"`, or `dir = [\"…\", \"…\"]` for each of them)"),
        ("params = [\"dir\"]\nallow = [{ commands = [\"a\"], path = [\"{dir}/*\"] }]", "use = [{ id = \"p\", dir = \"../d\" }]",
         "9:26 bad-path: `../d/*` is not a path pattern (write `$APPDATA/../d/*`, or another variable; the pattern it is put into: p.toml:5:38)"),
        ("params = [\"dir\"]\nallow = [{ commands = [\"a\"], path = [\"{dir}/**\"] }]", "use = [{ id = \"p\", dir = \"$HOME\" }]",
         "9:26 too-wide: `$HOME/**` takes in the whole home directory (name a directory, like `$APPDATA/notes/**`; if it is meant, say why: `dangerous = \"…\"`; the pattern it is put into: p.toml:5:38)"),
        ("params = [\"Dir\"]\nallow = [{ commands = [\"a\"], path = [\"/d/*\"] }]", "use = [\"p\"]",
         "4:11 bad-param: `Dir` is not the name of a parameter (write `params = [\"dir\"]`)"),
        ("use = [\"q\"]\n[[permission]]\nid = \"q\"\nuse = [\"p\"]", "use = [\"p\"]",
         "7:8 permission-cycle: the permission `p` comes back to itself (remove this use, or another one on the way)"),
        ("use = [\"p\"]", "use = [\"p\"]",
         "4:8 permission-cycle: the permission `p` comes back to itself (remove this use, or another one on the way)"),
    ];
    for (permission, uses, expected) in cases {
        let text = format!(
            "version = 1\n[[permission]]\nid = \"p\"\n{permission}\n[[capability]]\nid = \"c\"\nwindows = [\"main\"]\n{uses}\n"
        );
        let told = told(&errors(&text));
        assert!(told.contains(&expected.to_owned()), "{text}\n{told:#?}\n{expected}");
    }
}

#[test]
fn values_that_multiply_end_at_a_bound() {
    let many: Vec<String> = (0..40).map(|n| format!("\"{n}\"")).collect();
    let text = format!(
        "version = 1\n[[permission]]\nid = \"p\"\nparams = [\"a\", \"b\"]\nallow = [{{ commands = [\"a\"], path = [\"/{{a}}/{{b}}\"] }}]\n[[capability]]\nid = \"c\"\nwindows = [\"main\"]\nuse = [{{ id = \"p\", a = [{0}], b = [{0}] }}]\n",
        many.join(", ")
    );
    assert!(
        told(&errors(&text))[0].contains("too-much: the values of the parameters make more than")
    );
    // Each permission uses the next one twice, with other values each time.
    let mut text = "version = 1\n[[permission]]\nid = \"p30\"\nparams = [\"a\"]\nallow = [{ commands = [\"a\"], path = [\"/{a}\"] }]\n".to_owned();
    for n in 0..30 {
        let next = n + 1;
        text += &format!(
            "[[permission]]\nid = \"p{n}\"\nparams = [\"a\"]\nuse = [{{ id = \"p{next}\", a = \"{{a}}x\" }}, {{ id = \"p{next}\", a = \"{{a}}y\" }}]\n"
        );
    }
    text +=
        "[[capability]]\nid = \"c\"\nwindows = [\"main\"]\nuse = [{ id = \"p0\", a = \"z\" }]\n";
    let told = told(&errors(&text));
    assert!(
        told.iter().any(|line| line.contains("too-much: the policy uses more than")),
        "{told:?}"
    );
}

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

#[test]
fn an_included_file_is_read_once_wherever_it_is_included() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "main.toml",
        "version = 1\ninclude = [\"shared/a.toml\"]\n[[capability]]\nid = \"c\"\nwindows = [\"main\"]\nuse = [\"info\"]\n",
    );
    write("shared/a.toml", "version = 1\ninclude = [\"b.toml\"]\n");
    write(
        "shared/b.toml",
        "version = 1\ninclude = [\"a.toml\"]\n[[permission]]\nid = \"info\"\nallow = [{ commands = [\"app.info\"] }]\n",
    );
    let directories = Directories::sample();
    for path in [directory.path().join("main.toml"), directory.path().to_owned()] {
        let sources = Sources::read(&[path]).unwrap();
        assert_eq!(sources.names().count(), 3);
        let compiled = Policy::compile(&sources, &Context::new(&directories)).unwrap();
        assert_eq!(code(&compiled.policy, "main", "app.info", &json!({})), "allow");
    }
    for (name, expected) in [
        (
            "shared/c.toml",
            "2:12 bad-include: there is no file `shared/c.toml` (write that file, or name one that lies beneath this one)",
        ),
        (
            "../c.toml",
            "2:12 bad-include: `../c.toml` is not the name of a `.toml` file beneath this one (write `include = [\"shared/notes.toml\"]`)",
        ),
        (
            "/etc/c.toml",
            "2:12 bad-include: `/etc/c.toml` is not the name of a `.toml` file beneath this one (write `include = [\"shared/notes.toml\"]`)",
        ),
    ] {
        assert_eq!(told(&errors(&format!("version = 1\ninclude = [\"{name}\"]\n"))), [expected]);
    }
}

#[cfg(unix)]
#[test]
fn no_link_is_included() {
    let directory = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("b.toml"), "version = 1\n").unwrap();
    std::fs::write(directory.path().join("a.toml"), "version = 1\ninclude = [\"in/b.toml\"]\n")
        .unwrap();
    std::os::unix::fs::symlink(outside.path(), directory.path().join("in")).unwrap();
    let error = Sources::read(&[directory.path().join("a.toml")]).unwrap_err();
    assert!(error.to_string().contains("is a symbolic link"), "{error}");
}

const TESTED: &str = r#"
[[permission]]
id = "notes:read"
allow = [{ commands = ["fs.read"], path = ["$APPDATA/notes/*"] }]
[[capability]]
id = "main"
windows = ["main"]
use = ["notes:read"]
allow = [{ commands = ["app.info"] }]
deny = [{ commands = ["fs.*"], path = ["**/.*"] }]
"#;

#[test]
fn tests_pass_for_the_reason_they_give() {
    let run = |tests: &str| {
        let compiled = compile(&format!("{TESTED}{tests}"));
        testing::run(&compiled.policy, &compiled.tests, NOW)
    };
    let one = |test: &str| run(&format!("[[test]]\nwindow = \"main\"\n{test}\n")).results.remove(0);
    #[rustfmt::skip]
    let cases = [
        ("call = \"app.info\"\nexpect = \"allow\"", None),
        ("call = \"app.info\"\nexpect = \"allow\"\nbecause = \"main\"", None),
        ("call = \"fs.read\"\nargs = { path = \"$APPDATA/notes/a\" }\nexpect = \"allow\"\nbecause = \"notes:read\"", None),
        ("call = \"fs.read\"\nargs = { path = \"$APPDATA/notes/.a\" }\nexpect = \"deny\"\nbecause = \"denied-by-rule\"", None),
        ("call = \"fs.read\"\nargs = { path = \"$APPDATA/notes/.a\" }\nexpect = \"deny\"\nbecause = \"main\"", None),
        ("call = \"app.info\"\norigin = \"https://example.com\"\nexpect = \"deny\"\nbecause = \"no-capability\"", None),
        ("call = \"app.info\"\nexpect = \"deny\"",
         Some("it is allowed, and was to be denied: p.toml:9 (capability `main`, allow 1)")),
        ("call = \"app.info\"\nexpect = \"allow\"\nbecause = \"notes:read\"",
         Some("it is allowed, but not because of `notes:read`: p.toml:9 (capability `main`, allow 1)")),
        ("call = \"fs.read\"\nargs = { path = \"/etc/a\" }\nexpect = \"deny\"\nbecause = \"not-granted\"",
         Some("it is denied, but not because of `not-granted` (out-of-scope): p.toml:4 (capability `main`, permission `notes:read`, allow 1)")),
        ("call = \"fs.read\"\nargs = { path = \"/etc/a\" }\nexpect = \"deny\"\nbecause = \"notes:read\"",
         Some("it is denied, but not because of `notes:read` (out-of-scope): p.toml:4 (capability `main`, permission `notes:read`, allow 1)")),
        ("call = \"fs.write\"\nexpect = \"allow\"",
         Some("it is denied, and was to be allowed (not-granted)")),
    ];
    for (test, expected) in cases {
        let result = one(test);
        assert_eq!(result.problem.as_deref(), expected, "{test}");
        assert_eq!(result.passed, expected.is_none());
    }
    let all = run("[[test]]\nwindow = \"main\"\ncall = \"app.info\"\nexpect = \"allow\"\n");
    assert!(all.is_good());
    let missed: Vec<_> = all.untouched.iter().map(|rule| (rule.effect, rule.line)).collect();
    assert_eq!((all.touched.len(), missed), (1, vec![(Effect::Allow, 4), (Effect::Deny, 10)]));
}

#[test]
fn what_a_test_and_an_invariant_name_has_to_exist() {
    #[rustfmt::skip]
    let cases = [
        ("[[test]]\nwindow = \"main\"\ncall = \"fs.raed\"\nexpect = \"deny\"", "14:8 unknown-command: there is no command `fs.raed` (did you mean `fs.read`?)"),
        ("[[test]]\nwindow = \"mian\"\ncall = \"fs.read\"\nexpect = \"deny\"", "13:10 unknown-window: no capability names the window `mian` (if that is what is tested, say so: `because = \"no-capability\"`)"),
        ("[[test]]\nwindow = \"main\"\ncall = \"fs.read\"\nexpect = \"refuse\"", "15:10 bad-verdict: `refuse` is no verdict (write `expect = \"allow\"` or `expect = \"deny\"`)"),
        ("[[test]]\nwindow = \"main\"\ncall = \"fs.read\"\nexpect = \"deny\"\nbecause = \"not-grantd\"", "16:11 unknown-because: `not-grantd` is no capability, no permission and no reason (did you mean `not-granted`?)"),
        ("[[test]]\nwindow = \"main\"\ncall = \"fs.read\"\nexpect = \"allow\"\nbecause = \"not-granted\"", "16:11 unknown-because: `not-granted` is no capability and no permission (write the id of the one that is to allow the call)"),
        ("[[test]]\nwindow = \"main\"\ncall = \"fs.read\"", "12:1 missing-key: a test needs `expect` (write `expect = \"deny\"`)"),
        ("[[test]]\nwindow = \"main\"\ncall = \"fs.read\"\nexpect = \"deny\"\nargs = 1", "16:8 wrong-type: `args` must be a table (write `args = { … }`)"),
        ("[[test]]\nwindow = \"ma in\"\ncall = \"FS\"\nexpect = \"deny\"", "13:10 bad-name: `ma in` is not the name of a window (write one window by its whole name, without a `*`)"),
        ("[[never]]\nwhy = \"x\"\ncommands = [\"fs.raed\"]", "14:13 unknown-command: there is no command `fs.raed` (did you mean `fs.read`?)"),
        ("[[never]]\ncommands = [\"fs.read\"]", "12:1 missing-key: an invariant needs `why` (say in a few words why no such call may ever be allowed)"),
        ("[[never]]\nwhy = \"x\"\ncommands = [\"fs.read\"]\norigins = [\"*\"]", "15:12 bad-origin: `*` is not an origin pattern (write `local` for the app's own pages, or an origin like `https://*.example.com`)"),
        ("[[never]]\nwhy = \"x\"\ncommands = [\"fs.read\"]\nwindows = []", "15:11 empty-list: `windows` cannot be empty (leave `windows` out, or write what it is about)"),
        ("[[never]]\nwhy = \"x\"\ncommands = [\"fs.read\"]\nwindow = [\"a\"]", "15:1 unknown-key: unknown key `window` in an invariant (did you mean `windows`?)"),
    ];
    let commands = ["fs.read", "app.info"].map(|name| CommandName::parse(name).unwrap());
    for (body, expected) in cases {
        let sources = Sources::from_texts([("p.toml", format!("version = 1{TESTED}\n{body}\n"))]);
        let directories = Directories::sample();
        let context = Context::new(&directories).commands(Some(&commands));
        let found = match Policy::compile(&sources, &context) {
            Ok(compiled) => told(&compiled.warnings),
            Err(errors) => told(&errors),
        };
        assert!(found.contains(&expected.to_owned()), "{body}\n{found:#?}\n{expected}");
    }
}

fn compile(body: &str) -> Compiled {
    let sources = Sources::from_texts([("p.toml", format!("version = 1{body}"))]);
    let directories = Directories::sample();
    let context = Context::new(&directories).platform(Platform::Linux);
    Policy::compile(&sources, &context)
        .unwrap_or_else(|errors| panic!("{}", errors.render(&sources, Color::Never)))
}

fn policy(body: &str) -> Policy {
    compile(body).policy
}

fn errors(text: &str) -> Diagnostics {
    let sources = Sources::from_texts([("p.toml", text)]);
    Policy::compile(&sources, &Context::new(&Directories::sample())).unwrap_err()
}

fn told(diagnostics: &Diagnostics) -> Vec<String> {
    let line = |d: &sidegate_capabilities::Diagnostic| {
        let help = d.help.as_deref().unwrap_or("-");
        let also: String = d
            .labels
            .iter()
            .map(|l| format!("; {}: {}:{}:{}", l.text, d.file, l.line, l.column))
            .collect();
        format!("{}:{} {}: {} ({help}{also})", d.line, d.column, d.code, d.message)
    };
    diagnostics.iter().map(line).collect()
}

fn label(text: &str) -> WindowLabel {
    WindowLabel::parse(text).unwrap()
}

fn code(policy: &Policy, window: &str, command: &str, args: &Value) -> &'static str {
    code_at(policy, NOW, window, command, args)
}

fn code_at(
    policy: &Policy,
    at: WallTime,
    window: &str,
    command: &str,
    args: &Value,
) -> &'static str {
    let principal = policy.principal(&label(window), &Origin::local(), at);
    let args = Args::new(args.as_object().unwrap().clone());
    match principal.decide(&CommandName::parse(command).unwrap(), &args) {
        Verdict::Allow(_) => "allow",
        Verdict::Deny(denial) => denial.reason.code(),
    }
}
