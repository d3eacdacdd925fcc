//! Patterns of paths and keys as template literal types, where that is sound.
//!
//! What stands before the first wildcard and after the last is kept, and between them is any text.
//! A path may also be written from the root or from another variable, so those spellings are
//! taken too, with what stands after the last wildcard. Of a URL nothing is kept: its text has many
//! spellings (`HTTPS://`, a port, escapes), and the pattern is matched on none of them.

use std::path::{Path, PathBuf};

use sidegate_capabilities::{Directories, Platform};

use super::{Ground, literal};

/// The type of a text that one of the patterns matches.
pub(super) fn path(patterns: &[String], ground: Ground<'_>) -> String {
    if ground.platform == Platform::Windows {
        return "string".to_owned();
    }
    union(patterns.iter().flat_map(|pattern| paths(pattern, ground.directories)))
}

/// The type of a key that one of the patterns matches.
pub(super) fn key(patterns: &[String]) -> String {
    union(patterns.iter().flat_map(|pattern| Parts::of(pattern, '.').types(pattern, '.')))
}

/// A pattern as far as a type can say it.
struct Parts<'p> {
    /// Up to the first wildcard.
    front: &'p str,
    /// From the last wildcard on; without any, nothing.
    back: &'p str,
    /// Whether the text may end where the last separator of the front begins.
    may_end: bool,
    is_literal: bool,
}

impl<'p> Parts<'p> {
    fn of(pattern: &'p str, separator: char) -> Self {
        let wild = ['*', '?'];
        // Only a path has a `?` for any one character.
        let wild = if separator == '.' { &wild[..1] } else { &wild[..] };
        let Some((first, last)) = pattern.find(wild).zip(pattern.rfind(wild)) else {
            return Self { front: pattern, back: "", may_end: false, is_literal: true };
        };
        let front = pattern.get(..first).unwrap_or_default();
        let back = pattern.get(last.saturating_add(1)..).unwrap_or_default();
        let rest = pattern.get(first..).unwrap_or_default();
        // `a/**/b` matches `a/b`: the separator behind a run of whole names goes with it.
        let behind_run = pattern
            .get(..last.saturating_add(1))
            .is_some_and(|to| to.rsplit(separator).next() == Some("**"));
        let back = if behind_run { back.strip_prefix(separator).unwrap_or(back) } else { back };
        let may_end = rest.split(separator).all(|name| name == "**");
        Self { front, back, may_end, is_literal: false }
    }

    fn types(&self, pattern: &str, separator: char) -> Vec<String> {
        if self.is_literal {
            return vec![literal(pattern)];
        }
        let mut types = vec![template(self.front, self.back)];
        if self.may_end
            && let Some(end) = self.front.strip_suffix(separator).filter(|end| !end.is_empty())
        {
            types.insert(0, literal(end));
        }
        types
    }
}

fn paths(pattern: &str, directories: &Directories) -> Vec<String> {
    let parts = Parts::of(pattern, '/');
    let mut types = parts.types(pattern, '/');
    let (variable, base) = base(parts.front, directories);
    // The last name of a literal path stands at the end of each of its spellings.
    let name = pattern.rsplit('/').next().filter(|_| pattern.contains('/'));
    let back = if parts.is_literal { name.unwrap_or_default() } else { parts.back };
    for name in directories.names().filter(|name| Some(*name) != variable) {
        let Some(directory) = directories.get(name) else {
            continue;
        };
        let above = base.starts_with(directory);
        let below = !parts.is_literal && directory.starts_with(&base);
        if above || below {
            types.push(template(&format!("${name}/"), back));
        }
        // The variable alone is the directory itself, which may be the very path.
        let is_whole =
            parts.is_literal && Some(directory) == exact(pattern, directories).as_deref();
        if below || is_whole {
            types.push(literal(&format!("${name}")));
        }
    }
    types.push(template("/", back));
    types
}

/// The variable that a pattern begins with, and the longest directory that all of its paths lie in
/// (of a literal pattern: the path itself).
fn base<'p>(front: &'p str, directories: &Directories) -> (Option<&'p str>, PathBuf) {
    let Some(rest) = front.strip_prefix('$') else {
        return (None, whole(front).to_owned());
    };
    let (variable, below) = rest.split_once('/').unwrap_or((rest, ""));
    let directory = directories.get(variable).unwrap_or(Path::new("/"));
    // What is below a variable may be half a name: it counts up to its last separator where more
    // follows, and whole where nothing does. The shorter one is always right, if less exact.
    let below = below.rsplit_once('/').map_or("", |(whole, _)| whole);
    let base = if below.is_empty() { directory.to_owned() } else { directory.join(below) };
    (Some(variable), base)
}

/// The path that a pattern without wildcards names.
fn exact(pattern: &str, directories: &Directories) -> Option<PathBuf> {
    let Some(rest) = pattern.strip_prefix('$') else {
        return Some(PathBuf::from(pattern));
    };
    match rest.split_once('/') {
        Some((variable, below)) => Some(directories.get(variable)?.join(below)),
        None => directories.get(rest).map(Path::to_owned),
    }
}

fn whole(front: &str) -> &Path {
    Path::new(
        front.rsplit_once('/').map_or("/", |(whole, _)| if whole.is_empty() { "/" } else { whole }),
    )
}

/// `front`, any text, `back`.
fn template(front: &str, back: &str) -> String {
    if front.is_empty() && back.is_empty() {
        return "string".to_owned();
    }
    format!("`{}${{string}}{}`", escape(front), escape(back))
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('`', "\\`").replace("${", "\\${")
}

/// Each type once, in the order in which they came.
fn union(types: impl IntoIterator<Item = String>) -> String {
    let mut unique: Vec<String> = Vec::new();
    for one in types {
        if !unique.contains(&one) {
            unique.push(one);
        }
    }
    match unique.len() {
        0 => "never".to_owned(),
        _ if unique.iter().any(|one| one == "string") => "string".to_owned(),
        _ => unique.join(" | "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        for (pattern, expected) in [
            ("theme", "\"theme\""),
            ("editor.*", "`editor.${string}`"),
            ("editor.**", "\"editor\" | `editor.${string}`"),
            ("**", "string"),
            ("**.size", "`${string}size`"),
            ("a.**.b", "`a.${string}b`"),
            ("a.*.b", "`a.${string}.b`"),
            ("a.*-b.**", "`a.${string}`"),
        ] {
            assert_eq!(key(&[pattern.to_owned()]), expected, "{pattern}");
        }
    }

    #[test]
    fn paths_in_all_their_spellings() {
        let sample = Directories::sample();
        for (pattern, expected) in [
            (
                "$APPDATA/notes/*.md",
                "`$APPDATA/notes/${string}.md` | `$HOME/${string}.md` | `/${string}.md`",
            ),
            (
                "$APPDATA/notes/**",
                "\"$APPDATA/notes\" | `$APPDATA/notes/${string}` | `$HOME/${string}` | `/${string}`",
            ),
            ("$TEMP/a", "\"$TEMP/a\" | `/${string}a`"),
            ("$HOME/Documents", "\"$HOME/Documents\" | \"$DOCUMENTS\" | `/${string}Documents`"),
            ("$TEMP", "\"$TEMP\" | `/${string}`"),
            (
                "/tmp/**/x`y",
                "`/tmp/${string}x\\`y` | `$TEMP/${string}x\\`y` | \"$TEMP\" | `/${string}x\\`y`",
            ),
        ] {
            assert_eq!(union(paths(pattern, &sample)), expected, "{pattern}");
        }
    }
}
