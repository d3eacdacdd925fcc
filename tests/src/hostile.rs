//! What a test and the host that it plays say to each other. The program `hostile_host` stands
//! where the real host stands, with the broker's socket as its standard input, and does with it
//! what it is told; what it hears from the broker it passes on unread. Which attacks there are,
//! and what is expected of each, stands in the suites.

use std::{
    io::{self, Read, Write},
    time::Duration,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sidegate::wire::{self, DocumentId, FromHost, LENGTH_BYTES, MAX_FROM_HOST, WindowId};

/// The name of the socket on which the test listens, beside the link by which the broker starts
/// the program: a host's arguments and environment are the broker's, so its own name is what a
/// test can choose.
pub const CONTROL: &str = "control";

/// A flood goes out as one order.
const MAX_ORDER: usize = 256 << 20;

/// One thing for the host to do with its socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Write these bytes.
    Write(Vec<u8>),
    /// Write these bytes one by one.
    WriteSingly(Vec<u8>),
    /// Have a child write these bytes: it inherits the socket.
    WriteFromChild(Vec<u8>),
    /// Write these bytes, and pass so many descriptors with them.
    WriteWithDescriptors(Vec<u8>, usize),
    /// As an unprivileged user, write these bytes in the name of a process and a user.
    WriteInTheNameOf(Vec<u8>, i32, u32),
    /// Shut the writing half.
    ShutWriting,
    /// Read no more of what the broker sends.
    StopReading,
    /// Make such calls without end, as fast as the broker takes them, and throw away its answers.
    Flood(Calling),
    /// Make so many such calls, each after the answer to the one before and so long a pause, and say
    /// how long each took. Nothing else of what the broker sends is passed on any more.
    Time(Calling, u64, Duration),
    /// End, with this status.
    End(i32),
}

/// The calls of one page that a host makes by itself, numbered from one on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calling {
    /// The window that calls.
    pub window: WindowId,
    /// Its document.
    pub document: DocumentId,
    /// The token of that.
    pub token: String,
    /// The number before that of the first call.
    pub after: u64,
    /// The call itself, as JSON.
    pub call: String,
}

impl Calling {
    /// The frame of one of them, counted from one.
    ///
    /// # Errors
    /// Where it is longer than a frame may be.
    pub fn frame(&self, number: u64) -> io::Result<Vec<u8>> {
        let Self { window, document, token, call, .. } = self;
        let bytes = format!("c{token} {}\n{call}", self.id(number));
        let message =
            FromHost::Message { window: *window, document: *document, bytes: bytes.as_bytes() };
        wire::encode(&message, MAX_FROM_HOST).map_err(io::Error::other)
    }

    /// What the call of one of them is called in its answer.
    #[must_use]
    pub fn id(&self, number: u64) -> u64 {
        self.after.saturating_add(number)
    }
}

/// What the host tells the test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// It is up, as this process.
    Up(u32),
    /// Bytes from the broker, cut as they came.
    Heard(Vec<u8>),
    /// The broker let go of the socket.
    HungUp,
    /// The broker takes its flood.
    Floods,
    /// How long the calls took that were timed.
    Took(Vec<Duration>),
    /// The last order is done; or what the system said instead.
    Done(Result<(), String>),
}

/// Writes an order or a report.
///
/// # Errors
/// Those of the writer.
pub fn write(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let frame = wire::encode(message, MAX_ORDER).map_err(io::Error::other)?;
    to.write_all(&frame)
}

/// Reads an order or a report.
///
/// # Errors
/// Those of the reader; the end of it is one.
pub fn read<M: DeserializeOwned>(from: &mut impl Read) -> io::Result<M> {
    let mut prefix = [0; LENGTH_BYTES];
    from.read_exact(&mut prefix)?;
    let length = wire::frame_length(prefix, MAX_ORDER).map_err(io::Error::other)?;
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    wire::decode(&body).map_err(io::Error::other)
}
