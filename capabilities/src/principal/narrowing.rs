//! A narrowing: what somebody who holds a principal's authority keeps of it when it is handed on.
//! It is made of the patterns of the policy language, and can only take away: a call is let through
//! where the policy allows it *and* every part of the narrowing matches.
//!
//! Who narrows, and how that is proved, is a token's; here is only what it means.

use std::fmt;

use super::Ground;
use crate::args::Args;
use crate::names::CommandName;
use crate::rule::CommandPattern;
use crate::scope::{KeyPattern, Named, PathPattern, Resources, UrlPattern};
use crate::verdict::Effect;

/// What a part of a narrowing speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The command.
    Commands,
    /// The argument `path`.
    Path,
    /// The argument `url`.
    Url,
    /// The argument `key`.
    Key,
}

/// Parts that must all match. Each part is a list of patterns, of which one has to.
///
/// A part that speaks of an argument asks for it, as an allow entry with such a scope does: a call
/// that names no `path` is outside of every `path` part. Wildcards of a path do not stand for hidden
/// names, as in an allow entry.
#[derive(Debug, Clone)]
pub struct Narrowing {
    ground: Ground,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Commands(Vec<CommandPattern>),
    Path(Vec<PathPattern>),
    Url(Vec<UrlPattern>),
    Key(Vec<KeyPattern>),
}

/// A text is no pattern of the policy language; its place in the list is named, and not itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("pattern {} of the {scope} is none", .place.saturating_add(1))]
pub struct NotAPattern {
    /// What it was to be a pattern of.
    pub scope: Scope,
    /// Its place in the list, from 0.
    pub place: usize,
}

impl Narrowing {
    pub(super) fn beside(ground: Ground) -> Self {
        Self { ground, parts: Vec::new() }
    }

    /// Adds a part. An empty list matches nothing.
    ///
    /// # Errors
    /// [`NotAPattern`], and nothing was added.
    pub fn add<'t>(
        &mut self,
        scope: Scope,
        patterns: impl IntoIterator<Item = &'t str>,
    ) -> Result<(), NotAPattern> {
        let directories = &self.ground.directories;
        let part = match scope {
            Scope::Commands => Part::Commands(read(scope, patterns, |text| {
                Some(CommandPattern(text.into())).filter(CommandPattern::is_well_formed)
            })?),
            Scope::Path => Part::Path(read(scope, patterns, |text| {
                PathPattern::parse(text, Effect::Allow, directories).ok()
            })?),
            Scope::Url => Part::Url(read(scope, patterns, |text| UrlPattern::parse(text).ok())?),
            Scope::Key => Part::Key(read(scope, patterns, |text| KeyPattern::parse(text).ok())?),
        };
        self.parts.push(part);
        Ok(())
    }

    /// Whether nothing was taken away.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.parts.is_empty()
    }

    /// What the call is outside of: the first part that does not match; `None` where all do. An
    /// argument that cannot be read is outside.
    #[must_use]
    pub fn outside(&self, command: &CommandName, args: &Args) -> Option<Scope> {
        if self.is_whole() {
            return None;
        }
        let Ground { directories, platform } = &self.ground;
        let resources = Resources::of(args, directories, *platform);
        let misses = |part: &&Part| !part.matches(command, &resources);
        self.parts.iter().find(misses).map(Part::scope)
    }
}

impl Part {
    fn matches(&self, command: &CommandName, resources: &Resources<'_>) -> bool {
        match self {
            Self::Commands(patterns) => {
                patterns.iter().any(|pattern| pattern.matches(command.as_str()))
            }
            Self::Path(patterns) => any(patterns, &resources.path, PathPattern::matches),
            Self::Url(patterns) => any(patterns, &resources.url, UrlPattern::matches),
            Self::Key(patterns) => any(patterns, &resources.key, KeyPattern::matches),
        }
    }

    fn scope(&self) -> Scope {
        match self {
            Self::Commands(_) => Scope::Commands,
            Self::Path(_) => Scope::Path,
            Self::Url(_) => Scope::Url,
            Self::Key(_) => Scope::Key,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Commands => "commands",
            Self::Path => "path",
            Self::Url => "url",
            Self::Key => "key",
        })
    }
}

fn read<'t, P>(
    scope: Scope,
    patterns: impl IntoIterator<Item = &'t str>,
    parse: impl Fn(&str) -> Option<P>,
) -> Result<Vec<P>, NotAPattern> {
    let numbered = patterns.into_iter().enumerate();
    numbered.map(|(place, text)| parse(text).ok_or(NotAPattern { scope, place })).collect()
}

fn any<P, T>(patterns: &[P], named: &Named<T>, matches: impl Fn(&P, &T) -> bool) -> bool {
    named.good().is_some_and(|found| patterns.iter().any(|pattern| matches(pattern, found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::sync::Arc;

    use serde_json::{Value, json};

    use crate::directories::Directories;
    use crate::names::MAX_COMMAND_BYTES;
    use crate::platform::Platform;

    /// A part as it is added.
    type Written<'t> = (Scope, &'t [&'t str]);

    fn whole() -> Narrowing {
        let directories = Arc::new(Directories::sample());
        Narrowing::beside(Ground { directories, platform: Platform::Linux })
    }

    fn outside(narrowing: &Narrowing, command: &str, args: &Value) -> Option<Scope> {
        let args = Args::new(args.as_object().unwrap().clone());
        narrowing.outside(&CommandName::parse(command).unwrap(), &args)
    }

    #[test]
    fn each_part_has_to_match_and_one_pattern_of_it() {
        use Scope::{Commands, Key, Path, Url};
        let notes = json!({ "path": "$APPDATA/notes/a.md" });
        #[rustfmt::skip]
        let cases: [(&[Written], &str, Value, Option<Scope>); 17] = [
            (&[], "fs.list", json!({}), None),
            (&[(Commands, &["fs.*", "app.info"])], "app.info", json!({}), None),
            (&[(Commands, &["fs.*", "app.info"])], "app.infos", json!({}), Some(Commands)),
            (&[(Commands, &["fs.*"]), (Commands, &["*.list"])], "fs.list", json!({}), None),
            (&[(Commands, &["fs.*"]), (Commands, &["*.list"])], "fs.read_text", json!({}), Some(Commands)),
            (&[(Commands, &["fs.*"]), (Commands, &["app.*"])], "fs.list", json!({}), Some(Commands)),
            (&[(Commands, &[])], "fs.list", json!({}), Some(Commands)),
            (&[(Path, &["$APPDATA/notes/*.md"])], "fs.list", notes.clone(), None),
            (&[(Path, &["$APPDATA/notes/*.md"])], "fs.list", json!({ "path": "$APPDATA/notes/b/a.md" }), Some(Path)),
            (&[(Path, &["$APPDATA/**"])], "fs.list", json!({ "path": "$APPDATA/.hidden" }), Some(Path)),
            (&[(Path, &["$APPDATA/**"])], "fs.list", json!({ "path": "$APPDATA/../x" }), Some(Path)),
            (&[(Path, &["$APPDATA/**"])], "fs.list", json!({ "path": 7 }), Some(Path)),
            (&[(Path, &["$APPDATA/**"])], "fs.list", json!({}), Some(Path)),
            (&[(Path, &["$APPDATA/**"]), (Key, &["a.*"])], "fs.list", notes, Some(Key)),
            (&[(Key, &["editor.*"])], "settings.get", json!({ "key": "editor.font" }), None),
            (&[(Url, &["https://a.example/**"])], "net.get", json!({ "url": "https://a.example/b" }), None),
            (&[(Url, &["https://a.example/**"])], "net.get", json!({ "url": "https://b.example/b" }), Some(Url)),
        ];
        for (parts, command, args, expected) in cases {
            let mut narrowing = whole();
            for (scope, patterns) in parts {
                narrowing.add(*scope, patterns.iter().copied()).unwrap();
            }
            assert_eq!(outside(&narrowing, command, &args), expected, "{parts:?} {command} {args}");
            assert_eq!(narrowing.is_whole(), parts.is_empty());
        }
    }

    #[test]
    fn the_parts_are_called_as_in_a_policy() {
        let all = [Scope::Commands, Scope::Path, Scope::Url, Scope::Key];
        assert_eq!(all.map(|scope| scope.to_string()), ["commands", "path", "url", "key"]);
    }

    #[test]
    fn a_pattern_is_no_longer_than_a_name() {
        let longest = "a".repeat(MAX_COMMAND_BYTES - 1) + "*";
        assert!(whole().add(Scope::Commands, [longest.as_str()]).is_ok());
        assert!(whole().add(Scope::Commands, [format!("a{longest}").as_str()]).is_err());
    }

    #[test]
    fn what_is_no_pattern_is_refused_whole() {
        for (scope, patterns, place) in [
            (Scope::Commands, ["fs.*", "Fs"], 1),
            (Scope::Commands, ["", "fs.*"], 0),
            (Scope::Commands, ["fs.*", "Fs.*"], 1),
            (Scope::Commands, ["fs.*", "fs..*"], 1),
            (Scope::Path, ["$APPDATA/a", "$NOPE/a"], 1),
            (Scope::Path, ["**/a", "/a"], 0),
            (Scope::Url, ["https://a.example/", "ftp://a/"], 1),
            (Scope::Key, ["a.b", "a..b"], 1),
        ] {
            let mut narrowing = whole();
            let error = narrowing.add(scope, patterns).unwrap_err();
            assert_eq!(error, NotAPattern { scope, place }, "{patterns:?}");
            assert!(
                error.to_string().starts_with(&format!("pattern {} of the {scope}", place + 1))
            );
            assert!(narrowing.is_whole());
        }
    }
}
