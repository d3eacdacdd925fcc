//! What a policy keeps back of a handler's result: fields dropped, size capped. It shapes a
//! value; it decides nothing.

use std::fmt;
use std::io;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::written::escape;

/// The filter of a permit. With several allow entries for one call all of their filters apply, so
/// that the order of entries never matters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultFilter {
    /// By itself, since one filter is what a call mostly has and a list would take memory.
    first: Option<Arc<ResultRule>>,
    more: Vec<Arc<ResultRule>>,
}

/// The result is larger than the policy lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the result is larger than the {most} bytes that the policy lets through")]
pub struct TooLarge {
    /// Bytes of JSON that are let through.
    pub most: u64,
}

/// The `result` table of one allow entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ResultRule {
    pub(crate) omit: Vec<Pointer>,
    pub(crate) keep: Option<Vec<Pointer>>,
    pub(crate) max_bytes: Option<u64>,
}

/// A JSON pointer (RFC 6901), as the unescaped names it goes through. Never the whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pointer(Vec<String>);

impl ResultFilter {
    /// Takes in the filter of one more entry; the same one again changes nothing.
    pub(crate) fn add(&mut self, rule: &Arc<ResultRule>) {
        if self.parts().any(|part| Arc::ptr_eq(part, rule)) {
            return;
        }
        match self.first {
            None => self.first = Some(rule.clone()),
            Some(_) => self.more.push(rule.clone()),
        }
    }

    fn parts(&self) -> impl Iterator<Item = &Arc<ResultRule>> {
        self.first.iter().chain(&self.more)
    }

    /// The value without what the policy keeps back.
    ///
    /// # Errors
    /// [`TooLarge`] where the rest is still larger than the policy's cap: a cut-off JSON value would
    /// be a wrong one.
    pub fn apply(&self, value: Value) -> Result<Value, TooLarge> {
        let mut value = value;
        for part in self.parts() {
            if let Some(keep) = &part.keep {
                value = kept(&value, keep);
            }
            for pointer in &part.omit {
                remove(&mut value, &pointer.0);
            }
        }
        match self.max_bytes() {
            Some(most) if !fits(&value, most) => Err(TooLarge { most }),
            _ => Ok(value),
        }
    }

    /// The smallest cap on the size of the result, in bytes of JSON.
    #[must_use]
    pub fn max_bytes(&self) -> Option<u64> {
        self.parts().filter_map(|part| part.max_bytes).min()
    }

    /// Whether it drops members, which only JSON has.
    #[must_use]
    pub fn reaches_into(&self) -> bool {
        self.parts().any(|part| part.keep.is_some() || !part.omit.is_empty())
    }

    /// Whether the filter leaves every value as it is.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.first.is_none()
    }
}

impl Pointer {
    /// Reads `/a/b`; `None` where the text is no pointer or names the whole document.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.strip_prefix('/')?.split('/').map(unescape).collect::<Option<Vec<_>>>().map(Self)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|name| write!(f, "/{}", escape(name)))
    }
}

fn unescape(name: &str) -> Option<String> {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name.chars();
    while let Some(next) = rest.next() {
        match next {
            '~' => plain.push(match rest.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            }),
            other => plain.push(other),
        }
    }
    Some(plain)
}

/// Removes what the pointer names; an array on the way means each of its elements, since a list
/// of notes has as many owners as a note has one.
fn remove(value: &mut Value, path: &[String]) {
    match (value, path) {
        (Value::Object(map), [last]) => {
            map.remove(last);
        }
        (Value::Object(map), [first, rest @ ..]) => {
            if let Some(inner) = map.get_mut(first) {
                remove(inner, rest);
            }
        }
        (Value::Array(items), _) => items.iter_mut().for_each(|item| remove(item, path)),
        _ => {}
    }
}

/// A new value of just what the pointers name.
fn kept(value: &Value, keep: &[Pointer]) -> Value {
    let paths: Vec<&[String]> = keep.iter().map(|pointer| pointer.0.as_slice()).collect();
    kept_at(value, &paths)
}

fn kept_at(value: &Value, paths: &[&[String]]) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| kept_at(item, paths)).collect(),
        Value::Object(map) => {
            let mut rest = Map::new();
            for (name, inner) in map {
                let below: Vec<&[String]> = paths
                    .iter()
                    .filter_map(|path| path.split_first())
                    .filter(|(first, _)| *first == name)
                    .map(|(_, below)| below)
                    .collect();
                if below.iter().any(|path| path.is_empty()) {
                    rest.insert(name.clone(), inner.clone());
                } else if !below.is_empty() {
                    rest.insert(name.clone(), kept_at(inner, &below));
                }
            }
            Value::Object(rest)
        }
        // A pointer that goes on below a plain value names nothing.
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::Null,
    }
}

fn fits(value: &Value, most: u64) -> bool {
    serde_json::to_writer(Measure { left: most }, value).is_ok()
}

/// Counts bytes and keeps none.
struct Measure {
    left: u64,
}

impl io::Write for Measure {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match self.left.checked_sub(length) {
            Some(left) => {
                self.left = left;
                Ok(bytes.len())
            }
            None => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn filter(omit: &[&str], keep: Option<&[&str]>, max_bytes: Option<u64>) -> ResultFilter {
        let read = |list: &[&str]| list.iter().map(|text| Pointer::parse(text).unwrap()).collect();
        let rule = ResultRule { omit: read(omit), keep: keep.map(read), max_bytes };
        let mut filter = ResultFilter::default();
        filter.add(&Arc::new(rule));
        filter
    }

    #[test]
    fn what_is_left_of_a_result() {
        let note = json!({"text": "t", "owner": {"name": "n", "mail": "m"}, "a/b": 1});
        let list = json!([{"owner": 1, "id": 1}, {"owner": 2, "id": 2}]);
        let cases = [
            (filter(&["/owner"], None, None), &note, json!({"text": "t", "a/b": 1})),
            (
                filter(&["/owner/mail", "/a~1b"], None, None),
                &note,
                json!({"text": "t", "owner": {"name": "n"}}),
            ),
            (filter(&["/none", "/text/x"], None, None), &note, note.clone()),
            (filter(&["/owner"], None, None), &list, json!([{"id": 1}, {"id": 2}])),
            (
                filter(&[], Some(&["/text", "/owner/name"]), None),
                &note,
                json!({"text": "t", "owner": {"name": "n"}}),
            ),
            (
                filter(&["/owner/name"], Some(&["/owner"]), None),
                &note,
                json!({"owner": {"mail": "m"}}),
            ),
            (filter(&[], Some(&[]), None), &note, json!({})),
            (filter(&[], Some(&["/id"]), None), &list, json!([{"id": 1}, {"id": 2}])),
            (filter(&[], Some(&["/a"]), None), &json!("secret"), Value::Null),
            (filter(&[], None, Some(4)), &json!("ab"), json!("ab")),
        ];
        for (filter, value, left) in cases {
            assert_eq!(filter.apply(value.clone()), Ok(left), "{filter:?}");
        }
    }

    #[test]
    fn what_is_over_the_cap_is_an_error_and_not_a_piece() {
        let most = filter(&[], None, Some(3));
        assert_eq!(most.apply(json!("ab")), Err(TooLarge { most: 3 }));
    }

    #[test]
    fn pointers() {
        for good in ["/a", "/a/b", "/", "/~0~1"] {
            assert!(Pointer::parse(good).is_some(), "{good}");
        }
        for bad in ["", "a", "#/a", "/~", "/~2"] {
            assert!(Pointer::parse(bad).is_none(), "{bad}");
        }
    }
}
