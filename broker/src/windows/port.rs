//! The way to one window, wherever it is.

use std::fmt;

use crate::handler::HandlerError;
use crate::wire::WindowChange;

/// What the broker can do to a window.
pub(crate) trait WindowPort: fmt::Debug + Send + Sync {
    /// Asks its host to do it. That it was asked is all that is known when this returns; how the
    /// window stands then is told by the host.
    fn change(&self, change: WindowChange) -> Result<(), HandlerError>;
}
