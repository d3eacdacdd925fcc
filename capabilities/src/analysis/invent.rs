//! Arguments made up so that they satisfy some schemas and fail others. A guess, checked by the schemas
//! themselves: what is returned is right, and what is not found may exist all the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::kinds::shortest_with;
use crate::args::Args;
use crate::schema::Schema;

/// The most arguments that are tried for one candidate.
const MAX_TRIES: usize = 256;

/// The most schemas inside one another that are followed.
const MAX_DEPTH: usize = 8;

/// The longest text and list that is made up.
const MAX_LENGTH: u64 = 1_024;

/// The resource arguments that are given, and whatever else makes the schemas say what they should.
pub(super) fn arguments(
    named: &Map<String, Value>,
    wanted: &[Arc<Schema>],
    refused: &[Arc<Schema>],
) -> Vec<Args> {
    let mut base = named.clone();
    for schema in wanted {
        satisfy(schema.written(), schema.written(), &mut base, 0);
    }
    let mut tries = vec![base.clone()];
    for schema in wanted.iter().chain(refused) {
        let mut names = BTreeSet::new();
        properties(schema.written(), &mut names, 0);
        for name in names.iter().filter(|name| !named.contains_key(*name)) {
            let values = values_near(schema.written(), name);
            let with = values.into_iter().map(|value| {
                let mut tried = base.clone();
                tried.insert(name.clone(), value);
                tried
            });
            tries.extend(with);
            let mut without = base.clone();
            without.remove(name);
            tries.push(without);
        }
    }
    let mut extra = base;
    extra.insert("other".to_owned(), Value::Bool(true));
    tries.push(extra);
    tries.truncate(MAX_TRIES);
    let fits = |args: &Args| {
        wanted.iter().all(|schema| schema.accepts(args))
            && !refused.iter().any(|schema| schema.accepts(args))
    };
    tries.into_iter().map(Args::new).filter(fits).take(1).collect()
}

/// Adds what an object schema requires.
fn satisfy(schema: &Value, root: &Value, object: &mut Map<String, Value>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let schema = resolved(schema, root);
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if !object.contains_key(name) {
            let property = schema.get("properties").and_then(|all| all.get(name));
            let value = property.map_or(Value::Bool(true), |one| value(one, root, depth));
            object.insert(name.to_owned(), value);
        }
    }
    let all = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    let first = ["anyOf", "oneOf"].into_iter().filter_map(|word| schema.get(word)?.get(0));
    for part in all.chain(first) {
        satisfy(part, root, object, depth.saturating_add(1));
    }
}

/// A value of a schema, as far as its plain keywords say.
fn value(schema: &Value, root: &Value, depth: usize) -> Value {
    let schema = resolved(schema, root);
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    if let Some(value) = schema.get("const").or_else(|| schema.get("enum")?.get(0)) {
        return value.clone();
    }
    let kind = schema.get("type");
    let kind = kind.and_then(Value::as_str).or_else(|| kind?.get(0)?.as_str());
    let has = |words: &[&str]| words.iter().any(|word| schema.get(*word).is_some());
    match kind {
        Some("string") => string(schema),
        Some("integer" | "number") => number(schema),
        Some("boolean") => Value::Bool(true),
        Some("null") => Value::Null,
        Some("array") => array(schema, root, depth),
        Some("object") => object(schema, root, depth),
        _ if has(&["minLength", "maxLength", "pattern"]) => string(schema),
        _ if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]) => number(schema),
        _ if has(&["properties", "required"]) => object(schema, root, depth),
        _ => Value::from("a"),
    }
}

fn string(schema: &Value) -> Value {
    let least = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0).min(MAX_LENGTH);
    let least = usize::try_from(least).unwrap_or(0);
    let pattern = schema.get("pattern").and_then(Value::as_str);
    let fitting = pattern.and_then(|pattern| shortest_with(pattern, least));
    Value::String(fitting.unwrap_or_else(|| "a".repeat(least)))
}

fn number(schema: &Value) -> Value {
    let bound = |word: &str| schema.get(word).and_then(Value::as_f64);
    let step = bound("multipleOf").unwrap_or(1.0);
    let up = |least: f64| (least / step).ceil() * step;
    let least = match (bound("minimum"), bound("exclusiveMinimum")) {
        (_, Some(above)) => up(above + step.min(f64::EPSILON.max(above.abs() * 1e-9))),
        (Some(least), None) => up(least),
        (None, None) => 0.0_f64,
    };
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|most| most - step));
    plain(most.map_or(least, |most| least.min(most)))
}

/// A whole number without a fraction, as people write it.
fn plain(number: f64) -> Value {
    let text = format!("{number}");
    text.parse::<i64>().map_or_else(|_| json!(number), Value::from)
}

fn array(schema: &Value, root: &Value, depth: usize) -> Value {
    let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(MAX_LENGTH);
    let item = schema.get("items").unwrap_or(&Value::Bool(true));
    let one = value(item, root, depth.saturating_add(1));
    Value::Array((0..least).map(|_| one.clone()).collect())
}

fn object(schema: &Value, root: &Value, depth: usize) -> Value {
    let mut object = Map::new();
    satisfy(schema, root, &mut object, depth.saturating_add(1));
    Value::Object(object)
}

fn resolved<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    let name = schema.get("$ref").and_then(Value::as_str);
    let name = name.and_then(|reference| reference.strip_prefix("#/$defs/"));
    name.and_then(|name| root.get("$defs")?.get(name)).unwrap_or(schema)
}

/// The arguments that a schema speaks of.
fn properties(schema: &Value, names: &mut BTreeSet<String>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    let known = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    names.extend(known.map(|(name, _)| name.clone()));
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    names.extend(required.filter_map(Value::as_str).map(str::to_owned));
    for word in ["allOf", "anyOf", "oneOf"] {
        for part in schema.get(word).and_then(Value::as_array).into_iter().flatten() {
            properties(part, names, depth.saturating_add(1));
        }
    }
    for word in ["not", "if", "then", "else"] {
        if let Some(part) = schema.get(word) {
            properties(part, names, depth.saturating_add(1));
        }
    }
}

/// Values on either side of what the schema says of an argument.
fn values_near(schema: &Value, name: &str) -> Vec<Value> {
    let mut values = Vec::new();
    let property = schema.get("properties").and_then(|all| all.get(name));
    if let Some(property) = property.map(|one| resolved(one, schema)) {
        values.push(value(property, schema, 0));
        let known = property.get("enum").and_then(Value::as_array).into_iter().flatten();
        values.extend(known.cloned());
        for word in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
            if let Some(bound) = property.get(word).and_then(Value::as_f64) {
                values.extend([bound - 1.0, bound, bound + 1.0].map(plain));
            }
        }
        for word in ["minLength", "maxLength"] {
            if let Some(bound) = property.get(word).and_then(Value::as_u64) {
                let around = [bound.saturating_sub(1), bound, bound.saturating_add(1)];
                let lengths = around.into_iter().filter(|length| *length <= MAX_LENGTH);
                let lengths = lengths.filter_map(|length| usize::try_from(length).ok());
                values.extend(lengths.map(|length| Value::String("a".repeat(length))));
            }
        }
    }
    values.extend([json!(null), json!(true), json!(false), json!(0), json!(1), json!("")]);
    values.extend([json!("other"), json!([]), json!({})]);
    values
}
