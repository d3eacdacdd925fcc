//! The index against a walk over all rules.

use std::sync::Arc;

use super::*;
use crate::rule::Entry;
use crate::verdict::RuleRef;
use proptest::prelude::*;

fn rule(commands: &[&str], effect: Effect) -> Rule {
    limited(commands, effect, None)
}

fn limited(commands: &[&str], effect: Effect, in_flight: Option<u32>) -> Rule {
    let commands = commands.iter().map(|text| CommandPattern((*text).into())).collect();
    let entry = Entry {
        commands,
        path: None,
        url: None,
        key: None,
        schema: None,
        ask: None,
        limits: Limits { in_flight, ..Limits::default() },
        result: None,
        audit: Arc::default(),
        is_dangerous: false,
    };
    let reference = RuleRef::new(("", None), (effect, 1), ("", 1, 1));
    Rule { reference: Arc::new(reference), entry: Arc::new(entry) }
}

fn places(index: &Index, command: &str, effect: Effect) -> Vec<usize> {
    let command = CommandName::parse(command).unwrap();
    let places: BTreeSet<_> = index.naming(&command, effect).map(|(place, _)| place).collect();
    places.into_iter().collect()
}

fn walked(rules: &[Rule], command: &str, effect: Effect) -> Vec<usize> {
    let names = |rule: &Rule| rule.entry.commands.iter().any(|pattern| pattern.matches(command));
    let found = rules.iter().enumerate().filter(|(_, rule)| rule.reference.effect == effect);
    found.filter(|(_, rule)| names(rule)).map(|(place, _)| place).collect()
}

#[test]
fn a_command_finds_the_rules_that_name_it() {
    let long = format!("{}*", "a".repeat(130));
    let rules = [
        rule(&["fs.read", "fs.*"], Effect::Allow),
        rule(&["fs.*"], Effect::Deny),
        rule(&["*.read"], Effect::Allow),
        rule(&["app.info"], Effect::Allow),
        rule(&[&long], Effect::Allow),
    ];
    let index = Index::of(rules.iter());
    let cases = [
        ("fs.read", &[0, 2][..], &[1][..]),
        ("fs.write", &[0], &[1]),
        ("net.read", &[2], &[]),
        ("app.info", &[3], &[]),
        ("app.infos", &[], &[]),
        ("a", &[], &[]),
    ];
    for (command, allow, deny) in cases {
        assert_eq!(places(&index, command, Effect::Allow), allow, "{command}");
        assert_eq!(places(&index, command, Effect::Deny), deny, "{command}");
    }
}

/// What was not found out beforehand is found all the same.
#[test]
fn more_patterns_than_are_tried_beforehand() {
    let names: Vec<_> = (0..1_100).map(|n| format!("a.c{n}")).collect();
    let mut rules: Vec<_> = names.iter().map(|name| rule(&[name], Effect::Allow)).collect();
    rules.extend((0..1_100).map(|n| rule(&[&format!("*c{n}")], Effect::Deny)));
    let index = Index::of(rules.iter());
    let known = index.literals.values().filter(|literal| literal.wilds.is_some()).count();
    assert_eq!(known, MAX_TRIED / 1_100);
    for n in 0..1_100 {
        let found = places(&index, &format!("a.c{n}"), Effect::Deny);
        assert_eq!(found, [1_100 + n], "{n}");
    }
}

proptest! {
    #[test]
    fn agrees_with_the_walk(
        written in prop::collection::vec(
            (prop::collection::vec("[ab.*]{1,4}", 1..3), any::<bool>(), 0..9_u32), 0..8),
        command in "[ab](\\.?[ab]){0,3}",
    ) {
        let rules: Vec<_> = written
            .iter()
            .map(|(commands, allows, in_flight)| {
                let commands: Vec<_> = commands.iter().map(String::as_str).collect();
                let effect = if *allows { Effect::Allow } else { Effect::Deny };
                limited(&commands, effect, Some(*in_flight).filter(|most| *most > 0))
            })
            .collect();
        let index = Index::of(rules.iter());
        for effect in [Effect::Allow, Effect::Deny] {
            prop_assert_eq!(places(&index, &command, effect), walked(&rules, &command, effect));
        }
        let naming = walked(&rules, &command, Effect::Allow).into_iter();
        let tightest = naming.filter_map(|place| rules[place].entry.limits.in_flight).min();
        let limits = index.limits(&CommandName::parse(&command).unwrap());
        prop_assert_eq!(limits, Limits { in_flight: tightest, ..Limits::default() });
    }
}

/// The vectors of the algorithm's authors. A worse hash would find the same rules, more slowly.
#[test]
fn the_hash_is_fnv_1a() {
    let cases = [
        ("", 0xcbf2_9ce4_8422_2325),
        ("a", 0xaf63_dc4c_8601_ec8c),
        ("foobar", 0x8594_4171_f739_67e8),
    ];
    for (text, expected) in cases {
        assert_eq!(hash(text), expected, "{text}");
    }
    let mut hasher = Fnv::default();
    hasher.write(b"foo");
    hasher.write(b"bar");
    assert_eq!(hasher.finish(), hash("foobar"), "a front at a time");
    hasher.write_u64(7);
    assert_eq!(hasher.finish(), 7, "a hash is not hashed again");
}
