//! Argument schemas: JSON Schema (draft 2020-12), as far as it is enforced here, compiled within a
//! budget. What a handler wants of its arguments is the handler's own schema; this is the policy's
//! narrower one.

mod keywords;

use serde_json::Value;

pub(crate) use keywords::SchemaError;

use crate::args::Args;

/// The most bytes of one compiled regular expression. `^[a-z0-9-]{1,64}$` takes about two
/// thousand; what takes more than this takes noticeable time to compile.
const MAX_PATTERN_SIZE: usize = 128 * 1024;

/// The most bytes of what a schema error says.
const MAX_MESSAGE_BYTES: usize = 200;

/// A compiled schema of arguments.
#[derive(Debug)]
pub(crate) struct Schema {
    written: Value,
    compiled: sidegate_schemas::Schema,
}

/// What all schemas of a policy may take together.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Subschemas, with those that references bring in.
    pub(crate) nodes: usize,
    /// Regular expressions.
    pub(crate) patterns: usize,
}

impl Default for Budget {
    fn default() -> Self {
        // A hundred thousand nodes compile in about a second; a thousand patterns, each of them
        // within its own bound, in about two.
        Self { nodes: 100_000, patterns: 1_000 }
    }
}

/// How arguments fail a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// The JSON pointer of the argument.
    pub(crate) pointer: String,
    /// What is wrong; never the value.
    pub(crate) message: String,
}

impl Schema {
    /// Checks and compiles a schema.
    pub(crate) fn compile(schema: &Value, budget: &mut Budget) -> Result<Self, SchemaError> {
        keywords::check(schema, budget)?;
        let compiled = sidegate_schemas::Schema::of_policy(schema, MAX_PATTERN_SIZE);
        compiled.map(|compiled| Self { written: schema.clone(), compiled }).map_err(|fault| {
            SchemaError {
                message: format!("the schema does not compile: {}", sentence(&fault.message)),
                pointer: fault.pointer,
                help: None,
            }
        })
    }

    /// The schema as written.
    pub(crate) fn written(&self) -> &Value {
        &self.written
    }

    /// Whether the arguments are as the schema says.
    pub(crate) fn accepts(&self, args: &Args) -> bool {
        self.compiled.accepts(args.as_value())
    }

    /// The first way in which they are not.
    pub(crate) fn mismatch(&self, args: &Args) -> Option<Mismatch> {
        let fault = self.compiled.fault(args.as_value(), "the value")?;
        Some(Mismatch { message: sentence(&fault.message), pointer: fault.pointer })
    }
}

/// A library's message as a part of a sentence of ours.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    clip(first.into_iter().chain(letters).collect())
}

fn clip(message: String) -> String {
    let whole = message.len() <= MAX_MESSAGE_BYTES;
    let end = (0..=MAX_MESSAGE_BYTES).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
    match message.get(..end) {
        Some(front) if !whole => format!("{front}…"),
        _ => message,
    }
}

#[cfg(test)]
mod tests;
