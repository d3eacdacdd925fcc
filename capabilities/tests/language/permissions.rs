//! Permissions with parameters, and sets of them.

use serde_json::json;
use sidegate_capabilities::{Context, Directories, Policy, Sources};

use crate::{code, errors, policy, told};

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
