//! Which rules do nothing, and which say a thing twice.

use proptest::prelude::*;

use super::super::lint::lint;
use super::world::{NOW, calls, compile, is_allowed, kept_out, policy};
use crate::analysis::Call;
use crate::ask::Ask;
use crate::policy::Policy;
use crate::rule::Rule;
use crate::sources::Sources;
use crate::time::WallTime;
use crate::verdict::Verdict;

/// The codes of the remarks, with their lines, on a capability with these lists.
fn remarks(allow: &[&str], deny: &[&str]) -> Vec<String> {
    let list = |entries: &[&str]| entries.join(",\n");
    let text = format!(
        "version = 1\n[[capability]]\nid = \"c\"\nwindows = [\"main\"]\nallow = [\n{}]\ndeny = [\n{}]\n",
        list(allow),
        list(deny)
    );
    let sources = Sources::from_texts([("p.toml", text.as_str())]);
    let found = lint(&compile(&text), &sources, NOW);
    found.iter().map(|one| format!("{}:{}", one.code, one.line)).collect()
}

#[test]
fn g09_rules_that_do_nothing_are_remarked_on() {
    const WRITE: &str = r#"{ commands = ["fs.write"], path = ["/d/**"] }"#;
    const WRITE_MD: &str = r#"{ commands = ["fs.write"], path = ["/d/*.md"] }"#;
    const SLOWLY: &str =
        r#"{ commands = ["fs.write"], path = ["/d/*.md"], limit = { rate = "1/s" } }"#;
    const READ: &str =
        r#"{ commands = ["fs.read"], path = ["/e/*"], args = { required = ["n"] } }"#;
    #[rustfmt::skip]
    let cases: [(&[&str], &[&str], &[&str]); 11] = [
        (&[WRITE, READ], &[], &[]),
        (&[WRITE], &[r#"{ commands = ["fs.*"] }"#], &["unreachable-rule:6"]),
        (&[WRITE], &[r#"{ commands = ["fs.*"], path = ["/d/a"] }"#], &[]),
        (&[r#"{ commands = ["fs.write"], path = [] }"#], &[], &["unreachable-rule:6"]),
        (&[WRITE, WRITE_MD], &[], &["shadowed-rule:7"]),
        (&[WRITE_MD, WRITE], &[], &["shadowed-rule:6"]),
        (&[WRITE, WRITE], &[], &["shadowed-rule:7"]),
        (&[WRITE, SLOWLY], &[], &[]),
        (&[WRITE], &[r#"{ commands = ["fs.*"], path = ["/dd/**"] }"#], &["idle-deny:8"]),
        (&[WRITE], &[r#"{ commands = ["fs.*"], path = ["**/.*"] }"#], &[]),
        (&[WRITE, r#"{ commands = ["fs.list"], path = ["/d/**"] }"#], &[], &["near-duplicate:7"]),
    ];
    for (allow, deny, expected) in cases {
        assert_eq!(remarks(allow, deny), expected, "{allow:?} {deny:?}");
    }
}

#[test]
fn what_is_redacted_outlives_an_entry_that_allows_nothing() {
    const REDACTS: &str =
        r#"{ commands = ["fs.write"], path = ["/d/*.md"], audit = { redact = ["/text"] } }"#;
    const ALSO: &str =
        r#"{ commands = ["fs.write"], path = ["/d/**"], audit = { redact = ["/text"] } }"#;
    const EMPTY: &str = r#"{ commands = ["fs.write"], path = [], audit = { redact = ["/text"] } }"#;
    const WRITE: &str = r#"{ commands = ["fs.write"], path = ["/d/**"] }"#;
    assert_eq!(remarks(&[WRITE, REDACTS], &[]), Vec::<String>::new());
    assert_eq!(remarks(&[ALSO, REDACTS], &[]), ["shadowed-rule:7"]);
    let text = format!(
        "version = 1\n[[capability]]\nid = \"c\"\nwindows = [\"main\"]\nallow = [{EMPTY}]\n"
    );
    let found = lint(&compile(&text), &Sources::from_texts([("p.toml", text.as_str())]), NOW);
    let help: Vec<_> = found.iter().filter_map(|one| one.help.as_deref()).collect();
    let expected = "move its `redact` to an entry of the same commands and remove it, or write into \
                    its lists what it should allow";
    assert_eq!(help, [expected]);
}

#[test]
fn a_capability_that_has_expired_is_remarked_on() {
    let text = "version = 1\n[[capability]]\nid = \"trial\"\nwindows = [\"main\"]\n\
                expires = 1970-01-01T00:01:40Z\nallow = [{ commands = [\"app.info\"] }]\n";
    let (policy, sources) = (compile(text), Sources::from_texts([("p.toml", text)]));
    for (now, expected) in [(99, vec![]), (100, vec![(5, 11)]), (101, vec![(5, 11)])] {
        let found = lint(&policy, &sources, WallTime::from_unix(now));
        let places: Vec<_> = found.iter().map(|one| (one.line, one.column)).collect();
        assert_eq!(places, expected, "{now}");
        for one in found.iter() {
            assert_eq!(
                (one.code, one.message.as_str(), one.help.as_deref()),
                (
                    "expired-capability",
                    "the capability `trial` has expired",
                    Some("put off `expires`, or remove the capability")
                )
            );
        }
    }
}

/// What a page gets of an answer, and what the log gets of the call.
fn effect(policy: &Policy, call: &Call) -> Option<String> {
    let principal = policy.principal(&call.window, &call.origin, NOW);
    let Verdict::Allow(permit) = principal.decide(&call.command, &call.args) else { return None };
    let result = permit.result.apply(serde_json::json!({ "a": 1, "b": 2, "c": 3 }));
    let kept_out = kept_out(policy, call.command.as_str());
    let is_covered =
        |pointer: &String| kept_out.iter().any(|one| pointer.starts_with(&format!("{one}/")));
    let kept_out: Vec<_> = kept_out.iter().filter(|pointer| !is_covered(pointer)).collect();
    let audit = (permit.audit.values(), permit.audit.calls(), kept_out);
    let ask = permit.ask.as_ref().map(Ask::when);
    Some(format!("{ask:?} {:?} {result:?} {audit:?}", permit.limits))
}

/// The policy without the rules that stand at a place.
fn without(policy: &Policy, line: u32, column: u32) -> Policy {
    let mut capabilities = policy.capabilities().to_vec();
    let stays = |rule: &Rule| (rule.reference.line, rule.reference.column) != (line, column);
    for capability in &mut capabilities {
        capability.allow.retain(stays);
        capability.deny.retain(stays);
    }
    policy.with_capabilities(capabilities)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// What a remark says of a rule is so for every call of the world: an unreachable one decides none,
    /// and without one that is shadowed or idle each call has what it had.
    #[test]
    fn g09_a_rule_that_is_remarked_on_does_nothing(text in policy(0.2)) {
        let policy = compile(&text);
        let found = lint(&policy, &Sources::from_texts([("p.toml", text.as_str())]), NOW);
        let all = calls();
        for one in found.iter().filter(|one| one.code != "near-duplicate") {
            let edited = without(&policy, one.line, one.column);
            for call in &all {
                match one.code {
                    "unreachable-rule" => {
                        let principal = policy.principal(&call.window, &call.origin, NOW);
                        if let Verdict::Allow(permit) = principal.decide(&call.command, &call.args) {
                            let place = (permit.rule.line, permit.rule.column);
                            prop_assert_ne!(place, (one.line, one.column), "{}", call);
                        }
                    }
                    "shadowed-rule" => {
                        prop_assert_eq!(effect(&policy, call), effect(&edited, call), "{} {}", call, one.message);
                    }
                    "idle-deny" => {
                        prop_assert_eq!(is_allowed(&policy, call), is_allowed(&edited, call), "{}", call);
                    }
                    other => prop_assert!(false, "{}", other),
                }
            }
        }
    }
}
