//! The decision by a second road: an evaluator that walks the written policy entry by entry must agree
//! with `decide` on generated policies and calls, on everything that a verdict says; and so must
//! `explain`.
//!
//! `SIDEGATE_SOAK=1` asks ten million calls, `SIDEGATE_PAIRS` another number; `SIDEGATE_SEED` repeats
//! a run.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

mod generate;
mod model;
mod nearest;
mod walk;

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sidegate_capabilities::{
    Args, Color, CommandName, Context, Directories, Effect, Limits, Origin, Permit, Policy,
    Principal, RuleRef, Sources, Verdict, WallTime, WindowLabel,
};

use generate::{APPDATA, HOME, Random};
use model::{Call, Capability, Entry};
use walk::Answer;

/// None of these policies expires.
const NOW: WallTime = WallTime::from_unix(0);

/// How many calls a policy is asked.
const CALLS: u64 = 250;

#[test]
fn e16_decide_agrees_with_the_naive_walk_and_explain_with_decide() {
    let seed = number("SIDEGATE_SEED", 1);
    let soak = std::env::var_os("SIDEGATE_SOAK").is_some();
    let pairs = number("SIDEGATE_PAIRS", if soak { 10_000_000 } else { 100_000 });
    println!("SIDEGATE_SEED={seed} SIDEGATE_PAIRS={pairs}");
    let (start, mut random, mut allowed) = (Instant::now(), Random::new(seed), 0);
    for policy in 0..pairs.div_ceil(CALLS) {
        allowed += agree(&mut random, policy);
    }
    println!("{allowed} of {pairs} calls allowed, in {:.1} s", start.elapsed().as_secs_f64());
    // Else the walk would agree on nothing but refusals.
    assert!(allowed * 20 > pairs, "{allowed}");
}

/// Asks one policy its calls; how many were allowed.
fn agree(random: &mut Random, number: u64) -> u64 {
    let written = random.policy();
    let policy = compile(&written);
    let mut principals: HashMap<(&str, &str), Principal> = HashMap::new();
    let mut allowed = 0;
    for _ in 0..CALLS {
        let call = random.call();
        let principal = principals
            .entry((call.window, call.origin))
            .or_insert_with(|| principal(&policy, &call));
        let command = CommandName::parse(call.command).unwrap();
        let args = Args::new(call.args.clone());
        let verdict = principal.decide(&command, &args);
        let problem = differs(&walk::decide(&written, &call), &verdict, &call).or_else(|| {
            (!same(&verdict, &principal.explain(&command, &args).verdict)).then_some("explain")
        });
        if let Some(problem) = problem {
            let files = model::files(&written);
            panic!("policy {number}, {problem}: {call:?}\n{verdict:#?}\n{files:#?}");
        }
        allowed += u64::from(verdict.is_allowed());
    }
    allowed
}

/// In what the verdict is not as the walk says.
fn differs(answer: &Answer<'_>, verdict: &Verdict<'_>, call: &Call) -> Option<&'static str> {
    match (answer, verdict) {
        (Answer::Deny { code, rule }, Verdict::Deny(denial)) => {
            if denial.reason.code() != *code {
                return Some("reason");
            }
            let named = denial.rule.as_deref().map(place);
            (named != *rule).then_some("rule of a denial")
        }
        (Answer::Allow { rule, naming, matching }, Verdict::Allow(permit)) => {
            if place(&permit.rule) != *rule {
                return Some("rule of a permit");
            }
            if permit.audit.values() != matching.iter().all(|entry| entry.logs_args) {
                return Some("what the log may have");
            }
            if !ask_agrees(matching, permit) {
                return Some("whether the person is asked");
            }
            resource(permit, call)
                .or_else(|| (!limits_agree(naming, &permit.limits)).then_some("limits"))
                .or_else(|| (!filters_agree(matching, permit)).then_some("result filter"))
        }
        _ => Some("verdict"),
    }
}

fn place(rule: &RuleRef) -> walk::Place<'_> {
    let index = usize::try_from(rule.index).unwrap();
    (rule.capability.as_str(), rule.effect == Effect::Allow, index)
}

/// The resources of a permit are those of the call.
fn resource(permit: &Permit<'_>, call: &Call) -> Option<&'static str> {
    let text = |name: &str| call.args.get(name).and_then(Value::as_str);
    let path = permit.path.as_ref().map(|grant| {
        let base = grant.base().to_str().unwrap().trim_end_matches('/');
        let below = grant.relative();
        if below.is_empty() { base.to_owned() } else { format!("{base}/{below}") }
    });
    if path != text("path").map(walk::resolved) {
        return Some("path");
    }
    let url = permit.url.as_ref().map(|url| url.as_str().trim_end_matches('/'));
    if url != text("url").map(|url| url.trim_end_matches('/')) {
        return Some("url");
    }
    (permit.key.as_deref() != text("key")).then_some("key")
}

/// As often as any of those that match has it, by the first of those that have it so.
fn ask_agrees(matching: &[&Entry], permit: &Permit<'_>) -> bool {
    let most = matching.iter().filter_map(|entry| entry.ask).min();
    let found = permit.ask.as_ref();
    let asked = found.map(|ask| format!("\"{}\"", ask.when()));
    let wanted = most.and_then(|often| model::ASKS.get(often)).map(|word| (*word).to_owned());
    let spelt = found.map(|ask| match ask.text() {
        Some(text) => format!("{{ when = \"{}\", text = {text:?} }}", ask.when()),
        None => asked.unwrap_or_default(),
    });
    spelt == wanted
}

fn limits_agree(naming: &[&Entry], limits: &Limits) -> bool {
    let least = |of: &dyn Fn(&Entry) -> Option<u64>| naming.iter().filter_map(|e| of(e)).min();
    // In nanoseconds from call to call, as the limits count.
    let interval = naming
        .iter()
        .filter_map(|e| e.limit.rate)
        .map(|(calls, seconds)| u128::from(seconds) * 1_000_000_000 / u128::from(calls))
        .max();
    let burst = least(&|e| e.limit.rate.map(|(calls, _)| e.limit.burst.unwrap_or(calls).into()));
    interval == limits.rate.map(|rate| rate.per_second.interval().as_nanos())
        && burst == limits.rate.map(|rate| u64::from(rate.burst))
        && least(&|e| e.limit.in_flight.map(Into::into)) == limits.in_flight.map(Into::into)
        && least(&|e| e.limit.bytes) == limits.bytes
        && least(&|e| e.limit.deadline_ms).map(Duration::from_millis) == limits.deadline
}

fn filters_agree(matching: &[&Entry], permit: &Permit<'_>) -> bool {
    let most = matching.iter().filter_map(|entry| entry.max_bytes).min();
    let filtered = permit.result.apply(json!({"a": 1, "b": {"c": 2, "d": 3}, "e": 4})).unwrap();
    let beneath =
        |leaf: &str, pointer: &str| format!("{leaf}/").starts_with(&format!("{pointer}/"));
    let stays = |leaf: &str| {
        matching.iter().all(|entry| {
            let kept = |keep: &Vec<&str>| keep.iter().any(|pointer| beneath(leaf, pointer));
            entry.keep.as_ref().is_none_or(kept)
                && !entry.omit.iter().any(|pointer| beneath(leaf, pointer))
        })
    };
    let leaves = ["/a", "/b/c", "/b/d", "/e"];
    permit.result.max_bytes() == most
        && leaves.iter().all(|leaf| filtered.pointer(leaf).is_some() == stays(leaf))
}

fn same(one: &Verdict<'_>, other: &Verdict<'_>) -> bool {
    match (one, other) {
        (Verdict::Allow(one), Verdict::Allow(other)) => {
            one.rule == other.rule
                && one.path == other.path
                && one.url == other.url
                && one.key == other.key
                && one.ask == other.ask
                && one.limits == other.limits
                && one.result == other.result
                && one.audit == other.audit
        }
        (Verdict::Deny(one), Verdict::Deny(other)) => one == other,
        _ => false,
    }
}

/// More capabilities without a deny never take anything away, and a deny never gives.
#[test]
fn allows_only_add_and_denies_only_take_away() {
    let mut random = Random::new(number("SIDEGATE_SEED", 2));
    for _ in 0..300 {
        let policy = random.policy();
        let more = random.capability(policy.len());
        let with =
            |extra: Capability| compile(&policy.iter().cloned().chain([extra]).collect::<Vec<_>>());
        let before = compile(&policy);
        let allows = with(Capability { deny: Vec::new(), ..more.clone() });
        let denies = with(Capability { allow: Vec::new(), ..more });
        for _ in 0..30 {
            let call = random.call();
            let is_allowed = allowed(&before, &call);
            assert!(!is_allowed || allowed(&allows, &call), "{call:?}");
            assert!(is_allowed || !allowed(&denies, &call), "{call:?}");
        }
    }
}

#[test]
fn the_order_of_capabilities_never_matters() {
    let mut random = Random::new(number("SIDEGATE_SEED", 3));
    for _ in 0..300 {
        let policy = random.policy();
        let mut reversed = policy.clone();
        reversed.reverse();
        for capability in &mut reversed {
            capability.allow.reverse();
            capability.deny.reverse();
        }
        let (policy, reversed) = (compile(&policy), compile(&reversed));
        for _ in 0..30 {
            let call = random.call();
            assert_eq!(allowed(&policy, &call), allowed(&reversed, &call), "{call:?}");
        }
    }
}

/// The alphabets meet: every reason comes up.
#[test]
fn the_generator_reaches_every_reason() {
    let mut random = Random::new(number("SIDEGATE_SEED", 4));
    let mut seen = BTreeSet::new();
    for _ in 0..200 {
        let policy = random.policy();
        for _ in 0..20 {
            let call = random.call();
            seen.insert(match walk::decide(&policy, &call) {
                Answer::Allow { .. } => "allow",
                Answer::Deny { code, .. } => code,
            });
        }
    }
    assert_eq!(seen.len(), 8, "{seen:?}");
}

fn allowed(policy: &Policy, call: &Call) -> bool {
    let command = CommandName::parse(call.command).unwrap();
    principal(policy, call).decide(&command, &Args::new(call.args.clone())).is_allowed()
}

fn principal(policy: &Policy, call: &Call) -> Principal {
    let window = WindowLabel::parse(call.window).unwrap();
    policy.principal(&window, &Origin::parse(call.origin).unwrap(), NOW)
}

fn compile(policy: &[Capability]) -> Policy {
    let sources = Sources::from_texts(model::files(policy));
    let directories = Directories::new([("APPDATA", APPDATA), ("HOME", HOME)]).unwrap();
    let compiled = Policy::compile(&sources, &Context::new(&directories))
        .unwrap_or_else(|errors| panic!("{}", errors.render(&sources, Color::Never)));
    compiled.policy
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).map_or(otherwise, |text| text.parse().unwrap())
}
