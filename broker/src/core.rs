//! What every host's desk and every in-process peer work with: one policy, one pipeline, one
//! log. It is made whole by the builder; only the policy in force is replaced later, whole as well.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::assets::Assets;
use crate::audit::Event;
use crate::pipeline::Pipeline;
use crate::reload::Reloader;
use crate::windows::Windows;
use crate::wire::SandboxLevel;

/// The broker's inside.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) pipeline: Pipeline,
    pub(crate) reloader: Reloader,
    pub(crate) assets: Assets,
    pub(crate) windows: Arc<Windows>,
    /// The host's binary, where it is not the one beside this program.
    pub(crate) host_binary: Option<PathBuf>,
    /// The sandbox level below which hosts are not let in.
    pub(crate) least: SandboxLevel,
    /// Whether this is a run for its developers: inspectors open, hosts talk.
    pub(crate) debug: bool,
    /// Whether a host that ended stays ended: for windows that would mean nothing a second time.
    pub(crate) once: bool,
    pub(crate) next_host: AtomicU64,
    pub(crate) next_window: AtomicU32,
    /// How long calls in flight are waited for when the broker goes down.
    pub(crate) drain: Duration,
    /// How many times hosts are served: while they are, there is something to tell.
    pub(crate) running: watch::Sender<usize>,
    /// Whether the log has its last record.
    pub(crate) stopped: AtomicBool,
}

/// Stands for hosts that are served, which have their own to tell when they end.
#[derive(Debug)]
pub(crate) struct Running<'a>(&'a watch::Sender<usize>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|times| *times = times.saturating_sub(1));
    }
}

/// How long calls that were cancelled are waited for: their handlers are dropped at once, and only
/// the records of that have to be written.
const LAST_RECORDS: Duration = Duration::from_secs(1);

impl Core {
    /// Writes an event of the broker's own life to the log. One that cannot be written is told to
    /// the developer: there is no call to refuse for it, and the next call is refused.
    pub(crate) fn note(&self, event: &Event<'_>) {
        if let Err(error) = self.pipeline.ledger.write(self.pipeline.force.load().version(), event)
        {
            tracing::error!(%error, "an event is not in the audit log");
        }
    }

    /// The same for an event that a page or a host can bring about as often as it likes: the first
    /// of a kind each second are written, and the others counted. `window`, `origin` and `what` say
    /// which are of one kind.
    pub(crate) fn note_often(&self, kind: (&str, &str, &str), event: &Event<'_>) {
        if let Err(error) = self.pipeline.note_often(kind, event) {
            tracing::error!(%error, "an event is not in the audit log");
        }
    }

    /// Takes no more calls; those in flight may finish for a while, and are then cancelled. Where
    /// two wait for that, both get to its end.
    pub(crate) async fn drain(&self) {
        let gate = &self.pipeline.gate;
        let in_flight = u64::try_from(gate.inside()).unwrap_or(u64::MAX);
        if gate.close() {
            self.note(&Event::Draining { in_flight });
        }
        tokio::select! {
            () = gate.emptied() => {}
            () = gate.hurried() => {}
            () = tokio::time::sleep(self.drain) => {}
        }
        self.pipeline.sessions.end_all();
        let _late = timeout(LAST_RECORDS, gate.emptied()).await;
    }

    /// Over when the broker goes down and nothing is in flight any more.
    pub(crate) async fn drained(&self) {
        self.pipeline.gate.closed().await;
        self.drain().await;
    }

    /// Notes that hosts are served, until what this returns is dropped.
    pub(crate) fn running(&self) -> Running<'_> {
        self.running.send_modify(|times| *times = times.saturating_add(1));
        Running(&self.running)
    }

    /// Writes the last record; once.
    pub(crate) fn stop(&self) {
        if self.stopped.swap(true, Ordering::SeqCst) {
            return;
        }
        let version = self.pipeline.force.load();
        if let Err(error) = self.pipeline.ledger.close(version.version(), &Event::Stop {}) {
            tracing::error!(%error, "the end of the audit log may not be on the disk");
        }
    }
}
