//! Paths, and the patterns that take them in.
//!
//! | seen | proposed |
//! | --- | --- |
//! | one or two files | those files |
//! | three files of a directory with one extension | `$APPDATA/notes/*.md` |
//! | such files in three directories of a tree | `$APPDATA/notes/**/*.md` |
//! | one name in three sibling directories | `$APPDATA/books/*/index.json` |
//!
//! A hidden name stays itself, and so does everything right in the home directory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sidegate_capabilities::Directories;

use super::danger;
use super::group::Generalised;
use super::keys::EVIDENCE;

/// The variable of the home directory.
const HOME: &str = "HOME";

/// The longest extension that is taken for one.
const MAX_EXTENSION: usize = 8;

/// The path that a call names, beneath the nearest directory that has a variable.
///
/// # Errors
/// Why nothing is proposed for it.
pub(super) fn read(text: &str, directories: &Directories) -> Result<String, String> {
    let absolute = absolute(text, directories).ok_or("its `path` is no path")?;
    let names = |path: &Path| -> Option<Vec<String>> {
        let names = path.to_str()?.strip_prefix('/')?;
        Some(names.split('/').map(str::to_owned).collect())
    };
    let beneath = |variable: &str| {
        let base = names(directories.get(variable)?)?;
        absolute.strip_prefix(base.as_slice()).map(|rest| (base.len(), rest.to_vec()))
    };
    let nearest = directories.names().filter_map(|name| Some((name, beneath(name)?)));
    let Some((variable, (_, below))) = nearest.max_by_key(|(_, (depth, _))| *depth) else {
        return Err("it lies outside of every directory that has a name in policies".to_owned());
    };
    check(variable, &below)?;
    Ok(std::iter::once(format!("${variable}")).chain(below).collect::<Vec<_>>().join("/"))
}

/// The names of `$VAR/a/b` or `/a/b`, from the root on.
fn absolute(text: &str, directories: &Directories) -> Option<Vec<String>> {
    let whole = match text.strip_prefix('$') {
        None => text.to_owned(),
        Some(rest) => {
            let (variable, below) =
                rest.split_once('/').map_or((rest, None), |(v, b)| (v, Some(b)));
            let base = directories.get(variable)?.to_str()?;
            below.map_or_else(|| base.to_owned(), |below| format!("{base}/{below}"))
        }
    };
    let names: Vec<String> = whole.strip_prefix('/')?.split('/').map(str::to_owned).collect();
    let is_name = |name: &String| {
        !matches!(name.as_str(), "" | "." | "..") && !name.contains(char::is_control)
    };
    names.iter().all(is_name).then_some(names)
}

fn check(variable: &str, below: &[String]) -> Result<(), String> {
    if below.iter().any(|name| name.contains(['*', '?', '[', ']', '{', '}', '\\'])) {
        return Err("its path has a character that means something else in a pattern".to_owned());
    }
    if below.iter().any(|name| danger::is_secret_name(name)) {
        return Err("keys or credentials lie there: write such a grant by hand".to_owned());
    }
    if variable == "APPLOG" {
        return Err("the app's own log lies there".to_owned());
    }
    if variable == HOME && below.is_empty() {
        return Err("it is the home directory as a whole".to_owned());
    }
    if variable == HOME && below.iter().any(|name| name.starts_with('.')) {
        return Err(
            "hidden files of the home directory are settings, keys and what starts by itself: \
                    write such a grant by hand"
                .to_owned(),
        );
    }
    Ok(())
}

/// A path taken apart.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Taken<'p> {
    /// The variable and the directories.
    directory: Vec<&'p str>,
    name: &'p str,
}

impl<'p> Taken<'p> {
    fn of(path: &'p str) -> Option<Self> {
        let mut directory: Vec<&str> = path.split('/').collect();
        let name = directory.pop()?;
        (!directory.is_empty()).then_some(Self { directory, name })
    }

    fn text(&self) -> String {
        format!("{}/{}", self.directory.join("/"), self.name)
    }

    fn extension(&self) -> Option<&'p str> {
        let (stem, extension) = self.name.rsplit_once('.')?;
        let plain = extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (!stem.is_empty() && !extension.is_empty() && plain && extension.len() <= MAX_EXTENSION)
            .then_some(extension)
    }

    /// Whether a wildcard could stand for any part of it.
    fn is_plain(&self) -> bool {
        let hidden = self.directory.iter().chain([&self.name]).any(|name| name.starts_with('.'));
        !hidden && !is_bare_home(&self.directory)
    }
}

fn is_bare_home(directory: &[&str]) -> bool {
    matches!(directory, [variable] if variable.strip_prefix('$') == Some(HOME))
}

/// The patterns that take them all in.
pub(super) fn generalise(paths: &BTreeSet<String>) -> Vec<Generalised> {
    let mut patterns = Vec::new();
    let mut left: BTreeSet<Taken<'_>> = BTreeSet::new();
    for path in paths {
        match Taken::of(path) {
            Some(taken) if taken.is_plain() => drop(left.insert(taken)),
            _ => patterns.push(Generalised::literal(path)),
        }
    }
    trees(&mut left, &mut patterns);
    directories(&mut left, &mut patterns);
    siblings(&mut left, &mut patterns);
    patterns.extend(left.iter().map(|taken| Generalised::literal(taken.text())));
    patterns.sort_by(|a, b| a.text.cmp(&b.text));
    patterns
}

/// Files of one extension in three directories or more of one tree, that lie at different depths.
fn trees(left: &mut BTreeSet<Taken<'_>>, patterns: &mut Vec<Generalised>) {
    let mut groups: BTreeMap<(Vec<&str>, Option<&str>), Vec<Taken<'_>>> = BTreeMap::new();
    for taken in left.iter() {
        // The variable and the first directory beneath it; in the home directory one more, since
        // each of its directories is a world of its own.
        let depth = if taken.directory.first() == Some(&"$HOME") { 3 } else { 2 };
        if let Some(top) = taken.directory.get(..depth) {
            groups.entry((top.to_vec(), taken.extension())).or_default().push(taken.clone());
        }
    }
    for ((top, extension), group) in groups {
        let places: BTreeSet<_> = group.iter().map(|taken| &taken.directory).collect();
        let depths: BTreeSet<_> = places.iter().map(|directory| directory.len()).collect();
        if places.len() < EVIDENCE || depths.len() < 2 {
            continue;
        }
        let shared = longest(&places).unwrap_or(top);
        let place = shared.join("/");
        let (last, files) = kind(extension);
        let text = match extension {
            Some(_) => format!("{place}/**/{last}"),
            None => format!("{place}/**"),
        };
        patterns.push(Generalised { text, also: Some(format!("{files} beneath `{place}`")) });
        left.retain(|taken| !group.contains(taken));
    }
}

/// The directory that holds them all.
fn longest<'p>(places: &BTreeSet<&Vec<&'p str>>) -> Option<Vec<&'p str>> {
    let first = places.first()?;
    let same = places.iter().fold(first.len(), |most, place| {
        most.min(place.iter().zip(first.iter()).take_while(|(a, b)| a == b).count())
    });
    Some(first.iter().take(same).copied().collect())
}

/// Three files or more of one directory and one extension.
fn directories(left: &mut BTreeSet<Taken<'_>>, patterns: &mut Vec<Generalised>) {
    let mut groups: BTreeMap<(Vec<&str>, Option<&str>), Vec<Taken<'_>>> = BTreeMap::new();
    for taken in left.iter() {
        let key = (taken.directory.clone(), taken.extension());
        groups.entry(key).or_default().push(taken.clone());
    }
    for ((directory, extension), group) in groups {
        if group.len() < EVIDENCE {
            continue;
        }
        let place = directory.join("/");
        let (last, files) = kind(extension);
        let also = Some(format!("{files} in `{place}`"));
        patterns.push(Generalised { text: format!("{place}/{last}"), also });
        left.retain(|taken| !group.contains(taken));
    }
}

/// One name in three directories or more that are siblings.
fn siblings(left: &mut BTreeSet<Taken<'_>>, patterns: &mut Vec<Generalised>) {
    let mut groups: BTreeMap<(Vec<&str>, &str), Vec<Taken<'_>>> = BTreeMap::new();
    for taken in left.iter() {
        if let Some((_, parent)) = taken.directory.split_last()
            && !parent.is_empty()
            && !is_bare_home(parent)
        {
            groups.entry((parent.to_vec(), taken.name)).or_default().push(taken.clone());
        }
    }
    for ((parent, name), group) in groups {
        if group.len() < EVIDENCE {
            continue;
        }
        let place = parent.join("/");
        let also = Some(format!("`{name}` in any directory of `{place}`"));
        patterns.push(Generalised { text: format!("{place}/*/{name}"), also });
        left.retain(|taken| !group.contains(taken));
    }
}

/// The last name of a pattern for files of an extension, and what they are called.
fn kind(extension: Option<&str>) -> (String, String) {
    match extension {
        Some(extension) => (format!("*.{extension}"), format!("any `.{extension}` file")),
        None => ("*".to_owned(), "anything that is not hidden".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_generalised_as_far_as_they_were_seen() {
        #[rustfmt::skip]
        let cases: [(&[&str], &[&str]); 10] = [
            (&["$APPDATA/n/a.md", "$APPDATA/n/b.md"], &["$APPDATA/n/a.md", "$APPDATA/n/b.md"]),
            (&["$APPDATA/n/a.md", "$APPDATA/n/b.md", "$APPDATA/n/c.md"], &["$APPDATA/n/*.md"]),
            (&["$APPDATA/n/a.md", "$APPDATA/n/b.md", "$APPDATA/n/c.txt"], &["$APPDATA/n/a.md", "$APPDATA/n/b.md", "$APPDATA/n/c.txt"]),
            (&["$APPDATA/n/a.md", "$APPDATA/n/b.md", "$APPDATA/n/c.md", "$APPDATA/n/.d.md"], &["$APPDATA/n/*.md", "$APPDATA/n/.d.md"]),
            (&["$APPDATA/n/a.md", "$APPDATA/n/x/b.md", "$APPDATA/n/x/y/c.md"], &["$APPDATA/n/**/*.md"]),
            (&["$APPDATA/b/1/i.json", "$APPDATA/b/2/i.json", "$APPDATA/b/3/i.json"], &["$APPDATA/b/*/i.json"]),
            (&["$HOME/a.md", "$HOME/b.md", "$HOME/c.md"], &["$HOME/a.md", "$HOME/b.md", "$HOME/c.md"]),
            (&["$HOME/a/i.md", "$HOME/b/i.md", "$HOME/c/d/i.md"], &["$HOME/a/i.md", "$HOME/b/i.md", "$HOME/c/d/i.md"]),
            (&["$HOME/w/a.md", "$HOME/w/x/b.md", "$HOME/w/x/y/c.md"], &["$HOME/w/a.md", "$HOME/w/x/b.md", "$HOME/w/x/y/c.md"]),
            (&["$APPDATA", "$APPDATA/n"], &["$APPDATA", "$APPDATA/n"]),
        ];
        for (paths, patterns) in cases {
            let found: BTreeSet<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            let found: Vec<_> =
                generalise(&found).into_iter().map(|pattern| pattern.text).collect();
            assert_eq!(found, patterns, "{paths:?}");
        }
    }

    #[test]
    fn a_path_is_told_beneath_the_nearest_directory() {
        let directories = Directories::sample();
        for (written, read_as) in [
            ("$APPDATA/notes/a.md", Some("$APPDATA/notes/a.md")),
            ("/home/user/.local/share/app/notes/a.md", Some("$APPDATA/notes/a.md")),
            ("$HOME/Documents/a.md", Some("$DOCUMENTS/a.md")),
            ("$HOME/plans/a.md", Some("$HOME/plans/a.md")),
            ("$APPDATA/.git/config", Some("$APPDATA/.git/config")),
            ("$HOME", None),
            ("$HOME/.bashrc", None),
            ("$HOME/.ssh/id_rsa", None),
            ("$DOCUMENTS/id_rsa", None),
            ("$DOCUMENTS/server.pem", None),
            ("$APPDATA/**", None),
            ("$APPDATA/{dir}", None),
            ("$APPLOG/audit.jsonl", None),
            ("/etc/passwd", None),
            ("/", None),
            ("$APPDATA/../x", None),
            ("$NOPE/x", None),
            ("a", None),
        ] {
            assert_eq!(read(written, &directories).ok().as_deref(), read_as, "{written}");
        }
    }
}
