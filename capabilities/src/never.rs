//! A compiled invariant: calls that no rule of the policy may allow. Whether it holds is proved by
//! the analysis of the policy as a whole.

use crate::capability::WindowPattern;
use crate::names::{CommandName, WindowLabel};
use crate::origin::{Origin, OriginPattern};
use crate::rule::CommandPattern;
use crate::scope::{KeyPattern, PathPattern, UrlPattern};

/// A compiled `[[never]]`.
#[derive(Debug, Clone)]
pub(crate) struct Never {
    pub(crate) why: String,
    pub(crate) commands: Vec<CommandPattern>,
    /// `None`: any window.
    pub(crate) windows: Option<Vec<WindowPattern>>,
    pub(crate) except_windows: Vec<WindowPattern>,
    /// `None`: any origin.
    pub(crate) origins: Option<Vec<NeverOrigin>>,
    pub(crate) except_origins: Vec<NeverOrigin>,
    /// Read as those of a deny entry are. `None`: whatever the argument.
    pub(crate) path: Option<Vec<PathPattern>>,
    pub(crate) url: Option<Vec<UrlPattern>>,
    pub(crate) key: Option<Vec<KeyPattern>>,
}

impl Never {
    /// Whether it forbids this window, at this origin, some of its commands whatever their
    /// arguments.
    pub(crate) fn is_whole_for(&self, window: &WindowLabel, origin: &Origin) -> bool {
        let names = |patterns: &[WindowPattern]| patterns.iter().any(|one| one.matches(window));
        let has = |origins: &[NeverOrigin]| origins.iter().any(|one| one.matches(origin));
        let scopes = [self.path.is_some(), self.url.is_some(), self.key.is_some()];
        !scopes.contains(&true)
            && self.windows.as_deref().is_none_or(names)
            && !names(&self.except_windows)
            && self.origins.as_deref().is_none_or(has)
            && !has(&self.except_origins)
    }

    /// Whether it speaks of the command.
    pub(crate) fn names(&self, command: &CommandName) -> bool {
        self.commands.iter().any(|pattern| pattern.matches(command.as_str()))
    }
}

impl NeverOrigin {
    fn matches(&self, origin: &Origin) -> bool {
        match self {
            Self::Remote => !OriginPattern::local().matches(origin),
            Self::Like(pattern) => pattern.matches(origin),
        }
    }
}

/// An origin as an invariant names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NeverOrigin {
    /// Every origin but the app's own pages.
    Remote,
    /// Those of a pattern.
    Like(OriginPattern),
}
