//! Resources that an entry's patterns match, as a call would name them: each pattern with its
//! wildcards filled in several ways, so that a deny entry which takes some of them away leaves others.

use serde_json::{Map, Value};
use sidegate_capabilities::outline::Entry;

use super::scope;
use crate::commands::Resource;

/// What a run of characters is filled with. Unlike names that people deny, and unlike each other.
const RUNS: [&str; 6] = ["w", "zq7", "0k", "note", "a.b", ""];

/// What one `?` is filled with.
const ONES: [&str; 3] = ["w", "7", "x"];

/// The most patterns of a scope that are tried.
const MAX_PATTERNS: usize = 64;

/// The resource arguments of calls that the entry's scopes match: mostly, since a pattern may have
/// a wildcard where the filling does not fit.
pub(super) fn samples(entry: &Entry) -> Vec<Map<String, Value>> {
    let mut samples = vec![Map::new()];
    for resource in [Resource::Path, Resource::Url, Resource::Key] {
        let Some(patterns) = scope(entry, resource) else {
            continue;
        };
        let separator = if resource == Resource::Key { '.' } else { '/' };
        let texts: Vec<String> = patterns
            .iter()
            .take(MAX_PATTERNS)
            .flat_map(|pattern| filled(pattern, separator))
            .collect();
        samples = samples
            .iter()
            .flat_map(|sample| texts.iter().map(|text| with(sample, resource, text)))
            .collect();
    }
    samples
}

fn with(sample: &Map<String, Value>, resource: Resource, text: &str) -> Map<String, Value> {
    let mut sample = sample.clone();
    sample.insert(resource.argument().to_owned(), text.into());
    sample
}

/// The pattern with its wildcards filled.
fn filled(pattern: &str, separator: char) -> Vec<String> {
    let mut texts = Vec::new();
    for depth in 0..=2 {
        for run in RUNS {
            let parts = pattern.split(separator).flat_map(|part| match part {
                "**" => vec![if run.is_empty() { "w" } else { run }.to_owned(); depth],
                "*" if run.is_empty() => vec!["w".to_owned()],
                part => vec![part.replace('*', run)],
            });
            let text = parts.collect::<Vec<_>>().join(&separator.to_string());
            if text.contains('?') {
                texts.extend(ONES.iter().map(|one| text.replace('?', one)));
            } else {
                texts.push(text);
            }
        }
    }
    texts.dedup();
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_filled() {
        let filled_with =
            |pattern, separator, text: &str| filled(pattern, separator).contains(&text.to_owned());
        assert!(filled_with("$APPDATA/notes/**", '/', "$APPDATA/notes"));
        assert!(filled_with("$APPDATA/notes/**", '/', "$APPDATA/notes/zq7/zq7"));
        assert!(filled_with("$APPDATA/*/?.md", '/', "$APPDATA/w/x.md"));
        assert!(filled_with("editor.*", '.', "editor.w"));
        assert!(filled_with("**.size", '.', "size"));
        assert!(filled_with("https://*.example.com/a", '/', "https://w.example.com/a"));
        assert_eq!(filled("/etc/passwd", '/'), ["/etc/passwd"]);
    }
}
