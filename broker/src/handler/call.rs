//! What a handler knows of the call it answers.

use std::sync::Arc;

use sidegate_capabilities::{Origin, WindowLabel};

use super::HandlerError;
use crate::confined::ConfinedPath;
use crate::events::Events;
use crate::session::{Commitment, Identity, Valve};
use crate::state::State;
use crate::streams::Body;
use crate::windows::WindowPort;
use crate::wire::WindowChange;

/// The call as the checks left it. The resources in it are handles: there is no raw path here
/// to open again.
#[derive(Debug)]
pub struct Call {
    /// In a box: it goes through several hands before it comes to the handler's.
    known: Box<Known>,
}

/// What is known of a call.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) identity: Arc<Identity>,
    pub(crate) path: Option<ConfinedPath>,
    pub(crate) key: Option<String>,
    pub(crate) url: Option<url::Url>,
    pub(crate) body: Option<Body>,
    pub(crate) events: Events,
    pub(crate) state: State,
    pub(crate) port: Arc<dyn WindowPort>,
    /// What it runs through.
    pub(crate) valve: Arc<Valve>,
}

impl Call {
    pub(crate) fn of(known: Known) -> Self {
        Self { known: Box::new(known) }
    }

    /// The same with a body.
    pub(crate) fn bring(&mut self, body: Body) {
        self.known.body = Some(body);
    }

    /// Whether it has a body that nobody has taken yet.
    pub(crate) fn has_body(&self) -> bool {
        self.known.body.is_some()
    }

    /// The window that called.
    #[must_use]
    pub fn window(&self) -> &WindowLabel {
        &self.known.identity.label
    }

    /// The origin of the document that called.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.known.identity.origin
    }

    /// The file or directory that the call named, reachable beneath the directory that the
    /// policy granted and nowhere else.
    ///
    /// # Errors
    /// `invalid` where the command does not take a path.
    pub fn path(&self) -> Result<ConfinedPath, HandlerError> {
        self.known.path.clone().ok_or_else(|| absent("path"))
    }

    /// The key that the call named.
    ///
    /// # Errors
    /// `invalid` where the command does not take a key.
    pub fn key(&self) -> Result<&str, HandlerError> {
        self.known.key.as_deref().ok_or_else(|| absent("key"))
    }

    /// The address that the call named: parsed, and within the granted patterns.
    ///
    /// # Errors
    /// `invalid` where the command does not take an address.
    pub fn url(&self) -> Result<&url::Url, HandlerError> {
        self.known.url.as_ref().ok_or_else(|| absent("url"))
    }

    /// The key that the call named, where it named one.
    #[must_use]
    pub fn named_key(&self) -> Option<&str> {
        self.known.key.as_deref()
    }

    /// What tells whether anybody still waits for the answer.
    #[must_use]
    pub fn cancellation(&self) -> Cancellation {
        Cancellation(Arc::clone(&self.known.valve))
    }

    /// Over when nobody waits for the answer any more: see [`Cancellation`].
    pub async fn cancelled(&self) {
        self.known.valve.ended().await;
    }

    /// The body that the call brings, once.
    ///
    /// # Errors
    /// `invalid` where the command takes no body, or it was taken before.
    pub fn body(&mut self) -> Result<Body, HandlerError> {
        self.known.body.take().ok_or_else(|| absent("body"))
    }

    /// The events of the broker, to tell pages of something.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.known.events
    }

    /// The state that the app's windows share.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.known.state
    }

    /// The point of no return of this call: for a handler whose effect cannot be taken back, and
    /// which is not through with it at once. [`Commitment::commit`] right before the effect makes
    /// whatever stops the call either prevent it, or be recorded as what came after.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        Commitment::of(&self.known.valve)
    }

    /// Sets the title of the window that called.
    ///
    /// # Errors
    /// `unavailable` where the caller has no window, or its host is gone.
    pub fn set_title(&self, title: &str) -> Result<(), HandlerError> {
        self.known.port.change(WindowChange::Title(title.to_owned()))
    }

    /// The way to the window that called.
    pub(crate) fn port(&self) -> Arc<dyn WindowPort> {
        Arc::clone(&self.known.port)
    }
}

/// Whether anybody still waits for a call's answer. An async handler need not ask: its future is
/// dropped at its next `await`. What runs elsewhere, on a thread of the blocking pool say, takes this
/// along and looks at it now and then.
#[derive(Debug, Clone)]
pub struct Cancellation(Arc<Valve>);

impl Cancellation {
    /// Whether nobody waits any more: the page cancelled the call or is gone, its token was revoked,
    /// the policy that came into force does not allow it, its deadline passed, or the broker ends.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.has_ended()
    }

    /// Over when nobody waits any more.
    pub async fn cancelled(&self) {
        self.0.ended().await;
    }
}

fn absent(argument: &str) -> HandlerError {
    HandlerError::new("invalid", format!("this command takes no `{argument}`"))
}
