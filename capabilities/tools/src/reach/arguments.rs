//! Arguments that a command's schema takes and a policy's narrower one too: guesses, of which
//! `decide` says whether they are right.

use serde_json::{Map, Value, json};

use crate::commands::Signature;

/// The most combinations of arguments that are made.
const MAX_SAMPLES: usize = 64;

/// How deep a value is made.
const MAX_DEPTH: usize = 6;

/// The arguments beside the resources.
pub(super) fn samples(signature: &Signature, policy: Option<&Value>) -> Vec<Map<String, Value>> {
    let own = signature.args.clone().map_or(Value::Bool(true), Value::Object);
    let policy = policy.unwrap_or(&Value::Bool(true));
    let resources = || signature.resources.iter().chain(&signature.optional);
    let is_resource = |name: &str| resources().any(|resource| resource.argument() == name);
    let mut samples = vec![Map::new()];
    for name in
        required(&own).chain(required(policy).filter(|name| required(&own).all(|own| own != *name)))
    {
        if is_resource(name) {
            continue;
        }
        let mut values =
            property(policy, name).map(|schema| values(schema, policy, 0)).unwrap_or_default();
        values.extend(
            property(&own, name)
                .map_or_else(|| vec![json!("w")], |schema| self::values(schema, &own, 0)),
        );
        values.dedup();
        samples = samples
            .iter()
            .flat_map(|sample| {
                values.iter().map(|value| {
                    let mut sample = sample.clone();
                    sample.insert(name.to_owned(), value.clone());
                    sample
                })
            })
            .take(MAX_SAMPLES)
            .collect();
    }
    samples
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn property<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    schema.get("properties")?.get(name)
}

/// A few values that a schema might take.
fn values(schema: &Value, root: &Value, depth: usize) -> Vec<Value> {
    if depth > MAX_DEPTH {
        return Vec::new();
    }
    let deeper = depth.saturating_add(1);
    if let Some(value) = schema.get("const") {
        return vec![value.clone()];
    }
    if let Some(list) = schema.get("enum").and_then(Value::as_array) {
        return list.iter().take(8).cloned().collect();
    }
    if let Some(schema) = crate::types::definition(schema, root) {
        return values(schema, root, deeper);
    }
    for keyword in ["anyOf", "oneOf"] {
        if let Some(list) = schema.get(keyword).and_then(Value::as_array) {
            return list.iter().take(8).flat_map(|one| values(one, root, deeper)).collect();
        }
    }
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => vec!["string", "integer", "boolean", "null", "object", "array"],
    };
    kinds.iter().flat_map(|kind| of_kind(kind, schema, root, deeper)).collect()
}

fn of_kind(kind: &str, schema: &Value, root: &Value, depth: usize) -> Vec<Value> {
    match kind {
        "string" => {
            let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or_default();
            let least = usize::try_from(least).unwrap_or_default().min(1_024);
            ["w", "7", ""]
                .iter()
                .map(|text| {
                    json!(format!("{text}{}", "w".repeat(least.saturating_sub(text.len()))))
                })
                .collect()
        }
        "integer" | "number" => {
            let bounds =
                ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
            let near =
                bounds.iter().filter_map(|bound| schema.get(*bound)).filter_map(Value::as_i64);
            let near = near.flat_map(|at| [at, at.saturating_add(1), at.saturating_sub(1)]);
            [0, 1].into_iter().chain(near).map(Value::from).collect()
        }
        "boolean" => vec![json!(false), json!(true)],
        "null" => vec![Value::Null],
        "array" => {
            let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or_default().min(16);
            let item =
                schema.get("items").and_then(|items| values(items, root, depth).into_iter().next());
            let item = item.unwrap_or_else(|| json!("w"));
            vec![Value::Array((0..least).map(|_| item.clone()).collect())]
        }
        "object" => {
            let member = |name: &str| {
                let value = property(schema, name)
                    .and_then(|one| values(one, root, depth).into_iter().next());
                (name.to_owned(), value.unwrap_or_else(|| json!("w")))
            };
            vec![Value::Object(required(schema).map(member).collect())]
        }
        _ => Vec::new(),
    }
}
