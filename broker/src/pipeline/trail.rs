//! The trail of a call: what is known of it so far, for its record.

use std::borrow::Cow;
use std::sync::Arc;

use super::shadow::Differing;
use super::shown::Shown;
use super::{Asked, Frame, InForce};
use crate::audit::Digest;
use crate::clock::Moment;
use crate::session::Identity;
use crate::token::HostId;
use crate::wire::{DocumentId, WindowId};

/// Grows from step to step. Until the sender is known, the window is a number that the host
/// gave; after that it is a label.
#[derive(Debug)]
pub(super) struct Trail {
    /// The policy that decides this call.
    pub(super) force: Arc<InForce>,
    pub(super) began: Moment,
    pub(super) host: HostId,
    pub(super) window: WindowId,
    pub(super) document: DocumentId,
    pub(super) identity: Option<Arc<Identity>>,
    pub(super) command: Option<String>,
    pub(super) call: Option<u64>,
    pub(super) bytes: u64,
    pub(super) digest: Option<Digest>,
    /// The arguments as the log may have them, where it is to have them.
    pub(super) shown: Option<Shown>,
    /// What the observed policy says, where that is something else.
    pub(super) shadow: Option<Differing>,
}

impl Trail {
    pub(super) fn of(frame: &Frame<'_>, now: Moment, force: Arc<InForce>) -> Self {
        Self {
            force,
            began: now,
            host: frame.host,
            window: frame.window,
            document: frame.document,
            identity: None,
            command: None,
            call: None,
            bytes: u64::try_from(frame.bytes.len()).unwrap_or(u64::MAX),
            digest: None,
            shown: None,
            shadow: None,
        }
    }

    /// The trail of what is asked for without a call.
    pub(super) fn asked(asked: &Asked<'_>, now: Moment, force: Arc<InForce>) -> Self {
        let Asked { host, window, document, number, power, .. } = *asked;
        let frame = Frame { host, window, document, bytes: &[] };
        let command = Some(power.command().to_owned());
        Self { command, call: Some(number), ..Self::of(&frame, now, force) }
    }

    pub(super) fn identify(&mut self, identity: &Arc<Identity>) {
        self.identity = Some(Arc::clone(identity));
    }

    /// Notes the size of what was said and its SHA-256, so that a call can be told again without
    /// its values being in the log.
    pub(super) fn weigh(&mut self, text: &[u8]) {
        self.bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        self.digest = Some(Digest::of(text));
    }

    /// The window's label, or its number where it is not known yet.
    pub(super) fn window(&self) -> Cow<'_, str> {
        match &self.identity {
            Some(identity) => identity.label.as_str().into(),
            None => format!("#{}", self.window.0).into(),
        }
    }

    /// The origin of the document; nothing where it is not known yet.
    pub(super) fn origin(&self) -> &str {
        self.identity.as_ref().map_or("", |identity| identity.origin.as_str())
    }

    /// The version of the policy that decides this call, as its record names it.
    pub(super) fn policy(&self) -> &str {
        self.force.version()
    }
}
