//! The JSON Schema of a command's arguments, derived from their Rust type, and made strict.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::Resource;

/// The schema of `A`; a member that `A` does not name is refused even where the type itself
/// would ignore it.
pub(super) fn of_arguments<A: JsonSchema>() -> Map<String, Value> {
    let mut object = of::<A>(SchemaSettings::draft2020_12());
    object.insert("additionalProperties".to_owned(), json!(false));
    object
}

/// The schema of `R` as it is written.
pub(super) fn of_result<R: JsonSchema>() -> Value {
    Value::Object(of::<R>(SchemaSettings::draft2020_12().for_serialize()))
}

fn of<T: JsonSchema>(settings: SchemaSettings) -> Map<String, Value> {
    // Everything inlined that can be: a `$ref` stays within the schema.
    let settings = settings.with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    let mut object = std::mem::take(schema.ensure_object());
    object.remove("$schema");
    object
}

/// The schema of `arguments` and, beside them, of the resources that the command takes and of
/// those that it may take.
pub(super) fn with_resources(
    mut arguments: Map<String, Value>,
    resources: &[Resource],
    optional: &[Resource],
) -> Value {
    for resource in resources.iter().chain(optional) {
        let properties = arguments.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert(resource.argument().to_owned(), json!({ "type": "string" }));
        }
    }
    for resource in resources {
        let name = resource.argument();
        let required = arguments.entry("required").or_insert_with(|| json!([]));
        if let Some(required) = required.as_array_mut() {
            required.push(json!(name));
        }
    }
    Value::Object(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Write {
        text: String,
        times: Option<u32>,
    }

    #[test]
    fn a_derived_schema_is_strict_and_knows_the_resources() {
        let schema = with_resources(of_arguments::<Write>(), &[Resource::Path], &[Resource::Key]);
        let validator = jsonschema::validator_for(&schema).unwrap();
        for (args, valid) in [
            (json!({ "path": "a", "text": "b" }), true),
            (json!({ "path": "a", "text": "b", "times": 2 }), true),
            (json!({ "path": "a", "text": "b", "key": "c" }), true),
            (json!({ "path": "a", "text": "b", "key": 1 }), false),
            (json!({ "key": "a", "text": "b" }), false),
            (json!({ "path": "a", "text": "b", "times": -2 }), false),
            (json!({ "path": "a", "text": "b", "more": 1 }), false),
            (json!({ "text": "b" }), false),
            (json!({ "path": 1, "text": "b" }), false),
            (json!(["a", "b"]), false),
        ] {
            assert_eq!(validator.is_valid(&args), valid, "{args}");
        }
    }
}
