//! The line to the broker: standard input, taken off descriptor 0 so that no child inherits
//! it; a thread that reads frames and one that writes them.
//!
//! The reader is what ends the host: when the broker is gone, the process is gone, whatever
//! the main loop is busy with. What the frames mean is for [`crate::host`].

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::net::SendFlags;
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

/// The host's end of the line, for whoever has something to say. A frame is written at once
/// where the socket takes it; the thread behind it, whose waking costs more than the write, is
/// for what the socket does not take.
#[derive(Debug, Clone)]
pub(crate) struct Outbox {
    line: Arc<Line>,
    rest: Sender<Vec<u8>>,
}

#[derive(Debug)]
struct Line {
    socket: UnixStream,
    /// Bytes with the thread. Held while a frame is written or handed over, so that frames
    /// keep their order.
    waiting: Mutex<usize>,
}

impl Outbox {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// No thread to be had.
    pub(crate) fn start(socket: UnixStream) -> io::Result<Self> {
        let (rest, queue) = channel();
        let line = Arc::new(Line { socket, waiting: Mutex::new(0) });
        let writer = Arc::clone(&line);
        thread::Builder::new().name("to-broker".into()).spawn(move || writer.write_all(&queue))?;
        Ok(Self { line, rest })
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
        let Ok(mut frame) = encode(message, MAX_FROM_HOST) else { return false };
        let mut waiting = self.line.waiting();
        if *waiting == 0 {
            let written = self.line.write_now(&frame);
            frame.drain(..written.min(frame.len()));
        }
        let after = waiting.saturating_add(frame.len());
        if frame.is_empty() {
            return true;
        }
        // What has begun to be written is written whole: room is for what has not.
        if *waiting > 0 && after > room {
            return false;
        }
        *waiting = after;
        self.rest.send(frame).is_ok()
    }
}

impl Line {
    fn waiting(&self) -> MutexGuard<'_, usize> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As many bytes as the socket takes without waiting. A broken line is left to the thread
    /// to find.
    fn write_now(&self, bytes: &[u8]) -> usize {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        rustix::net::send(&self.socket, bytes, flags).unwrap_or(0)
    }

    fn write_all(&self, queue: &Receiver<Vec<u8>>) {
        for bytes in queue {
            if let Err(error) = (&self.socket).write_all(&bytes) {
                end(&format!("cannot write to the broker: {error}"));
            }
            let mut waiting = self.waiting();
            *waiting = waiting.saturating_sub(bytes.len());
        }
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
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    end("the broker hung up")
                }
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

#[cfg(test)]
mod tests {
    use super::*;
    use sidegate::wire::{DocumentId, WindowId, decode};

    fn message(bytes: &[u8]) -> FromHost<'_> {
        FromHost::Message { window: WindowId(1), document: DocumentId(1), bytes }
    }

    fn read_message(socket: &mut UnixStream) -> Vec<u8> {
        let body = read_frame(socket).unwrap();
        let decoded = decode(&body).unwrap();
        let FromHost::Message { bytes, .. } = decoded else { panic!("{decoded:?}") };
        bytes.to_vec()
    }

    #[test]
    fn frames_keep_their_order_while_the_broker_reads_slowly() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let outbox = Outbox::start(ours).unwrap();
        for number in 0..200_u8 {
            assert!(outbox.offer(&message(&vec![number; 100_000])));
        }
        for number in 0..200_u8 {
            assert_eq!(read_message(&mut theirs), vec![number; 100_000]);
        }
        assert!(outbox.offer(&message(b"last")));
        assert_eq!(read_message(&mut theirs), b"last");
    }

    #[test]
    fn what_pages_say_leaves_room_for_what_the_host_says() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let outbox = Outbox::start(ours).unwrap();
        let page = vec![b'x'; 1 << 20];
        let taken = (0..1000).take_while(|_| outbox.offer(&message(&page))).count();
        assert!((60..70).contains(&taken), "{taken}");
        outbox.send(&FromHost::Pong { number: 7 });
        for _ in 0..taken {
            assert_eq!(read_message(&mut theirs), page);
        }
        let body = read_frame(&mut theirs).unwrap();
        assert_eq!(decode::<FromHost<'_>>(&body).unwrap(), FromHost::Pong { number: 7 });
    }
}
