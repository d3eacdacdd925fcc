//! `sidegate diff`: what two policies differ in, by what they allow and not by how they are written.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use sidegate::audit::Timestamp;
use sidegate::capabilities::analysis::{Change, ChangeKind, Difference, LogChange, Patterns, diff};
use sidegate::capabilities::{Compiled, Diagnostics, Platform, Policy};

use super::place::{Place, elsewhere};
use crate::report::{self, Outcome, Unusable};

/// Says what may be done under one policy and not under another, each with an example call
#[derive(clap::Args)]
#[command(after_help = "\
Files that say the same in another way (order, permissions, names, layout) do not differ. Both are \
read with the directories that belong to NEW. What is kept to another operating system is compared \
as it would be there. What an entry redacts is kept out of the log for every call of its commands: to \
take it away widens what the log learns.

Exit status: 0 when NEW allows nothing that OLD does not, 1 when it does, or the same under looser \
conditions, or the log learns more, or that cannot be ruled out; 2 when a policy cannot be read.

Examples:
  sidegate diff old/policies policies
  git worktree add /tmp/before HEAD~1 && sidegate diff /tmp/before/my-app my-app")]
pub(crate) struct Diff {
    /// The policy as it was: a capability file, a directory of them, or the directory of an app
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The policy as it is
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let (old, new) = (Place::read(&[self.old])?, Place::read(&[self.new])?);
        let (before, after) = policies(&old, &new, Platform::current())?;
        let now = SystemTime::now().into();
        let mut difference = diff(&before, &after, now);
        for platform in elsewhere().filter(|_| old.names_platforms() || new.names_platforms()) {
            let (before, after) = policies(&old, &new, platform)?;
            add(&mut difference, diff(&before, &after, now));
        }
        if self.json {
            let report = json!({
                "widens": difference.widens(),
                "old": before.version().to_string(),
                "new": after.version().to_string(),
                "complete": difference.complete,
                "changes": difference.changes,
                "log": difference.log,
            });
            report::print(format_args!("{report}\n"))?;
        } else {
            report::print(text(&difference)?)?;
        }
        Ok(Outcome::of(!difference.widens()))
    }
}

/// Both policies, as they are on an operating system.
fn policies(old: &Place, new: &Place, platform: Platform) -> Result<(Policy, Policy), Unusable> {
    let before = usable(old.compile_beside(new, platform), old)?;
    Ok((before, usable(new.compile_beside(new, platform), new)?))
}

/// Adds what differs on another operating system alone.
fn add(difference: &mut Difference, elsewhere: Difference) {
    difference.complete &= elsewhere.complete;
    for change in elsewhere.changes {
        let is_same = |known: &Change| {
            (known.kind, &known.rule, &known.shifts) == (change.kind, &change.rule, &change.shifts)
        };
        if !difference.changes.iter().any(is_same) {
            difference.changes.push(change);
        }
    }
    difference.changes.sort_by_key(|change| change.kind);
    for change in elsewhere.log {
        let is_same = |known: &LogChange| {
            (&known.commands, &known.before, &known.after)
                == (&change.commands, &change.before, &change.after)
        };
        if !difference.log.iter().any(is_same) {
            difference.log.push(change);
        }
    }
    difference.log.sort_by_key(|change| !change.looser);
}

/// The policy, where it compiles.
pub(crate) fn usable(
    compiled: Result<Compiled, Diagnostics>,
    place: &Place,
) -> Result<Policy, Unusable> {
    compiled
        .map(|compiled| compiled.policy)
        .map_err(|diagnostics| Unusable::of_policy(&diagnostics, &place.sources))
}

fn text(difference: &Difference) -> Result<String, Unusable> {
    let mut out = String::new();
    write(&mut out, difference).map_err(Unusable::new)?;
    Ok(out)
}

fn write(out: &mut String, difference: &Difference) -> fmt::Result {
    let titles = [
        (ChangeKind::Allowed, "newly allowed"),
        (ChangeKind::Looser, "allowed under looser conditions"),
        (ChangeKind::Tighter, "allowed under tighter conditions"),
        (ChangeKind::Denied, "no longer allowed"),
    ];
    for (kind, title) in titles {
        let changes = || difference.changes.iter().filter(|change| change.kind == kind);
        if changes().next().is_some() {
            writeln!(out, "{title}:")?;
        }
        for change in changes() {
            write_change(out, change)?;
        }
    }
    for (looser, title) in [(true, "the log learns more"), (false, "the log learns less")] {
        let changes = || difference.log.iter().filter(|change| change.looser == looser);
        if changes().next().is_some() {
            writeln!(out, "{title}:")?;
        }
        for change in changes() {
            write_log_change(out, change)?;
        }
    }
    if !difference.complete {
        writeln!(out, "the comparison took too much work: there may be more")?;
    } else if difference.changes.is_empty() && difference.log.is_empty() {
        writeln!(out, "no difference in what is allowed")?;
    } else if !difference.widens() {
        writeln!(out, "nothing is allowed that was not before")?;
    }
    Ok(())
}

fn write_change(out: &mut String, change: &Change) -> fmt::Result {
    writeln!(out, "  {}", sentence(&change.patterns))?;
    if let Some(from) = change.from {
        writeln!(out, "    from {} on", moment(from))?;
    }
    for shift in &change.shifts {
        writeln!(out, "    {}: {} → {}", shift.condition, shift.before, shift.after)?;
    }
    match &change.example {
        Some(call) => writeln!(out, "    example: {call}")?,
        None => writeln!(out, "    cannot be ruled out: it depends on what the schemas admit")?,
    }
    let other = if change.kind == ChangeKind::Denied { "now" } else { "before" };
    if let Some(why) = &change.otherwise {
        writeln!(out, "    {other}: {why}")?;
    }
    writeln!(out, "    rule: {}", change.rule)
}

fn write_log_change(out: &mut String, change: &LogChange) -> fmt::Result {
    let kept = |pointers: &BTreeSet<String>| {
        if pointers.is_empty() { "nothing".to_owned() } else { ticked(pointers) }
    };
    writeln!(out, "  {}", ticked(&change.commands))?;
    writeln!(out, "    kept out: {} → {}", kept(&change.before), kept(&change.after))?;
    if change.after.is_empty() {
        writeln!(out, "    calls have a digest of their arguments from now on")?;
    }
    writeln!(out, "    example: any call of `{}`", change.example)?;
    writeln!(out, "    rule: {}", change.rule)
}

fn ticked(texts: &BTreeSet<String>) -> String {
    let ticked: Vec<_> = texts.iter().map(|text| format!("`{text}`")).collect();
    ticked.join(", ")
}

/// Which calls the patterns name, as a phrase.
pub(crate) fn sentence(patterns: &Patterns) -> String {
    let mut text = ticked(&patterns.commands);
    let scopes = [("path", &patterns.path), ("url", &patterns.url), ("key", &patterns.key)];
    for (name, patterns) in scopes.into_iter().filter(|(_, patterns)| !patterns.is_empty()) {
        let _infallible = write!(text, " on {name} {}", ticked(patterns));
    }
    let origins: Vec<_> = patterns.origins.iter().map(|origin| shown_origin(origin)).collect();
    let _infallible = write!(text, " from {} at {}", ticked(&patterns.windows), origins.join(", "));
    text
}

/// As a policy writes it.
pub(crate) fn shown_origin(origin: &str) -> &str {
    if origin == "app://localhost" { "local" } else { origin }
}

/// A moment in seconds since 1970, as people write it.
fn moment(seconds: i64) -> String {
    let after = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    UNIX_EPOCH.checked_add(after).map_or_else(String::new, |at| Timestamp::of(at).to_string())
}
