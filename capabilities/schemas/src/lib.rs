//! Compiled JSON Schemas, and nothing else: what a schema may say, and what becomes of arguments that
//! do not fit it, is for those who use this.
//!
//! It is a crate of its own because the library behind it is generic: each crate that calls it gets
//! a copy of it, a megabyte each, compiled as that crate is. This one is compiled to be small, and is
//! the only one that calls it.

use jsonschema::{Draft, PatternOptions, ValidationError, ValidationOptions, Validator};
use serde_json::Value;

/// A compiled schema. Its regular expressions take time linear in what they are matched with, and it
/// refers to nothing outside itself.
#[derive(Debug)]
pub struct Schema(Validator);

/// What is wrong, with a schema or with a value, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// The JSON pointer of it.
    pub pointer: String,
    /// A sentence of the library. That of a value does not repeat the value.
    pub message: String,
}

impl Schema {
    /// Compiles the schema of a handler, which is the app's own: its expressions have no bound but
    /// the library's.
    ///
    /// # Errors
    /// Where it is not a schema, or refers to another.
    pub fn of_handler(schema: &Value) -> Result<Self, Fault> {
        compile(jsonschema::options().with_pattern_options(PatternOptions::regex()), schema)
    }

    /// Compiles the schema of a policy, of draft 2020-12, none of whose regular expressions may take
    /// more than `pattern_bytes` when compiled.
    ///
    /// # Errors
    /// Where it is not a schema, refers to another, or has an expression that takes more.
    pub fn of_policy(schema: &Value, pattern_bytes: usize) -> Result<Self, Fault> {
        let patterns =
            PatternOptions::regex().size_limit(pattern_bytes).dfa_size_limit(pattern_bytes);
        let options = jsonschema::options().with_draft(Draft::Draft202012);
        compile(options.with_pattern_options(patterns), schema)
    }

    /// Whether `value` is as the schema says.
    #[must_use]
    pub fn accepts(&self, value: &Value) -> bool {
        self.0.is_valid(value)
    }

    /// The first thing wrong with `value`, which the message calls `called`.
    #[must_use]
    pub fn fault(&self, value: &Value, called: &str) -> Option<Fault> {
        let error = self.0.validate(value).err()?;
        Some(Fault { message: error.masked_with(called).to_string(), pointer: pointer(&error) })
    }
}

fn compile(options: ValidationOptions<'_>, schema: &Value) -> Result<Schema, Fault> {
    let compiled = options.offline().build(schema);
    compiled
        .map(Schema)
        .map_err(|error| Fault { pointer: pointer(&error), message: error.to_string() })
}

fn pointer(error: &ValidationError<'_>) -> String {
    error.instance_path().to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use serde_json::json;

    const BOUND: usize = 128 << 10;

    #[test]
    fn a_fault_says_where_and_never_what() {
        let schema = json!({ "properties": { "name": { "maxLength": 3 } }, "required": ["name"] });
        for schema in [Schema::of_handler(&schema), Schema::of_policy(&schema, BOUND)] {
            let schema = schema.unwrap();
            assert!(schema.accepts(&json!({ "name": "abc" })));
            assert_eq!(schema.fault(&json!({ "name": "abc" }), "it"), None);
            let fault = schema.fault(&json!({ "name": "secret" }), "it").unwrap();
            assert_eq!(fault.pointer, "/name");
            assert!(fault.message.starts_with("it is longer"), "{fault}");
            assert!(!schema.accepts(&json!({})));
        }
    }

    #[test]
    fn what_refers_elsewhere_does_not_compile() {
        for reference in ["https://example.com/schema", "file:///etc/passwd", "other.json"] {
            let schema = json!({ "$ref": reference });
            assert!(Schema::of_handler(&schema).is_err(), "{reference}");
            assert!(Schema::of_policy(&schema, BOUND).is_err(), "{reference}");
        }
    }

    #[test]
    fn an_expression_is_linear_and_bounded() {
        let pattern = |pattern: &str| json!({ "pattern": pattern });
        // Wants to go back.
        assert!(Schema::of_handler(&pattern("^(a)\\1$")).is_err());
        assert!(Schema::of_policy(&pattern("^(a)\\1$"), BOUND).is_err());
        assert!(Schema::of_policy(&pattern("^[a-z]{1,64}$"), BOUND).is_ok());
        assert!(Schema::of_policy(&pattern("^(\\w{1,100}){1,100}$"), BOUND).is_err());
    }
}
