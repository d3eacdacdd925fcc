//! The body of a call: what a page uploads. Credit is given as the handler reads, for bytes that
//! are set aside first: a handler that does not read gets no more than its window, and what
//! all bodies of a host take is bounded.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::{Exit, Flow, Forged, Outlet};
use crate::handler::HandlerError;
use crate::pipeline::Reply;
use crate::session::Valve;
use crate::wire::Calls;

/// How long one end of a call waits for the other where it is the other's turn: a chunk that there
/// is credit for, an item that is to be taken. A page on a busy machine is late by seconds.
pub(crate) const IDLE: Duration = Duration::from_secs(30);

/// The body of a call, in the order in which the page sent it. Dropping it unread is no error: the
/// page is then not asked for more.
#[derive(Debug)]
pub struct Body {
    flow: Arc<Flow>,
    outlet: Arc<dyn Outlet>,
    /// Its call's: nobody is asked for more once it was stopped.
    valve: Arc<Valve>,
    call: u64,
}

impl Body {
    /// The body of `call`, for which credit is given by way of what is `back`.
    pub(crate) fn new(
        flow: Arc<Flow>,
        (outlet, valve): (Arc<dyn Outlet>, Arc<Valve>),
        call: u64,
    ) -> Self {
        Self { flow, outlet, valve, call }
    }

    /// The next chunk: at least one byte, at most 128 KiB. `None` is the end of a whole body; one
    /// that its page broke off ends the call instead.
    ///
    /// # Errors
    /// `too_large` where the body is longer than the policy's `limit.bytes` for the call,
    /// `timeout` where the page sends nothing for 30 seconds.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HandlerError> {
        let Some(upload) = &self.flow.upload else {
            return Ok(None);
        };
        loop {
            if let Some(ready) = upload.pop()? {
                return Ok(ready);
            }
            upload.reserve(self.outlet.bodies()).await;
            let unsaid = upload.unsaid();
            if unsaid > 0 {
                let more = Reply::more(self.call, unsaid);
                let sent = self.outlet.send(more, Exit::Part(&self.valve)).await;
                sent.map_err(|_| gone())?;
                upload.said(unsaid);
            }
            tokio::time::timeout(IDLE, upload.changed.notified()).await.map_err(|_| late())?;
        }
    }

    /// All of it, if it is at most `most` bytes.
    ///
    /// # Errors
    /// Those of [`chunk`](Self::chunk), and `too_large`.
    pub async fn bytes(mut self, most: usize) -> Result<Bytes, HandlerError> {
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        let mut all = BytesMut::from(first);
        while all.len() <= most {
            match self.chunk().await? {
                None => return Ok(all.freeze()),
                Some(next) => all.extend_from_slice(&next),
            }
        }
        Err(too_large())
    }

    /// The chunks as a stream, which ends after the first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, HandlerError>> + Send {
        stream::try_unfold(self, |mut body| async move {
            let chunk = body.chunk().await?;
            Ok(chunk.map(|chunk| (chunk, body)))
        })
    }
}

/// The receiving end.
#[derive(Debug)]
pub(super) struct Upload {
    state: Mutex<State>,
    changed: Notify,
    most: u64,
}

#[derive(Debug, Default)]
struct State {
    /// Each stands for its own bytes in the room of its host.
    chunks: VecDeque<(Bytes, Option<OwnedSemaphorePermit>)>,
    /// Chunks that the page may send, and the bytes set aside for them.
    credit: usize,
    /// Those of them that the page has not been told of: a handler may leave off in the middle.
    unsaid: usize,
    set_aside: Option<OwnedSemaphorePermit>,
    arrived: (u64, u64),
    end: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    TooLarge,
}

impl Upload {
    pub(super) fn new(most: u64) -> Self {
        Self { state: Mutex::default(), changed: Notify::new(), most }
    }

    /// A chunk arrived. Whether it is allowed is known before it is copied.
    pub(super) fn push(&self, bytes: &[u8]) -> Result<(), Forged> {
        let mut state = self.lock();
        if state.credit <= state.unsaid || bytes.is_empty() || bytes.len() > Calls::MAX_CHUNK {
            return Err(Forged::Chunk);
        }
        if state.end == Some(End::Whole) {
            return Err(Forged::NoBody);
        }
        state.credit = state.credit.saturating_sub(1);
        let mut held = state.set_aside.as_mut().and_then(|all| all.split(Calls::MAX_CHUNK));
        let (chunks, total) = state.arrived;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        state.arrived = (chunks.saturating_add(1), total.saturating_add(length));
        if state.arrived.1 > self.most {
            state.end = Some(End::TooLarge);
            state.chunks.clear();
        } else if state.end.is_none() {
            let unused = Calls::MAX_CHUNK.saturating_sub(bytes.len());
            drop(held.as_mut().and_then(|held| held.split(unused)));
            state.chunks.push_back((Bytes::copy_from_slice(bytes), held));
        }
        self.changed.notify_one();
        Ok(())
    }

    /// The body is whole.
    pub(super) fn end(&self) -> Result<(), Forged> {
        let mut state = self.lock();
        if state.end == Some(End::Whole) {
            return Err(Forged::NoBody);
        }
        state.end = state.end.or(Some(End::Whole));
        (state.credit, state.unsaid) = (0, 0);
        state.set_aside = None;
        self.changed.notify_one();
        Ok(())
    }

    pub(super) fn arrived(&self) -> (u64, u64) {
        self.lock().arrived
    }

    /// What there is to read: a chunk, the end, or nothing yet.
    fn pop(&self) -> Result<Option<Option<Bytes>>, HandlerError> {
        let mut state = self.lock();
        if state.end == Some(End::TooLarge) {
            return Err(too_large());
        }
        match (state.chunks.pop_front(), state.end) {
            (Some((chunk, _held)), _) => Ok(Some(Some(chunk))),
            (None, Some(_)) => Ok(Some(None)),
            (None, None) => Ok(None),
        }
    }

    /// Sets room aside for more chunks. It waits for the first one, where the page has no credit
    /// left, and takes of the others what there is.
    async fn reserve(&self, room: &Arc<Semaphore>) {
        let wanted = {
            let state = self.lock();
            if state.end.is_some() || !state.chunks.is_empty() {
                return;
            }
            Calls::WINDOW.saturating_sub(state.credit)
        };
        // Half a window is worth a word; less can wait until there is more to say.
        if wanted < Calls::WINDOW / 2 {
            return;
        }
        let mut given = 0;
        let mut permit: Option<OwnedSemaphorePermit> = None;
        while given < wanted {
            let room = Arc::clone(room);
            let one = if given == 0 && wanted == Calls::WINDOW {
                room.acquire_many_owned(CHUNK_PERMITS).await.ok()
            } else {
                room.try_acquire_many_owned(CHUNK_PERMITS).ok()
            };
            let Some(one) = one else { break };
            merge(&mut permit, one);
            given = given.saturating_add(1);
        }
        let mut state = self.lock();
        if state.end.is_some() {
            return;
        }
        if let Some(permit) = permit {
            merge(&mut state.set_aside, permit);
        }
        state.credit = state.credit.saturating_add(given);
        state.unsaid = state.unsaid.saturating_add(given);
    }

    fn unsaid(&self) -> usize {
        self.lock().unsaid
    }

    fn said(&self, chunks: usize) {
        let mut state = self.lock();
        state.unsaid = state.unsaid.saturating_sub(chunks);
    }

    /// Each change of the state is whole whatever panicked while it was held.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// [`Calls::MAX_CHUNK`] as the semaphore counts.
const CHUNK_PERMITS: u32 = 128 << 10;
const _: () = assert!(CHUNK_PERMITS as usize == Calls::MAX_CHUNK);

fn merge(all: &mut Option<OwnedSemaphorePermit>, more: OwnedSemaphorePermit) {
    match all {
        Some(all) => all.merge(more),
        None => *all = Some(more),
    }
}

fn too_large() -> HandlerError {
    HandlerError::new("too_large", "the body of the call is too large")
}

fn late() -> HandlerError {
    HandlerError::new("timeout", "the body of the call did not arrive")
        .with_detail(format!("nothing came for {IDLE:?}"))
}

fn gone() -> HandlerError {
    HandlerError::new("cancelled", "the call was cancelled")
        .with_detail("its page is gone, or it was stopped")
}
