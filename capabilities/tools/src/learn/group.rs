//! Refused calls of one window, origin and command that name the same kinds of resources, and the
//! entry that would allow them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sidegate_capabilities::outline::Capability;
use sidegate_capabilities::{CommandName, WindowLabel};

use super::{Also, Class, Current, MOST_LINES, Proposal, Withheld, keys, paths, urls, withhold};
use crate::calls::{Line, Logged};
use crate::scopes::text_fits;

/// The groups.
pub(super) struct Groups<'a> {
    current: &'a Current<'a>,
    outline: Vec<Capability>,
    known: BTreeMap<Who, Group>,
    /// Calls whose values are not in the log.
    unknown: BTreeMap<(WindowLabel, String, CommandName), Unknown>,
}

/// The argument to be filled in, and the calls.
type Unknown = (Option<String>, Vec<Logged>);

/// Whose calls, and which arguments they have.
type Who = (WindowLabel, String, CommandName, [bool; 3]);

#[derive(Default)]
struct Group {
    seen: BTreeSet<Named>,
    calls: u64,
    lines: Vec<Line>,
}

/// What one call names: path, URL and key, each in one way of writing it.
type Named = [Option<String>; 3];

/// A pattern of a scope.
pub(super) struct Generalised {
    /// As it is written.
    pub(super) text: String,
    /// What it takes in beside what was seen, in words; `None` where that is nothing.
    pub(super) also: Option<String>,
}

impl Generalised {
    /// What was seen and nothing else.
    pub(super) fn literal(text: impl Into<String>) -> Self {
        Self { text: text.into(), also: None }
    }
}

impl<'a> Groups<'a> {
    pub(super) fn new(current: &'a Current<'a>) -> Self {
        let outline = current.policy.map(|(_, policy)| policy.outline()).unwrap_or_default();
        Self { current, outline, known: BTreeMap::new(), unknown: BTreeMap::new() }
    }

    /// Takes a call in.
    ///
    /// # Errors
    /// Why nothing is proposed for it.
    pub(super) fn add(&mut self, call: &Logged) -> Result<(), String> {
        let (window, origin) = (call.window.clone(), call.origin.to_string());
        let Some(args) = call.resources() else {
            let fill_in = self.fill_in(call);
            let of = (window, origin, call.command.clone());
            self.unknown.entry(of).or_insert((fill_in, Vec::new())).1.push(call.clone());
            return Ok(());
        };
        let directories = self.current.context.directories;
        let text = |name: &str| match args.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(format!("its `{name}` is not a text")),
        };
        let path = text("path")?.map(|path| paths::read(path, directories)).transpose()?;
        let url = text("url")?.map(urls::read).transpose()?;
        let key = text("key")?.map(keys::read).transpose()?;
        let named = [path, url, key];
        let shape = named.each_ref().map(Option::is_some);
        let group = self.known.entry((window, origin, call.command.clone(), shape)).or_default();
        group.seen.insert(named);
        group.calls = group.calls.saturating_add(call.count);
        if group.lines.len() < MOST_LINES {
            group.lines.push(call.line.clone());
        }
        Ok(())
    }

    /// The argument that a call without values most likely has: the one that its refusal speaks of,
    /// or that other entries for the command have, or that its handler takes.
    fn fill_in(&self, call: &Logged) -> Option<String> {
        let why = call.why.as_deref().unwrap_or_default();
        let of_why = ["path", "url", "key"]
            .into_iter()
            .find(|name| why.contains(&format!("the argument `{name}`")));
        let entries = self.outline.iter().flat_map(|capability| &capability.allow);
        let mut mine = entries.filter(|entry| {
            entry.commands.iter().any(|pattern| text_fits(pattern, call.command.as_str()))
        });
        let of_entries = || {
            mine.find_map(|entry| {
                let scopes = [("path", &entry.path), ("url", &entry.url), ("key", &entry.key)];
                scopes.into_iter().find(|(_, scope)| scope.is_some()).map(|(name, _)| name)
            })
        };
        let found = of_why.or_else(of_entries).or_else(|| (self.current.takes)(&call.command));
        found.map(str::to_owned)
    }

    /// The entries that would allow the calls.
    pub(super) fn proposals(self, withheld: &mut Vec<Withheld>) -> Vec<Proposal> {
        let mut merged: Vec<(Proposal, BTreeSet<(String, Named)>)> = Vec::new();
        let mut of_known: BTreeSet<_> = BTreeSet::new();
        for ((window, origin, command, _), group) in self.known {
            of_known.insert((window.clone(), origin.clone(), command.clone()));
            let (proposal, also) = group.proposal(window.as_str(), &origin, &command);
            let seen = group.seen.iter().map(|named| (command.to_string(), named.clone()));
            let same = merged.iter_mut().find(|(found, _)| found.speaks_of_the_same(&proposal));
            if let Some((found, all)) = same {
                found.commands.extend(proposal.commands);
                found.calls = found.calls.saturating_add(proposal.calls);
                found.lines.extend(proposal.lines);
                found.lines.sort();
                found.lines.truncate(MOST_LINES);
                all.extend(seen);
            } else {
                let proposal = Proposal { also, ..proposal };
                merged.push((proposal, seen.collect()));
            }
        }
        let mut proposals: Vec<Proposal> = merged
            .into_iter()
            .map(|(mut proposal, seen)| {
                proposal.also.count(&proposal.product(), seen.len());
                proposal
            })
            .collect();
        for ((window, origin, command), (fill_in, calls)) in self.unknown {
            if of_known.contains(&(window.clone(), origin.clone(), command.clone())) {
                // Others of them are known, and make the proposal.
                for call in calls {
                    withhold(
                        withheld,
                        &call,
                        "its arguments are not in the log, and those of others like it are",
                    );
                }
                continue;
            }
            proposals.push(without_values(window.as_str(), &origin, &command, fill_in, &calls));
        }
        proposals.sort_by(|a, b| (&a.window, &a.origin).cmp(&(&b.window, &b.origin)));
        proposals
    }
}

impl Group {
    fn proposal(&self, window: &str, origin: &str, command: &CommandName) -> (Proposal, Also) {
        let values = |place: usize| -> BTreeSet<String> {
            self.seen.iter().filter_map(|named| named.get(place)?.clone()).collect()
        };
        let mut what = Vec::new();
        let mut scope =
            |values: BTreeSet<String>, general: fn(&BTreeSet<String>) -> Vec<Generalised>| {
                (!values.is_empty()).then(|| {
                    let found = general(&values);
                    what.extend(found.iter().filter_map(|pattern| pattern.also.clone()));
                    found.into_iter().map(|pattern| pattern.text).collect::<Vec<_>>()
                })
            };
        let path = scope(values(0), paths::generalise);
        let url = scope(values(1), urls::generalise);
        let key = scope(values(2), keys::generalise);
        let class = if what.is_empty() { Class::None } else { Class::Unbounded };
        let also = Also { class, count: None, what };
        let proposal = Proposal {
            window: window.to_owned(),
            origin: origin.to_owned(),
            commands: vec![command.to_string()],
            path,
            url,
            key,
            fill_in: None,
            also: also.clone(),
            calls: self.calls,
            lines: self.lines.clone(),
        };
        (proposal, also)
    }
}

impl Proposal {
    fn speaks_of_the_same(&self, other: &Self) -> bool {
        (&self.window, &self.origin) == (&other.window, &other.origin)
            && (&self.path, &self.url, &self.key) == (&other.path, &other.url, &other.key)
    }

    /// How many choices each of its lists gives.
    fn product(&self) -> Vec<usize> {
        let lists =
            [Some(&self.commands), self.path.as_ref(), self.url.as_ref(), self.key.as_ref()];
        lists.into_iter().flatten().map(Vec::len).collect()
    }
}

impl Also {
    /// Where every pattern is literal: the combinations that were not seen.
    fn count(&mut self, choices: &[usize], seen: usize) {
        if self.class == Class::Unbounded {
            return;
        }
        let all = choices.iter().fold(1_usize, |all, list| all.saturating_mul(*list));
        let unseen = u64::try_from(all.saturating_sub(seen)).unwrap_or(u64::MAX);
        if unseen > 0 {
            self.class = Class::Finite;
            self.count = Some(unseen);
            self.what.push(format!("{unseen} further combinations of what is listed"));
        }
    }
}

fn without_values(
    window: &str,
    origin: &str,
    command: &CommandName,
    fill_in: Option<String>,
    calls: &[Logged],
) -> Proposal {
    let empty = |name: &str| (fill_in.as_deref() == Some(name)).then(Vec::new);
    Proposal {
        window: window.to_owned(),
        origin: origin.to_owned(),
        commands: vec![command.to_string()],
        path: empty("path"),
        url: empty("url"),
        key: empty("key"),
        also: Also { class: Class::None, count: None, what: Vec::new() },
        calls: calls.iter().fold(0, |sum, call| sum.saturating_add(call.count)),
        lines: calls.iter().take(MOST_LINES).map(|call| call.line.clone()).collect(),
        fill_in,
    }
}
