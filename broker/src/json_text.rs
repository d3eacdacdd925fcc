//! The JSON text of values. Long texts are most of what calls carry: one in which nothing has to be
//! escaped is copied in one piece, where the serializer would look at each byte by itself.

use std::fmt::Write;

use serde_json::Value;

/// Appends `value` as the serializer writes it.
pub(crate) fn push(json: &mut String, value: &Value) {
    match value {
        Value::Null => json.push_str("null"),
        Value::Bool(true) => json.push_str("true"),
        Value::Bool(false) => json.push_str("false"),
        Value::Number(number) => push_shown(json, number),
        Value::String(text) => push_text(json, text),
        Value::Array(items) => {
            let mut before = '[';
            for item in items {
                json.push(before);
                before = ',';
                push(json, item);
            }
            json.push_str(if items.is_empty() { "[]" } else { "]" });
        }
        Value::Object(members) => {
            let mut before = '{';
            for (name, member) in members {
                json.push(before);
                before = ',';
                push_text(json, name);
                json.push(':');
                push(json, member);
            }
            json.push_str(if members.is_empty() { "{}" } else { "}" });
        }
    }
}

/// Appends a text as the serializer writes it.
pub(crate) fn push_text(json: &mut String, text: &str) {
    // Of all bytes, so that many are looked at at once.
    let is_plain = |byte: u8| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
    if text.bytes().fold(true, |all, byte| all & is_plain(byte)) {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        push_shown(json, &Value::from(text));
    }
}

/// Appends a number.
pub(crate) fn push_number(json: &mut String, number: u64) {
    json.push_str(itoa::Buffer::new().format(number));
}

/// What shows itself as JSON.
fn push_shown(json: &mut String, shown: &impl std::fmt::Display) {
    // A `String` takes all that is written to it.
    let _written = write!(json, "{shown}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Number, json};

    fn text(value: &Value) -> String {
        let mut json = "before".to_owned();
        push(&mut json, value);
        json.strip_prefix("before").unwrap().to_owned()
    }

    fn values() -> impl Strategy<Value = Value> {
        let texts = prop_oneof![any::<String>(), "[ -~]{0,9}", "[\\x00-\\x7f]{0,99}"];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(|x| Number::from_f64(x).map_or(Value::Null, Value::Number)),
            texts.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                proptest::collection::btree_map(texts.clone(), inner, 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn what_is_empty_is_written() {
        for (value, expected) in [
            (json!([]), "[]"),
            (json!({}), "{}"),
            (json!(""), "\"\""),
            (json!([[], {"a": {}}, 1.0]), r#"[[],{"a":{}},1.0]"#),
            (json!("a\u{7f}é\u{2028}\n\"\\/"), "\"a\u{7f}é\u{2028}\\n\\\"\\\\/\""),
        ] {
            assert_eq!(text(&value), expected);
        }
    }

    proptest! {
        #[test]
        fn it_is_the_serializers_text(value in values()) {
            prop_assert_eq!(text(&value), serde_json::to_string(&value).unwrap());
        }
    }
}
