//! Tauri's patterns in ours. Each either means the same, or less where that is said, or is refused
//! with a sentence; whether the outcome is a pattern of ours is asked of the compiler.

use serde_json::Value;
use sidegate_capabilities::{Context, Directories, Policy, Severity, Sources};

use super::write::quote;

/// The variables that mean the same directory on both sides, theirs and ours.
const VARIABLES: [(&str, &str); 12] = [
    ("APPDATA", "APPDATA"),
    ("APPCONFIG", "APPCONFIG"),
    ("APPCACHE", "APPCACHE"),
    ("APPLOG", "APPLOG"),
    ("HOME", "HOME"),
    ("RESOURCE", "RESOURCES"),
    ("DOCUMENT", "DOCUMENTS"),
    ("DOWNLOAD", "DOWNLOADS"),
    ("PICTURE", "PICTURES"),
    ("AUDIO", "MUSIC"),
    ("VIDEO", "VIDEOS"),
    ("DESKTOP", "DESKTOP"),
];

/// Whether a pattern stands in an allow or a deny list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Allow,
    Deny,
}

/// A pattern of window labels, `*` apart.
pub(super) fn window(text: &str) -> Result<String, String> {
    if text.contains(['?', '[', ']']) || (text.contains("**") && text != "**") {
        return Err("of wildcards, a window pattern has `*` alone".to_owned());
    }
    let text = if text == "**" { "*" } else { text };
    compiles(&format!(
        "id = \"x\"\nwindows = [{}]\ndeny = [{{ commands = [\"x\"] }}]",
        quote(text)
    ))?;
    Ok(text.to_owned())
}

/// The origin of a remote URL pattern, where it takes in all of the origin and nothing else.
pub(super) fn origin(text: &str) -> Result<String, String> {
    let (front, path) = split_url(text)?;
    if !matches!(path, "" | "/" | "/*") {
        return Err("an origin has no path: all pages of a host may do the same".to_owned());
    }
    compiles(&format!(
        "id = \"x\"\nwindows = [\"x\"]\norigins = [{}]\nallow = [{{ commands = [\"x\"] }}]",
        quote(front)
    ))?;
    Ok(front.to_owned())
}

/// Whether a command may be granted to pages of an origin without giving a reason.
pub(super) fn to_stranger(command: &str, origin: &str) -> Result<(), String> {
    let (command, origin) = (quote(command), quote(origin));
    compiles(&format!(
        "id = \"x\"\nwindows = [\"x\"]\norigins = [{origin}]\nallow = [{{ commands = [{command}] }}]"
    ))
}

/// An element of the scope of the `fs` plugin.
pub(super) fn path(value: &Value, side: Side) -> Result<String, String> {
    let text = field(value, "path")?;
    let text = text.strip_suffix('/').unwrap_or(text);
    let text = match text.strip_prefix('$') {
        None => text.to_owned(),
        Some(rest) => {
            let (name, below) = rest.split_once('/').map_or((rest, None), |(n, b)| (n, Some(b)));
            let known = VARIABLES.iter().find(|(theirs, _)| *theirs == name);
            let (_, ours) = known.ok_or_else(|| {
                format!("`${name}` has no counterpart that is the same directory")
            })?;
            below.map_or(format!("${ours}"), |below| format!("${ours}/{below}"))
        }
    };
    // There `a/**` is what lies beneath `a`, here it is `a` too.
    let text = if text.ends_with("/**") { format!("{text}/*") } else { text };
    scope("path", &text, side)?;
    Ok(text)
}

/// An element of the scope of the `http` plugin: a `URLPattern`.
pub(super) fn url(value: &Value, side: Side) -> Result<Vec<String>, String> {
    let text = field(value, "url")?;
    let (front, path) = split_url(text)?;
    let found = match path {
        "" | "/" | "/*" => vec![format!("{front}/**")],
        _ => match path.strip_suffix("/*") {
            // What lies beneath, and the same with a `/` at its end.
            Some(above) => vec![format!("{front}{above}/**/*"), format!("{front}{above}/**/")],
            None => vec![format!("{front}{path}")],
        },
    };
    let literal = path.strip_suffix("/*").unwrap_or(path);
    if literal.contains('*') {
        return Err("a `*` within the path would run over `/`".to_owned());
    }
    found.iter().try_for_each(|pattern| scope("url", pattern, side))?;
    Ok(found)
}

/// An element of the scope of the `opener` plugin: a glob whose `*` runs over everything.
pub(super) fn opened_url(value: &Value, side: Side) -> Result<Vec<String>, String> {
    if value.get("app").is_some() {
        return Err("which program opens it cannot be said".to_owned());
    }
    let text = field(value, "url")?;
    // There is no end to a glob but its `*`: what has none is one address, query and all.
    match (text.ends_with("/*"), side) {
        (true, Side::Allow) => url(value, side),
        _ => Err("of these, only an `allow` that ends with `/*` can be said".to_owned()),
    }
}

/// `scheme://host[:port]`, and the path. Whatever is a pattern in a `URLPattern` and none here is
/// refused.
fn split_url(text: &str) -> Result<(&str, &str), String> {
    if text.contains(['{', '}', '(', ')', '[', ']', '?', '#', '\\', '+', '%'])
        || !text.is_ascii()
        || text.contains(|c: char| c.is_ascii_uppercase() || c.is_whitespace())
    {
        return Err("it has characters that mean something else in a pattern of ours".to_owned());
    }
    let (scheme, rest) = text.split_once("://").ok_or("it is not `scheme://host/path`")?;
    let end = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(end).ok_or("it is not `scheme://host/path`")?;
    if !matches!(scheme, "http" | "https") {
        return Err("of schemes, `http` and `https` can be said".to_owned());
    }
    if path.contains(':') || host.contains('@') {
        return Err("it has a named part or a user".to_owned());
    }
    text.split_at_checked(scheme.len().saturating_add(3).saturating_add(end))
        .ok_or_else(|| "it is not `scheme://host/path`".to_owned())
}

/// Whether a value is an element of a scope of paths or addresses.
pub(super) fn is_element(value: &Value, name: &str) -> bool {
    value.is_string() || value.get(name).is_some_and(Value::is_string)
}

fn field<'v>(value: &'v Value, name: &str) -> Result<&'v str, String> {
    let shape = || format!("an element of the scope is a text or has a `{name}`");
    match value {
        Value::String(text) => Ok(text),
        Value::Object(map) if map.len() == 1 => {
            map.get(name).and_then(Value::as_str).ok_or_else(shape)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(shape())
        }
    }
}

fn scope(name: &str, pattern: &str, side: Side) -> Result<(), String> {
    let list = match side {
        Side::Allow => "allow",
        Side::Deny => "deny",
    };
    compiles(&format!(
        "id = \"x\"\nwindows = [\"x\"]\n{list} = [{{ commands = [\"x\"], {name} = [{}] }}]",
        quote(pattern)
    ))
}

/// Whether a capability is one, and what the compiler says where it is not.
fn compiles(capability: &str) -> Result<(), String> {
    let text = format!("version = 1\n[[capability]]\n{capability}\n");
    let directories = Directories::sample();
    let sources = Sources::from_texts([("x.toml", text)]);
    let Err(diagnostics) = Policy::compile(&sources, &Context::new(&directories)) else {
        return Ok(());
    };
    let error = diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
    Err(error.map_or_else(String::new, |error| error.message.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn remote_addresses_are_origins_or_nothing() {
        let cases = [
            ("https://example.com", Some("https://example.com")),
            ("https://example.com/", Some("https://example.com")),
            ("https://example.com/*", Some("https://example.com")),
            ("https://*.example.com", Some("https://*.example.com")),
            ("https://example.com:8443/*", Some("https://example.com:8443")),
            ("http://localhost:1420", Some("http://localhost:1420")),
            ("https://example.com/app", None),
            ("https://example.com/app/*", None),
            ("https://*", None),
            ("*://example.com", None),
            ("https://*.com", None),
            ("https://example.com:*", None),
            ("http://example.com", None),
            ("https://{www.}?example.com", None),
            ("https://(.*).example.com", None),
            ("https://ex*.com", None),
            ("example.com", None),
        ];
        for (theirs, ours) in cases {
            assert_eq!(origin(theirs).ok().as_deref(), ours, "{theirs}");
        }
    }

    #[test]
    fn paths_of_the_fs_plugin() {
        let cases = [
            ("$APPDATA/notes/*", Some("$APPDATA/notes/*")),
            ("$APPDATA/notes/**", Some("$APPDATA/notes/**/*")),
            ("$APPDATA", Some("$APPDATA")),
            ("$DOCUMENT/a.md", Some("$DOCUMENTS/a.md")),
            ("/etc/hosts", Some("/etc/hosts")),
            ("$HOME/.config/x/*.json", Some("$HOME/.config/x/*.json")),
            ("$TEMP/x", None),
            ("$HOME/**", None),
            ("**", None),
            ("/**", None),
            ("$APPDATA/../x", None),
            ("$APPDATA/[ab]", None),
            ("C:\\x", None),
            ("x", None),
        ];
        for (theirs, ours) in cases {
            for value in [json!(theirs), json!({ "path": theirs })] {
                assert_eq!(path(&value, Side::Allow).ok().as_deref(), ours, "{theirs}");
            }
        }
        for shape in [json!(1), json!({}), json!({ "path": "/a", "more": 1 }), json!({ "path": 1 })]
        {
            assert!(path(&shape, Side::Allow).is_err(), "{shape}");
        }
    }

    #[test]
    fn addresses_of_the_http_plugin() {
        let cases: [(&str, &[&str]); 9] = [
            ("https://example.com", &["https://example.com/**"]),
            ("https://*.example.com/*", &["https://*.example.com/**"]),
            ("https://a.com/v1/*", &["https://a.com/v1/**/*", "https://a.com/v1/**/"]),
            ("https://a.com/v1/x", &["https://a.com/v1/x"]),
            ("https://a.com/*/x", &[]),
            ("https://a.com/:id", &[]),
            ("https://*", &[]),
            ("https://*.com/*", &[]),
            ("file:///x", &[]),
        ];
        for (theirs, ours) in cases {
            assert_eq!(url(&json!({ "url": theirs }), Side::Allow).unwrap_or_default(), ours);
        }
    }
}
