//! The arguments of one call: a JSON object, parsed once by [`crate::json`] and never again, so that
//! what was decided on is what a handler receives.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// The arguments of one call; always an object. Nothing changes them, so that clones are the same one.
#[derive(Debug, Clone, PartialEq)]
pub struct Args(Arc<Value>);

impl Args {
    /// Takes an object for arguments.
    #[must_use]
    pub fn new(map: Map<String, Value>) -> Self {
        Self(Arc::new(Value::Object(map)))
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

    /// The object, to be changed; a copy, where somebody else has it too.
    #[must_use]
    pub fn into_map(self) -> Map<String, Value> {
        let args = Arc::unwrap_or_clone(self.0);
        if let Value::Object(map) = args { map } else { Map::new() }
    }

    /// The object, if nobody else has it.
    ///
    /// # Errors
    /// The arguments as they were: somebody else has them too.
    pub fn try_into_value(self) -> Result<Value, Self> {
        Arc::try_unwrap(self.0).map_err(Self)
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
