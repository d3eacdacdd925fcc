//! What a principal can call at all: for each command the entries that some call could meet, and a
//! call that is allowed, where one was found.
//!
//! Whether a call is allowed is asked of `decide`, always. What is reasoned here is only which calls
//! are worth asking about; where no allowed call is found and none can be ruled out either (a
//! schema with a regular expression, say), the command counts as reached: a tool that says what may
//! be called must not hide what may.

mod arguments;
mod places;

use serde_json::{Map, Value};
use sidegate_capabilities::outline::Entry;
use sidegate_capabilities::{Args, CommandName, Principal, Reason, Verdict};

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

/// The commands that a principal can call, by name.
#[must_use]
pub fn reached<'c>(principal: &Principal, commands: &'c Commands) -> Vec<Reached<'c>> {
    commands
        .iter()
        .filter_map(|(command, signature)| reach(principal, command, signature))
        .collect()
}

fn reach<'c>(
    principal: &Principal,
    command: &'c CommandName,
    signature: &'c Signature,
) -> Option<Reached<'c>> {
    let (allow, deny) = principal.entries(command);
    let mut example = None;
    let mut open = Vec::new();
    for entry in allow.into_iter().filter(|entry| has_scopes_for(entry, signature)) {
        match find(principal, command, signature, &entry) {
            Found::Call(args) => {
                example.get_or_insert(args);
                open.push(entry);
            }
            Found::Perhaps => open.push(entry),
            Found::Nothing => {}
        }
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

/// What the search for an allowed call came to.
enum Found {
    Call(Map<String, Value>),
    /// None was found, and none is ruled out.
    Perhaps,
    /// Whatever the entry allows is denied.
    Nothing,
}

fn find(
    principal: &Principal,
    command: &CommandName,
    signature: &Signature,
    entry: &Entry,
) -> Found {
    let arguments = arguments::samples(signature, entry.args.as_ref());
    let mut perhaps = false;
    let mut left = MAX_TRIED;
    for resources in places::samples(entry) {
        for arguments in &arguments {
            let mut args = arguments.clone();
            args.extend(resources.clone());
            match principal.decide(command, &Args::new(args.clone())) {
                Verdict::Allow(_) => return Found::Call(args),
                Verdict::Deny(denial) => {
                    // Out of the scope a wildcard was filled with what does not fit it; with invalid
                    // arguments the place is right, and others might be.
                    let is_invalid = matches!(denial.reason, Reason::ArgumentInvalid { .. });
                    let is_denied = denial.reason == Reason::DeniedByRule;
                    perhaps |= is_invalid || is_denied && depends_on_arguments(principal, command);
                }
            }
            left = left.saturating_sub(1);
            if left == 0 {
                return Found::Perhaps;
            }
        }
    }
    if perhaps { Found::Perhaps } else { Found::Nothing }
}

/// Whether other arguments could escape a deny entry.
fn depends_on_arguments(principal: &Principal, command: &CommandName) -> bool {
    principal.entries(command).1.iter().any(|entry| entry.args.is_some())
}
