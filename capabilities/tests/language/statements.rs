//! What a policy says of itself: tests and invariants.

use sidegate_capabilities::{CommandName, Context, Directories, Effect, Policy, Sources, testing};

use crate::{NOW, compile, told};

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
