//! Which JSON Schemas a policy may hold: every keyword known and enforced, every reference within the
//! schema, and none that comes back to itself.
//!
//! A keyword that is passed over in silence is a rule that does not hold, so annotations that look
//! like rules (`format`) are refused.

use serde_json::{Map, Value};

use super::Budget;
use crate::written::{did_you_mean, escape};

/// The most bytes of one regular expression as written.
const MAX_PATTERN_BYTES: usize = 512;

/// The most schemas inside one another, references followed.
const MAX_DEPTH: usize = 64;

/// Keywords whose value is one schema.
const ONE: [&str; 10] = [
    "additionalProperties",
    "items",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Keywords whose value is a list of schemas.
const LIST: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];

/// Keywords whose value is schemas by name.
const NAMED: [&str; 4] = ["properties", "patternProperties", "dependentSchemas", "$defs"];

/// Keywords whose value is no schema.
const PLAIN: [&str; 20] = [
    "type",
    "enum",
    "const",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxContains",
    "minContains",
    "maxProperties",
    "minProperties",
    "required",
    "dependentRequired",
];

/// Keywords that say something to people alone, and do not look as if they did more.
const REMARKS: [&str; 6] =
    ["$comment", "title", "description", "default", "examples", "deprecated"];

/// Keywords of the standard that nothing here enforces.
const UNENFORCED: [(&str, &str); 6] = [
    ("format", "write a `pattern` instead"),
    ("contentEncoding", "leave it out"),
    ("contentMediaType", "leave it out"),
    ("contentSchema", "leave it out"),
    ("readOnly", "leave it out"),
    ("writeOnly", "leave it out"),
];

/// The dialect, where a schema names one.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// What is wrong with a schema, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SchemaError {
    /// The JSON pointer of the place.
    pub(crate) pointer: String,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl SchemaError {
    fn new(pointer: &str, message: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), message: message.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Checks a schema and takes what it costs out of the budget.
pub(super) fn check(root: &Value, budget: &mut Budget) -> Result<(), SchemaError> {
    Walk { root, budget, open: Vec::new() }.schema(root, "", 0)
}

struct Walk<'w> {
    root: &'w Value,
    budget: &'w mut Budget,
    /// The references that are being followed.
    open: Vec<String>,
}

impl Walk<'_> {
    fn schema(&mut self, schema: &Value, at: &str, depth: usize) -> Result<(), SchemaError> {
        self.budget.nodes = self.budget.nodes.checked_sub(1).ok_or_else(|| {
            SchemaError::new(at, "the schemas of the policy are too large together")
        })?;
        if depth > MAX_DEPTH {
            return Err(SchemaError::new(at, "the schema is nested too deeply"));
        }
        let Value::Object(keywords) = schema else {
            let message = "a schema is a table, `true` or `false`";
            return if schema.is_boolean() { Ok(()) } else { Err(SchemaError::new(at, message)) };
        };
        for (keyword, value) in keywords {
            self.keyword(keyword, value, at, depth.saturating_add(1))?;
        }
        Ok(())
    }

    fn keyword(
        &mut self,
        keyword: &str,
        value: &Value,
        parent: &str,
        depth: usize,
    ) -> Result<(), SchemaError> {
        let at = &format!("{parent}/{}", escape(keyword));
        match keyword {
            "pattern" => self.pattern(value.as_str().unwrap_or_default(), at),
            "$ref" => self.reference(value, at, depth),
            "$schema" if value == DIALECT => Ok(()),
            "$schema" => Err(SchemaError::new(at, "the schema is of another dialect")
                .help(format!("leave it out, or write `{DIALECT}`"))),
            _ if ONE.contains(&keyword) => self.schema(value, at, depth),
            _ if LIST.contains(&keyword) => {
                let items = value.as_array().into_iter().flatten().enumerate();
                items
                    .map(|(n, item)| (format!("{at}/{n}"), item))
                    .try_for_each(|(at, item)| self.schema(item, &at, depth))
            }
            _ if NAMED.contains(&keyword) => self.named(keyword, value.as_object(), at, depth),
            _ if PLAIN.contains(&keyword) || REMARKS.contains(&keyword) => Ok(()),
            _ => Err(unknown(keyword, at)),
        }
    }

    fn named(
        &mut self,
        keyword: &str,
        schemas: Option<&Map<String, Value>>,
        at: &str,
        depth: usize,
    ) -> Result<(), SchemaError> {
        for (name, schema) in schemas.into_iter().flatten() {
            let at = format!("{at}/{}", escape(name));
            if keyword == "patternProperties" {
                self.pattern(name, &at)?;
            }
            self.schema(schema, &at, depth)?;
        }
        Ok(())
    }

    fn pattern(&mut self, pattern: &str, at: &str) -> Result<(), SchemaError> {
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(SchemaError::new(at, "a pattern is at most 512 bytes long"));
        }
        self.budget.patterns = self.budget.patterns.checked_sub(1).ok_or_else(|| {
            SchemaError::new(at, "the schemas of the policy have too many patterns together")
        })?;
        Ok(())
    }

    /// Follows a reference, so that what it brings in is counted where it is brought in: twenty
    /// definitions that each name the next one twice are a million schemas.
    fn reference(&mut self, value: &Value, at: &str, depth: usize) -> Result<(), SchemaError> {
        let target = value.as_str().unwrap_or_default();
        let definition = target
            .strip_prefix("#/$defs/")
            .filter(|name| !name.contains(['/', '~', '%']))
            .and_then(|name| self.root.get("$defs")?.get(name));
        let Some(definition) = definition else {
            return Err(SchemaError::new(at, "a `$ref` names a definition of the same schema")
                .help("write `#/$defs/NAME`, and the definition under `$defs`"));
        };
        if self.open.iter().any(|open| open == target) {
            return Err(SchemaError::new(at, "the definition comes back to itself")
                .help("write the levels out that a call needs"));
        }
        self.open.push(target.to_owned());
        let definition = definition.clone();
        let result = self.schema(&definition, at, depth);
        self.open.pop();
        result
    }
}

fn unknown(keyword: &str, at: &str) -> SchemaError {
    if let Some((_, help)) = UNENFORCED.iter().find(|(known, _)| *known == keyword) {
        return SchemaError::new(at, format!("`{keyword}` is not enforced")).help(*help);
    }
    let known =
        ONE.into_iter().chain(LIST).chain(NAMED).chain(PLAIN).chain(REMARKS).chain(["$ref"]);
    let error = SchemaError::new(at, format!("unknown keyword `{keyword}` in a schema"));
    SchemaError { help: did_you_mean(keyword, known), ..error }
}
