use std::collections::BTreeSet;

use proptest::prelude::*;
use sidegate_capabilities::{Context, Directories};

use super::*;

/// The commands that a script calls; `?` is one that cannot be read.
fn called(name: &str, text: &str) -> Vec<String> {
    let calls = calls(name, text, &BTreeSet::new());
    for call in &calls {
        if let Some(command) = &call.command {
            assert!(text.get(call.span.clone()).unwrap().contains(command.as_str()), "{text}");
        }
    }
    calls.into_iter().map(|call| call.command.unwrap_or_else(|| "?".to_owned())).collect()
}

#[test]
fn calls_are_found_however_they_are_written() {
    for (text, expected) in [
        ("sidegate.invoke('a.b')", &["a.b"][..]),
        ("await window.sidegate.invoke(\"a.b\", {})", &["a.b"]),
        ("globalThis.sidegate?.invoke?.(`a.b`)", &["a.b"]),
        ("window.sidegate['invoke']('a')", &["a"]),
        ("const { invoke } = sidegate; invoke('a')", &["a"]),
        ("const { invoke: ask } = window.sidegate\nask('a'); invoke('b')", &["a"]),
        ("let call = window.sidegate.invoke; call('a')", &["a"]),
        ("const bridge = window.sidegate; bridge.invoke('a')", &["a"]),
        ("// sidegate.invoke('a')\n/* sidegate.invoke('b') */", &[]),
        ("const s = \"sidegate.invoke('a')\"", &[]),
        (
            "const s = `${sidegate.invoke('a')} and ${x ? `${sidegate.invoke('b')}` : ''}`",
            &["a", "b"],
        ),
        ("const r = /sidegate.invoke('a')/; sidegate.invoke('b')", &["b"]),
        ("const q = a / b; sidegate.invoke('b') / 2", &["b"]),
        ("x = /[/'\"]/; sidegate.invoke('b')", &["b"]),
        ("sidegate.invoke(name)", &["?"]),
        ("sidegate.invoke('a' + b)", &["?"]),
        ("sidegate.invoke(`a.${b}`)", &["?"]),
        ("other.invoke('a'); invoke('b'); sidegate.invoker('c')", &[]),
        (
            "function ask(command, args) { return sidegate.invoke(command, args) }\nask('a', {}); ask(x)",
            &["a", "?"],
        ),
        ("const ask = async (command) => sidegate.invoke(command)\nask('a')", &["a"]),
        ("class A { #invoke; f() { return this.#invoke('a') } }", &[]),
        ("<p>Don't</p>\n<button on:click={() => sidegate.invoke('a')}>It's</button>", &["a"]),
    ] {
        assert_eq!(called("a.svelte", text), expected, "{text}");
    }
}

#[test]
fn of_a_page_the_scripts_are_read() {
    let page = "<p>sidegate.invoke('a')</p><SCRIPT type=module>sidegate.invoke('b')</SCRIPT>\n<script src=x></script><script>sidegate.invoke('c')";
    assert_eq!(called("a.html", page), ["b", "c"]);
}

const POLICY: &str = "version = 1
[[capability]]
id = \"a\"
windows = [\"w\"]
allow = [{ commands = [\"app.info\", \"stock.*\"] }]
";

fn policy() -> Policy {
    let sources = Sources::from_texts([("p.toml", POLICY)]);
    Policy::compile(&sources, &Context::new(&Directories::sample())).unwrap().policy
}

#[test]
fn a_call_that_nothing_grants_is_shown_where_it_stands() {
    let known = Commands::parse(r#"{"version":1,"commands":[{"name":"fs.list"}]}"#).unwrap();
    let pages = FrontEnd::from_texts([
        ("ui/bridge.js", "export function ask(command) { return window.sidegate.invoke(command) }"),
        (
            "ui/main.js",
            "import { ask } from './bridge.js';\nask('app.info');\n  ask('fs.list'); ask('stock.sell')\nask('gone')\nask('A b')",
        ),
        ("ui/odd.js", "sidegate.invoke(x)"),
        (
            "ui/sly.js",
            "// sidegate: expect-refused\nsidegate.invoke('fs.list') // it is\nsidegate.invoke('fs.list') // sidegate: expect-refused",
        ),
    ]);
    let drift = uncovered_calls(&policy(), &known, &pages);
    let shown: Vec<_> = drift
        .diagnostics
        .iter()
        .map(|one| (one.line, one.column, one.help.clone().unwrap()))
        .collect();
    assert_eq!(
        shown,
        [
            (
                3,
                7,
                "grant it with `allow = [{ commands = [\"fs.list\"] }]`, or take the call away"
                    .to_owned()
            ),
            (4, 5, "there is no handler for `gone` either".to_owned()),
            (5, 5, "a command is lower-case words joined by dots, like `fs.read_text`".to_owned()),
        ]
    );
    assert_eq!((drift.files, drift.calls), (4, 7));
    assert_eq!(drift.unread, [("ui/odd.js".to_owned(), 1, 17)]);
}

#[test]
fn a_command_that_nobody_may_call_is_shown_where_it_is_told_of() {
    let text =
        "{\"version\":1,\"commands\":[\n{\"name\":\"stock.sell\"},\n{\"name\":\"till.open\"}]}";
    let own = Commands::parse(text).unwrap();
    let unused = unused_commands(&policy(), &own, ("commands.json", text));
    let [warning] = unused.as_slice() else { panic!("{unused:?}") };
    assert_eq!((warning.code, warning.line, warning.column), ("unused-command", 3, 9));
}

#[test]
fn a_pattern_is_any_run_of_characters() {
    for (pattern, text, expected) in [
        ("a", "a", true),
        ("a", "ab", false),
        ("*", "", true),
        ("fs.*", "fs.read.all", true),
        ("*.read", "fs.reads", false),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c-b", false),
        ("a*a", "a", false),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z'\"`${}()/*\\\\.= \né<>!-]{0,60}") {
        for name in ["a.js", "a.html"] {
            let text = format!("sidegate.invoke({text}");
            let found = calls(name, &text, &BTreeSet::from(["a".to_owned()]));
            prop_assert!(found.iter().all(|call| call.span.end <= text.len()));
        }
    }
}
