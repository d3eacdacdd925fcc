//! The one strict reader of JSON that a page wrote. It reads one object, whole, or refuses it:
//! what two readers could understand differently is an error here.
//!
//! What the object should hold is a schema's business.

mod members;
mod numbers;

pub use members::Members;
use members::Whole;

use std::cell::Cell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The most arrays and objects inside one another. Arguments of honest calls stay under ten; a
/// recursive reader of this depth needs a few kilobytes of stack.
pub const MAX_DEPTH: usize = 32;

/// The most object members in the whole text, so that a small text cannot become a large tree of
/// maps.
pub const MAX_KEYS: usize = 1_024;

/// The most items of all lists in the whole text, for the same reason: two bytes of text can be an item of
/// thirty-two bytes, and three a list of its own. With so many, what is made of a text takes no more memory
/// than about twice the longest text a page may send. Whoever has more to say sends it as a body.
pub const MAX_ITEMS: usize = 16_384;

/// Reads one JSON object that is the whole of `bytes`.
///
/// # Errors
/// Anything but one object of UTF-8 text without a byte order mark; a duplicate key at any
/// level; nesting beyond [`MAX_DEPTH`]; more than [`MAX_KEYS`] members or [`MAX_ITEMS`] items; a
/// lone surrogate; an integer that neither `i64` nor `u64` holds, or a fraction that a finite `f64` does not.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    match whole(bytes, |node, reader| node.deserialize(reader))? {
        Value::Object(map) => Ok(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(JsonError::at_byte(JsonErrorKind::NotAnObject, bytes, 0))
        }
    }
}

/// Reads one JSON object that is the whole of `bytes`, and keeps the members called `names`.
///
/// # Errors
/// Those of [`parse_object`], for the same texts.
pub fn parse_members<const N: usize>(
    bytes: &[u8],
    names: [&str; N],
) -> Result<Members<N>, JsonError> {
    let members = whole(bytes, |node, reader| reader.deserialize_any(Whole { names, node }))?;
    members.ok_or_else(|| JsonError::at_byte(JsonErrorKind::NotAnObject, bytes, 0))
}

type Reader<'t> = serde_json::Deserializer<serde_json::de::StrRead<'t>>;

/// Reads one value that is the whole of `bytes`.
fn whole<'t, T>(
    bytes: &'t [u8],
    read: impl FnOnce(Node<'_>, &mut Reader<'t>) -> serde_json::Result<T>,
) -> Result<T, JsonError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| JsonError::at_byte(JsonErrorKind::NotUtf8, bytes, error.valid_up_to()))?;
    if text.starts_with('\u{feff}') {
        return Err(JsonError::at_byte(JsonErrorKind::ByteOrderMark, bytes, 0));
    }
    numbers::check(text)?;
    let budget = Budget::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    read(Node { budget: &budget, depth: 0 }, &mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| budget.explain(&error))
}

/// Why a text was not read, and where. The text itself is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (line {line}, column {column})")]
pub struct JsonError {
    /// What is wrong.
    pub kind: JsonErrorKind,
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes, from 1; 0 before the first byte of a line.
    pub column: usize,
}

/// What can be wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonErrorKind {
    /// The bytes are not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// The text begins with U+FEFF.
    #[error("the text begins with a byte order mark")]
    ByteOrderMark,
    /// Not JSON, or more than one value.
    #[error("the text is not one JSON value")]
    Syntax,
    /// JSON, but not an object.
    #[error("the value is not an object")]
    NotAnObject,
    /// A key stands twice in one object.
    #[error("a key stands twice in one object")]
    DuplicateKey,
    /// More nesting than [`MAX_DEPTH`].
    #[error("the value is nested too deeply")]
    TooDeep,
    /// More members than [`MAX_KEYS`].
    #[error("the value has too many keys")]
    TooManyKeys,
    /// More items than [`MAX_ITEMS`].
    #[error("the value has too many list items")]
    TooManyItems,
    /// A number that would become another one.
    #[error("a number is outside the range that is kept exactly")]
    Number,
}

impl JsonError {
    fn at_byte(kind: JsonErrorKind, bytes: &[u8], offset: usize) -> Self {
        let before = bytes.get(..offset).unwrap_or(bytes);
        let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
        Self { kind, line, column: column.saturating_add(1) }
    }
}

/// What is counted while a text is read.
#[derive(Default)]
struct Budget {
    keys: Cell<usize>,
    items: Cell<usize>,
    /// The refusal behind an error, which serde could carry only as text.
    refusal: Cell<Option<JsonErrorKind>>,
}

impl Budget {
    fn refuse<E: de::Error>(&self, kind: JsonErrorKind) -> E {
        let error = E::custom(&kind);
        self.refusal.set(Some(kind));
        error
    }

    fn explain(&self, error: &serde_json::Error) -> JsonError {
        let kind = self.refusal.take().unwrap_or(JsonErrorKind::Syntax);
        JsonError { kind, line: error.line(), column: error.column() }
    }
}

/// One value, at its depth.
#[derive(Clone, Copy)]
struct Node<'b> {
    budget: &'b Budget,
    depth: usize,
}

impl Node<'_> {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.saturating_add(1);
        if depth > MAX_DEPTH {
            return Err(self.budget.refuse(JsonErrorKind::TooDeep));
        }
        Ok(Self { depth, ..self })
    }

    fn count_key<E: de::Error>(self) -> Result<(), E> {
        let keys = self.budget.keys.get().saturating_add(1);
        if keys > MAX_KEYS {
            return Err(self.budget.refuse(JsonErrorKind::TooManyKeys));
        }
        self.budget.keys.set(keys);
        Ok(())
    }

    fn count_item<E: de::Error>(self) -> Result<(), E> {
        let items = self.budget.items.get().saturating_add(1);
        if items > MAX_ITEMS {
            return Err(self.budget.refuse(JsonErrorKind::TooManyItems));
        }
        self.budget.items.set(items);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value);
        number.map(Value::Number).ok_or_else(|| self.budget.refuse(JsonErrorKind::Number))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(inner)? {
            self.count_item()?;
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            self.count_key()?;
            if map.contains_key(&key) {
                return Err(self.budget.refuse(JsonErrorKind::DuplicateKey));
            }
            map.insert(key, members.next_value_seed(inner)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests;
