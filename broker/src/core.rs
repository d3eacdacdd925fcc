//! What every host's desk and every in-process peer work with: one policy, one pipeline, one
//! log. It is made whole by the builder and changes no more, but for the counters.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};

use sidegate_capabilities::Policy;

use crate::assets::Assets;
use crate::audit::Event;
use crate::clock::Moment;
use crate::ledger::Which;
use crate::pipeline::Pipeline;
use crate::windows::Windows;
use crate::wire::SandboxLevel;

/// The broker's inside.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) policy: Policy,
    pub(crate) policy_version: Arc<str>,
    pub(crate) pipeline: Pipeline,
    pub(crate) assets: Assets,
    pub(crate) windows: Arc<Windows>,
    /// The host's binary, where it is not the one beside this program.
    pub(crate) host_binary: Option<PathBuf>,
    /// The sandbox level below which hosts are not let in.
    pub(crate) least: SandboxLevel,
    /// Whether this is a run for its developers: inspectors open, hosts talk.
    pub(crate) debug: bool,
    pub(crate) next_host: AtomicU64,
    pub(crate) next_window: AtomicU32,
}

impl Core {
    /// Writes an event of the broker's own life to the log. One that cannot be written is told to
    /// the developer: there is no call to refuse for it, and the next call is refused.
    pub(crate) fn note(&self, event: &Event<'_>) {
        if let Err(error) = self.pipeline.ledger.write(&self.policy_version, event) {
            tracing::error!(%error, "an event is not in the audit log");
        }
    }

    /// The same for an event that a page or a host can bring about as often as it likes: the first
    /// of a kind each second are written, and the others counted. `window`, `origin` and `what` say
    /// which are of one kind.
    pub(crate) fn note_often(&self, kind: (&str, &str, &str), event: &Event<'_>) {
        let ledger = &self.pipeline.ledger;
        if let Err(error) = ledger.event(&self.policy_version, kind, event, Moment::now()) {
            tracing::error!(%error, "an event is not in the audit log");
        }
    }

    /// Writes the counts of calls that were not written one by one, all of them.
    pub(crate) fn tell_counts(&self) {
        if let Err(error) = self.pipeline.ledger.tell_counts(Which::All, Moment::now()) {
            tracing::error!(%error, "a count of calls is not in the audit log");
        }
    }
}
