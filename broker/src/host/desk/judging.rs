//! What a page says, handed to the pipeline, and what comes of it on its way back. It is the same wherever
//! it is done: a message is judged by the thread that read it, unless it is long.

use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

use super::super::output::{Output, Place, Unread};
use super::tasks::Tasks;
use crate::clock::Now;
use crate::core::Core;
use crate::pipeline::{Consequence, Due, Frame, Passed};
use crate::streams::Outlet;
use crate::token::HostId;
use crate::windows::WindowPort;
use crate::wire::{self, Calls, DocumentId, FromHost, ToHost, WindowId};

/// Bytes of a message that is long: to read the JSON of one and to make its digest takes as long as all
/// that one host is given before the others have their turn, and one at its limit thirty times that.
/// Woken for it, another thread has lost a small part of what it takes over.
const LONG: usize = 32 << 10;

/// Whether `bytes` are better judged where they keep nobody else waiting. A piece of a body is not: what is
/// in it is its handler's, and nobody looks at it.
pub(in super::super) fn is_long(bytes: &[u8]) -> bool {
    bytes.len() > LONG && bytes.first() != Some(&Calls::CHUNK)
}

/// All that it takes, of one window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judging<'d> {
    pub(super) core: &'d Arc<Core>,
    pub(super) host: HostId,
    pub(super) output: &'d Output,
    pub(super) tasks: Tasks,
    pub(super) port: &'d Arc<dyn WindowPort>,
}

impl Judging<'_> {
    /// Judges what `bytes` say and sees to the answer; what was `held` for them is, until it is on its way.
    pub(super) fn judge(
        &self,
        (window, document): (WindowId, DocumentId),
        bytes: &[u8],
        (held, place): (OwnedSemaphorePermit, Place),
    ) -> Result<Consequence, Unread> {
        let frame = Frame { host: self.host, window, document, bytes };
        let (reply, consequence) = match self.core.pipeline.judge(frame, self.port, Now::read()) {
            Ok(Passed::Done) => (None, Consequence::None),
            Ok(Passed::Answered(reply)) => (Some(reply), Consequence::None),
            Ok(Passed::Call(due)) => {
                self.dispatch(due, (window, document), held);
                (None, Consequence::None)
            }
            Err(refused) => (refused.reply, refused.consequence),
        };
        if let Some(reply) = reply {
            let answer = ToHost::Reply { window, document, json: reply.json() };
            self.output.answer(&answer, place)?;
        }
        Ok(consequence)
    }

    /// The same of a frame with such a message, on a thread of its own. Where nobody waits for it any more, since the host has ended, it
    /// goes on until it finds that out.
    pub(super) async fn judge_elsewhere(
        self,
        of: (WindowId, DocumentId),
        frame: Vec<u8>,
        room: (OwnedSemaphorePermit, Place),
    ) -> Result<Consequence, Unread> {
        let Self { host, tasks, .. } = self;
        let (core, output) = (Arc::clone(self.core), self.output.clone());
        let port = Arc::clone(self.port);
        let judge = move || {
            let judging = Judging { core: &core, host, output: &output, tasks, port: &port };
            match wire::decode(&frame) {
                Ok(FromHost::Message { bytes, .. }) => judging.judge(of, bytes, room),
                // It was one when it was read.
                Ok(_) | Err(_) => Ok(Consequence::None),
            }
        };
        spawn_blocking(judge).await.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime ends, and the connection with it.
            Err(_) => Ok(Consequence::None),
        })
    }

    /// Runs what was let through, and sends its answer.
    fn dispatch(
        &self,
        due: Due,
        (window, document): (WindowId, DocumentId),
        held: OwnedSemaphorePermit,
    ) {
        let core = Arc::clone(self.core);
        let outlet: Arc<dyn Outlet> = Arc::new(self.output.replies(window, document));
        self.tasks.begin(Box::pin(async move {
            // In flight until its reply is queued: what nobody reads does not pile up.
            let dispatched = due.dispatch(&core.pipeline, &outlet).await;
            if let Some((reply, in_flight)) = dispatched {
                reply.deliver(&in_flight, &outlet).await;
            }
            drop(held);
        }));
    }
}
