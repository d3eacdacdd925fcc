//! What a policy keeps back of a result, taken out of the result's schema.

use serde_json::{Map, Value};
use sidegate_capabilities::outline::{Entry, ResultParts};

use super::schema::definition;

/// How certain it is that a member is kept back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Every entry that can allow the call keeps it back.
    Always,
    /// Some do.
    Sometimes,
}

/// How deep a schema is gone into.
const MAX_DEPTH: usize = 32;

/// The schema of what is left of a result.
pub(super) fn filtered(schema: &Value, entries: &[Entry]) -> Value {
    let parts: Vec<_> = entries.iter().map(|entry| entry.result.as_ref()).collect();
    let same = |one: &Option<&ResultParts>, other: &Option<&ResultParts>| {
        let told = |parts: &Option<&ResultParts>| {
            parts.map(|parts| (parts.omit.clone(), parts.keep.clone()))
        };
        told(one) == told(other)
    };
    let kept = match parts.split_first() {
        Some((first, rest)) if rest.iter().all(|other| same(first, other)) => Kept::Always,
        _ => Kept::Sometimes,
    };
    let mut left = schema.clone();
    let mut walk = Walk { root: schema, kept };
    for part in parts.into_iter().flatten() {
        if let Some(keep) = &part.keep {
            let paths: Vec<_> = keep.iter().map(|pointer| names(pointer)).collect();
            let paths: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
            walk.keep(&mut left, &paths, 0);
        }
        for pointer in &part.omit {
            walk.omit(&mut left, &names(pointer), 0);
        }
    }
    left
}

/// The names that a JSON pointer goes through.
fn names(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).collect()
}

/// What is done to an object schema, at a depth.
type Todo<'t, W> = dyn FnMut(&mut W, &mut Map<String, Value>, usize) + 't;

struct Walk<'s> {
    root: &'s Value,
    kept: Kept,
}

impl Walk<'_> {
    fn omit(&mut self, schema: &mut Value, path: &[String], depth: usize) {
        self.within(schema, depth, &mut |walk, object, depth| match path {
            [last] => walk.drop(object, last),
            [first, rest @ ..] => {
                if let Some(inner) = object.get_mut("properties").and_then(|all| all.get_mut(first))
                {
                    walk.omit(inner, rest, depth);
                }
            }
            [] => {}
        });
    }

    fn keep(&mut self, schema: &mut Value, paths: &[&[String]], depth: usize) {
        self.within(schema, depth, &mut |walk, object, depth| {
            let all: Vec<String> = match object.get("properties") {
                Some(Value::Object(all)) => all.keys().cloned().collect(),
                _ => return,
            };
            for name in all {
                let below: Vec<&[String]> = paths
                    .iter()
                    .filter_map(|path| path.split_first())
                    .filter(|(first, _)| **first == name)
                    .map(|(_, below)| below)
                    .collect();
                if below.is_empty() {
                    walk.drop(object, &name);
                } else if below.iter().all(|path| !path.is_empty())
                    && let Some(inner) =
                        object.get_mut("properties").and_then(|all| all.get_mut(&name))
                {
                    walk.keep(inner, &below, depth);
                }
            }
        });
    }

    /// Does something to each object schema that stands for the value itself, for each of the
    /// elements of a list, or for one of several choices.
    fn within(&mut self, schema: &mut Value, depth: usize, todo: &mut Todo<'_, Self>) {
        if depth > MAX_DEPTH {
            *schema = Value::Bool(true);
            return;
        }
        let depth = depth.saturating_add(1);
        if let Some(named) = definition(schema, self.root) {
            *schema = named.clone();
        }
        let Value::Object(object) = schema else {
            return;
        };
        todo(self, object, depth);
        if let Some(items) = object.get_mut("items") {
            self.within(items, depth, todo);
        }
        for keyword in ["anyOf", "oneOf", "allOf", "prefixItems"] {
            if let Some(Value::Array(list)) = object.get_mut(keyword) {
                list.iter_mut().for_each(|one| self.within(one, depth, todo));
            }
        }
    }

    fn drop(&mut self, object: &mut Map<String, Value>, name: &str) {
        if let Some(Value::Array(required)) = object.get_mut("required") {
            required.retain(|one| one != name);
        }
        if self.kept == Kept::Always
            && let Some(Value::Object(all)) = object.get_mut("properties")
        {
            all.remove(name);
        }
    }
}
