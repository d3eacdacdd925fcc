//! The settings as they stand in their file: one JSON object, a key a line. No file is opened here.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use super::key::Key;
use super::{MAX_DEPTH, MAX_FILE_BYTES, MAX_KEYS, MAX_VALUE_BYTES, SettingsError};

/// All keys with their values; none of them null, all within the bounds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Document(BTreeMap<Key, Value>);

/// What is wrong with a text, and where.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) why: String,
}

impl Document {
    /// Reads all of a text or refuses it.
    pub(super) fn parse(text: &str) -> Result<Self, Mistake> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let values = reader.deserialize_map(Entries).and_then(|values| {
            reader.end()?;
            Ok(values)
        });
        values.map(Self).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let shown = error.to_string();
            // The place has fields of its own.
            let why = shown.strip_suffix(&format!(" at line {line} column {column}"));
            Mistake { line, column, why: why.unwrap_or(&shown).to_owned() }
        })
    }

    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.0.keys().map(|key| key.as_str().to_owned()).collect()
    }

    /// The document with a value changed; `None` when that would change nothing.
    pub(super) fn with(&self, key: Key, value: Value) -> Result<Option<Self>, SettingsError> {
        let old = self.0.get(&key);
        if value == *old.unwrap_or(&Value::Null) {
            return Ok(None);
        }
        if old.is_none() && self.0.len() >= MAX_KEYS {
            return Err(SettingsError::TooManyKeys);
        }
        let mut next = self.0.clone();
        if value.is_null() {
            next.remove(&key);
        } else {
            next.insert(key, value);
        }
        Ok(Some(Self(next)))
    }

    /// The text of its file.
    pub(super) fn to_text(&self) -> Result<String, SettingsError> {
        let mut text = String::from("{");
        let mut separator = "\n";
        for (key, value) in &self.0 {
            // A key needs no escapes, and a value prints itself as JSON.
            text.push_str(&format!("{separator}  \"{}\": {value}", key.as_str()));
            separator = ",\n";
        }
        text.push_str("\n}\n");
        match text.len() <= MAX_FILE_BYTES {
            true => Ok(text),
            false => Err(SettingsError::FileTooLarge),
        }
    }
}

/// Whether a value may be kept: neither too deep to be read back nor too large.
pub(super) fn check_value(key: &Key, value: &Value) -> Result<(), SettingsError> {
    let key = || key.as_str().to_owned();
    if is_deeper_than(MAX_DEPTH, value) {
        return Err(SettingsError::ValueTooDeep { key: key() });
    }
    if value.to_string().len() > MAX_VALUE_BYTES {
        return Err(SettingsError::ValueTooLarge { key: key() });
    }
    Ok(())
}

fn is_deeper_than(depth: usize, value: &Value) -> bool {
    let deeper = |inner: &Value| match depth.checked_sub(1) {
        Some(left) => is_deeper_than(left, inner),
        None => true,
    };
    match value {
        Value::Array(items) => depth == 0 || items.iter().any(deeper),
        Value::Object(fields) => depth == 0 || fields.values().any(deeper),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Reads the object of a file under the same bounds as a change, each key once.
struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = BTreeMap<Key, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = BTreeMap::new();
        while let Some(text) = map.next_key::<String>()? {
            let key = Key::parse(&text).map_err(A::Error::custom)?;
            if values.contains_key(&key) {
                return Err(A::Error::custom(format_args!("`{text}` stands there twice")));
            }
            if values.len() >= MAX_KEYS {
                return Err(A::Error::custom(SettingsError::TooManyKeys));
            }
            let value = map.next_value()?;
            check_value(&key, &value).map_err(A::Error::custom)?;
            values.insert(key, value);
        }
        // A key that stands there as null is as good as absent.
        values.retain(|_, value: &mut Value| !value.is_null());
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap()
    }

    #[test]
    fn a_text_that_is_no_settings_file_is_refused_with_its_place() {
        for (text, line, why) in [
            ("", 1, "EOF while parsing a value"),
            ("[]", 1, "invalid type: sequence, expected an object of settings"),
            ("{\n \"a\": 1,\n \"a\": 2\n}", 3, "`a` stands there twice"),
            ("{\n \"A\": 1\n}", 2, "`A` is no settings key"),
            ("{\"a\": 1}\n{}", 2, "trailing characters"),
            ("{\"a\": 1", 1, "EOF while parsing an object"),
            ("{\"a\": tru}", 1, "expected ident"),
            ("{\"a\": 1, }", 1, "trailing comma"),
        ] {
            let mistake = Document::parse(text).unwrap_err();
            assert_eq!(mistake.line, line, "{text:?}: {mistake:?}");
            assert!(mistake.why.starts_with(why), "{text:?}: {mistake:?}");
            assert!(!mistake.why.contains("at line"), "{text:?}: {mistake:?}");
        }
    }

    #[test]
    fn a_file_is_held_to_the_bounds_of_a_change() {
        let deep = format!("{{\"a\": {}1{}}}", "[".repeat(33), "]".repeat(33));
        let large = json!({"a": "x".repeat(MAX_VALUE_BYTES)}).to_string();
        let keys: serde_json::Map<_, _> =
            (0..=MAX_KEYS).map(|n| (format!("k{n}"), json!(n))).collect();
        for (text, why) in [
            (deep, "the value of `a` is nested deeper"),
            (large, "the value of `a` is larger"),
            (Value::Object(keys).to_string(), "there are 4096 settings already"),
        ] {
            let mistake = Document::parse(&text).unwrap_err();
            assert!(mistake.why.starts_with(why), "{mistake:?}");
        }
    }

    #[test]
    fn depth_and_size_are_bounded_exactly() {
        let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        let text = |bytes: usize| json!("x".repeat(bytes - 2));
        for (value, is_kept) in [
            (nested(MAX_DEPTH), true),
            (nested(MAX_DEPTH + 1), false),
            (json!({"a": nested(MAX_DEPTH - 1)}), true),
            (json!({"a": nested(MAX_DEPTH)}), false),
            (text(MAX_VALUE_BYTES), true),
            (text(MAX_VALUE_BYTES + 1), false),
        ] {
            assert_eq!(check_value(&key("k"), &value).is_ok(), is_kept);
        }
    }

    #[test]
    fn null_takes_a_key_away_and_the_same_again_changes_nothing() {
        let empty = Document::default();
        let one = empty.with(key("a"), json!(1)).unwrap().unwrap();
        assert_eq!(one.with(key("a"), json!(1)).unwrap(), None);
        assert_eq!(empty.with(key("a"), Value::Null).unwrap(), None);
        assert_eq!(one.with(key("a"), Value::Null).unwrap(), Some(empty.clone()));
        assert_eq!(Document::parse("{\"a\": null}").unwrap(), empty);
    }

    #[test]
    fn the_text_is_a_key_a_line() {
        let document =
            Document::default().with(key("b.c"), json!({"x": [1, "é\n"]})).unwrap().unwrap();
        let document = document.with(key("a"), json!(true)).unwrap().unwrap();
        assert_eq!(
            document.to_text().unwrap(),
            "{\n  \"a\": true,\n  \"b.c\": {\"x\":[1,\"é\\n\"]}\n}\n"
        );
        assert_eq!(Document::default().to_text().unwrap(), "{\n}\n");
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            values in prop::collection::btree_map("[a-z][a-z0-9_]{0,9}(\\.[a-z][a-z0-9_]{0,9}){0,2}", any_value(), 0..8)
        ) {
            let document = Document(values.into_iter().map(|(k, v)| (key(&k), v)).collect());
            prop_assert_eq!(Document::parse(&document.to_text().unwrap()).unwrap(), document);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>()) {
            let _ = Document::parse(&text);
        }
    }
}
