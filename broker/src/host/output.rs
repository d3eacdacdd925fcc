//! What goes to a host: frames, in order, through one bounded queue.

use std::io::IoSlice;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::life::Life;
use crate::handler::HandlerError;
use crate::pipeline::Reply;
use crate::streams::{self, Gone, Outlet};
use crate::windows::WindowPort;
use crate::wire::{self, DocumentId, MAX_TO_HOST, ToHost, WindowChange, WindowId};

/// Frames waiting for a host to read. A host whose windows all have their 64 calls answered at
/// once reads faster than this fills; one that does not read is at fault.
const QUEUE: usize = 1024;

/// Bytes of the answers among them, so that large ones do not fill the broker's memory: four of
/// the longest.
const QUEUE_BYTES: usize = 4 * MAX_TO_HOST;

/// A frame in the queue; that of an answer stands for its bytes until it is written.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) frame: Vec<u8>,
    _held: Option<OwnedSemaphorePermit>,
}

impl Queued {
    /// The frame, to be written with others.
    pub(super) fn slice(&self) -> IoSlice<'_> {
        IoSlice::new(&self.frame)
    }
}

/// The sending side; cloned for each call that will have a reply.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    frames: mpsc::Sender<Queued>,
    room: Arc<Semaphore>,
    /// For bodies that come from this host.
    bodies: Arc<Semaphore>,
    /// The host's.
    life: Life,
}

/// The host does not take any more: its queue is full, or it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host does not read what it is sent")]
pub(crate) struct Unread;

impl Output {
    /// To the host with this life.
    pub(crate) fn new(life: Life) -> (Self, mpsc::Receiver<Queued>) {
        let (frames, queue) = mpsc::channel(QUEUE);
        let room = Arc::new(Semaphore::new(QUEUE_BYTES));
        let bodies = Arc::new(Semaphore::new(streams::ROOM));
        (Self { frames, room, bodies, life }, queue)
    }

    /// Queues a small message, at once or not at all.
    pub(crate) fn send(&self, message: &ToHost<'_>) -> Result<(), Unread> {
        let frame = encode(message)?;
        self.frames.try_send(Queued { frame, _held: None }).map_err(|_| Unread)
    }

    /// Queues an answer, and waits for room. When the host is gone, its queue is let go, and so
    /// is the room that was taken in it.
    pub(crate) async fn send_when_read(&self, message: &ToHost<'_>) -> Result<(), Unread> {
        let frame = encode(message)?;
        let bytes = u32::try_from(frame.len()).map_err(|_| Unread)?;
        let held = Arc::clone(&self.room).acquire_many_owned(bytes).await.map_err(|_| Unread)?;
        self.frames.send(Queued { frame, _held: Some(held) }).await.map_err(|_| Unread)
    }

    /// The way to one document.
    pub(crate) fn replies(&self, window: WindowId, document: DocumentId) -> Replies {
        Replies { output: self.clone(), window, document }
    }

    /// The port of one window.
    pub(crate) fn port(&self, window: WindowId) -> Port {
        Port { output: self.clone(), window }
    }
}

fn encode(message: &ToHost<'_>) -> Result<Vec<u8>, Unread> {
    wire::encode(message, MAX_TO_HOST).map_err(|_| Unread)
}

/// One document behind a host.
#[derive(Debug)]
pub(crate) struct Replies {
    output: Output,
    window: WindowId,
    document: DocumentId,
}

impl Replies {
    /// A reply as it goes over the wire.
    pub(crate) fn message<'a>(&self, reply: &'a Reply) -> ToHost<'a> {
        let (window, document, json) = (self.window, self.document, reply.json());
        match reply.bytes() {
            None => ToHost::Reply { window, document, json },
            Some(bytes) => ToHost::Bytes { window, document, json, bytes },
        }
    }
}

impl Outlet for Replies {
    fn send(&self, reply: Reply) -> BoxFuture<'_, Result<(), Gone>> {
        let sent = async move { self.output.send_when_read(&self.message(&reply)).await };
        sent.map(|sent| sent.map_err(|Unread| Gone)).boxed()
    }

    fn bodies(&self) -> &Arc<Semaphore> {
        &self.output.bodies
    }

    fn is_gone(&self) -> bool {
        self.output.life.is_over()
    }
}

/// One window behind a host.
#[derive(Debug)]
pub(crate) struct Port {
    output: Output,
    window: WindowId,
}

impl WindowPort for Port {
    fn change(&self, change: WindowChange) -> Result<(), HandlerError> {
        let message = ToHost::Change { window: self.window, change };
        self.output.send(&message).map_err(|error| {
            HandlerError::new("unavailable", "the window cannot be reached").with_detail(error)
        })
    }
}
