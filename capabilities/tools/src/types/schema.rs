//! JSON Schema as TypeScript. What a type cannot say is left out, so that a type is wider than its
//! schema and never narrower.

use serde_json::{Map, Value};

use super::{comment, literal};

/// How deep definitions and members are followed: a definition may come back to itself.
const MAX_DEPTH: usize = 12;

/// The most values of an `enum` that are written out.
const MAX_VALUES: usize = 200;

/// What a schema is of. It says how an object is meant that does not say whether it is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Arguments: what is not forbidden may be given.
    Arguments,
    /// A result: a member that nobody speaks of is not there to be used.
    Result,
}

/// A member of an object type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) ty: String,
    pub(super) description: Option<String>,
}

/// A schema and the text around it.
#[derive(Clone, Copy)]
pub(super) struct Reader<'s> {
    pub(super) root: &'s Value,
    pub(super) of: Of,
    /// How far what is written on lines of its own is indented.
    pub(super) indent: usize,
    depth: usize,
}

/// What a `$ref` of this schema names, within `root`.
pub(crate) fn definition<'s>(schema: &Value, root: &'s Value) -> Option<&'s Value> {
    let target = schema.get("$ref")?.as_str()?;
    root.pointer(target.strip_prefix('#')?)
}

impl<'s> Reader<'s> {
    pub(super) fn new(root: &'s Value, of: Of, indent: usize) -> Self {
        Self { root, of, indent, depth: 0 }
    }

    fn deeper(self) -> Self {
        Self { depth: self.depth.saturating_add(1), ..self }
    }

    fn inner(self) -> Self {
        Self { indent: self.indent.saturating_add(2), ..self.deeper() }
    }

    /// The type of a value.
    pub(super) fn ty(self, schema: &Value) -> String {
        if *schema == Value::Bool(false) {
            return "never".to_owned();
        }
        let Some(keywords) = schema.as_object().filter(|_| self.depth <= MAX_DEPTH) else {
            return "unknown".to_owned();
        };
        let mut parts = Vec::new();
        if schema.get("$ref").is_some() {
            parts.extend(definition(schema, self.root).map(|schema| self.deeper().ty(schema)));
        }
        if let Some(value) = keywords.get("const") {
            parts.push(value_type(value));
        } else if let Some(Value::Array(values)) = keywords.get("enum") {
            parts
                .extend((values.len() <= MAX_VALUES).then(|| union(values.iter().map(value_type))));
        } else {
            parts.push(self.by_type(keywords));
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(Value::Array(list)) = keywords.get(keyword) {
                parts.push(union(list.iter().map(|one| self.deeper().ty(one))));
            }
        }
        if let Some(Value::Array(list)) = keywords.get("allOf") {
            parts.extend(list.iter().map(|one| self.deeper().ty(one)));
        }
        intersection(parts)
    }

    fn by_type(self, keywords: &Map<String, Value>) -> String {
        match keywords.get("type") {
            Some(Value::String(kind)) => self.kind(kind, keywords),
            Some(Value::Array(kinds)) => {
                let kinds = kinds.iter().filter_map(Value::as_str);
                union(kinds.map(|kind| self.kind(kind, keywords)))
            }
            // Of a result the author's intention is plain; an argument might be anything else.
            _ if self.of == Of::Result && keywords.contains_key("properties") => {
                self.object(keywords)
            }
            _ => "unknown".to_owned(),
        }
    }

    fn kind(self, kind: &str, keywords: &Map<String, Value>) -> String {
        match kind {
            "string" => "string".to_owned(),
            "integer" | "number" => "number".to_owned(),
            "boolean" => "boolean".to_owned(),
            "null" => "null".to_owned(),
            "array" => self.array(keywords),
            "object" => self.object(keywords),
            _ => "unknown".to_owned(),
        }
    }

    fn array(self, keywords: &Map<String, Value>) -> String {
        let rest = keywords
            .get("items")
            .map_or_else(|| "unknown".to_owned(), |items| self.deeper().ty(items));
        let Some(Value::Array(first)) = keywords.get("prefixItems") else {
            return format!("Array<{rest}>");
        };
        let least = keywords.get("minItems").and_then(Value::as_u64).unwrap_or_default();
        let least = usize::try_from(least).unwrap_or(usize::MAX);
        let mut items: Vec<_> = (0..)
            .zip(first)
            .map(|(at, item)| {
                let question = if at < least { "" } else { "?" };
                let ty = self.deeper().ty(item);
                if question.is_empty() { ty } else { format!("({ty}){question}") }
            })
            .collect();
        if rest != "never" {
            items.push(format!("...Array<{rest}>"));
        }
        format!("[{}]", items.join(", "))
    }

    fn object(self, keywords: &Map<String, Value>) -> String {
        object(&self.members(keywords), self.others(keywords).as_ref(), self.indent)
    }

    /// The members that an object schema names.
    pub(super) fn members(self, keywords: &Map<String, Value>) -> Vec<Member> {
        let required: Vec<&str> = match keywords.get("required") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let properties = keywords.get("properties").and_then(Value::as_object);
        let mut members: Vec<_> = properties
            .into_iter()
            .flatten()
            .map(|(name, schema)| Member {
                name: name.clone(),
                required: required.contains(&name.as_str()),
                ty: self.inner().ty(schema),
                description: schema.get("description").and_then(Value::as_str).map(str::to_owned),
            })
            .collect();
        for name in required {
            if members.iter().all(|member| member.name != name) {
                let ty = "unknown".to_owned();
                members.push(Member {
                    name: name.to_owned(),
                    required: true,
                    ty,
                    description: None,
                });
            }
        }
        members
    }

    /// The type of the members that an object schema does not name; `None`: there are none.
    pub(super) fn others(self, keywords: &Map<String, Value>) -> Option<String> {
        // A type of all other members would be one of those that are named, too.
        let is_alone = !["properties", "patternProperties", "required"]
            .iter()
            .any(|key| keywords.contains_key(*key));
        match keywords.get("additionalProperties") {
            Some(Value::Bool(false)) if keywords.contains_key("patternProperties") => {
                Some("unknown".to_owned())
            }
            Some(Value::Bool(false)) => None,
            Some(schema @ Value::Object(_)) if is_alone => Some(self.inner().ty(schema)),
            Some(Value::Object(_) | Value::Bool(true)) => Some("unknown".to_owned()),
            _ if self.of == Of::Result && keywords.contains_key("properties") => None,
            _ => Some("unknown".to_owned()),
        }
    }
}

/// An object type, on lines of its own where it has members.
pub(super) fn object(members: &[Member], others: Option<&String>, indent: usize) -> String {
    let blank = " ".repeat(indent);
    let index = others.map(|ty| format!("[key: string]: {ty}"));
    if members.is_empty() {
        return index
            .map_or_else(|| "Record<string, never>".to_owned(), |index| format!("{{ {index} }}"));
    }
    let mut out = "{\n".to_owned();
    for member in members {
        if let Some(text) = &member.description {
            let text = comment(&text.split_whitespace().collect::<Vec<_>>().join(" "));
            out.push_str(&format!("{blank}  /** {text} */\n"));
        }
        let question = if member.required { "" } else { "?" };
        out.push_str(&format!("{blank}  {}{question}: {};\n", name(&member.name), member.ty));
    }
    if let Some(index) = index {
        out.push_str(&format!("{blank}  {index};\n"));
    }
    out.push_str(&format!("{blank}}}"));
    out
}

/// The name of a member, in quotes where it needs them.
fn name(name: &str) -> String {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    let is_plain =
        name.starts_with(is_start) && name.chars().all(|c| is_start(c) || c.is_ascii_digit());
    if is_plain { name.to_owned() } else { literal(name) }
}

/// The type of one value.
fn value_type(value: &Value) -> String {
    match value {
        Value::String(_) | Value::Bool(_) | Value::Null => value.to_string(),
        // `1.0` is `1` to both languages, and an exact float has many spellings.
        Value::Number(number) => {
            if number.is_i64() || number.is_u64() {
                number.to_string()
            } else {
                "number".to_owned()
            }
        }
        Value::Array(_) | Value::Object(_) => "unknown".to_owned(),
    }
}

pub(super) fn union(types: impl IntoIterator<Item = String>) -> String {
    let mut unique: Vec<String> = Vec::new();
    for one in types {
        if !unique.contains(&one) {
            unique.push(one);
        }
    }
    if unique.iter().any(|one| one == "unknown") {
        return "unknown".to_owned();
    }
    if unique.is_empty() { "never".to_owned() } else { unique.join(" | ") }
}

pub(super) fn intersection(types: Vec<String>) -> String {
    let mut parts: Vec<String> = types.into_iter().filter(|one| one != "unknown").collect();
    parts.dedup();
    match parts.as_slice() {
        [] => "unknown".to_owned(),
        [one] => one.clone(),
        many => many.iter().map(|one| grouped(one)).collect::<Vec<_>>().join(" & "),
    }
}

/// In parentheses where it is a union.
pub(super) fn grouped(ty: &str) -> String {
    if ty.contains(" | ") { format!("({ty})") } else { ty.to_owned() }
}
