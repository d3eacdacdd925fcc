//! What can go wrong on a display.

use std::{io, time::Duration};

use x11rb::{
    errors::{ConnectError, ConnectionError, ReplyError, ReplyOrIdError},
    protocol::ErrorKind,
};

/// Why something could not be done on a display.
#[derive(Debug, thiserror::Error)]
pub enum X11Error {
    /// The display's socket cannot be reached.
    #[error("the display cannot be reached: {0}")]
    Socket(#[from] io::Error),
    /// The server does not want us.
    #[error("the display refuses the connection: {0}")]
    Connect(#[from] ConnectError),
    /// The connection broke.
    #[error("the connection to the display broke: {0}")]
    Connection(#[from] ConnectionError),
    /// The server refused a request, as it does where a window is gone.
    #[error("the display refuses a request: {0}")]
    Reply(#[from] ReplyError),
    /// The server has no number for another window.
    #[error("the display has no number for a window: {0}")]
    Number(#[from] ReplyOrIdError),
    /// The server has no screen.
    #[error("the display has no screen")]
    NoScreen,
    /// No window had the title in time.
    #[error("no window {wanted} within {limit:?}; the titles there are {seen:?}")]
    NoWindow {
        /// The title that was wanted, in words.
        wanted: String,
        /// How long it was waited for.
        limit: Duration,
        /// The titles at the end.
        seen: Vec<String>,
    },
    /// The server does not know whose a window is.
    #[error("the display does not know the process of the window `{0}`")]
    NoProcess(String),
    /// The keyboard has no such key.
    #[error("the display's keyboard has no key for {0}")]
    NoKey(String),
    /// The window is not on the screen.
    #[error("the window is beside the screen")]
    OffScreen,
    /// The server draws in a format that is not read here.
    #[error("pictures of {0} bits a pixel are not read here, only those of 32")]
    Format(u8),
    /// The picture cannot be written.
    #[error("the picture cannot be written: {0}")]
    Png(#[from] png::EncodingError),
}

impl X11Error {
    /// A reply about a window that may have gone since it was listed: none, then, and no error.
    pub(super) fn gone<T>(reply: Result<T, ReplyError>) -> Result<Option<T>, Self> {
        match reply {
            Ok(reply) => Ok(Some(reply)),
            Err(ReplyError::X11Error(error)) if error.error_kind == ErrorKind::Window => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
