//! What goes to a host: frames, in order, through one bounded queue.

use std::io::IoSlice;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::life::Life;
use crate::handler::HandlerError;
use crate::pipeline::Reply;
use crate::streams::{self, Exit, Outlet, Unsent};
use crate::windows::WindowPort;
use crate::wire::{self, Calls, DocumentId, MAX_TO_HOST, ToHost, WindowChange, WindowId};

/// Frames waiting for a host to read: answers and refusals, which wait for room, and what the broker has
/// to say by itself, which does not. That is a frame for each window and thing that happens to it: a host
/// that leaves as many unread as there is room for then does not read.
const QUEUE: usize = ANSWERS + REFUSALS + 256;

/// The answers among them.
const ANSWERS: usize = 512;

/// Bytes of these, so that large ones do not fill the broker's memory: four of the longest.
const QUEUE_BYTES: usize = 4 * MAX_TO_HOST;

/// What an answer counts for at least, so that there are no more of them than that.
const LEAST: usize = QUEUE_BYTES / ANSWERS;

/// The answers among them that are made while their messages are judged: the calls that four documents
/// may have in flight, refused at once. A host is read no further while so many are unread.
pub(super) const REFUSALS: usize = 4 * Calls::MAX_IN_FLIGHT;

/// Room in the queue for one answer that is made at once.
#[derive(Debug)]
pub(crate) struct Place(OwnedSemaphorePermit);

/// A frame in the queue; that of an answer stands for its bytes, or its place, until it is written.
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
    places: Arc<Semaphore>,
    /// For bodies that come from this host.
    bodies: Arc<Semaphore>,
    /// The host's.
    life: Life,
}

/// The host does not take any more: its queue is full, or it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host does not read what it is sent")]
pub(crate) struct Unread;

impl From<Unread> for Unsent {
    fn from(_: Unread) -> Self {
        Self::Gone
    }
}

impl Output {
    /// To the host with this life.
    pub(crate) fn new(life: Life) -> (Self, mpsc::Receiver<Queued>) {
        let (frames, queue) = mpsc::channel(QUEUE);
        let room = Arc::new(Semaphore::new(QUEUE_BYTES));
        let places = Arc::new(Semaphore::new(REFUSALS));
        let bodies = Arc::new(Semaphore::new(streams::ROOM));
        (Self { frames, room, places, bodies, life }, queue)
    }

    /// Queues a small message, at once or not at all.
    pub(crate) fn send(&self, message: &ToHost<'_>) -> Result<(), Unread> {
        let frame = encode(message)?;
        self.frames.try_send(Queued { frame, _held: None }).map_err(|_| Unread)
    }

    /// A place for an answer that is made at once, if there is one now.
    pub(super) fn place_now(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok().map(Place)
    }

    /// The same, as soon as there is one.
    pub(super) async fn place(&self) -> Result<Place, Unread> {
        Arc::clone(&self.places).acquire_owned().await.map(Place).map_err(|_| Unread)
    }

    /// Queues an answer that was made at once, in its place.
    pub(super) fn answer(&self, message: &ToHost<'_>, Place(held): Place) -> Result<(), Unread> {
        let frame = encode(message)?;
        self.frames.try_send(Queued { frame, _held: Some(held) }).map_err(|_| Unread)
    }

    /// Waits for room for an answer, and then queues it, if it passes its `exit`. When the host is
    /// gone, its queue is let go, and so is the room that was taken in it.
    pub(crate) async fn send_when_read(
        &self,
        message: &ToHost<'_>,
        exit: Exit<'_>,
    ) -> Result<(), Unsent> {
        let frame = encode(message)?;
        let bytes = u32::try_from(frame.len().max(LEAST)).map_err(|_| Unread)?;
        let held = Arc::clone(&self.room).acquire_many_owned(bytes).await.map_err(|_| Unread)?;
        let place = self.frames.reserve().await.map_err(|_| Unread)?;
        exit.by(|| place.send(Queued { frame, _held: Some(held) }))
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
    fn send<'a>(&'a self, reply: Reply, exit: Exit<'a>) -> BoxFuture<'a, Result<(), Unsent>> {
        async move { self.output.send_when_read(&self.message(&reply), exit).await }.boxed()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::MAX_FROM_HOST;

    const SMALL: ToHost<'static> = ToHost::Ping { number: 1 };

    /// Whatever a page asks for, and however little its host reads, what the broker itself has to say
    /// finds room.
    #[tokio::test]
    async fn answers_and_refusals_leave_room_for_what_the_broker_says() {
        let (output, mut queue) = Output::new(Life::default());
        for _ in 0..REFUSALS {
            output.answer(&SMALL, output.place_now().unwrap()).unwrap();
        }
        assert!(output.place_now().is_none());
        for _ in 0..ANSWERS {
            output.send_when_read(&SMALL, Exit::Free).await.unwrap();
        }
        let one_more = tokio::task::unconstrained(output.send_when_read(&SMALL, Exit::Free));
        assert!(one_more.now_or_never().is_none());
        let said = (0..QUEUE).take_while(|_| output.send(&SMALL).is_ok()).count();
        assert_eq!(said, QUEUE - REFUSALS - ANSWERS);
        drop(queue.recv().await.unwrap());
        assert!(output.place_now().is_some(), "the first is written, and its place is free");
    }

    #[tokio::test]
    async fn of_an_answer_that_is_kept_neither_room_nor_place_is_left_taken() {
        let (output, mut queue) = Output::new(Life::default());
        let valve = crate::session::Valve::default();
        valve.answer().unwrap();
        assert!(valve.take_back(crate::session::Stop::Revoked));
        let long = "x".repeat(MAX_FROM_HOST);
        let reply = ToHost::Reply { window: WindowId(1), document: DocumentId(1), json: &long };
        for _ in 0..100 {
            let sent = output.send_when_read(&reply, Exit::Answer(&valve)).await;
            assert_eq!(sent, Err(Unsent::Kept(crate::session::Stop::Revoked)));
        }
        assert!(queue.try_recv().is_err());
        assert_eq!((output.room.available_permits(), queue.capacity()), (QUEUE_BYTES, QUEUE));
    }
}
