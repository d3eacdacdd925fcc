//! Where an app's policy, its handlers and its pages have drifted apart: commands that are handled and
//! granted to nobody, and calls in the pages that nothing grants. (A grant of a command that no
//! handler has is the compiler's to report.)
//!
//! Pages are read, not run: a call is found where its command stands in the text. What is put
//! together at run time cannot be read, and is counted instead of guessed at.

mod calls;
mod lexer;
mod scripts;
mod walk;

use std::ops::Range;

use sidegate_capabilities::{CommandName, Diagnostic, Policy, Severity, Sources};

use crate::commands::Commands;
pub use calls::{Call, calls};
pub use walk::{FrontEnd, WalkError};

/// The most remarks on calls: a page that calls what nobody grants says so in its first ones.
const MAX_CALLS: usize = 100;

/// In a comment on the line of a call, or on the line above it: the call is there to be refused.
const ON_PURPOSE: &str = "sidegate: expect-refused";

/// What was found in an app's pages.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Drift {
    /// Warnings about them, and about the app's own commands.
    pub diagnostics: Vec<Diagnostic>,
    /// How many scripts were read.
    pub files: usize,
    /// How many calls of which the command could be read.
    pub calls: usize,
    /// Where a call stands of which it could not: file, line, column.
    pub unread: Vec<(String, u32, u32)>,
}

/// The app's own commands that no capability allows. `manifest` is the name and the text of the file
/// that tells of them.
#[must_use]
pub fn unused_commands(policy: &Policy, own: &Commands, manifest: (&str, &str)) -> Vec<Diagnostic> {
    let granted = Granted::of(policy);
    own.names()
        .filter(|name| !granted.names(name.as_str()))
        .map(|name| {
            let quoted = format!("\"{name}\"");
            let start = manifest.1.find(&quoted).unwrap_or_default();
            let span = start..start.saturating_add(quoted.len());
            let message = format!("no capability allows the command `{name}`");
            let mut warning =
                Diagnostic::in_text(Severity::Warning, "unused-command", manifest, span, message);
            "nobody can call it".clone_into(&mut warning.label);
            warning.help = Some(format!(
                "grant it with `allow = [{{ commands = [\"{name}\"] }}]`, or take the handler away"
            ));
            warning
        })
        .collect()
}

/// The calls in the pages that no capability allows, whatever the window.
#[must_use]
pub fn uncovered_calls(policy: &Policy, known: &Commands, pages: &FrontEnd) -> Drift {
    let granted = Granted::of(policy);
    let texts: Vec<_> = pages.files().collect();
    let shared = calls::wrappers(&texts);
    let mut drift = Drift { files: texts.len(), ..Drift::default() };
    for (name, text) in texts {
        let mut places = Places { text, line_start: 0, line: 1 };
        for call in calls(name, text, &shared) {
            match &call.command {
                None => {
                    let (line, column) = places.of(call.span.start);
                    drift.unread.push((name.to_owned(), line, column));
                }
                Some(command) => {
                    drift.calls = drift.calls.saturating_add(1);
                    let is_shown = !granted.names(command) && !is_on_purpose(text, call.span.start);
                    if is_shown && drift.diagnostics.len() < MAX_CALLS {
                        drift.diagnostics.push(uncovered(command, call.span, (name, text), known));
                    }
                }
            }
        }
    }
    drift
}

/// Lines and columns of ever later bytes of a text, found in one walk through it.
struct Places<'t> {
    text: &'t str,
    line_start: usize,
    line: u32,
}

impl Places<'_> {
    /// Line and column (in characters), both from 1.
    fn of(&mut self, at: usize) -> (u32, u32) {
        while let Some(end) =
            self.text.get(self.line_start..at).and_then(|before| before.find('\n'))
        {
            self.line_start = self.line_start.saturating_add(end).saturating_add(1);
            self.line = self.line.saturating_add(1);
        }
        let before = self.text.get(self.line_start..at).unwrap_or_default().chars().count();
        (self.line, u32::try_from(before.saturating_add(1)).unwrap_or(u32::MAX))
    }
}

/// Whether the line at `at`, or the one above, says that the call is there to be refused.
fn is_on_purpose(text: &str, at: usize) -> bool {
    let start = text.get(..at).unwrap_or_default();
    let above = start.rmatch_indices('\n').nth(1).map_or(0, |(line, _)| line);
    let below = text.get(at..).unwrap_or_default();
    let end = below.find('\n').map_or(text.len(), |length| at.saturating_add(length));
    text.get(above..end).is_some_and(|lines| lines.contains(ON_PURPOSE))
}

fn uncovered(
    command: &str,
    span: Range<usize>,
    place: (&str, &str),
    known: &Commands,
) -> Diagnostic {
    let message = format!("no capability allows the command `{command}`, which is called here");
    let mut warning =
        Diagnostic::in_text(Severity::Warning, "uncovered-call", place, span, message);
    "every such call is refused".clone_into(&mut warning.label);
    warning.help = Some(match CommandName::parse(command) {
        Err(error) => format!("{error}"),
        Ok(name) if known.get(name.as_str()).is_none() => {
            format!("there is no handler for `{name}` either")
        }
        Ok(name) => format!(
            "grant it with `allow = [{{ commands = [\"{name}\"] }}]`, or take the call away"
        ),
    });
    warning
}

/// The files of the pages as sources, for a diagnostic to be drawn.
#[must_use]
pub fn sources<'t>(texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> Sources {
    Sources::from_texts(texts)
}

/// The patterns of commands that some allow entry has.
struct Granted(Vec<String>);

impl Granted {
    fn of(policy: &Policy) -> Self {
        let entries = policy.outline().into_iter().flat_map(|capability| capability.allow);
        let mut patterns: Vec<_> = entries.flat_map(|entry| entry.commands).collect();
        patterns.sort();
        patterns.dedup();
        Self(patterns)
    }

    fn names(&self, command: &str) -> bool {
        self.0.iter().any(|pattern| matches(pattern, command))
    }
}

/// Whether a pattern of the policy matches: `*` is any run of characters.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((front, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut left) = text.strip_prefix(front) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        // The first place is as good as any: what follows may begin right behind it.
        let Some((_, after)) = left.split_once(part) else {
            return false;
        };
        left = after;
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests;
