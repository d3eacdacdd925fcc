//! What a test and the host that it plays say to each other. The program `hostile_host` stands
//! where the real host stands, with the broker's socket as its standard input, and does with it
//! what it is told; what it hears from the broker it passes on unread. Which attacks there are,
//! and what is expected of each, stands in the suites.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sidegate::wire::{self, LENGTH_BYTES};

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
    /// End, with this status.
    End(i32),
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
