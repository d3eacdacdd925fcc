//! What a handler knows of the call it answers.

use std::fmt;
use std::sync::Arc;

use sidegate_capabilities::{Origin, WindowLabel};

use super::HandlerError;
use crate::confined::ConfinedPath;
use crate::session::Commitment;

/// The call as the checks left it. The resources in it are handles: there is no raw path here
/// to open again.
#[derive(Debug)]
pub struct Call {
    pub(crate) window: WindowLabel,
    pub(crate) origin: Origin,
    pub(crate) path: Option<ConfinedPath>,
    pub(crate) key: Option<String>,
    pub(crate) url: Option<url::Url>,
    pub(crate) port: Arc<dyn WindowPort>,
    pub(crate) commitment: Commitment,
}

impl Call {
    /// The window that called.
    #[must_use]
    pub fn window(&self) -> &WindowLabel {
        &self.window
    }

    /// The origin of the document that called.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The file or directory that the call named, reachable beneath the directory that the
    /// policy granted and nowhere else.
    ///
    /// # Errors
    /// `invalid` where the command does not take a path.
    pub fn path(&self) -> Result<ConfinedPath, HandlerError> {
        self.path.clone().ok_or_else(|| absent("path"))
    }

    /// The key that the call named.
    ///
    /// # Errors
    /// `invalid` where the command does not take a key.
    pub fn key(&self) -> Result<&str, HandlerError> {
        self.key.as_deref().ok_or_else(|| absent("key"))
    }

    /// The address that the call named: parsed, and within the granted patterns.
    ///
    /// # Errors
    /// `invalid` where the command does not take an address.
    pub fn url(&self) -> Result<&url::Url, HandlerError> {
        self.url.as_ref().ok_or_else(|| absent("url"))
    }

    /// The point of no return of this call: for a handler whose effect cannot be taken back, and
    /// which is not through with it at once. [`Commitment::commit`] right before the effect makes a
    /// revocation either prevent it, or be recorded as one that came after.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        self.commitment.clone()
    }

    /// Sets the title of the window that called.
    ///
    /// # Errors
    /// `unavailable` where the caller has no window, or its host is gone.
    pub fn set_title(&self, title: &str) -> Result<(), HandlerError> {
        self.port.set_title(title)
    }
}

fn absent(argument: &str) -> HandlerError {
    HandlerError::new("invalid", format!("this command takes no `{argument}`"))
}

/// What the broker can do to the window that a call came from.
pub(crate) trait WindowPort: fmt::Debug + Send + Sync {
    /// Sets its title.
    fn set_title(&self, title: &str) -> Result<(), HandlerError>;
}
