//! The line to the broker: standard input, taken off descriptor 0 so that no child inherits
//! it; a thread that reads frames and one that writes them.
//!
//! The reader is what ends the host: when the broker is gone, the process is gone, whatever
//! the main loop is busy with. What the frames mean is for [`crate::host`].

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use sidegate::wire::{FromHost, LENGTH_BYTES, MAX_FROM_HOST, MAX_TO_HOST, encode, frame_length};

/// The most bytes waiting for the broker to read them. Half is for what pages say, enough for
/// sixty-four calls at the size limit; the rest keeps the host's own words from being lost
/// behind them.
const MAX_WAITING: usize = 128 << 20;

/// Takes the socket off standard input and puts `/dev/null` there.
///
/// # Errors
/// Standard input is closed, or `/dev/null` cannot be opened.
pub(crate) fn take_standard_input() -> io::Result<UnixStream> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(UnixStream::from(socket))
}

/// The host's end of the line, for whoever has something to say.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    frames: Sender<Vec<u8>>,
    waiting: Arc<AtomicUsize>,
}

impl Outbox {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// No thread to be had.
    pub(crate) fn start(socket: UnixStream) -> io::Result<Self> {
        let (frames, queue) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&waiting);
        thread::Builder::new()
            .name("to-broker".into())
            .spawn(move || write_all(socket, &queue, &counter))?;
        Ok(Self { frames, waiting })
    }

    /// Sends what the host itself has to say. Where even that finds no room the broker has
    /// stopped reading, and the host ends: a lost commit would leave a dead document's token
    /// alive.
    pub(crate) fn send(&self, message: &FromHost<'_>) {
        if !self.enqueue(message, MAX_WAITING) {
            end("the broker does not read");
        }
    }

    /// Sends what a page said, if there is room for it.
    #[must_use]
    pub(crate) fn offer(&self, message: &FromHost<'_>) -> bool {
        self.enqueue(message, MAX_WAITING / 2)
    }

    fn enqueue(&self, message: &FromHost<'_>, room: usize) -> bool {
        let Ok(frame) = encode(message, MAX_FROM_HOST) else {
            return false;
        };
        let length = frame.len();
        let before = self.waiting.fetch_add(length, Ordering::AcqRel);
        let fits = before.saturating_add(length) <= room;
        if !fits || self.frames.send(frame).is_err() {
            self.waiting.fetch_sub(length, Ordering::AcqRel);
            return false;
        }
        true
    }
}

fn write_all(mut socket: UnixStream, queue: &Receiver<Vec<u8>>, waiting: &AtomicUsize) {
    for frame in queue {
        if let Err(error) = socket.write_all(&frame) {
            end(&format!("cannot write to the broker: {error}"));
        }
        waiting.fetch_sub(frame.len(), Ordering::AcqRel);
    }
}

/// Starts the thread that reads, and hands each frame's body to `deliver`.
///
/// # Errors
/// No thread to be had.
pub(crate) fn listen(
    mut socket: UnixStream,
    deliver: impl Fn(Vec<u8>) + Send + 'static,
) -> io::Result<()> {
    let reader = move || {
        loop {
            match read_frame(&mut socket) {
                Ok(body) => deliver(body),
                Err(error) => end(&format!("the broker is gone: {error}")),
            }
        }
    };
    thread::Builder::new().name("from-broker".into()).spawn(reader).map(drop)
}

fn read_frame(socket: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut prefix = [0; LENGTH_BYTES];
    socket.read_exact(&mut prefix)?;
    let length = frame_length(prefix, MAX_TO_HOST).map_err(io::Error::other)?;
    let mut body = vec![0; length];
    socket.read_exact(&mut body)?;
    Ok(body)
}

/// Ends the process here and now, from any thread. Leaving by `exit` would run the destructors
/// of a browser engine under its own threads' feet; the kernel has no such trouble, and takes
/// every descendant in the same process namespace along.
pub(crate) fn end(why: &str) -> ! {
    eprintln!("sidegate-webview-host: {why}");
    let myself = rustix::process::getpid();
    let _ = rustix::process::kill_process(myself, rustix::process::Signal::KILL);
    std::process::abort()
}
