//! Keys, and the patterns that take them in: `editor.*` from three keys of `editor`.

use std::collections::{BTreeMap, BTreeSet};

use super::danger;
use super::group::Generalised;

/// How many different names it takes to believe that others of the kind are meant as well: two are
/// a pair, three a habit.
pub(super) const EVIDENCE: usize = 3;

/// The key that a call names.
///
/// # Errors
/// Why nothing is proposed for it.
pub(super) fn read(text: &str) -> Result<String, String> {
    let is_word = |word: &str| {
        !word.is_empty()
            && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    };
    if !text.split('.').all(is_word) {
        return Err("its `key` is no key".to_owned());
    }
    if danger::is_secret_key(text) {
        return Err("by its name the key holds a secret: write such a grant by hand".to_owned());
    }
    Ok(text.to_owned())
}

/// The patterns that take them all in.
pub(super) fn generalise(keys: &BTreeSet<String>) -> Vec<Generalised> {
    let mut by_parent: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for key in keys {
        // A key of one word has no parent that could be opened.
        let parent = key.rsplit_once('.').map_or("", |(parent, _)| parent);
        by_parent.entry(parent).or_default().push(key);
    }
    let mut patterns = Vec::new();
    for (parent, keys) in by_parent {
        if parent.is_empty() || keys.len() < EVIDENCE {
            patterns.extend(keys.into_iter().map(Generalised::literal));
        } else {
            let also = Some(format!("any key of `{parent}`"));
            patterns.push(Generalised { text: format!("{parent}.*"), also });
        }
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_keys_of_a_word_stand_for_its_others() {
        for (keys, patterns) in [
            (vec!["editor.a", "editor.b"], vec!["editor.a", "editor.b"]),
            (vec!["editor.a", "editor.b", "editor.c"], vec!["editor.*"]),
            (vec!["a", "b", "c", "d"], vec!["a", "b", "c", "d"]),
            (vec!["a.b.x", "a.b.y", "a.b.z", "a.c"], vec!["a.c", "a.b.*"]),
        ] {
            let found: BTreeSet<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            let found: Vec<_> =
                generalise(&found).into_iter().map(|pattern| pattern.text).collect();
            assert_eq!(found, patterns, "{keys:?}");
        }
        for bad in ["", "a..b", "a.*", "ü", "db.password"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
