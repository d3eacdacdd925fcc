//! What a handler knows of the call it answers.

use std::sync::Arc;

use sidegate_capabilities::{Origin, WindowLabel};
use tokio_util::sync::CancellationToken;

use super::HandlerError;
use crate::confined::ConfinedPath;
use crate::windows::WindowPort;
use crate::wire::WindowChange;

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
    pub(crate) cancellation: CancellationToken,
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

    /// The key that the call named, where it named one.
    #[must_use]
    pub fn named_key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// What tells whether anybody still waits for the answer.
    #[must_use]
    pub fn cancellation(&self) -> Cancellation {
        Cancellation(self.cancellation.clone())
    }

    /// Over when nobody waits for the answer any more: see [`Cancellation`].
    pub async fn cancelled(&self) {
        self.cancellation.cancelled().await;
    }

    /// Sets the title of the window that called.
    ///
    /// # Errors
    /// `unavailable` where the caller has no window, or its host is gone.
    pub fn set_title(&self, title: &str) -> Result<(), HandlerError> {
        self.port.change(WindowChange::Title(title.to_owned()))
    }

    /// The way to the window that called.
    pub(crate) fn port(&self) -> Arc<dyn WindowPort> {
        Arc::clone(&self.port)
    }
}

/// Whether anybody still waits for a call's answer. An async handler need not ask: its future is
/// dropped at its next `await`. What runs elsewhere, on a thread of the blocking pool say, takes this
/// along and looks at it now and then.
#[derive(Debug, Clone)]
pub struct Cancellation(CancellationToken);

impl Cancellation {
    /// Whether nobody waits any more: the page cancelled the call or is gone, the policy that came
    /// into force does not allow it, its deadline passed, or the broker ends.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Over when nobody waits any more.
    pub async fn cancelled(&self) {
        self.0.cancelled().await;
    }
}

fn absent(argument: &str) -> HandlerError {
    HandlerError::new("invalid", format!("this command takes no `{argument}`"))
}
