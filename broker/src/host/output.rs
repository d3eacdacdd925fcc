//! What goes to a host: frames, in order, through one bounded queue.

use tokio::sync::mpsc;

use crate::handler::{HandlerError, WindowPort};
use crate::wire::{self, MAX_TO_HOST, ToHost, WindowId};

/// Frames waiting for a host to read. A host whose windows all have their 64 calls answered at
/// once reads faster than this fills; one that does not read is at fault.
const QUEUE: usize = 1024;

/// The sending side; cloned for each call that will have a reply.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    frames: mpsc::Sender<Vec<u8>>,
}

/// The host does not take any more: its queue is full, or it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the host does not read what it is sent")]
pub(crate) struct Unread;

impl Output {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Vec<u8>>) {
        let (frames, queue) = mpsc::channel(QUEUE);
        (Self { frames }, queue)
    }

    /// Queues a message, at once or not at all.
    pub(crate) fn send(&self, message: &ToHost<'_>) -> Result<(), Unread> {
        let frame = wire::encode(message, MAX_TO_HOST).map_err(|_| Unread)?;
        self.frames.try_send(frame).map_err(|_| Unread)
    }

    /// Queues a message, and waits for room.
    pub(crate) async fn send_when_read(&self, message: &ToHost<'_>) -> Result<(), Unread> {
        let frame = wire::encode(message, MAX_TO_HOST).map_err(|_| Unread)?;
        self.frames.send(frame).await.map_err(|_| Unread)
    }

    /// The port of one window.
    pub(crate) fn port(&self, window: WindowId) -> Port {
        Port { output: self.clone(), window }
    }
}

/// One window behind a host.
#[derive(Debug)]
pub(crate) struct Port {
    output: Output,
    window: WindowId,
}

impl WindowPort for Port {
    fn set_title(&self, title: &str) -> Result<(), HandlerError> {
        let message = ToHost::SetTitle { window: self.window, title: title.to_owned() };
        self.output.send(&message).map_err(|error| {
            HandlerError::new("unavailable", "the window cannot be reached").with_detail(error)
        })
    }
}
