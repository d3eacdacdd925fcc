//! What the authoring tools say of a policy, against the policy itself: declarations agree with
//! `decide`, and formatting changes no rule.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

use proptest::prelude::*;
use serde_json::{Value, json};
use sidegate_capabilities::{
    Args, CommandName, Context, Directories, Origin, Platform, Policy, Sources, WallTime,
    WindowLabel, outline,
};
use sidegate_tools::commands::Commands;
use sidegate_tools::fmt::format;
use sidegate_tools::reach::reached;
use sidegate_tools::types::{Ground, declarations};

const COMMANDS: &str = r#"{"version":1,"commands":[
  {"name":"a.read","resources":["path"]},
  {"name":"a.write","resources":["path"]},
  {"name":"b.get","resources":["key"]},
  {"name":"c"}]}"#;

/// An entry, untidily written.
fn entry() -> impl Strategy<Value = String> {
    let commands = prop::sample::select(vec!["a.read", "a.*", "*.write", "b.get", "c"]);
    let scope = prop::sample::select(vec![
        "",
        ", path=['$APPDATA/x/*']",
        ", path = ['$APPDATA/x/a.md', '$APPDATA/y/**']",
        ", path = ['$APPDATA/x/**']",
        ", path = ['$APPDATA/x/?']",
        ", key=[ 'k.*' ]",
        ", key = ['k.a']",
    ]);
    (commands, scope).prop_map(|(commands, scope)| format!("{{commands=['{commands}']{scope}}}"))
}

fn policies() -> impl Strategy<Value = String> {
    let list = || prop::collection::vec(entry(), 0..4).prop_map(|list| list.join(" , "));
    let window = prop::sample::select(vec!["w", "v", "w*"]);
    let capability = (window, list(), list());
    prop::collection::vec(capability, 1..4).prop_map(|capabilities| {
        let mut text = "version=1\n".to_owned();
        for (at, (window, allow, deny)) in capabilities.into_iter().enumerate() {
            text += &format!(
                "[[capability]]\ndeny=[{deny}] # first\nid='c{at}'\nallow = [\n{allow}]\nwindows=['{window}']\n"
            );
        }
        text
    })
}

fn compile(text: &str) -> Option<Policy> {
    let sources = Sources::from_texts([("p.toml", text)]);
    Some(Policy::compile(&sources, &Context::new(&Directories::sample())).ok()?.policy)
}

/// The calls that the generated policies can tell apart.
fn calls() -> Vec<(&'static str, Value)> {
    let paths = ["x", "x/a", "x/a.md", "x/w", "x/ww", "x/b/c", "y", "y/z", "z", "x/.a"];
    let mut calls = vec![("c", json!({}))];
    for path in paths {
        let path = format!("$APPDATA/{path}");
        calls.extend(["a.read", "a.write"].map(|command| (command, json!({ "path": path }))));
    }
    calls.extend(["k.a", "k.b", "k", "m"].map(|key| ("b.get", json!({ "key": key }))));
    calls
}

fn args(value: &Value) -> Args {
    Args::new(value.as_object().unwrap().clone())
}

/// What a policy says, wherever its entries stand.
fn said(policy: &Policy) -> Vec<outline::Capability> {
    let mut outline = policy.outline();
    for capability in &mut outline {
        for entry in capability.allow.iter_mut().chain(&mut capability.deny) {
            entry.rule = entry.rule.moved_to(0, 0);
        }
    }
    outline
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_command_is_declared_if_and_only_if_a_call_of_it_can_be_allowed(text in policies()) {
        let Some(policy) = compile(&text) else { return Ok(()) };
        let commands = Commands::parse(COMMANDS).unwrap();
        let directories = Directories::sample();
        for window in ["w", "v", "w2", "x"] {
            let window = WindowLabel::parse(window).unwrap();
            let principal = policy.principal(&window, &Origin::local(), WallTime::from_unix(0));
            let now = WallTime::from_unix(0);
            let found = reached(&policy, &principal, now, &commands);
            for one in &found {
                // There is no schema here that could leave it open.
                let example = Args::new(one.example.clone().unwrap());
                prop_assert!(principal.decide(one.command, &example).is_allowed(), "{text}\n{one:?}");
            }
            for (command, call) in calls() {
                let name = CommandName::parse(command).unwrap();
                let is_reached = found.iter().any(|one| *one.command == name);
                let is_allowed = principal.decide(&name, &args(&call)).is_allowed();
                prop_assert!(!is_allowed || is_reached, "{text}\n{command} {call}");
            }
            let ground = Ground { policy: &policy, now, commands: &commands, directories: &directories, platform: Platform::Linux };
            let declared = declarations(&principal, ground);
            let names: Vec<_> = found.iter().map(|one| one.command.to_string()).collect();
            prop_assert_eq!(&declared.commands, &names);
            for name in names {
                let member = format!("\n      \"{name}\": {{\n");
                prop_assert!(declared.text.contains(&member), "{}", declared.text);
            }
        }
    }

    #[test]
    fn formatting_changes_no_rule(text in policies()) {
        let formatted = format(&text).unwrap();
        match (compile(&text), compile(&formatted)) {
            (Some(before), Some(after)) => prop_assert_eq!(said(&before), said(&after)),
            (before, after) => prop_assert_eq!(before.is_some(), after.is_some()),
        }
    }
}

/// What is left of an entry may be a call that nobody would guess.
#[test]
fn what_no_guess_finds_is_declared_too() {
    let letters = ('a'..='z').filter(|letter| *letter != 'q');
    let denied: Vec<_> = letters.map(|letter| format!("'$APPDATA/x/{letter}*'")).collect();
    let text = format!(
        "version=1\n[[capability]]\nid='c'\nwindows=['w']\n\
         allow=[{{commands=['a.read'],path=['$APPDATA/x/???']}}]\n\
         deny=[{{commands=['a.*'],path=[{}, '**/*a', '**/*w']}}]\n",
        denied.join(",")
    );
    let (policy, now) = (compile(&text).unwrap(), WallTime::from_unix(0));
    let principal = policy.principal(&WindowLabel::parse("w").unwrap(), &Origin::local(), now);
    let commands = Commands::parse(COMMANDS).unwrap();
    let found = reached(&policy, &principal, now, &commands);
    assert_eq!(found.len(), 1);
    let example = Args::new(found[0].example.clone().unwrap());
    assert!(principal.decide(found[0].command, &example).is_allowed());
}
