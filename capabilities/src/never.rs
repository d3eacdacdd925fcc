//! A compiled invariant: calls that no rule of the policy may allow. Whether it holds is proved by
//! the analysis of the policy as a whole.

use crate::capability::WindowPattern;
use crate::origin::OriginPattern;
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

/// An origin as an invariant names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NeverOrigin {
    /// Every origin but the app's own pages.
    Remote,
    /// Those of a pattern.
    Like(OriginPattern),
}
