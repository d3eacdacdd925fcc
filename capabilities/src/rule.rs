//! A compiled rule, and whether it speaks of a call. Which of several rules wins is said in
//! [`crate::principal`].

use std::sync::Arc;

use crate::args::Args;
use crate::glob::{self, Question};
use crate::limits::Limits;
use crate::result::ResultRule;
use crate::schema::{Mismatch, Schema};
use crate::scope::{Argument, KeyPattern, Named, PathPattern, Resources, UrlPattern};
use crate::verdict::{PathGrant, RuleRef};

/// An entry as some capability has it.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) reference: Arc<RuleRef>,
    pub(crate) entry: Arc<Entry>,
}

/// A compiled entry of an `allow` or a `deny` list.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) commands: Vec<CommandPattern>,
    pub(crate) path: Option<Vec<PathPattern>>,
    pub(crate) url: Option<Vec<UrlPattern>>,
    pub(crate) key: Option<Vec<KeyPattern>>,
    pub(crate) schema: Option<Arc<Schema>>,
    pub(crate) limits: Limits,
    pub(crate) result: Option<Arc<ResultRule>>,
    pub(crate) log_args: bool,
}

/// A pattern of command names: `*` is any run of characters, dots too.
#[derive(Debug, Clone, PartialEq, Eq)]
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

    /// Whether the pattern is every command.
    pub(crate) fn is_any(&self) -> bool {
        self.0.bytes().all(|byte| byte == b'*')
    }
}

/// Why an allow entry that names the command does not allow the call. In order: the greater, the
/// nearer it came.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    Schema(Mismatch),
}

impl Miss {
    /// How near the entry came to allowing the call.
    pub(crate) fn nearness(&self) -> u8 {
        match self {
            Self::Unscoped(_) => 0,
            Self::Absent(_) => 1,
            Self::Outside(_) => 2,
            Self::Bad(..) => 3,
            Self::Schema(_) => 4,
        }
    }
}

/// How one scope of an entry stands to one argument of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// Neither is there.
    Free,
    /// The argument is there and the scope is not.
    Unscoped,
    /// The scope is there and the argument is not.
    Absent,
    /// The argument names nothing.
    Bad(&'static str),
    /// The resource is in the scope.
    Inside,
    /// The resource is not in the scope.
    Outside,
}

impl Entry {
    /// Whether an allow entry allows the call; the place of its path, where it names one.
    pub(crate) fn allows(
        &self,
        resources: &Resources,
        args: &Args,
    ) -> Result<Option<PathGrant>, Miss> {
        for argument in Argument::ALL {
            match self.fit(argument, resources) {
                Fit::Free | Fit::Inside => {}
                Fit::Unscoped => return Err(Miss::Unscoped(argument)),
                Fit::Absent => return Err(Miss::Absent(argument)),
                Fit::Bad(message) => return Err(Miss::Bad(argument, message)),
                Fit::Outside => return Err(Miss::Outside(argument)),
            }
        }
        if let Some(schema) = self.schema.as_ref().filter(|schema| !schema.accepts(args)) {
            let unsaid = || Mismatch { pointer: String::new(), message: "refused".to_owned() };
            return Err(Miss::Schema(schema.mismatch(args).unwrap_or_else(unsaid)));
        }
        Ok(self.grant(resources))
    }

    /// Whether a deny entry applies to the call. What cannot be evaluated makes it apply; an
    /// argument that is absent makes a scope for it not apply.
    pub(crate) fn denies(&self, resources: &Resources, args: &Args) -> bool {
        let in_scope =
            Argument::ALL.into_iter().all(|argument| match self.fit(argument, resources) {
                Fit::Free | Fit::Unscoped | Fit::Inside => true,
                Fit::Bad(_) => true,
                Fit::Absent | Fit::Outside => false,
            });
        in_scope && self.schema.as_ref().is_none_or(|schema| schema.accepts(args))
    }

    fn fit(&self, argument: Argument, resources: &Resources) -> Fit {
        match argument {
            Argument::Path => fit(self.path.as_deref(), &resources.path, PathPattern::matches),
            Argument::Url => fit(self.url.as_deref(), &resources.url, UrlPattern::matches),
            Argument::Key => fit(self.key.as_deref(), &resources.key, KeyPattern::matches),
        }
    }

    fn grant(&self, resources: &Resources) -> Option<PathGrant> {
        let Named::Good(path) = &resources.path else {
            return None;
        };
        self.path.as_deref()?.iter().find_map(|pattern| pattern.grant(path))
    }
}

fn fit<P, T>(scope: Option<&[P]>, resource: &Named<T>, matches: impl Fn(&P, &T) -> bool) -> Fit {
    match (scope, resource) {
        (None, Named::Absent) => Fit::Free,
        (Some(_), Named::Absent) => Fit::Absent,
        (_, Named::Bad(message)) => Fit::Bad(message),
        (None, Named::Good(_)) => Fit::Unscoped,
        (Some(patterns), Named::Good(found)) => {
            let inside = patterns.iter().any(|pattern| matches(pattern, found));
            if inside { Fit::Inside } else { Fit::Outside }
        }
    }
}
