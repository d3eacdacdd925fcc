//! From the policy's patterns to languages and regions, and the cheap question whether two patterns
//! can have a text in common at all.

use super::dimension::Dimension;
use super::kinds::Language;
use super::region::{Region, Scope};
use crate::capability::{Capability, WindowPattern};
use crate::glob::{self, Question};
use crate::origin::OriginPattern;
use crate::rule::{CommandPattern, Entry, Rule};
use crate::scope::{KeyPattern, PathPattern, UrlPattern};
use crate::verdict::Effect;

/// The calls that a rule of a capability speaks of.
pub(super) fn region(capability: &Capability, rule: &Rule) -> Region {
    Region {
        rule: Some(rule.reference.clone()),
        ..entry_region(&rule.entry, rule.reference.effect)
    }
    .with(Dimension::Window, windows(&capability.windows))
    .with(Dimension::Origin, origins(&capability.origins))
}

/// The same, told apart by the single patterns of its lists.
pub(super) fn region_in_parts(capability: &Capability, rule: &Rule) -> Region {
    let entry = &rule.entry;
    let mut parts = Vec::new();
    let mut add = |dimension, languages: Vec<String>| {
        if languages.len() > 1 {
            parts.extend(languages.into_iter().map(|one| (dimension, Language::from(one))));
        }
    };
    add(Dimension::Command, entry.commands.iter().map(command).collect());
    add(Dimension::Window, capability.windows.iter().map(window).collect());
    add(Dimension::Origin, capability.origins.iter().map(OriginPattern::regex).collect());
    add(Dimension::Path, entry.path.iter().flatten().map(PathPattern::regex).collect());
    add(Dimension::Url, entry.url.iter().flatten().map(UrlPattern::regex).collect());
    add(Dimension::Key, entry.key.iter().flatten().map(KeyPattern::regex).collect());
    Region { parts, ..region(capability, rule) }
}

/// The calls that an entry speaks of, from whatever window and origin.
pub(super) fn entry_region(entry: &Entry, effect: Effect) -> Region {
    let absent = match effect {
        Effect::Allow => Scope::Absent,
        Effect::Deny => Scope::Any,
    };
    let region = Region::everything()
        .with(Dimension::Command, commands(&entry.commands))
        .with(Dimension::Path, entry.path.as_deref().map_or(absent.clone(), paths))
        .with(Dimension::Url, entry.url.as_deref().map_or(absent.clone(), urls))
        .with(Dimension::Key, entry.key.as_deref().map_or(absent, keys));
    Region { schema: entry.schema.clone(), ..region }
}

pub(super) fn windows(patterns: &[WindowPattern]) -> Scope {
    let any = |pattern: &WindowPattern| !pattern.0.is_empty() && pattern.is_any();
    if patterns.iter().any(any) { Scope::Any } else { scope(patterns, window) }
}

pub(super) fn origins(patterns: &[OriginPattern]) -> Scope {
    scope(patterns, OriginPattern::regex)
}

pub(super) fn commands(patterns: &[CommandPattern]) -> Scope {
    let any = |pattern: &CommandPattern| !pattern.0.is_empty() && pattern.is_any();
    if patterns.iter().any(any) { Scope::Any } else { scope(patterns, command) }
}

/// Each of the patterns by itself.
pub(super) fn single_commands(patterns: &[CommandPattern]) -> impl Iterator<Item = Language> {
    patterns.iter().map(|pattern| command(pattern).into())
}

pub(super) fn paths(patterns: &[PathPattern]) -> Scope {
    scope(patterns, PathPattern::regex)
}

pub(super) fn urls(patterns: &[UrlPattern]) -> Scope {
    scope(patterns, UrlPattern::regex)
}

pub(super) fn keys(patterns: &[KeyPattern]) -> Scope {
    scope(patterns, KeyPattern::regex)
}

fn window(pattern: &WindowPattern) -> String {
    glob::text_regex(&pattern.0, "[A-Za-z0-9_-]", Question::Literal)
}

fn command(pattern: &CommandPattern) -> String {
    glob::text_regex(&pattern.0, "[a-z0-9_.]", Question::Literal)
}

/// The texts that match one of the patterns, written in one way whatever their order.
fn scope<P>(patterns: &[P], regex: impl Fn(&P) -> String) -> Scope {
    let mut regexes: Vec<_> = patterns.iter().map(regex).collect();
    regexes.sort();
    regexes.dedup();
    match regexes.as_slice() {
        [] => Scope::Nothing,
        [one] => Scope::In(one.as_str().into()),
        _ => Scope::In(format!("(?:{})", regexes.join("|")).into()),
    }
}

/// Whether two lists of patterns may have a text in common: `false` is certain.
pub(super) fn may_meet<P>(some: &[P], others: &[P], text: impl Fn(&P) -> &str) -> bool {
    some.iter().any(|one| others.iter().any(|other| meet(text(one), text(other))))
}

/// Looks at nothing but what stands before the first `*` and after the last one.
fn meet(a: &str, b: &str) -> bool {
    let begins = |one: &str, with: &str| one.starts_with(with) || with.starts_with(one);
    let ends = |one: &str, with: &str| one.ends_with(with) || with.ends_with(one);
    match (a.split_once('*'), b.split_once('*')) {
        (None, None) => a == b,
        (None, Some(_)) => glob::text_matches(b, a, Question::Literal),
        (Some(_), None) => glob::text_matches(a, b, Question::Literal),
        (Some((a_front, a_rest)), Some((b_front, b_rest))) => {
            let back = |rest: &str| rest.rsplit('*').next().unwrap_or_default().to_owned();
            begins(a_front, b_front) && ends(&back(a_rest), &back(b_rest))
        }
    }
}
