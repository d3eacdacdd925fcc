//! The arguments of one call: a JSON object, parsed once by [`crate::json`] and never again, so that
//! what was decided on is what a handler receives.

use std::sync::LazyLock;

use serde_json::{Map, Value};

static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// The arguments of one call; always an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Args(Value);

impl Args {
    /// Takes an object for arguments.
    #[must_use]
    pub fn new(map: Map<String, Value>) -> Self {
        Self(Value::Object(map))
    }

    /// A call without arguments.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(Map::new())
    }

    /// One argument, by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_map().get(name)
    }

    /// All of them.
    #[must_use]
    pub fn as_map(&self) -> &Map<String, Value> {
        // The constructors admit nothing else; were it ever otherwise, no argument is the answer
        // that grants the least.
        self.0.as_object().unwrap_or_else(|| &EMPTY)
    }

    /// The object, for a handler.
    #[must_use]
    pub fn into_map(self) -> Map<String, Value> {
        if let Value::Object(map) = self.0 { map } else { Map::new() }
    }

    /// The object as a JSON value, which is what a schema checks.
    #[must_use]
    pub fn as_value(&self) -> &Value {
        &self.0
    }
}

impl Default for Args {
    fn default() -> Self {
        Self::empty()
    }
}
