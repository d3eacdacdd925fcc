//! A policy and a call as plain values, and the policy as it is written.

use serde_json::{Map, Value};

/// An entry; the same value is written as TOML and walked naively.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    pub(crate) commands: Vec<String>,
    pub(crate) path: Option<Vec<String>>,
    pub(crate) url: Option<Vec<String>>,
    pub(crate) key: Option<Vec<String>>,
    pub(crate) schema: Option<Schema>,
    pub(crate) limit: Limit,
    pub(crate) omit: Vec<&'static str>,
    pub(crate) keep: Option<Vec<&'static str>>,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) logs_args: bool,
    /// How often it has the person asked; the less, the more often.
    pub(crate) ask: Option<usize>,
}

/// What a schema says of the arguments `n` and `s`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schema {
    pub(crate) maximum: Option<i64>,
    pub(crate) max_length: Option<usize>,
    pub(crate) only: Option<Vec<&'static str>>,
    pub(crate) is_of_a_and_b: bool,
    pub(crate) is_string: bool,
    pub(crate) required: Vec<&'static str>,
    /// No arguments but these.
    pub(crate) closed: Option<Vec<&'static str>>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Limit {
    /// Calls, and in how many seconds.
    pub(crate) rate: Option<(u32, u32)>,
    /// Only with a rate.
    pub(crate) burst: Option<u32>,
    pub(crate) in_flight: Option<u32>,
    pub(crate) bytes: Option<u64>,
    pub(crate) deadline_ms: Option<u64>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Capability {
    pub(crate) id: String,
    pub(crate) windows: Vec<String>,
    pub(crate) origins: Vec<String>,
    pub(crate) allow: Vec<Entry>,
    pub(crate) deny: Vec<Entry>,
}

/// As it is written, the most often first.
pub(crate) const ASKS: [&str; 3] =
    ["\"each call\"", "{ when = \"each session\", text = \"go on\" }", "\"once\""];

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) window: &'static str,
    pub(crate) origin: &'static str,
    pub(crate) command: &'static str,
    pub(crate) args: Map<String, Value>,
}

/// Each capability is a file of its own.
pub(crate) fn files(policy: &[Capability]) -> Vec<(String, String)> {
    policy.iter().enumerate().map(|(n, c)| (format!("c{n}.toml"), written(c))).collect()
}

fn written(c: &Capability) -> String {
    let list = |entries: &[Entry]| entries.iter().map(entry).collect::<Vec<_>>().join(",\n  ");
    format!(
        "version = 1\n[[capability]]\nid = {:?}\nwindows = {:?}\norigins = {:?}\ndangerous = \"generated\"\nallow = [\n  {}\n]\ndeny = [\n  {}\n]\n",
        c.id,
        c.windows,
        c.origins,
        list(&c.allow),
        list(&c.deny)
    )
}

fn entry(entry: &Entry) -> String {
    let mut parts = vec![format!("commands = {:?}", entry.commands)];
    for (name, scope) in [("path", &entry.path), ("url", &entry.url), ("key", &entry.key)] {
        parts.extend(scope.as_ref().map(|patterns| format!("{name} = {patterns:?}")));
    }
    parts.extend(entry.schema.as_ref().map(schema));
    parts.extend(limit(&entry.limit));
    let mut result = Vec::new();
    if !entry.omit.is_empty() {
        result.push(format!("omit = {:?}", entry.omit));
    }
    result.extend(entry.keep.as_ref().map(|keep| format!("keep = {keep:?}")));
    result.extend(entry.max_bytes.map(|bytes| format!("max_bytes = \"{bytes} B\"")));
    if !result.is_empty() {
        parts.push(format!("result = {{ {} }}", result.join(", ")));
    }
    parts.extend(entry.ask.and_then(|often| ASKS.get(often)).map(|word| format!("ask = {word}")));
    if entry.logs_args {
        parts.push("audit = { args = true }".to_owned());
    }
    format!("{{ {} }}", parts.join(", "))
}

fn schema(schema: &Schema) -> String {
    let mut n = Vec::new();
    n.extend(schema.maximum.map(|maximum| format!("maximum = {maximum}")));
    let mut s = Vec::new();
    s.extend(schema.max_length.map(|length| format!("maxLength = {length}")));
    s.extend(schema.only.as_ref().map(|only| format!("enum = {only:?}")));
    s.extend(schema.is_of_a_and_b.then(|| "pattern = \"^[ab]*$\"".to_owned()));
    s.extend(schema.is_string.then(|| "type = \"string\"".to_owned()));
    let mut properties =
        vec![format!("n = {{ {} }}", n.join(", ")), format!("s = {{ {} }}", s.join(", "))];
    let mut parts = Vec::new();
    if !schema.required.is_empty() {
        parts.push(format!("required = {:?}", schema.required));
    }
    if let Some(closed) = &schema.closed {
        properties.retain(|property| closed.iter().any(|name| property.starts_with(name)));
        let more = closed.iter().filter(|name| !["n", "s"].contains(name));
        properties.extend(more.map(|name| format!("{name} = {{}}")));
        parts.push("additionalProperties = false".to_owned());
    }
    parts.push(format!("properties = {{ {} }}", properties.join(", ")));
    format!("args = {{ {} }}", parts.join(", "))
}

fn limit(limit: &Limit) -> Option<String> {
    let mut parts = Vec::new();
    parts.extend(limit.rate.map(|(calls, seconds)| {
        let unit = if seconds == 1 { "s" } else { "m" };
        format!("rate = \"{calls}/{unit}\"")
    }));
    parts.extend(limit.burst.map(|burst| format!("burst = {burst}")));
    parts.extend(limit.in_flight.map(|most| format!("in_flight = {most}")));
    parts.extend(limit.bytes.map(|bytes| format!("bytes = \"{bytes} B\"")));
    parts.extend(limit.deadline_ms.map(|millis| format!("deadline = \"{millis}ms\"")));
    (!parts.is_empty()).then(|| format!("limit = {{ {} }}", parts.join(", ")))
}
