//! Path patterns, matched name by name on the resolved path.
//!
//! | written | in an allow entry | in a deny entry |
//! | --- | --- | --- |
//! | `*`, `?` | any run, any one character of one name; not a leading dot | the same, leading dots too |
//! | `**` | any number of whole names, none too; no hidden ones | the same, hidden ones too |
//! | `**/x` | refused: an allow entry says where | `x` anywhere |
//! | `$VAR/x`, `/x` | beneath the directory, beneath the root | the same |
//!
//! On macOS and Windows a deny entry also matches every other spelling in upper and lower case, since
//! there `.SSH` is `.ssh`; an allow entry matches what is written.
//!
//! `$APPDATA/notes/**` therefore matches `$APPDATA/notes` itself, which is what listing the
//! directory needs. A name of a pattern that writes its dot (`.*`, `.config`) does match hidden names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::PatternError;
use super::path::{ResolvedPath, check_name, split_variable};
use crate::directories::Directories;
use crate::glob::{self, Characters, Items, Question};
use crate::platform::Platform;
use crate::verdict::{Effect, PathGrant};

/// A path pattern of an allow or a deny entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PathPattern {
    written: Arc<str>,
    names: Vec<NamePattern>,
    hidden: Hidden,
    case: Case,
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

/// A name on the way to a place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PlaceName<'n> {
    /// This one.
    Is(&'n str),
    /// Any but this one.
    IsNot(&'n str),
}

/// Whether `.SSH` is `.ssh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// They are two names.
    Told,
    /// They may be one.
    Ignored,
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
        let (written, base) = (text.into(), base.into());
        Ok(Self { written, names, hidden, case: Case::Told, base, base_depth })
    }

    /// The same on an operating system: where one file has several spellings, a pattern of a deny
    /// entry stands for all of them. One of an allow entry never does: what is allowed is what is
    /// written.
    pub(crate) fn on(self, platform: Platform) -> Self {
        let case = match (self.hidden, platform) {
            (Hidden::Matched, Platform::Macos | Platform::Windows) => Case::Ignored,
            (Hidden::Matched, Platform::Linux) | (Hidden::Skipped, _) => Case::Told,
        };
        Self { case, ..self }
    }

    /// The pattern as written.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// Whether the pattern matches the whole path.
    pub(crate) fn matches(&self, path: &ResolvedPath<'_>) -> bool {
        glob::matches(self.names.iter(), path.names(), self)
    }

    /// The paths that match as a regular expression.
    pub(crate) fn regex(&self) -> String {
        self.names.iter().map(|name| name.regex(self.hidden, self.case)).collect()
    }

    /// Whether a path may match both: `false` is certain. Compares the names before the first wildcard.
    pub(crate) fn may_meet(&self, other: &Self) -> bool {
        let literals = |pattern: &'_ Self| {
            let front = pattern.names.iter().map_while(NamePattern::literal);
            front.map(str::to_owned).collect::<Vec<_>>()
        };
        literals(self)
            .iter()
            .zip(&literals(other))
            .all(|(mine, theirs)| folded(mine).eq(folded(theirs)))
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
    pub(crate) fn reaches<'n>(&self, place: impl Iterator<Item = PlaceName<'n>>) -> bool {
        let mut place = place.peekable();
        // Most patterns lie elsewhere, which their literal names say at once.
        let literals = self.names.iter().map_while(NamePattern::literal);
        let mut front = 0_usize;
        for name in literals {
            match place.next_if(|found| found.may_be(name)) {
                Some(_) => front = front.saturating_add(1),
                None => return place.peek().is_none(),
            }
        }
        // The names of the pattern that the next name of a path may stand for. What is left of the
        // pattern once the place is reached always matches something.
        let mut open = self.after_runs([front].into());
        for found in place {
            let mut next = BTreeSet::new();
            for (at, item) in open.iter().filter_map(|at| Some((*at, self.names.get(*at)?))) {
                if *item == NamePattern::AnyDepth {
                    next.extend(self.goes_over(found).then_some(at));
                } else if self.stands_for(item, found) {
                    next.insert(at.saturating_add(1));
                }
            }
            open = self.after_runs(next);
        }
        !open.is_empty()
    }

    /// Whether a `**` goes over the name.
    fn goes_over(&self, found: PlaceName<'_>) -> bool {
        match found {
            PlaceName::Is(name) => self.crosses(&name),
            PlaceName::IsNot(_) => true,
        }
    }

    /// Whether a pattern of one name stands for it, in whatever case.
    fn stands_for(&self, item: &NamePattern, found: PlaceName<'_>) -> bool {
        match (found, item.literal()) {
            (PlaceName::Is(name), _) => {
                self.fits(&&item.in_lower_case(), &name.to_ascii_lowercase().as_str())
            }
            (found @ PlaceName::IsNot(_), Some(literal)) => found.may_be(literal),
            (PlaceName::IsNot(_), None) => true,
        }
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

impl PlaceName<'_> {
    fn may_be(self, name: &str) -> bool {
        match self {
            Self::Is(found) => found.eq_ignore_ascii_case(name),
            Self::IsNot(other) => !other.eq_ignore_ascii_case(name),
        }
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
    fn regex(&self, hidden: Hidden, case: Case) -> String {
        let text = |text: &str| glob::text_regex(text, ANY, Question::AnyOne);
        match (self, hidden) {
            (Self::Literal(name) | Self::Wild(name), _) if case == Case::Ignored => {
                format!("/{}", any_case(name))
            }
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

impl Items<&NamePattern, &str> for PathPattern {
    fn is_run(&self, item: &&NamePattern) -> bool {
        **item == NamePattern::AnyDepth
    }

    fn fits(&self, item: &&NamePattern, found: &&str) -> bool {
        match (item, self.case) {
            (NamePattern::Literal(name), Case::Told) => name == found,
            (NamePattern::Literal(name), Case::Ignored) => folded(name).eq(folded(found)),
            (NamePattern::Wild(wild), Case::Told) => {
                (self.crosses(found) || wild.starts_with('.'))
                    && glob::text_matches(wild, found, Question::AnyOne)
            }
            (NamePattern::Wild(wild), Case::Ignored) => glob::matches(
                folded(wild),
                folded(found),
                &Characters { question: Question::AnyOne },
            ),
            (NamePattern::AnyDepth, _) => false,
        }
    }

    fn crosses(&self, found: &&str) -> bool {
        self.hidden == Hidden::Matched || !found.starts_with('.')
    }
}

/// The characters of a name, those that a file system may take for one another as one. Where more
/// than one character would be needed it stays as it is.
fn folded(name: &str) -> impl Iterator<Item = char> + Clone {
    let one = |all: &mut dyn ExactSizeIterator<Item = char>, c| match all.len() {
        1 => all.next().unwrap_or(c),
        _ => c,
    };
    name.chars().map(move |c| {
        let upper = one(&mut c.to_uppercase(), c);
        one(&mut upper.to_lowercase(), upper)
    })
}

/// A name in any case as a regular expression; it may leave out rare spellings that [`folded`] knows, so
/// that an analysis takes a deny entry for no wider than it is.
fn any_case(name: &str) -> String {
    let one = |c: char| match c {
        // A literal name has neither.
        '*' => format!("{ANY}*"),
        '?' => ANY.to_owned(),
        _ => {
            let cases = c.to_lowercase().chain(c.to_uppercase()).chain([c]);
            let same = cases.filter(|other| folded(&other.to_string()).eq(folded(&c.to_string())));
            let all: BTreeSet<_> = same.map(|c| glob::literal_regex(&c.to_string())).collect();
            format!("[{}]", all.into_iter().collect::<String>())
        }
    };
    name.chars().map(one).collect()
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
