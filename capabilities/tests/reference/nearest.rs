//! The edit that a nearest miss proposes, applied to the policy as written, allows the call.

use std::collections::BTreeMap;

use sidegate_capabilities::{Args, CommandName, Edit, Origin, RuleRef, WindowLabel};

use crate::generate::Random;
use crate::model::{self, Call, Capability, Entry};
use crate::{NOW, allowed, compile, number};

#[test]
fn every_edit_allows_the_call() {
    let mut random = Random::new(number("SIDEGATE_SEED", 5));
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    for _ in 0..60 {
        let written = random.policy();
        let policy = compile(&written);
        for _ in 0..25 {
            let call = random.call();
            let window = WindowLabel::parse(call.window).unwrap();
            let origin = Origin::parse(call.origin).unwrap();
            let command = CommandName::parse(call.command).unwrap();
            let args = Args::new(call.args.clone());
            let told = policy.explain(&window, &origin, NOW, &command, &args);
            let decided =
                policy.principal(&window, &origin, NOW).decide(&command, &args).is_allowed();
            assert_eq!(told.verdict.is_allowed(), decided);
            let Some(near) = told.nearest else {
                assert!(decided, "a refusal has a nearest miss: {call:?}");
                continue;
            };
            assert!(!decided);
            let Some(edit) = near.edit else {
                *kinds.entry("none").or_default() += 1;
                continue;
            };
            *kinds.entry(edit.kind()).or_default() += 1;
            assert_edit(&written, &edit, &call);
        }
    }
    for kind in ["pattern", "window", "origin", "entry", "capability", "removal", "none"] {
        assert!(kinds.contains_key(kind), "no edit of kind {kind}: {kinds:?}");
    }
}

fn assert_edit(written: &[Capability], edit: &Edit, call: &Call) {
    let edited = applied(written, edit);
    let files = model::files(&edited);
    assert!(allowed(&compile(&edited), call), "{edit}\n{call:?}\n{files:#?}");
}

fn applied(written: &[Capability], edit: &Edit) -> Vec<Capability> {
    let mut edited = written.to_vec();
    match edit {
        Edit::Pattern { rule, list, value } => {
            let entry = &mut capability(&mut edited, &rule.capability).allow[place(rule)];
            let list = match *list {
                "commands" => &mut entry.commands,
                "path" => entry.path.as_mut().unwrap(),
                "url" => entry.url.as_mut().unwrap(),
                "key" => entry.key.as_mut().unwrap(),
                other => panic!("{other}"),
            };
            list.push(value.clone());
        }
        Edit::Window { capability: id, value } => {
            capability(&mut edited, id).windows.push(value.clone());
        }
        Edit::Origin { capability: id, origins } => {
            capability(&mut edited, id).origins = origins.clone();
        }
        Edit::Entry { capability: id, entry } => {
            capability(&mut edited, id).allow.push(entry_of(entry));
        }
        Edit::Capability { text } => {
            let table: toml::Table = toml::from_str(text).unwrap();
            let new = &table["capability"][0];
            edited.push(Capability {
                id: new["id"].as_str().unwrap().to_owned(),
                windows: strings(&new["windows"]),
                origins: new.get("origins").map_or_else(|| vec!["local".to_owned()], strings),
                allow: vec![entry_from(&new["allow"][0])],
                deny: Vec::new(),
            });
        }
        Edit::Removal { rule } => {
            capability(&mut edited, &rule.capability).deny.remove(place(rule));
        }
        // None of these policies expires; another kind of edit wants an arm of its own.
        Edit::Expiry { .. } | _ => panic!("{edit:?}"),
    }
    edited
}

fn capability<'c>(policy: &'c mut [Capability], id: &str) -> &'c mut Capability {
    policy.iter_mut().find(|capability| capability.id == id).unwrap()
}

fn place(rule: &RuleRef) -> usize {
    usize::try_from(rule.index).unwrap() - 1
}

fn entry_of(text: &str) -> Entry {
    let table: toml::Table = toml::from_str(&format!("entry = {text}")).unwrap();
    entry_from(&table["entry"])
}

fn entry_from(value: &toml::Value) -> Entry {
    Entry {
        commands: strings(&value["commands"]),
        path: value.get("path").map(strings),
        url: value.get("url").map(strings),
        key: value.get("key").map(strings),
        ..Entry::default()
    }
}

fn strings(value: &toml::Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}
