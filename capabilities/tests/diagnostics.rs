//! What the author of a policy is told: the place, the sentence, the help.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

use proptest::prelude::*;
use sidegate_capabilities::{
    Color, CommandName, Context, Diagnostics, Directories, Policy, Severity, Sources,
};

const FIVE_MISTAKES: &str = r#"version = 1

[[permission]]
id = "notes:read"
allow = [{ commands = ["fs.readtext"], path = ["$APPDATA/notes/**"] }]

[[capability]]
id = "editor"
windows = ["editor"]
use = ["note:read"]
alow = [{ commands = ["app.info"] }]
allow = [
  { commands = ["fs.write_text"], path = ["$APDATA/notes/*.md"] },
  { commands = ["fs.list"], path = ["$APPDATA/notes"], limit = { rate = "20 per second" } },
]
"#;

#[test]
fn five_mistakes_in_one_file_are_five_diagnostics_with_places_and_help() {
    let errors = errors_of(&[("policies/app.toml", FIVE_MISTAKES)]);
    let told: Vec<_> = errors
        .iter()
        .map(|d| (d.line, d.column, d.code, d.message.as_str(), d.help.as_deref().unwrap_or("")))
        .collect();
    #[rustfmt::skip]
    let expected = [
        (5, 24, "unknown-command", "there is no command `fs.readtext`", "did you mean `fs.read_text`?"),
        (10, 8, "unknown-permission", "there is no permission `note:read`", "did you mean `notes:read`?"),
        (11, 1, "unknown-key", "unknown key `alow` in a capability", "did you mean `allow`?"),
        (13, 43, "unknown-variable", "there is no variable `$APDATA`", "did you mean `$APPDATA`?"),
        (14, 73, "bad-limit", "`20 per second` is not a rate", "write `rate = \"20/s\"`, per s, m or h"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_drawing_shows_the_file_the_line_and_the_help() {
    let sources = Sources::from_texts([("policies/app.toml", FIVE_MISTAKES)]);
    let drawn = compile(&sources).unwrap_err().render(&sources, Color::Never);
    let expected = "\
error[unknown-key]: unknown key `alow` in a capability
  --> policies/app.toml:11:1
   |
11 | alow = [{ commands = [\"app.info\"] }]
   | ^^^^ nothing reads this
   |
   = help: did you mean `allow`?
";
    assert!(drawn.contains(expected), "{drawn}");
    assert!(!drawn.contains('\u{1b}'));
    let coloured = compile(&sources).unwrap_err().render(&sources, Color::Always);
    assert!(coloured.contains('\u{1b}'));
}

/// `serde` would have passed over every one of these.
#[test]
fn g01_an_unknown_key_is_refused_wherever_it_stands() {
    let allow = |entry: &str| capability(&format!("allow = [{entry}]"));
    #[rustfmt::skip]
    let cases = [
        ("version = 1\nversoin = 1\n".to_owned(), "2:1 unknown key `versoin` in a policy file"),
        ("version = 1\n[[tests]]\nwindow = \"a\"\n".to_owned(), "2:3 unknown key `tests` in a policy file"),
        ("version = 1\n[[permission]]\nid = \"a\"\nalow = []\n".to_owned(), "4:1 unknown key `alow` in a permission"),
        (capability("alow = []"), "5:1 unknown key `alow` in a capability"),
        (allow("{ commands = [\"app.info\"], paths = [] }"), "5:37 unknown key `paths` in an allow entry"),
        (allow("{ commands = [\"app.info\"], limit = { rates = \"1/s\" } }"), "5:47 unknown key `rates` in `limit`"),
        (allow("{ commands = [\"app.info\"], result = { omits = [] } }"), "5:48 unknown key `omits` in `result`"),
        (allow("{ commands = [\"app.info\"], args = { proprties = {} } }"), "5:46 unknown keyword `proprties` in a schema"),
        (capability("deny = [{ commands = [\"app.info\"], limit = {} }]"), "5:36 unknown key `limit` in a deny entry"),
        (capability("deny = [{ commands = [\"app.info\"], dangerous = \"x\" }]"), "5:36 unknown key `dangerous` in a deny entry"),
    ];
    for (text, expected) in cases {
        assert_eq!(first(&text), expected, "{text}");
    }
}

#[test]
fn every_kind_of_mistake_has_a_place_and_a_sentence() {
    let allow = |entry: &str| capability(&format!("allow = [{entry}]"));
    let limit =
        |limit: &str| allow(&format!("{{ commands = [\"app.info\"], limit = {{ {limit} }} }}"));
    let windows =
        |list: &str| format!("version = 1\n[[capability]]\nid = \"a\"\nwindows = {list}\n");
    let origins = |list: &str| capability(&format!("origins = {list}"));
    #[rustfmt::skip]
    let cases = [
        (String::new(), "1:1 a policy file needs `version`"),
        ("version = 2\n".into(), "1:11 there is no version `2` of the policy language"),
        ("version = \"1\"\n".into(), "1:11 `version` must be an integer"),
        ("version = 1\npermission = 1\n".into(), "2:14 `permission` must be a list of tables"),
        ("version = 1\n[capability]\nid = \"a\"\n".into(), "2:1 `capability` must be a list of tables"),
        ("version = 1\n[[permission]]\n".into(), "2:1 a permission needs `id`"),
        ("version = 1\n[[permission]]\nid = \"a b\"\n".into(), "3:6 an id is 1 to 64 letters, digits, `-`, `_`, `.` and `:`"),
        ("version = 1\n[[capability]]\nid = \"a\"\n".into(), "2:1 a capability needs `windows`"),
        (windows("[]"), "4:11 `windows` cannot be empty"),
        (windows("\"main\""), "4:11 `windows` must be a list of strings"),
        (windows("[1]"), "4:12 `windows` must be a list of strings"),
        (windows("[\"a b\"]"), "4:12 `a b` is not a window pattern"),
        (origins("[]"), "5:11 `origins` cannot be empty"),
        (origins("[\"*\"]"), "5:12 `*` is not an origin pattern"),
        (origins("[\"null\"]"), "5:12 `null` is not an origin pattern"),
        (origins("[\"https://example.com/\"]"), "5:12 `https://example.com/` is not an origin pattern"),
        (allow("{}"), "5:10 an entry needs `commands`"),
        (allow("{ commands = [] }"), "5:23 `commands` cannot be empty"),
        (allow("{ commands = [\"Fs.Read\"] }"), "5:24 `Fs.Read` is not a command pattern"),
        (allow("{ commands = [\"app.nope\"] }"), "5:24 there is no command `app.nope`"),
        (allow("{ commands = [\"app.info\"], path = [\"notes\"] }"), "5:45 `notes` is not a path pattern"),
        (allow("{ commands = [\"app.info\"], path = [\"**/x\"] }"), "5:45 `**/x` is not a path pattern"),
        (allow("{ commands = [\"app.info\"], path = [\"$NOPE/x\"] }"), "5:45 there is no variable `$NOPE`"),
        (allow("{ commands = [\"app.info\"], url = [\"example.com\"] }"), "5:44 `example.com` is not a URL pattern"),
        (allow("{ commands = [\"app.info\"], key = [\"a b\"] }"), "5:44 `a b` is not a key pattern"),
        (allow("{ commands = [\"app.info\"], audit = { args = 1 } }"), "5:54 `args` must be `true` or `false`"),
        (allow("{ commands = [\"app.info\"], dangerous = \" \" }"), "5:49 `dangerous` cannot be empty"),
        (allow("{ commands = [\"app.info\"], args = 1 }"), "5:44 `args` must be a JSON Schema"),
        (allow("{ commands = [\"app.info\"], args = { const = 1979-05-27 } }"), "5:54 this value has no counterpart in JSON"),
        (allow("{ commands = [\"app.info\"], args = { format = \"uri\" } }"), "5:46 `format` is not enforced"),
        (allow("{ commands = [\"app.info\"], args = \"x.json\" }"), "5:44 there is no file `x.json`"),
        (allow("{ commands = [\"app.info\"], args = \"../x.json\" }"), "5:44 `../x.json` is not the name of a `.json` file beneath the policy file"),
        (allow("{ commands = [\"app.info\"], result = { omit = [\"owner\"] } }"), "5:56 `owner` is not a JSON pointer"),
        (capability("deny = [{ commands = [\"fs.*\"], path = [] }]"), "5:39 `path` cannot be empty"),
        (limit("rate = \"0/s\""), "5:54 `0/s` is not a rate"),
        (limit("rate = \"5/d\""), "5:54 `5/d` is not a rate"),
        (limit("rate = 5"), "5:54 `rate` must be a rate"),
        (limit("burst = 5"), "5:55 `burst` means nothing without a `rate`"),
        (limit("in_flight = 0"), "5:59 `0` is not a count from 1"),
        (limit("in_flight = -1"), "5:59 `-1` is not a count from 1"),
        (limit("bytes = \"1 MB\""), "5:55 `1 MB` is not a size"),
        (limit("bytes = \"99999999999 GiB\""), "5:55 `99999999999 GiB` is not a size"),
        (limit("deadline = \"2 hours\""), "5:58 `2 hours` is not a length of time"),
        (limit("deadline = nan"), "5:58 `deadline` must be a length of time"),
    ];
    for (text, expected) in cases {
        assert_eq!(first(&text), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_with_how_a_person_is_asked_has_a_place_and_a_sentence() {
    let allow = |entry: &str| capability(&format!("allow = [{entry}]"));
    #[rustfmt::skip]
    let cases = [
        (allow("{ commands = [\"app.info\"], ask = \"always\" }"), "5:43 `always` is not how often a person is asked"),
        (allow("{ commands = [\"app.info\"], ask = true }"), "5:43 `ask` must be a string or a table"),
        (allow("{ commands = [\"app.info\"], ask = {} }"), "5:43 `ask` needs `when`"),
        (allow("{ commands = [\"app.info\"], ask = { when = 1 } }"), "5:52 `when` must be a string"),
        (allow("{ commands = [\"app.info\"], ask = { when = \"once\", text = \" \" } }"), "5:67 `text` cannot be empty"),
        (allow("{ commands = [\"app.info\"], ask = { when = \"once\", text = \"a\\nb\" } }"), "5:67 `text` is more than 160 characters, or not one line"),
        (allow("{ commands = [\"app.info\"], ask = { when = \"once\", who = \"me\" } }"), "5:60 unknown key `who` in `ask`"),
    ];
    for (text, expected) in cases {
        assert_eq!(first(&text), expected, "{text}");
    }
}

#[test]
fn g04_a_grant_wider_than_anybody_means_needs_a_reason() {
    let allow = |entry: &str| capability(&format!("allow = [{{ {entry} }}]"));
    #[rustfmt::skip]
    let cases = [
        (allow("commands = [\"*\"]"), "5:24 `*` allows every command there is or ever will be"),
        (allow("commands = [\"fs.list\"], path = [\"/**\"]"), "5:44 `/**` takes in the whole home directory"),
        (allow("commands = [\"fs.list\"], path = [\"$HOME/**\"]"), "5:44 `$HOME/**` takes in the whole home directory"),
        (allow("commands = [\"fs.list\"], url = [\"https://*.com/**\"]"), "5:43 `https://*.com/**` takes in everybody beneath a top-level name"),
        (capability("allow = [{ commands = [\"app.info\"] }]\norigins = [\"https://*.com\"]"), "6:12 `https://*.com` is everybody beneath a top-level name"),
        (capability("allow = [{ commands = [\"app.info\"] }]\norigins = [\"http://example.com\"]"), "6:12 `http://example.com` is anybody on the way to that host"),
        (capability("allow = [{ commands = [\"app.info\"] }]").replace("\"main\"", "\"*\""), "4:12 `*` is every window there is or ever will be"),
    ];
    for (text, expected) in cases {
        assert_eq!(first(&text), expected, "{text}");
        let meant = format!("{text}dangerous = \"a test\"\n");
        assert_eq!(errors_of(&[("p.toml", &meant)]).len(), 0, "{meant}");
    }
    let entry = allow("commands = [\"*\"], dangerous = \"a test\"");
    assert_eq!(errors_of(&[("p.toml", &entry)]).len(), 0);
    let denies = capability("deny = [{ commands = [\"*\"], path = [\"/**\"] }]")
        .replace("\"main\"", "\"*\"");
    assert_eq!(errors_of(&[("p.toml", &denies)]).len(), 0, "to deny much is never dangerous");
}

#[test]
fn broken_toml_is_reported_beside_the_other_mistakes() {
    let text = "version = 1\n[[capability]]\nid = \"a\nwindows = [\"main\"]\nalow = []\n";
    let errors = errors_of(&[("p.toml", text)]);
    let lines: Vec<_> = errors.iter().map(|d| (d.line, d.code)).collect();
    assert!(lines.contains(&(3, "toml-syntax")), "{lines:?}");
    assert!(lines.contains(&(5, "unknown-key")), "{lines:?}");
    let twice = errors_of(&[("p.toml", "version = 1\nversion = 1\n")]);
    assert_eq!(twice.iter().map(|d| (d.line, d.code)).collect::<Vec<_>>(), [(2, "toml-syntax")]);
}

#[test]
fn mistakes_across_files_name_both() {
    let one = capability("allow = [{ commands = [\"app.info\"] }]");
    let errors = errors_of(&[("a.toml", &one), ("b.toml", &one)]);
    let [error] = errors.iter().collect::<Vec<_>>()[..] else { panic!("{errors:?}") };
    assert_eq!((error.file.as_str(), error.line, error.code), ("b.toml", 3, "duplicate-id"));
    assert_eq!(error.help.as_deref(), Some("give it an id of its own; the first: a.toml:3:6"));
    let both = one.clone() + one.trim_start_matches("version = 1\n");
    let errors = errors_of(&[("a.toml", &both)]);
    let labels: Vec<_> =
        errors.iter().flat_map(|d| &d.labels).map(|l| (l.line, l.text.as_str())).collect();
    assert_eq!(labels, [(3, "the first")]);
}

#[test]
fn warnings_compile() {
    let text =
        "version = 1\n[[permission]]\nid = \"unused\"\nallow = [{ commands = [\"mail.*\"] }]\n";
    let compiled = compile(&Sources::from_texts([("p.toml", text)])).unwrap();
    let told: Vec<_> = compiled.warnings.iter().map(|d| (d.line, d.code)).collect();
    assert_eq!(told, [(3, "unused-permission"), (4, "unmatched-command")]);
}

#[test]
fn diagnostics_are_objects_with_stable_keys() {
    let errors = errors_of(&[("p.toml", "version = 2\n")]);
    let json = serde_json::to_value(&errors).unwrap();
    let keys: Vec<_> = json[0].as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "code", "column", "file", "help", "label", "labels", "line", "message", "severity", "span",
    ];
    assert_eq!(keys, expected);
}

/// Nested arrays, long lines and sheer size are refused by count and never by the clock.
#[test]
fn g03_what_is_too_much_is_refused() {
    let deep = format!("version = 1\na = {}\n", "[".repeat(7_000));
    assert!(!errors_of(&[("p.toml", &deep)]).is_empty());
    let dots = "a.".repeat(8_000);
    let dotted = capability(&format!("allow = [{{ args = {{ {dots}a = 1 }} }}]"));
    assert!(!errors_of(&[("p.toml", &dotted)]).is_empty());
    assert!(!errors_of(&[("p.toml", &format!("version = 1\n[{dots}a]\n"))]).is_empty());
    let tables = "{ a = ".repeat(2_000);
    assert!(!errors_of(&[("p.toml", &capability(&format!("allow = [{tables}")))]).is_empty());
    let long = format!("version = 1 # {}\n", "x".repeat(20_000));
    assert_eq!(first(&long), "1:1 a line of a policy file is at most 16 KiB long");
    let entries = "  { commands = [\"app.info\"] },\n".repeat(1_000);
    let uses = (0..300).map(|n| format!("\"p{n}\"")).collect::<Vec<_>>().join(", ");
    let mut many = String::from("version = 1\n");
    for n in 0..300 {
        many += &format!("[[permission]]\nid = \"p{n}\"\n");
    }
    many += &format!("[[permission]]\nid = \"many\"\nallow = [\n{entries}]\n");
    for n in 0..300 {
        many += &format!(
            "[[capability]]\nid = \"c{n}\"\nwindows = [\"w\"]\nuse = [\"many\", {uses}]\n"
        );
    }
    let told = errors_of(&[("p.toml", &many)]);
    assert!(told.iter().any(|d| d.message == "the policy has more than 200,000 rules"));
}

/// Twenty thousand permissions that each use the next: gone through once, and by no deep recursion.
#[test]
fn g03_a_long_chain_of_permissions_is_gone_through_once() {
    const LENGTH: usize = 20_000;
    let mut text = capability("use = [\"p0\"]");
    for n in 0..LENGTH {
        text += &format!("[[permission]]\nid = \"p{n}\"\nuse = [\"p{}\"]\n", n + 1);
    }
    let last = |uses: &str| {
        let allow = "allow = [{ commands = [\"app.info\"] }]";
        format!("{text}[[permission]]\nid = \"p{LENGTH}\"\n{uses}\n{allow}\n")
    };
    assert!(errors_of(&[("p.toml", &last(""))]).is_empty());
    let told = errors_of(&[("p.toml", &last("use = [\"p0\"]"))]);
    let codes: Vec<_> = told.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, ["permission-cycle"]);
}

proptest! {
    /// A file with some of its bytes changed compiles or is refused, and what is said of it can be
    /// drawn.
    #[test]
    fn no_text_is_too_strange_to_report_on(
        changes in prop::collection::vec((0..FIVE_MISTAKES.len(), any::<char>()), 1..6),
        cut in 0..FIVE_MISTAKES.len(),
    ) {
        let mut letters: Vec<char> = FIVE_MISTAKES.chars().collect();
        for (at, letter) in changes {
            letters[at] = letter;
        }
        let whole: String = letters.iter().collect();
        for text in [whole, letters[..cut].iter().collect()] {
            let sources = Sources::from_texts([("p.toml", text)]);
            if let Err(errors) = compile(&sources) {
                prop_assert!(!errors.is_empty());
                prop_assert!(errors.iter().any(|error| error.severity == Severity::Error));
                prop_assert!(!errors.render(&sources, Color::Never).is_empty());
            }
        }
    }
}

fn capability(body: &str) -> String {
    format!("version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"main\"]\n{body}\n")
}

fn first(text: &str) -> String {
    let errors = errors_of(&[("p.toml", text)]);
    let mut errors = errors.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    let Some(error) = errors.next() else { panic!("no error in {text}") };
    format!("{}:{} {}", error.line, error.column, error.message)
}

fn errors_of(texts: &[(&str, &str)]) -> Diagnostics {
    let sources = Sources::from_texts(texts.iter().copied());
    compile(&sources).err().unwrap_or_default()
}

fn compile(sources: &Sources) -> Result<sidegate_capabilities::Compiled, Diagnostics> {
    let commands = ["app.info", "fs.list", "fs.read_text", "fs.write_text"];
    let commands = commands.map(|name| CommandName::parse(name).unwrap());
    let directories = Directories::sample();
    Policy::compile(sources, &Context::new(&directories).commands(Some(&commands)))
}
