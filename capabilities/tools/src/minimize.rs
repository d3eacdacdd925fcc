//! What a policy grants and no call of some logs ever used: entries, patterns within entries, and
//! commands within wildcards. Deny entries are no grants, and are left alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sidegate_capabilities::outline::Entry;
use sidegate_capabilities::{Directories, Effect, Outcome, Policy, RuleRef};

use crate::calls::{Asked, Logged, RuleName};
use crate::scopes::{Pattern, text_fits};

/// What was granted and not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Minimized {
    /// How many allowed calls there were.
    pub calls: u64,
    /// Of how many of them the log has the values: the others say which entry they used, and not
    /// which of its patterns.
    pub with_values: u64,
    /// How many of them were decided by another version of the policy, and found their entry by name.
    pub of_other_versions: u64,
    /// The time of the first.
    pub from: Option<String>,
    /// The time of the last.
    pub to: Option<String>,
    /// Allow entries of the policy, each as some capability has it.
    pub entries: u64,
    /// What was not used, in the order of the files.
    pub unused: Vec<Unused>,
}

/// Something that no call used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unused {
    /// What it is.
    pub what: What,
    /// The entry.
    pub rule: RuleRef,
    /// The text that is not used; for a wildcard, the pattern. `null` for an entry as a whole.
    pub text: Option<String>,
    /// For a wildcard, the names that were used of it: what could be written instead.
    pub instead: Vec<String>,
    /// How many calls the entry had.
    pub calls: u64,
    /// Whether another capability that uses the same permission does use it: then the `use` is what
    /// could go, and not the entry.
    pub used_elsewhere: bool,
}

/// What was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The whole entry.
    Entry,
    /// A command that it names.
    Command,
    /// A wildcard of commands, most of which were not used: only `instead` were.
    Wildcard,
    /// A pattern of its paths.
    Path,
    /// A pattern of its URLs.
    Url,
    /// A pattern of its keys.
    Key,
}

/// What the calls made of one entry.
#[derive(Default)]
struct Use {
    calls: u64,
    commands: BTreeSet<String>,
    /// What was named, by argument; `None` once a call named something that is not in the log.
    named: BTreeMap<&'static str, Option<BTreeSet<String>>>,
}

const ARGUMENTS: [&str; 3] = ["path", "url", "key"];

/// What `policy` grants and none of `calls` used.
#[must_use]
pub fn minimize(calls: &[Logged], policy: &Policy, directories: &Directories) -> Minimized {
    let mut done = Minimized {
        calls: 0,
        with_values: 0,
        of_other_versions: 0,
        from: None,
        to: None,
        entries: 0,
        unused: Vec::new(),
    };
    let mut uses: BTreeMap<RuleName, Use> = BTreeMap::new();
    let mut asked = Asked::new(policy);
    for call in calls.iter().filter(|call| call.allowed) {
        count(&mut done, call, asked.decided(call));
        for rule in rules_of(&mut asked, call) {
            uses.entry(rule).or_default().note(call);
        }
    }
    let entries = policy.outline().into_iter().flat_map(|capability| capability.allow);
    let entries: Vec<Entry> = entries.collect();
    let used: BTreeSet<_> = entries.iter().filter(|e| used(&uses, &e.rule)).map(place).collect();
    done.entries = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    for entry in &entries {
        let mine = RuleName::of(&entry.rule).and_then(|name| uses.get(&name));
        match mine {
            None => {
                let elsewhere = entry.rule.permission.is_some() && used.contains(&place(entry));
                done.unused.push(Unused::new(entry, What::Entry, None, 0).elsewhere(elsewhere));
            }
            Some(mine) => parts(&mut done.unused, entry, mine, directories),
        }
    }
    done
}

fn used(uses: &BTreeMap<RuleName, Use>, rule: &RuleRef) -> bool {
    RuleName::of(rule).is_some_and(|name| uses.contains_key(&name))
}

/// An entry whoever uses it.
fn place(entry: &Entry) -> (String, u32, u32) {
    (entry.rule.file.clone(), entry.rule.line, entry.rule.column)
}

fn count(done: &mut Minimized, call: &Logged, same_version: bool) {
    let add = |sum: &mut u64| *sum = sum.saturating_add(call.count);
    add(&mut done.calls);
    if call.resources().is_some() {
        add(&mut done.with_values);
    }
    if !same_version {
        add(&mut done.of_other_versions);
    }
    if done.from.as_ref().is_none_or(|from| call.time < *from) {
        done.from = Some(call.time.clone());
    }
    if done.to.as_ref().is_none_or(|to| call.time > *to) {
        done.to = Some(call.time.clone());
    }
}

/// The entries that allow the call: all of them where its arguments are known, else the one that
/// the log names, which is the first of them.
fn rules_of(asked: &mut Asked<'_>, call: &Logged) -> Vec<RuleName> {
    if let Some(args) = call.resources() {
        let explanation = asked.principal(call).explain(&call.command, args);
        if explanation.verdict.is_allowed() {
            let steps = explanation.steps.iter().filter(|step| {
                step.rule.effect == Effect::Allow && step.outcome == Outcome::Applies
            });
            return steps.filter_map(|step| RuleName::of(&step.rule)).collect();
        }
    }
    call.rule.as_deref().and_then(RuleName::of_log).into_iter().collect()
}

impl Use {
    fn note(&mut self, call: &Logged) {
        self.calls = self.calls.saturating_add(call.count);
        self.commands.insert(call.command.to_string());
        for argument in ARGUMENTS {
            let known = self.named.entry(argument).or_insert_with(|| Some(BTreeSet::new()));
            let Some(args) = call.resources() else {
                *known = None;
                continue;
            };
            if let (Some(known), Some(value)) =
                (known, args.get(argument).and_then(serde_json::Value::as_str))
            {
                known.insert(value.to_owned());
            }
        }
    }
}

/// What of an entry that was used was not.
fn parts(unused: &mut Vec<Unused>, entry: &Entry, mine: &Use, directories: &Directories) {
    for pattern in &entry.commands {
        let names = mine.commands.iter().filter(|name| text_fits(pattern, name));
        let instead: Vec<String> = names.cloned().collect();
        let (what, is_unused) = match (instead.is_empty(), pattern.contains('*')) {
            (true, _) => (What::Command, true),
            (false, wildcard) => (What::Wildcard, wildcard),
        };
        if is_unused {
            let found = Unused::new(entry, what, Some(pattern.as_str()), mine.calls);
            unused.push(Unused { instead, ..found });
        }
    }
    for (argument, what, scope) in [
        ("path", What::Path, &entry.path),
        ("url", What::Url, &entry.url),
        ("key", What::Key, &entry.key),
    ] {
        let (Some(patterns), Some(Some(named))) = (scope, mine.named.get(argument)) else {
            continue;
        };
        for text in patterns {
            // What cannot be asked is not said to be unused.
            let Some(pattern) = Pattern::new(argument, text, directories) else {
                continue;
            };
            if !named.iter().any(|value| pattern.matches(value)) {
                unused.push(Unused::new(entry, what, Some(text.as_str()), mine.calls));
            }
        }
    }
}

impl Unused {
    fn new(entry: &Entry, what: What, text: Option<&str>, calls: u64) -> Self {
        Self {
            what,
            rule: entry.rule.clone(),
            text: text.map(str::to_owned),
            instead: Vec::new(),
            calls,
            used_elsewhere: false,
        }
    }

    fn elsewhere(self, used_elsewhere: bool) -> Self {
        Self { used_elsewhere, ..self }
    }
}
