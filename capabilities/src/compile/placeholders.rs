//! `{dir}` in the patterns of a permission: the places where its parameters stand, and the texts that
//! are put there.

use std::collections::BTreeMap;

use super::Compiler;
use crate::diagnostics::{Diagnostic, FileText, Place, Span};
use crate::written::{At, Value, WrittenEntry, WrittenPermission};

/// The most texts that one pattern becomes: three parameters of ten values each are a thousand, and
/// nobody means more.
const MAX_TEXTS: usize = 1_000;

/// The most bytes of one of them: more than any pattern may have.
const MAX_BYTES: usize = 8 * 1024;

/// What each parameter stands for.
pub(super) type Values = BTreeMap<String, Vec<String>>;

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Plain(&'t str),
    Name(&'t str),
}

/// The texts that a text with placeholders becomes: one for each combination of values. `None` where
/// those are too many or too long.
pub(super) fn substitute(text: &str, values: &Values) -> Option<Vec<String>> {
    let mut texts = vec![String::new()];
    for piece in pieces(text) {
        let choices = match piece {
            Piece::Plain(plain) => {
                texts.iter_mut().for_each(|text| text.push_str(plain));
                continue;
            }
            // One that is not known has been reported already.
            Piece::Name(name) => values.get(name).map(Vec::as_slice).unwrap_or_default(),
        };
        if texts.len().saturating_mul(choices.len()) > MAX_TEXTS {
            return None;
        }
        let with = |text: &String| choices.iter().map(|choice| format!("{text}{choice}")).collect();
        texts = texts.iter().flat_map(|text| -> Vec<String> { with(text) }).collect();
    }
    texts.iter().all(|text| text.len() <= MAX_BYTES).then_some(texts)
}

/// The entry with values in the place of parameters; `None` where it becomes too much.
pub(super) fn fill(entry: &WrittenEntry, values: &Values) -> Option<WrittenEntry> {
    let mut filled = entry.clone();
    filled.commands = fill_list(&entry.commands, values)?;
    for (scope, written) in [
        (&mut filled.path, &entry.path),
        (&mut filled.url, &entry.url),
        (&mut filled.key, &entry.key),
    ] {
        if let (Some(scope), Some(written)) = (scope, written) {
            scope.value = fill_list(&written.value, values)?;
        }
    }
    Some(filled)
}

fn fill_list(list: &[At<String>], values: &Values) -> Option<Vec<At<String>>> {
    let mut filled = Vec::with_capacity(list.len());
    for At { value, span } in list {
        let texts = substitute(value, values)?;
        filled.extend(texts.into_iter().map(|value| At { value, span: *span }));
    }
    Some(filled)
}

impl Compiler<'_> {
    /// Reports placeholders that stand for no parameter, and parameters that stand nowhere.
    pub(super) fn check_placeholders(
        &mut self,
        file: &FileText<'_>,
        permission: &WrittenPermission,
    ) {
        let entries = permission.allow.iter().chain(&permission.deny);
        let texts = entries.flat_map(texts_of).chain(
            permission.uses.iter().flat_map(|used| &used.values).flat_map(|value| &value.texts),
        );
        let mut named: Vec<&str> = Vec::new();
        for text in texts {
            for name in names_in(&text.value) {
                named.push(name);
                if !permission.params.iter().any(|param| param.value == name) {
                    // A misspelt one stands for the one that was meant.
                    named.extend(self.unknown_placeholder(file, permission, text, name));
                }
            }
        }
        for param in &permission.params {
            if is_word(&param.value) && !named.contains(&param.value.as_str()) {
                let place = Place::of(file, param.span);
                let message = format!("the parameter `{}` stands nowhere", param.value);
                let help = format!("write `{{{}}}` in a pattern, or leave it out", param.value);
                self.report(Diagnostic::warning("unused-param", &place, message).help(help));
            }
        }
        for value in &permission.defaults {
            self.known_param(file, permission, &value.name.value, value.name.span);
        }
        self.no_placeholders(file, &permission.defaults);
    }

    /// Reports `{dir}` in values that stand in no permission with parameters: a default, or what a
    /// capability gives. Nothing would be put there, and a deny entry without patterns denies nothing.
    pub(super) fn no_placeholders(&mut self, file: &FileText<'_>, values: &[Value]) {
        for text in values.iter().flat_map(|value| &value.texts) {
            for name in names_in(&text.value) {
                let place = Place::of(file, text.span);
                let message = format!("`{{{name}}}` is no parameter here");
                let help = "write the text itself: parameters stand in the entries and the `use` of \
                            their own permission";
                self.report(Diagnostic::error("unknown-param", &place, message).help(help));
            }
        }
    }

    /// Reports it, and finds the parameter that was meant.
    fn unknown_placeholder<'w>(
        &mut self,
        file: &FileText<'_>,
        permission: &'w WrittenPermission,
        text: &At<String>,
        name: &str,
    ) -> Option<&'w str> {
        let place = Place::of(file, text.span);
        let known = permission.params.iter().map(|param| param.value.as_str());
        let meant = self.suggest(name, known);
        let nearest = meant.map(|known| format!("did you mean `{{{known}}}`?"));
        let declare = || format!("declare it in this permission: `params = [\"{name}\"]`");
        let id = &permission.id.value;
        let message = format!("`{{{name}}}` is no parameter of the permission `{id}`");
        self.report(
            Diagnostic::error("unknown-param", &place, message)
                .help(nearest.unwrap_or_else(declare)),
        );
        meant
    }

    /// Reports a name that is no parameter of the permission.
    pub(super) fn known_param(
        &mut self,
        file: &FileText<'_>,
        permission: &WrittenPermission,
        name: &str,
        span: Span,
    ) {
        let known = || permission.params.iter().map(|param| param.value.as_str());
        if known().any(|param| param == name) {
            return;
        }
        let id = &permission.id.value;
        let message = format!("the permission `{id}` has no parameter `{name}`");
        let help = self.did_you_mean(name, known()).unwrap_or_else(|| {
            let list: Vec<_> = known().map(|param| format!("`{param}`")).collect();
            if list.is_empty() {
                format!("`{id}` takes none")
            } else {
                format!("its parameters are {}", list.join(", "))
            }
        });
        let place = Place::of(file, span);
        self.report(Diagnostic::error("unknown-param", &place, message).help(help));
    }
}

/// Every text of an entry that a parameter may stand in.
fn texts_of(entry: &WrittenEntry) -> impl Iterator<Item = &At<String>> {
    let scopes = [&entry.path, &entry.url, &entry.key].into_iter().flatten();
    entry.commands.iter().chain(scopes.flat_map(|scope| &scope.value))
}

fn names_in(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Name(name) => Some(name),
        Piece::Plain(_) => None,
    })
}

/// Splits a text at `{word}`. A brace that is no part of one stays, and is the pattern's to refuse.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, name, after)) = next_name(rest) {
        pieces.push(Piece::Plain(before));
        pieces.push(Piece::Name(name));
        rest = after;
    }
    pieces.push(Piece::Plain(rest));
    pieces
}

fn next_name(text: &str) -> Option<(&str, &str, &str)> {
    text.match_indices('{').find_map(|(at, _)| {
        let (before, from) = text.split_at_checked(at)?;
        let (name, after) = from.strip_prefix('{')?.split_once('}')?;
        is_word(name).then_some((before, name, after))
    })
}

fn is_word(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_the_places_of_their_names() {
        let values: Values =
            [("dir", vec!["/a", "/b"]), ("ext", vec!["md", "txt"]), ("x", vec!["{dir}"])]
                .into_iter()
                .map(|(name, texts)| {
                    (name.to_owned(), texts.into_iter().map(str::to_owned).collect())
                })
                .collect();
        let cases: [(&str, &[&str]); 8] = [
            ("plain", &["plain"]),
            ("", &[""]),
            ("{dir}/**", &["/a/**", "/b/**"]),
            ("{dir}/*.{ext}", &["/a/*.md", "/a/*.txt", "/b/*.md", "/b/*.txt"]),
            ("{x}", &["{dir}"]),
            ("{unknown}", &[]),
            ("{Dir}{}{", &["{Dir}{}{"]),
            ("{{dir}}", &["{/a}", "{/b}"]),
        ];
        for (text, expected) in cases {
            assert_eq!(substitute(text, &values).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_becomes_too_much_is_nothing() {
        let many: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let values = Values::from([("n".to_owned(), many)]);
        assert_eq!(substitute("{n}", &values).unwrap().len(), 100);
        assert_eq!(substitute("{n}{n}", &values), None);
    }
}
