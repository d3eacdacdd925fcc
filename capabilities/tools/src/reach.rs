//! What a principal can call at all: for each command the entries that some call could meet, and a
//! call that is allowed, where one was found.
//!
//! Which entries allow some call is [`who_can`]'s to say, and exact but for schemas. What is searched for
//! here is an example that reads well, and `decide` says of each whether it is allowed. Where that
//! depends on what a schema admits, the command counts as reached: a tool that says what may be called
//! must not hide what may.

mod arguments;
mod places;

use serde_json::{Map, Value};
use sidegate_capabilities::analysis::{Inquiry, who_can};
use sidegate_capabilities::outline::Entry;
use sidegate_capabilities::{Args, CommandName, Policy, Principal, WallTime};

use crate::commands::{Commands, Resource, Signature};

/// The most calls that are tried for one entry.
const MAX_TRIED: usize = 4_096;

/// A command that a principal can call.
#[derive(Debug)]
#[non_exhaustive]
pub struct Reached<'c> {
    /// The command.
    pub command: &'c CommandName,
    /// What it takes and answers.
    pub signature: &'c Signature,
    /// The allow entries that a call of it can meet, in the order of the files.
    pub allow: Vec<Entry>,
    /// The deny entries that name it.
    pub deny: Vec<Entry>,
    /// Arguments of a call that is allowed, where one was found.
    pub example: Option<Map<String, Value>>,
}

/// The commands that a principal of a policy can call `now`, by name.
#[must_use]
pub fn reached<'c>(
    policy: &Policy,
    principal: &Principal,
    now: WallTime,
    commands: &'c Commands,
) -> Vec<Reached<'c>> {
    let reach = |(command, signature)| reach(policy, principal, now, (command, signature));
    commands.iter().filter_map(reach).collect()
}

fn reach<'c>(
    policy: &Policy,
    principal: &Principal,
    now: WallTime,
    (command, signature): (&'c CommandName, &'c Signature),
) -> Option<Reached<'c>> {
    let (allow, deny) = principal.entries(command);
    let caller = Some((principal.window(), principal.origin()));
    let holders = who_can(policy, Inquiry { command, args: None, caller }, now);
    let mut example = None;
    let mut open = Vec::new();
    for entry in allow.into_iter().filter(|entry| has_scopes_for(entry, signature)) {
        let grant = holders.grants.iter().find(|grant| grant.rule == entry.rule);
        if grant.is_none() && holders.complete {
            continue;
        }
        if example.is_none() {
            let proved = grant.and_then(|grant| grant.example.as_ref());
            let proved = proved.and_then(|call| call.args.as_value().as_object().cloned());
            example = find(principal, command, signature, &entry).or(proved);
        }
        open.push(entry);
    }
    (!open.is_empty()).then_some(Reached { command, signature, allow: open, deny, example })
}

/// Whether the entry has a scope for just the resources that the command takes, and none is empty:
/// an allow entry matches no other call. A resource that is optional may have one.
fn has_scopes_for(entry: &Entry, signature: &Signature) -> bool {
    [Resource::Path, Resource::Url, Resource::Key].into_iter().all(|resource| {
        let taken = signature.resources.contains(&resource);
        let may_be = taken || signature.optional.contains(&resource);
        match scope(entry, resource) {
            None => !taken,
            Some(patterns) => may_be && !patterns.is_empty(),
        }
    })
}

/// The patterns of an entry for one kind of resource.
pub(crate) fn scope(entry: &Entry, resource: Resource) -> Option<&[String]> {
    match resource {
        Resource::Path => entry.path.as_deref(),
        Resource::Url => entry.url.as_deref(),
        Resource::Key => entry.key.as_deref(),
    }
}

/// A call by the entry that is allowed, as the command's own schema would have it.
fn find(
    principal: &Principal,
    command: &CommandName,
    signature: &Signature,
    entry: &Entry,
) -> Option<Map<String, Value>> {
    let arguments = arguments::samples(signature, entry.args.as_ref());
    let places = places::samples(entry);
    let with = |place: &Map<String, Value>, arguments: &Map<String, Value>| {
        let mut args = arguments.clone();
        args.extend(place.clone());
        args
    };
    let all = places.iter().flat_map(|place| arguments.iter().map(move |one| with(place, one)));
    let is_allowed = |args: &Map<String, Value>| {
        principal.decide(command, &Args::new(args.clone())).is_allowed()
    };
    all.take(MAX_TRIED).find(is_allowed)
}
