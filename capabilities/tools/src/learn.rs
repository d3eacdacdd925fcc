//! The smallest capability file that would have allowed the refused calls of a log. It proposes; a
//! person reads it, and applies it or does not.
//!
//! What it never does: widen across windows or origins; propose what a deny entry refuses, the home
//! directory as a whole, places where keys and credentials lie, a shell, an address within this
//! machine or its network, or a command that changes something to a remote origin. Those calls it
//! names, and says why nothing is proposed for them.

mod danger;
mod group;
mod keys;
mod paths;
mod urls;
mod write;

use serde::Serialize;
use sidegate_capabilities::{CommandName, Context, Diagnostics, Policy, Sources};

use crate::calls::{Answer, Asked, Line, Logged};
use group::Groups;

/// How many records a proposal names; it says how many calls there were.
const MOST_LINES: usize = 8;

/// The policy that refused the calls, and what is known beside it.
#[derive(Clone, Copy)]
pub struct Current<'a> {
    /// The policy as it is now, where there is one.
    pub policy: Option<(&'a Sources, &'a Policy)>,
    /// What proposals are compiled against.
    pub context: Context<'a>,
    /// The argument by which a command names a resource, where that is known: for calls whose
    /// arguments are not in the log.
    pub takes: &'a dyn Fn(&CommandName) -> Option<&'static str>,
}

/// What was learnt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Learned {
    /// Refused calls that were looked at.
    pub calls: u64,
    /// Those of them that the current policy would allow.
    pub allowed_by_now: u64,
    /// What would allow the others, but for those withheld.
    pub proposals: Vec<Proposal>,
    /// Calls for which nothing is proposed.
    pub withheld: Vec<Withheld>,
    /// The proposals as a capability file; empty where there are none.
    pub toml: String,
}

/// An allow entry for one window and origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The window.
    pub window: String,
    /// The origin.
    pub origin: String,
    /// The commands.
    pub commands: Vec<String>,
    /// Path patterns, where the calls named paths.
    pub path: Option<Vec<String>>,
    /// URL patterns.
    pub url: Option<Vec<String>>,
    /// Key patterns.
    pub key: Option<Vec<String>>,
    /// The scope that is empty and has to be filled in, since the log has no values.
    pub fill_in: Option<String>,
    /// What else it would allow.
    pub also: Also,
    /// How many calls made it.
    pub calls: u64,
    /// The first of their records.
    pub lines: Vec<Line>,
}

/// What a proposal allows beside the calls that were seen. It speaks of resources: arguments that
/// name none are not narrowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Also {
    /// How many: `none`, `finite` or `unbounded`.
    pub class: Class,
    /// The number, where it is finite.
    pub count: Option<u64>,
    /// In words.
    pub what: Vec<String>,
}

/// How many calls that were not seen a proposal allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// None.
    None,
    /// As many as the number says.
    Finite,
    /// As many as there are names.
    Unbounded,
}

/// Calls for which nothing is proposed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Withheld {
    /// The window.
    pub window: String,
    /// The origin.
    pub origin: String,
    /// The command.
    pub command: String,
    /// Why not.
    pub why: String,
    /// How many calls.
    pub calls: u64,
    /// The first of their records.
    pub lines: Vec<Line>,
}

/// Learns from `calls`, allowed ones and all.
#[must_use]
pub fn learn(calls: &[Logged], current: &Current<'_>) -> Learned {
    let mut learned = Learned {
        calls: 0,
        allowed_by_now: 0,
        proposals: Vec::new(),
        withheld: Vec::new(),
        toml: String::new(),
    };
    let mut asked = current.policy.map(|(_, policy)| Asked::new(policy));
    let mut groups = Groups::new(current);
    let mut proposed_for: Vec<&Logged> = Vec::new();
    for call in calls.iter().filter(|call| !call.allowed) {
        learned.calls = learned.calls.saturating_add(call.count);
        let now = asked.as_mut().map(|asked| asked.ask(call));
        match danger::of(call, now.as_ref()) {
            Ok(()) if matches!(now, Some(Answer::Allows(_))) => {
                learned.allowed_by_now = learned.allowed_by_now.saturating_add(call.count);
            }
            Ok(()) => match groups.add(call) {
                Ok(()) => proposed_for.push(call),
                Err(why) => withhold(&mut learned.withheld, call, &why),
            },
            Err(why) => withhold(&mut learned.withheld, call, &why),
        }
    }
    learned.proposals = groups.proposals(&mut learned.withheld);
    keep_what_compiles(&mut learned, current);
    try_out(&mut learned, &proposed_for, current);
    learned.toml = write::toml(&learned, &write::taken(current));
    learned
}

/// Asks the policy with the proposals in it about the calls that made them. All are allowed; were
/// one not, it is said.
fn try_out(learned: &mut Learned, calls: &[&Logged], current: &Current<'_>) {
    let toml = write::toml(learned, &write::taken(current));
    let Some(policy) = (!toml.is_empty()).then(|| compile(&toml, current).ok()).flatten() else {
        return;
    };
    let mut asked = Asked::new(&policy);
    for call in calls.iter().filter(|call| call.resources().is_some()) {
        let command = call.command.as_str();
        let is_withheld = |found: &Withheld| {
            found.window == call.window.as_str() && found.command.split(", ").any(|c| c == command)
        };
        if let Answer::Refuses(reason, _) = asked.ask(call)
            && !learned.withheld.iter().any(is_withheld)
        {
            withhold(
                &mut learned.withheld,
                call,
                &format!("it would still be refused: `{reason}`"),
            );
        }
    }
}

/// Notes a call for which nothing is proposed, with those like it.
fn withhold(withheld: &mut Vec<Withheld>, call: &Logged, why: &str) {
    let (window, origin) = (call.window.to_string(), call.origin.to_string());
    let command = call.command.to_string();
    let same = |found: &&mut Withheld| {
        (&found.window, &found.origin, &found.command) == (&window, &origin, &command)
            && found.why == why
    };
    if let Some(found) = withheld.iter_mut().find(same) {
        found.calls = found.calls.saturating_add(call.count);
        if found.lines.len() < MOST_LINES {
            found.lines.push(call.line.clone());
        }
        return;
    }
    let (calls, lines) = (call.count, vec![call.line.clone()]);
    withheld.push(Withheld { window, origin, command, why: why.to_owned(), calls, lines });
}

/// Takes out what does not compile together with the current policy: what breaks one of its
/// invariants, say, or is wider than anybody means.
fn keep_what_compiles(learned: &mut Learned, current: &Current<'_>) {
    let compiles = |proposals: &[Proposal]| {
        let tried = Learned { proposals: proposals.to_vec(), ..learned.clone() };
        compile(&write::toml(&tried, &write::taken(current)), current).err()
    };
    if learned.proposals.is_empty() || compiles(&learned.proposals).is_none() {
        return;
    }
    let mut kept: Vec<Proposal> = Vec::new();
    let mut gone = Vec::new();
    for proposal in &learned.proposals {
        kept.push(proposal.clone());
        if let Some(diagnostics) = compiles(&kept) {
            kept.pop();
            let error = diagnostics.iter().next().map(|found| found.message.clone());
            gone.push((proposal.clone(), error.unwrap_or_default()));
        }
    }
    learned.proposals = kept;
    for (proposal, error) in gone {
        learned.withheld.push(Withheld {
            window: proposal.window,
            origin: proposal.origin,
            command: proposal.commands.join(", "),
            why: format!("the policy would not compile with it: {error}"),
            calls: proposal.calls,
            lines: proposal.lines,
        });
    }
}

/// The current policy with `toml` beside it.
///
/// # Errors
/// They do not compile together.
fn compile(toml: &str, current: &Current<'_>) -> Result<Policy, Diagnostics> {
    let sources = match current.policy {
        Some((sources, _)) => sources.clone().with(write::FILE, toml),
        None => Sources::from_texts([(write::FILE, toml)]),
    };
    Policy::compile(&sources, &current.context).map(|compiled| compiled.policy)
}
