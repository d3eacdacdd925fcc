//! A compiled rule, and whether it speaks of a call. Which of several rules wins is said in
//! [`crate::principal`].

use std::sync::Arc;

use crate::args::Args;
use crate::ask::AskRule;
use crate::audit_rule::AuditRule;
use crate::glob::{self, Question};
use crate::limits::Limits;
use crate::names::{CommandName, MAX_COMMAND_BYTES, is_command_byte};
use crate::result::ResultRule;
use crate::schema::{Mismatch, Schema};
use crate::scope::{Argument, KeyPattern, Named, PathPattern, Resources, UrlPattern};
use crate::verdict::{Reason, RuleRef};

/// An entry as some capability has it.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) reference: Arc<RuleRef>,
    pub(crate) entry: Arc<Entry>,
}

/// A compiled entry of an `allow` or a `deny` list.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) commands: Vec<CommandPattern>,
    pub(crate) path: Option<Vec<PathPattern>>,
    pub(crate) url: Option<Vec<UrlPattern>>,
    pub(crate) key: Option<Vec<KeyPattern>>,
    pub(crate) schema: Option<Arc<Schema>>,
    pub(crate) ask: Option<Arc<AskRule>>,
    pub(crate) limits: Limits,
    pub(crate) result: Option<Arc<ResultRule>>,
    pub(crate) audit: Arc<AuditRule>,
    /// Whether it says that it is dangerous on purpose.
    pub(crate) is_dangerous: bool,
}

/// A pattern of command names: `*` is any run of characters, dots too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CommandPattern(pub(crate) Arc<str>);

impl CommandPattern {
    pub(crate) fn matches(&self, command: &str) -> bool {
        glob::text_matches(&self.0, command, Question::Literal)
    }

    /// What stands before the first `*`; the whole name where there is none.
    pub(crate) fn literal_front(&self) -> &str {
        self.0.split('*').next().unwrap_or_default()
    }

    pub(crate) fn is_literal(&self) -> bool {
        !self.0.contains('*')
    }

    /// Whether it could match a name that there can be.
    pub(crate) fn is_well_formed(&self) -> bool {
        if self.is_literal() {
            return CommandName::parse(&self.0).is_ok();
        }
        self.0.len() <= MAX_COMMAND_BYTES
            && !self.0.contains("..")
            && self.0.bytes().all(|byte| is_command_byte(byte) || byte == b'*')
    }

    /// Whether it is nothing but runs and dots: every command, or every one of so many words.
    pub(crate) fn names_nothing(&self) -> bool {
        self.0.bytes().all(|byte| byte == b'*' || byte == b'.')
    }

    /// Whether the pattern is every command.
    pub(crate) fn is_any(&self) -> bool {
        self.0.bytes().all(|byte| byte == b'*')
    }
}

/// Why an allow entry that names the command does not allow the call. In order: the greater, the
/// nearer it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    /// The call names a resource of a kind that the entry has no scope for.
    Unscoped(Argument),
    /// The entry has a scope, and the call does not name such a resource.
    Absent(Argument),
    /// The argument names nothing.
    Bad(Argument, &'static str),
    /// The resource is outside of the scope.
    Outside(Argument),
    /// The schema refuses the arguments.
    Schema,
}

impl Miss {
    /// How near the entry came to allowing the call.
    pub(crate) fn nearness(self) -> u8 {
        match self {
            Self::Unscoped(_) => 0,
            Self::Absent(_) => 1,
            Self::Outside(_) => 2,
            Self::Bad(..) => 3,
            Self::Schema => 4,
        }
    }

    /// The same for whoever is told of it. What a schema minds is only now looked for.
    pub(crate) fn reason(self, entry: &Entry, args: &Args) -> Reason {
        match self {
            Self::Unscoped(argument) => Reason::ScopeMissing { argument: argument.name() },
            Self::Absent(argument) => Reason::ArgumentMissing { argument: argument.name() },
            Self::Outside(argument) => Reason::OutOfScope { argument: argument.name() },
            Self::Bad(argument, message) => Reason::ArgumentInvalid {
                pointer: format!("/{}", argument.name()),
                message: message.to_owned(),
            },
            Self::Schema => {
                let mismatch = entry.schema.as_ref().and_then(|schema| schema.mismatch(args));
                let unsaid = || Mismatch { pointer: String::new(), message: "refused".to_owned() };
                let Mismatch { pointer, message } = mismatch.unwrap_or_else(unsaid);
                Reason::ArgumentInvalid { pointer, message }
            }
        }
    }
}

impl Entry {
    /// Whether an allow entry allows the call; the pattern that its path matches, where it names
    /// one.
    pub(crate) fn allows(
        &self,
        resources: &Resources<'_>,
        args: &Args,
    ) -> Result<Option<&PathPattern>, Miss> {
        let path = self.path_fit(resources).allowed(Argument::Path)?;
        self.url_fit(resources).allowed(Argument::Url)?;
        self.key_fit(resources).allowed(Argument::Key)?;
        if self.schema.as_ref().is_some_and(|schema| !schema.accepts(args)) {
            return Err(Miss::Schema);
        }
        Ok(path)
    }

    /// Whether a deny entry applies to the call. What cannot be evaluated makes it apply; an
    /// argument that is absent makes a scope for it not apply.
    pub(crate) fn denies(&self, resources: &Resources<'_>, args: &Args) -> bool {
        self.path_fit(resources).is_denied()
            && self.url_fit(resources).is_denied()
            && self.key_fit(resources).is_denied()
            && self.schema.as_ref().is_none_or(|schema| schema.accepts(args))
    }

    pub(crate) fn path_fit(&self, resources: &Resources<'_>) -> Fit<'_, PathPattern> {
        Fit::of(self.path.as_deref(), &resources.path, PathPattern::matches)
    }

    pub(crate) fn url_fit(&self, resources: &Resources<'_>) -> Fit<'_, UrlPattern> {
        Fit::of(self.url.as_deref(), &resources.url, UrlPattern::matches)
    }

    pub(crate) fn key_fit(&self, resources: &Resources<'_>) -> Fit<'_, KeyPattern> {
        Fit::of(self.key.as_deref(), &resources.key, KeyPattern::matches)
    }
}

/// How one scope of an entry stands to one argument of a call.
#[derive(Debug)]
pub(crate) enum Fit<'p, P> {
    /// Neither is there.
    Free,
    /// The argument is there and the scope is not.
    Unscoped,
    /// The scope is there and the argument is not.
    Absent,
    /// The argument names nothing.
    Bad(&'static str),
    /// The resource is in the scope: the first pattern that matches.
    Inside(&'p P),
    /// The resource is not in the scope.
    Outside,
}

impl<'p, P> Fit<'p, P> {
    fn of<T>(
        scope: Option<&'p [P]>,
        resource: &Named<T>,
        matches: impl Fn(&P, &T) -> bool,
    ) -> Self {
        match (scope, resource) {
            (None, Named::Absent) => Self::Free,
            (Some(_), Named::Absent) => Self::Absent,
            (_, Named::Bad(message)) => Self::Bad(message),
            (None, Named::Good(_)) => Self::Unscoped,
            (Some(patterns), Named::Good(found)) => patterns
                .iter()
                .find(|pattern| matches(pattern, found))
                .map_or(Self::Outside, Self::Inside),
        }
    }

    /// What it means to an allow entry.
    pub(crate) fn allowed(self, argument: Argument) -> Result<Option<&'p P>, Miss> {
        match self {
            Self::Free => Ok(None),
            Self::Inside(pattern) => Ok(Some(pattern)),
            Self::Unscoped => Err(Miss::Unscoped(argument)),
            Self::Absent => Err(Miss::Absent(argument)),
            Self::Bad(message) => Err(Miss::Bad(argument, message)),
            Self::Outside => Err(Miss::Outside(argument)),
        }
    }

    /// What it means to a deny entry.
    fn is_denied(&self) -> bool {
        match self {
            Self::Free | Self::Unscoped | Self::Inside(_) | Self::Bad(_) => true,
            Self::Absent | Self::Outside => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_patterns() {
        // pattern, the front, whether it is a name, whether it is every command
        let cases = [
            ("fs.read", "fs.read", true, false),
            ("fs.*", "fs.", false, false),
            ("f*s*", "f", false, false),
            ("*.get", "", false, false),
            ("*", "", false, true),
            ("**", "", false, true),
        ];
        for (text, front, is_literal, is_any) in cases {
            let pattern = CommandPattern(text.into());
            assert_eq!(pattern.literal_front(), front, "{text}");
            assert_eq!((pattern.is_literal(), pattern.is_any()), (is_literal, is_any), "{text}");
        }
    }

    #[test]
    fn the_nearer_miss_is_the_greater() {
        let argument = Argument::Path;
        let misses = [
            Miss::Unscoped(argument),
            Miss::Absent(argument),
            Miss::Outside(argument),
            Miss::Bad(argument, ""),
            Miss::Schema,
        ];
        assert!(misses.map(Miss::nearness).is_sorted_by(|one, other| one < other));
    }
}
