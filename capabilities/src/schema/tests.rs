//! Which schemas are taken, and what they say of arguments.

use std::time::{Duration, Instant};

use super::*;
use serde_json::json;

fn refusal(schema: &Value) -> String {
    match Schema::compile(schema, &mut Budget::default()) {
        Ok(_) => panic!("{schema} compiles"),
        Err(error) => format!("{}: {}", error.pointer, error.message),
    }
}

fn args(value: &Value) -> Args {
    Args::new(value.as_object().unwrap().clone())
}

#[test]
fn arguments_are_checked() {
    let schema = json!({
        "properties": {
            "path": {"type": "string", "maxLength": 5, "pattern": "^[a-z]+$"},
            "n": {"$ref": "#/$defs/small"},
        },
        "required": ["path"],
        "additionalProperties": false,
        "$defs": {"small": {"type": "integer", "minimum": 0, "maximum": 9}},
    });
    let schema = Schema::compile(&schema, &mut Budget::default()).unwrap();
    let cases = [
        (json!({"path": "abc"}), None),
        (json!({"path": "abc", "n": 9}), None),
        (json!({"path": "abcdef"}), Some("/path")),
        (json!({"path": "ABC"}), Some("/path")),
        (json!({"path": 1}), Some("/path")),
        (json!({"path": "a", "n": 10}), Some("/n")),
        (json!({}), Some("")),
        (json!({"path": "a", "x": 1}), Some("")),
    ];
    for (value, pointer) in cases {
        let args = args(&value);
        let mismatch = schema.mismatch(&args);
        assert_eq!(mismatch.as_ref().map(|m| m.pointer.as_str()), pointer, "{args:?}");
        assert_eq!(schema.accepts(&args), mismatch.is_none());
    }
}

#[test]
fn a_mismatch_never_repeats_the_value() {
    let schema = json!({"properties": {"key": {"enum": ["a"], "maxLength": 3}}});
    let schema = Schema::compile(&schema, &mut Budget::default()).unwrap();
    let mismatch = schema.mismatch(&args(&json!({"key": "hunter2"}))).unwrap();
    assert!(!mismatch.message.contains("hunter2"), "{}", mismatch.message);
}

#[test]
fn unknown_keywords_are_refused() {
    let cases = [
        (
            json!({"properties": {"a": {"maxLenght": 1}}}),
            "/properties/a/maxLenght: unknown keyword `maxLenght` in a schema",
        ),
        (json!({"$id": "x"}), "/$id: unknown keyword `$id` in a schema"),
        (json!({"definitions": {}}), "/definitions: unknown keyword `definitions` in a schema"),
        (
            json!({"$schema": "http://json-schema.org/draft-07/schema#"}),
            "/$schema: the schema is of another dialect",
        ),
        (json!({"properties": {"a": 1}}), "/properties/a: a schema is a table, `true` or `false`"),
    ];
    for (schema, expected) in cases {
        assert_eq!(refusal(&schema), expected);
    }
    assert!(refusal(&json!({"type": "strnig"})).contains("does not compile"));
}

#[test]
fn d10_a_format_that_is_not_enforced_is_refused() {
    let schema = json!({"properties": {"url": {"format": "uri"}}});
    assert_eq!(refusal(&schema), "/properties/url/format: `format` is not enforced");
}

#[test]
fn d11_a_reference_out_of_the_schema_is_refused() {
    let targets = [
        "http://127.0.0.1:1/x.json",
        "https://example.com/schema",
        "file:///etc/passwd",
        "other.json",
        "#",
        "#/properties/a",
        "#/$defs/none",
        "#/$defs/a/b",
        "#anchor",
        "",
    ];
    for target in targets {
        let schema = json!({"properties": {"a": {"$ref": target}}, "$defs": {"a": {}}});
        assert_eq!(
            refusal(&schema),
            "/properties/a/$ref: a `$ref` names a definition of the same schema",
            "{target}"
        );
    }
    assert!(refusal(&json!({"$dynamicRef": "#/$defs/a"})).contains("unknown keyword"));
}

#[test]
fn d12_patterns_are_linear_and_compile_within_a_budget() {
    let hostile = [
        r"^(?=a)(a|a)*\1$",
        "(?:a{1000}){1000}",
        r"\pL{200}",
        "(((((a{50}){50}){50}){50}){50})",
        "(",
        &"a?".repeat(300),
    ];
    for pattern in hostile {
        let begin = Instant::now();
        refusal(&json!({"properties": {"a": {"pattern": pattern}}}));
        refusal(&json!({"patternProperties": {pattern: {}}}));
        assert!(begin.elapsed() < Duration::from_secs(2), "{pattern} took {:?}", begin.elapsed());
    }
    let mut budget = Budget { patterns: 1, ..Budget::default() };
    let schema = json!({"properties": {"a": {"pattern": "a"}, "b": {"pattern": "b"}}});
    assert!(
        Schema::compile(&schema, &mut budget).is_err(),
        "the budget is for all schemas together"
    );
}

#[test]
fn references_neither_explode_nor_return() {
    assert!(
        refusal(&json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}))
            .contains("comes back")
    );
    let mut defs = serde_json::Map::new();
    for n in 0..20 {
        let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
        defs.insert(format!("d{n}"), json!({"allOf": [next, next]}));
    }
    defs.insert("d20".into(), json!({}));
    let begin = Instant::now();
    let message = refusal(&json!({"$ref": "#/$defs/d0", "$defs": defs}));
    assert!(message.contains("too large together"), "{message}");
    assert!(begin.elapsed() < Duration::from_secs(5));
}
