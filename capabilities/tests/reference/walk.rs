//! The decision on foot, as the language's rules are told, with none of the crate's patterns,
//! indexes or types: every pattern tries every split, every entry is looked at.

use serde_json::{Map, Value};

use crate::generate::{APPDATA, HOME};
use crate::model::{Call, Capability, Entry, Schema};

/// A rule: its capability, whether it allows, its place from 1.
pub(crate) type Place<'p> = (&'p str, bool, usize);

#[derive(Debug)]
pub(crate) enum Answer<'p> {
    Allow {
        rule: Place<'p>,
        /// Every allow entry that names the command.
        naming: Vec<&'p Entry>,
        /// Those that match.
        matching: Vec<&'p Entry>,
    },
    Deny {
        code: &'static str,
        rule: Option<Place<'p>>,
    },
}

pub(crate) fn decide<'p>(policy: &'p [Capability], call: &Call) -> Answer<'p> {
    let mine: Vec<_> = policy.iter().filter(|c| is_for(c, call)).collect();
    if mine.is_empty() {
        return Answer::Deny { code: "no-capability", rule: None };
    }
    let allow = mine.iter().flat_map(|c| places(c, true, &c.allow));
    let allow: Vec<_> = allow.filter(|(_, entry)| names(entry, call)).collect();
    let mut deny = mine.iter().flat_map(|c| places(c, false, &c.deny));
    if let Some((place, _)) = deny.find(|(_, entry)| names(entry, call) && denies(entry, call)) {
        return Answer::Deny { code: "denied-by-rule", rule: Some(place) };
    }
    let failing: Vec<_> = allow.iter().map(|(place, e)| (*place, *e, fails(e, call))).collect();
    let matching = || failing.iter().filter(|(.., fails)| fails.is_none());
    if let Some((rule, ..)) = matching().next() {
        let naming = allow.iter().map(|(_, entry)| *entry).collect();
        let matching = matching().map(|(_, entry, _)| *entry).collect();
        return Answer::Allow { rule: *rule, naming, matching };
    }
    // The nearest is the one whose failure stands last in this list; of several, the first.
    let near = ["scope-missing", "argument-missing", "out-of-scope", "argument-invalid", "schema"];
    for code in near.into_iter().rev() {
        if let Some((rule, ..)) = failing.iter().find(|(.., fails)| *fails == Some(code)) {
            let code = if code == "schema" { "argument-invalid" } else { code };
            return Answer::Deny { code, rule: Some(*rule) };
        }
    }
    Answer::Deny { code: "not-granted", rule: None }
}

fn places<'p>(
    capability: &'p Capability,
    allows: bool,
    entries: &'p [Entry],
) -> impl Iterator<Item = (Place<'p>, &'p Entry)> {
    let id = capability.id.as_str();
    entries.iter().enumerate().map(move |(n, entry)| ((id, allows, n + 1), entry))
}

fn is_for(capability: &Capability, call: &Call) -> bool {
    capability.windows.iter().any(|pattern| like(pattern, call.window))
        && capability.origins.iter().any(|pattern| origin_like(pattern, call.origin))
}

fn names(entry: &Entry, call: &Call) -> bool {
    entry.commands.iter().any(|pattern| like(pattern, call.command))
}

/// Why an allow entry does not allow the call: the first thing that fails.
fn fails(entry: &Entry, call: &Call) -> Option<&'static str> {
    let resources = [
        stands(&entry.path, call.args.get("path"), is_path, |p, path| path_like(p, path, false)),
        stands(&entry.url, call.args.get("url"), is_url, url_like),
        stands(&entry.key, call.args.get("key"), is_key, key_like),
    ];
    for stands in resources {
        match stands {
            "inside" | "neither" => {}
            other => return Some(other),
        }
    }
    (!fits(entry, call)).then_some("schema")
}

fn denies(entry: &Entry, call: &Call) -> bool {
    let resources = [
        stands(&entry.path, call.args.get("path"), is_path, |p, path| path_like(p, path, true)),
        stands(&entry.url, call.args.get("url"), is_url, url_like),
        stands(&entry.key, call.args.get("key"), is_key, key_like),
    ];
    resources.iter().all(|stands| !["argument-missing", "out-of-scope"].contains(stands))
        && fits(entry, call)
}

fn stands(
    scope: &Option<Vec<String>>,
    named: Option<&Value>,
    is_good: impl Fn(&str) -> bool,
    like: impl Fn(&str, &str) -> bool,
) -> &'static str {
    let text = named.map(|value| value.as_str().filter(|text| is_good(text)));
    match (scope, text) {
        (_, Some(None)) => "argument-invalid",
        (None, None) => "neither",
        (None, Some(Some(_))) => "scope-missing",
        (Some(_), None) => "argument-missing",
        (Some(patterns), Some(Some(text))) => {
            let inside = patterns.iter().any(|pattern| like(pattern, text));
            if inside { "inside" } else { "out-of-scope" }
        }
    }
}

fn fits(entry: &Entry, call: &Call) -> bool {
    entry.schema.as_ref().is_none_or(|schema| schema_fits(schema, &call.args))
}

fn schema_fits(schema: &Schema, args: &Map<String, Value>) -> bool {
    let is_open = |name: &str| schema.closed.as_ref().is_none_or(|names| names.contains(&name));
    let n = !is_open("n")
        || match (schema.maximum, args.get("n")) {
            (Some(maximum), Some(Value::Number(n))) => n.as_i64().unwrap() <= maximum,
            _ => true,
        };
    let s = !is_open("s")
        || args.get("s").is_none_or(|value| {
            let only = schema.only.as_ref();
            only.is_none_or(|only| only.iter().any(|text| value == text))
                && match value.as_str() {
                    None => !schema.is_string,
                    Some(text) => {
                        schema.max_length.is_none_or(|most| text.chars().count() <= most)
                            && (!schema.is_of_a_and_b || text.chars().all(|c| "ab".contains(c)))
                    }
                }
        });
    let required = schema.required.iter().all(|name| args.contains_key(*name));
    n && s && required && args.keys().all(|name| is_open(name))
}

pub(crate) fn resolved(path: &str) -> String {
    path.replacen("$APPDATA", APPDATA, 1).replacen("$HOME", HOME, 1)
}

fn is_path(path: &str) -> bool {
    let path = resolved(path);
    path.starts_with('/') && path.split('/').skip(1).all(|name| !["", ".", ".."].contains(&name))
}

fn is_key(key: &str) -> bool {
    key.split('.').all(|word| !word.is_empty())
}

fn is_url(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let path = rest.split_once('/').map_or("", |(_, path)| path);
    ["http", "https", "ws", "wss"].contains(&scheme)
        && !rest.contains('@')
        && !path.starts_with('/')
}

/// `*` is any run of characters: every split is tried.
fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((front, rest)) => {
            text.strip_prefix(front).is_some_and(|tail| ends(tail).any(|tail| like(rest, tail)))
        }
    }
}

fn ends(text: &str) -> impl Iterator<Item = &str> {
    (0..=text.len()).filter_map(|at| text.get(at..))
}

fn origin_like(pattern: &str, origin: &str) -> bool {
    let pattern = if pattern == "local" { "app://localhost" } else { pattern };
    let (scheme, host) = pattern.split_once("://").unwrap();
    let (its_scheme, its_host) = origin.split_once("://").unwrap();
    scheme == its_scheme && host_like(host, its_host)
}

/// With the port, which no star stands for.
fn host_like(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        None => pattern == host,
        Some(rest) => host
            .match_indices('.')
            .any(|(at, _)| at > 0 && host.get(at + 1..).is_some_and(|tail| tail == rest)),
    }
}

fn url_like(pattern: &str, url: &str) -> bool {
    let (scheme, rest) = pattern.split_once("://").unwrap();
    let (its_scheme, its_rest) = url.split_once("://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let (its_host, its_path) = its_rest.split_once('/').unwrap_or((its_rest, ""));
    let path: Vec<_> = path.split('/').collect();
    let its_path: Vec<_> = its_path.split('/').collect();
    scheme == its_scheme
        && host_like(host, its_host)
        && parts_like(&path, &its_path, &|_| true, &|item, found| {
            like(item, found) && (item != "*" || !found.is_empty())
        })
}

fn path_like(pattern: &str, path: &str, hidden: bool) -> bool {
    let (pattern, path) = (resolved(pattern), resolved(path));
    let names: Vec<_> = path.split('/').skip(1).collect();
    let pattern: Vec<_> = pattern.strip_prefix('/').unwrap_or(&pattern).split('/').collect();
    let open = |name: &str| hidden || !name.starts_with('.');
    parts_like(&pattern, &names, &open, &|item, name| {
        let is_wild = item.contains(['*', '?']);
        (open(name) || item.starts_with('.') || !is_wild)
            && (like(item, name) || (item == "?" && name.chars().count() == 1))
    })
}

fn key_like(pattern: &str, key: &str) -> bool {
    let (pattern, key): (Vec<_>, Vec<_>) = (pattern.split('.').collect(), key.split('.').collect());
    parts_like(&pattern, &key, &|_| true, &like)
}

fn parts_like(
    pattern: &[&str],
    parts: &[&str],
    open: &dyn Fn(&str) -> bool,
    fits: &dyn Fn(&str, &str) -> bool,
) -> bool {
    match (pattern, parts) {
        ([], []) => true,
        (["**", rest @ ..], _) => {
            parts_like(rest, parts, open, fits)
                || parts.split_first().is_some_and(|(first, tail)| {
                    open(first) && parts_like(pattern, tail, open, fits)
                })
        }
        ([item, rest @ ..], [first, tail @ ..]) => {
            fits(item, first) && parts_like(rest, tail, open, fits)
        }
        _ => false,
    }
}
