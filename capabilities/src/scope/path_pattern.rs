//! Path patterns, matched name by name on the resolved path.
//!
//! | written | in an allow entry | in a deny entry |
//! | --- | --- | --- |
//! | `*`, `?` | any run, any one character of one name; not a leading dot | the same, leading dots too |
//! | `**` | any number of whole names, none too; no hidden ones | the same, hidden ones too |
//! | `**/x` | refused: an allow entry says where | `x` anywhere |
//! | `$VAR/x`, `/x` | beneath the directory, beneath the root | the same |
//!
//! `$APPDATA/notes/**` therefore matches `$APPDATA/notes` itself, which is what listing the
//! directory needs. A name of a pattern that writes its dot (`.*`, `.config`) does match hidden names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::PatternError;
use super::path::{ResolvedPath, check_name, split_variable};
use crate::directories::Directories;
use crate::glob::{self, Items, Question};
use crate::verdict::{Effect, PathGrant};

/// A path pattern of an allow or a deny entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathPattern {
    written: Arc<str>,
    names: Vec<NamePattern>,
    hidden: Hidden,
    /// The longest literal directory: the names before the first wildcard.
    base: Arc<Path>,
    /// How many names it has.
    base_depth: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum NamePattern {
    Literal(String),
    Wild(String),
    AnyDepth,
}

/// What a wildcard does with a name that begins with a dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hidden {
    Skipped,
    Matched,
}

impl PathPattern {
    /// Reads a pattern.
    pub(crate) fn parse(
        text: &str,
        effect: Effect,
        directories: &Directories,
    ) -> Result<Self, PatternError> {
        let (base, below) = split_base(text, effect, directories)?;
        let literal = |name: &str| NamePattern::Literal(name.to_owned());
        let mut names: Vec<_> = base.split('/').skip(1).map(literal).collect();
        let variable = names.len();
        for name in below.into_iter().flat_map(|below| below.split('/')) {
            names.push(NamePattern::parse(name)?);
        }
        let hidden = match effect {
            Effect::Allow => Hidden::Skipped,
            Effect::Deny => Hidden::Matched,
        };
        let base_depth = base_depth(&names, variable);
        let literals = names.iter().take(base_depth).filter_map(NamePattern::literal);
        let base = literals.fold(PathBuf::from("/"), |base, name| base.join(name));
        Ok(Self { written: text.into(), names, hidden, base: base.into(), base_depth })
    }

    /// The pattern as written.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// Whether the pattern matches the whole path.
    pub(crate) fn matches(&self, path: &ResolvedPath<'_>) -> bool {
        glob::matches(self.names.iter(), path.names(), &self.hidden)
    }

    /// The paths that match as a regular expression.
    pub(crate) fn regex(&self) -> String {
        self.names.iter().map(|name| name.regex(self.hidden)).collect()
    }

    /// Whether a path may match both: `false` is certain. Compares the names before the first wildcard.
    pub(crate) fn may_meet(&self, other: &Self) -> bool {
        let literals = |pattern: &'_ Self| {
            let front = pattern.names.iter().map_while(NamePattern::literal);
            front.map(str::to_owned).collect::<Vec<_>>()
        };
        literals(self).iter().zip(&literals(other)).all(|(mine, theirs)| mine == theirs)
    }

    /// A text that most likely is a path that matches.
    pub(crate) fn sample(&self) -> String {
        let name = |name: &NamePattern| match name {
            NamePattern::Literal(name) => Some(format!("/{name}")),
            NamePattern::Wild(wild) => Some(format!("/{}", wild.replace(['*', '?'], "a"))),
            NamePattern::AnyDepth => None,
        };
        self.names.iter().filter_map(name).collect()
    }

    /// The same pattern with hidden names in what its wildcards stand for.
    pub(crate) fn with_hidden(&self) -> Self {
        Self { hidden: Hidden::Matched, ..self.clone() }
    }

    /// A path that matches, as a place beneath the longest literal directory of the pattern.
    pub(crate) fn grant<'a>(&self, path: &ResolvedPath<'a>) -> PathGrant<'a> {
        let relative = path.names().below(self.base_depth);
        PathGrant::new(self.base.clone(), relative, self.written.clone())
    }

    /// Whether the pattern matches some path that is, or lies beneath, the place of these names, in
    /// whatever case it is written: on many file systems `.SSH` is `.ssh`.
    pub(crate) fn reaches<'n>(&self, place: impl Iterator<Item = &'n str>) -> bool {
        let mut place = place.peekable();
        // Most patterns lie elsewhere, which their literal names say at once.
        let literals = self.names.iter().map_while(NamePattern::literal);
        let mut front = 0_usize;
        for name in literals {
            match place.next_if(|found| found.eq_ignore_ascii_case(name)) {
                Some(_) => front = front.saturating_add(1),
                None => return place.peek().is_none(),
            }
        }
        // The names of the pattern that the next name of a path may stand for. What is left of the
        // pattern once the place is reached always matches something.
        let mut open = self.after_runs([front].into());
        for name in place {
            let name = name.to_ascii_lowercase();
            let name = name.as_str();
            let mut next = BTreeSet::new();
            for (at, item) in open.iter().filter_map(|at| Some((*at, self.names.get(*at)?))) {
                if *item == NamePattern::AnyDepth {
                    next.extend(self.hidden.crosses(&name).then_some(at));
                } else if self.hidden.fits(&&item.in_lower_case(), &name) {
                    next.insert(at.saturating_add(1));
                }
            }
            open = self.after_runs(next);
        }
        !open.is_empty()
    }

    /// With the names that come after each `**`, which may stand for none.
    fn after_runs(&self, mut open: BTreeSet<usize>) -> BTreeSet<usize> {
        for (at, item) in self.names.iter().enumerate() {
            if *item == NamePattern::AnyDepth && open.contains(&at) {
                open.insert(at.saturating_add(1));
            }
        }
        open
    }

    /// Whether the pattern takes in the whole home directory, or everything beneath the root.
    pub(crate) fn is_too_wide(&self, directories: &Directories) -> bool {
        let Some(first_wild) = self.names.iter().position(|name| !name.is_literal()) else {
            return false;
        };
        if first_wild == 0 {
            return true;
        }
        let base: Vec<_> = self.names.iter().map_while(NamePattern::literal).collect();
        let home = directories.text("HOME").unwrap_or("/home");
        let is_deep = self.names.contains(&NamePattern::AnyDepth);
        let above_home = |home: &str| {
            let mut names = home.split('/').skip(1);
            base.iter().all(|name| names.next() == Some(name))
        };
        is_deep && (above_home(home) || base == ["home"] || base == ["root"])
    }
}

impl NamePattern {
    fn parse(name: &str) -> Result<Self, PatternError> {
        check_name(name).map_err(PatternError::new)?;
        if name == "**" {
            return Ok(Self::AnyDepth);
        }
        if name.contains("**") {
            return Err(PatternError::new(
                "`**` stands for whole names and must stand alone between two `/`",
            )
            .help("write `*` for a run of characters within one name"));
        }
        if let Some(special) = name.chars().find(|c| matches!(c, '[' | ']' | '{' | '}' | '\\')) {
            return Err(PatternError::new(format!("`{special}` means nothing in a path pattern"))
                .help("write one pattern for each alternative; `?` stands for any one character"));
        }
        let wild = name.contains(['*', '?']);
        Ok(if wild { Self::Wild(name.to_owned()) } else { Self::Literal(name.to_owned()) })
    }

    /// With the `/` before it.
    fn regex(&self, hidden: Hidden) -> String {
        let text = |text: &str| glob::text_regex(text, ANY, Question::AnyOne);
        match (self, hidden) {
            (Self::Literal(name), _) => format!("/{}", glob::literal_regex(name)),
            (Self::Wild(wild), Hidden::Matched) => format!("/{}", text(wild)),
            (Self::Wild(wild), Hidden::Skipped) if wild.starts_with('.') => {
                format!("/{}", text(wild))
            }
            (Self::Wild(wild), Hidden::Skipped) => format!("/(?:{})", visible(wild).join("|")),
            (Self::AnyDepth, Hidden::Matched) => format!("(?:/{ANY}+)*"),
            (Self::AnyDepth, Hidden::Skipped) => format!("(?:/{ANY_BUT_DOT}{ANY}*)*"),
        }
    }

    fn in_lower_case(&self) -> Self {
        match self {
            Self::Literal(name) => Self::Literal(name.to_ascii_lowercase()),
            Self::Wild(wild) => Self::Wild(wild.to_ascii_lowercase()),
            Self::AnyDepth => Self::AnyDepth,
        }
    }

    fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(name) => Some(name),
            Self::Wild(_) | Self::AnyDepth => None,
        }
    }

    fn is_literal(&self) -> bool {
        self.literal().is_some()
    }
}

impl Items<&NamePattern, &str> for Hidden {
    fn is_run(&self, item: &&NamePattern) -> bool {
        **item == NamePattern::AnyDepth
    }

    fn fits(&self, item: &&NamePattern, found: &&str) -> bool {
        match item {
            NamePattern::Literal(name) => name == found,
            NamePattern::Wild(wild) => {
                (self.crosses(found) || wild.starts_with('.'))
                    && glob::text_matches(wild, found, Question::AnyOne)
            }
            NamePattern::AnyDepth => false,
        }
    }

    fn crosses(&self, found: &&str) -> bool {
        *self == Self::Matched || !found.starts_with('.')
    }
}

/// How many names the base has. A pattern without a wildcard names one file or directory, and its
/// base is the directory that holds it; it is never above the variable's own directory.
fn base_depth(names: &[NamePattern], variable: usize) -> usize {
    let literal = names.iter().take_while(|name| name.is_literal()).count();
    if literal < names.len() { literal } else { literal.saturating_sub(1).max(variable) }
}

/// One character of a name, as a class of a regular expression.
const ANY: &str = r"[^/\x00-\x1f\x7f-\x{9f}]";

/// The same without the dot.
const ANY_BUT_DOT: &str = r"[^./\x00-\x1f\x7f-\x{9f}]";

/// The regular expressions of what a wildcard that does not begin with a dot stands for, without
/// what begins with one: a `*` at the front is some other character and any run, or nothing.
fn visible(wild: &str) -> Vec<String> {
    let text = |text: &str| glob::text_regex(text, ANY, Question::AnyOne);
    let mut alternatives = Vec::new();
    let mut rest = wild;
    while let Some(after) = rest.strip_prefix('*') {
        alternatives.push(format!("{ANY_BUT_DOT}{ANY}*{}", text(after)));
        rest = after;
    }
    if let Some(after) = rest.strip_prefix('?') {
        alternatives.push(format!("{ANY_BUT_DOT}{}", text(after)));
    } else if !rest.is_empty() && !rest.starts_with('.') {
        alternatives.push(text(rest));
    }
    alternatives
}

/// Splits a pattern into the directory it is beneath (as text without a `/` at its end) and the
/// names below that, if there are any.
fn split_base<'t>(
    text: &'t str,
    effect: Effect,
    directories: &'t Directories,
) -> Result<(&'t str, Option<&'t str>), PatternError> {
    if let Some(rest) = text.strip_prefix('$') {
        let (name, below) = split_variable(rest);
        let base = directories.text(name).ok_or_else(|| PatternError {
            variable: Some(name.to_owned()),
            ..PatternError::new(format!("there is no variable `${name}`"))
        })?;
        return Ok((base, below));
    }
    if let Some(below) = text.strip_prefix('/') {
        return Ok(("", Some(below)));
    }
    let anywhere = text == "**" || text.starts_with("**/");
    match effect {
        Effect::Deny if anywhere => Ok(("", Some(text))),
        Effect::Allow if anywhere => {
            Err(PatternError::new("`**/` at the front of an allow entry says nothing of where")
                .help(format!("write `$APPDATA/{text}`, or another variable")))
        }
        Effect::Allow | Effect::Deny => Err(PatternError::new(
            "a path pattern begins with a variable or a `/`",
        )
        .help(format!("write `$APPDATA/{}`, or another variable", text.trim_start_matches("./")))),
    }
}

#[cfg(test)]
mod tests;
