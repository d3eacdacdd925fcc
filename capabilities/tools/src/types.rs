//! TypeScript declarations of just what one window may call: the bridge as it is in a page, and for
//! each command the type of its arguments and of its result.
//!
//! A type is never narrower than what is allowed: whatever the policy lets through also compiles.
//! It is often wider, since a type cannot say all that a policy says; what it leaves out stands in
//! the comment. Declarations are for the page's author; a call is judged by the broker alone.

mod filter;
mod pattern;
mod schema;
mod write;

use serde_json::Value;
use sidegate_capabilities::{Directories, Platform, Policy, Principal, WallTime};

use crate::commands::Commands;
use crate::reach::reached;

pub(crate) use schema::definition;

/// What stands behind the declarations.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'g> {
    /// The policy.
    pub policy: &'g Policy,
    /// The moment for which they are written.
    pub now: WallTime,
    /// The commands that there are handlers for.
    pub commands: &'g Commands,
    /// The directories behind the variables: which of them lie within which.
    pub directories: &'g Directories,
    /// The operating system: on Windows the text of a path has more spellings than a type can say.
    pub platform: Platform,
}

/// The text of a `.d.ts` file, and the commands that it declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declarations {
    /// The file.
    pub text: String,
    /// The names of the commands, sorted.
    pub commands: Vec<String>,
}

/// The declarations for the documents of a principal.
#[must_use]
pub fn declarations(principal: &Principal, ground: Ground<'_>) -> Declarations {
    let reached = reached(ground.policy, principal, ground.now, ground.commands);
    let mut text = write::head(principal);
    for command in &reached {
        write::command(&mut text, command, ground);
    }
    text.push_str(write::TAIL);
    let commands = reached.iter().map(|one| one.command.to_string()).collect();
    Declarations { text, commands }
}

/// A text as a TypeScript string literal. JSON's escapes are JavaScript's.
fn literal(text: &str) -> String {
    Value::from(text).to_string()
}

/// A text within a comment: it must not end it.
fn comment(text: &str) -> String {
    text.replace("*/", "*\\/")
}
