//! What happens to windows, told to whoever of the core listens.

use sidegate_capabilities::WindowLabel;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::wire::Stance;

/// Something that happened to a window.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WindowEvent {
    /// A host was told to open it; of a host that is started again, too.
    Opened {
        /// Its label.
        window: WindowLabel,
    },
    /// It stands otherwise than before.
    Changed {
        /// Its label.
        window: WindowLabel,
        /// How, as its host says.
        stance: Stance,
    },
    /// It is gone: closed, or lost with its host.
    Closed {
        /// Its label.
        window: WindowLabel,
    },
    /// The person chose an item of its menu that stands for an event.
    Menu {
        /// Its label.
        window: WindowLabel,
        /// The event's name in the manifest.
        item: String,
    },
    /// The listener was slow, and so many events are lost to it.
    Missed(u64),
}

/// A listener: [`Broker::window_events`](crate::Broker::window_events).
#[derive(Debug)]
pub struct WindowEvents(Receiver<WindowEvent>);

impl WindowEvents {
    pub(super) fn new(receiver: Receiver<WindowEvent>) -> Self {
        Self(receiver)
    }

    /// The next event, in the order in which they happened. `None`: the broker is gone. Safe to
    /// leave off and call again.
    pub async fn next(&mut self) -> Option<WindowEvent> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(missed)) => Some(WindowEvent::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }
}
