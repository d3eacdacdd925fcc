//! One host's connection, from its first frame to its end. Bytes are accounted for before memory
//! is taken for them; a host that has too many waiting is read no further until some are done.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use sidegate_capabilities::WindowLabel;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};

use super::ahead::{AHEAD, Ahead};
use super::attest::{AttestError, Attested, attest};
use super::desk::judging::is_long;
use super::desk::{Breach, Desk};
use super::life::Life;
use super::output::{Output, Place, Queued, Unread};
use super::socket::{Pid, Piece, Socket, SocketError};
use super::usage::Over;
use super::watchdog::{PING_EVERY, Round, Watchdog};
use crate::app::{Answer, Window};
use crate::audit::WindowState;
use crate::clock::Moment;
use crate::session::RENEW_EVERY;
use crate::wire::{
    self, Calls, FrameError, FromHost, HostProfile, LENGTH_BYTES, MAX_FROM_HOST, SandboxLevel,
    ToHost,
};

/// Bytes of a host's messages that may be held at once, those being answered included: 32
/// messages at their limit, from all its windows.
const HELD_BYTES: usize = 32 * MAX_FROM_HOST;

/// How long a host may take from its start to its first frame. It sets up a sandbox and loads
/// WebKit; a machine that swaps takes seconds.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How long a frame may take from its first byte to its last. A host writes whole frames; only
/// a stopped or a hostile one leaves off in the middle.
const FRAME_WITHIN: Duration = Duration::from_secs(30);

/// How long a host that is owed answers may read none of them before it is ended. It is not read
/// meanwhile, and keeps nobody from anything: the machine may swap, or somebody debug it.
const UNREAD_WITHIN: Duration = Duration::from_secs(10);

/// Frames to a host that are written at once: as many as a document may have calls in flight.
const WRITTEN_AT_ONCE: usize = Calls::MAX_IN_FLIGHT;

/// How much is taken of a host before the others have their turn: four messages, or 32 KiB of
/// them. Its share of the one thread that judges is then theirs each, whatever it sends, and a call
/// of another host waits for four judgements, which take less than its own way through two sockets.
const TURN: usize = 4;

/// Bytes of a message that count as one more.
const TURN_BYTES: usize = 8 << 10;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    /// The last window was closed.
    #[error("its last window was closed")]
    Done,
    /// The other end let go: the process has ended, or is about to.
    #[error("it hung up")]
    HungUp,
    /// It did what an honest host does not do.
    #[error("{0}")]
    Breach(#[from] Breach),
    /// It sent a broken frame.
    #[error("it sent a broken frame: {0}")]
    Frame(#[from] FrameError),
    /// Another process wrote on its socket.
    #[error("process {found} wrote on the socket of process {expected}")]
    ForeignSender {
        /// Whose socket it is.
        expected: Pid,
        /// Who wrote.
        found: Pid,
    },
    /// It is not what it should be.
    #[error("{0}")]
    Attest(#[from] AttestError),
    /// Its first frame was not [`FromHost::Ready`].
    #[error("its first message was not that it is ready")]
    NotReady,
    /// It does not answer.
    #[error("it hangs: it has not said anything for half a minute")]
    Hangs,
    /// A page of it spins, and its manifest wants it ended for that.
    #[error("a script of window `{0}` does not end")]
    Spins(WindowLabel),
    /// It takes up too much.
    #[error("{0}")]
    Over(#[from] Over),
    /// It took too long.
    #[error("it took longer than {0:?}")]
    TooSlow(Duration),
    /// The socket failed.
    #[error("{0}")]
    Socket(#[from] SocketError),
}

impl Ended {
    /// Whether another try would end in the same way.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Done | Self::Attest(_))
    }
}

impl From<Unread> for Ended {
    fn from(_: Unread) -> Self {
        Self::Breach(Breach::Unread)
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Socket(SocketError::Io(error))
    }
}

/// A connection, and how far its next frame has come.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: Arc<Socket>,
    started: Pid,
    /// Who may write: known from the first frame on.
    sender: Option<Pid>,
    /// The life of that process.
    life: Life,
    held: Arc<Semaphore>,
    ahead: Ahead,
    /// Since it was last asked whether the process lives.
    has_read: bool,
    prefix: [u8; LENGTH_BYTES],
    body: Vec<u8>,
    /// Bytes of prefix and body that have arrived.
    arrived: usize,
    /// Stands for the bytes of the body.
    permit: Option<OwnedSemaphorePermit>,
    /// When the frame has to be whole.
    due: Option<Instant>,
    /// When the host has to have read something, while it is waited for.
    unread_by: Option<Instant>,
}

impl Connection {
    /// The connection to the host that `started` is, or becomes, whose `life` is held from when it is
    /// let in.
    pub(crate) fn new(socket: Socket, started: Pid, life: Life) -> Self {
        Self {
            socket: Arc::new(socket),
            started,
            sender: None,
            life,
            held: Arc::new(Semaphore::new(HELD_BYTES)),
            ahead: Ahead::new(),
            has_read: false,
            prefix: [0; LENGTH_BYTES],
            body: Vec::new(),
            arrived: 0,
            permit: None,
            due: None,
            unread_by: None,
        }
    }

    /// Waits for the host to be ready and attests it.
    pub(crate) async fn admit(
        &mut self,
        least: SandboxLevel,
        profile: &HostProfile,
    ) -> Result<(Pid, Attested), Ended> {
        let held = timeout(READY_WITHIN, self.frame()).await;
        let _held = held.map_err(|_| Ended::TooSlow(READY_WITHIN))??;
        let FromHost::Ready(report) = wire::decode(&self.body)? else {
            return Err(Ended::NotReady);
        };
        let pid = self.sender.ok_or(SocketError::NoSender)?;
        // First, so that it is this process that is attested.
        self.life.begin(pid)?;
        let attested = attest(pid, self.started, &report, least, profile)?;
        Ok((pid, attested))
    }

    /// Opens `windows` and serves the host until its end.
    pub(crate) async fn serve(
        &mut self,
        desk: &mut Desk,
        windows: &[Window],
        queue: mpsc::Receiver<Queued>,
    ) -> Ended {
        let writing = tokio::spawn(write_all(Arc::clone(&self.socket), queue));
        match self.serve_windows(desk, windows).await {
            // It has yet to be asked to quit.
            Err(Ended::Done) => Ended::Done,
            Err(ended) => {
                writing.abort();
                ended
            }
            Ok(never) => match never {},
        }
    }

    async fn serve_windows(
        &mut self,
        desk: &mut Desk,
        windows: &[Window],
    ) -> Result<Infallible, Ended> {
        for window in windows {
            desk.open(window)?;
        }
        let mut renewal = interval(RENEW_EVERY);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        renewal.tick().await;
        let mut watchdog = Watchdog::default();
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut taken: usize = 0;
        loop {
            if taken >= TURN {
                taken = 0;
                tokio::task::yield_now().await;
            }
            let (held, place) = tokio::select! {
                next = self.next(desk.output()) => next?,
                _ = renewal.tick() => {
                    desk.renew(Moment::now())?;
                    continue;
                }
                _ = pings.tick() => {
                    // A frame that has begun has a deadline of its own.
                    let reads = self.arrived == 0 && self.unread_by.is_none();
                    let round = watchdog.ask(desk.watched(), reads);
                    answer(&round, desk)?;
                    continue;
                }
            };
            // What it had written before its end is in the socket still, and nobody's any more. (What
            // was read while it lived is judged; whether a handler begins is asked again.)
            if std::mem::take(&mut self.has_read) && self.life.is_over() {
                return Err(Ended::HungUp);
            }
            let message = wire::decode(&self.body)?;
            if let Some(window) = watchdog.hear(&message) {
                desk.note_state(window, WindowState::Responsive);
            }
            if matches!(message, FromHost::Pong { number } if !watchdog.was_asked(number)) {
                return Err(Breach::Unasked.into());
            }
            taken = taken.saturating_add(1).saturating_add(self.body.len() / TURN_BYTES);
            if let FromHost::Message { window, document, bytes } = message
                && is_long(bytes)
            {
                let frame = std::mem::take(&mut self.body);
                desk.take_long((window, document), frame, (held, place)).await?;
            } else {
                desk.take(message, held, place)?;
            }
            if desk.is_empty() {
                return Err(Ended::Done);
            }
        }
    }

    /// Waits for room for what may have to be answered at once, and then for the next frame: a host
    /// that does not read answers is asked for no more of them. Safe to leave off and call again.
    async fn next(&mut self, output: &Output) -> Result<(OwnedSemaphorePermit, Place), Ended> {
        let place = match output.place_now() {
            Some(place) => place,
            None => {
                let soon = Instant::now().checked_add(UNREAD_WITHIN);
                let by = *self.unread_by.get_or_insert(soon.ok_or(Unread)?);
                timeout_at(by, output.place()).await.map_err(|_| Unread)??
            }
        };
        self.unread_by = None;
        Ok((self.frame().await?, place))
    }

    /// Reads the next frame into `body`. Safe to leave off and call again: how far it got stays
    /// in `self`.
    async fn frame(&mut self) -> Result<OwnedSemaphorePermit, Ended> {
        while self.arrived < LENGTH_BYTES {
            self.read().await?;
        }
        let length = wire::frame_length(self.prefix, MAX_FROM_HOST)?;
        if self.permit.is_none() {
            let bytes = u32::try_from(length).unwrap_or(u32::MAX);
            let permit = Arc::clone(&self.held).acquire_many_owned(bytes).await;
            self.permit = Some(permit.map_err(|_| Ended::HungUp)?);
            // The time that the host was kept waiting is not its own.
            self.due = None;
            self.body.clear();
            self.body.resize(length, 0);
        }
        while self.arrived < LENGTH_BYTES.saturating_add(length) {
            self.read().await?;
        }
        self.arrived = 0;
        self.due = None;
        self.permit.take().ok_or(Ended::HungUp)
    }

    /// Takes some of what is missing: of what was read ahead, and else of the socket.
    async fn read(&mut self) -> Result<(), Ended> {
        let missing = match self.arrived.checked_sub(LENGTH_BYTES) {
            None => self.prefix.get_mut(self.arrived..),
            Some(arrived) => self.body.get_mut(arrived..),
        };
        let missing = missing.unwrap_or_default();
        if self.ahead.is_empty() {
            if self.arrived > 0 && self.due.is_none() {
                self.due = Instant::now().checked_add(FRAME_WITHIN);
            }
            // What fills the buffer by itself goes to its place without a copy.
            let straight = missing.len() >= AHEAD;
            let buffer = if straight { &mut *missing } else { self.ahead.room() };
            let piece = piece(&self.socket, buffer, self.due).await?;
            if piece.bytes == 0 {
                return Err(Ended::HungUp);
            }
            self.has_read = true;
            // Of each piece by itself: the kernel puts no bytes of two processes into one.
            let found = piece.sender.ok_or(SocketError::NoSender)?;
            let expected = *self.sender.get_or_insert(found);
            if found != expected {
                return Err(Ended::ForeignSender { expected, found });
            }
            if straight {
                self.arrived = self.arrived.saturating_add(piece.bytes);
                // Each takes as long as many messages of others.
                tokio::task::yield_now().await;
                return Ok(());
            }
            self.ahead.fill(piece.bytes);
        }
        self.arrived = self.arrived.saturating_add(self.ahead.take(missing));
        Ok(())
    }
}

/// What the socket has next, if it comes before it is `due`.
async fn piece(socket: &Socket, buffer: &mut [u8], due: Option<Instant>) -> Result<Piece, Ended> {
    let reading = socket.read(buffer);
    let Some(due) = due else {
        return Ok(reading.await?);
    };
    Ok(timeout_at(due, reading).await.map_err(|_| Ended::TooSlow(FRAME_WITHIN))??)
}

/// Asks again, and does what the windows want done about a page that spins.
fn answer(round: &Round, desk: &Desk) -> Result<(), Ended> {
    if round.hangs {
        return Err(Ended::Hangs);
    }
    desk.tell(&ToHost::Ping { number: round.ping })?;
    for (window, spinning) in &round.spinning {
        let label = desk.note_state(*window, WindowState::Unresponsive);
        tracing::warn!(window = ?label, after = ?spinning.after, "a page does not answer");
        match (spinning.answer, label) {
            (Answer::Kill, Some(label)) => return Err(Ended::Spins(label)),
            (Answer::Reload, _) => desk.tell(&ToHost::Restart { window: *window })?,
            (Answer::Report | Answer::Kill, _) => {}
        }
    }
    Ok(())
}

/// Writes what is queued, all that waits at once with one system call.
async fn write_all(socket: Arc<Socket>, mut queue: mpsc::Receiver<Queued>) {
    let mut waiting = Vec::with_capacity(WRITTEN_AT_ONCE);
    while queue.recv_many(&mut waiting, WRITTEN_AT_ONCE).await > 0 {
        let mut frames: Vec<_> = waiting.iter().map(Queued::slice).collect();
        if let Err(error) = socket.write(&mut frames).await {
            // The reading side sees the same end, and says so.
            tracing::debug!(%error, "a host's socket does not take more");
            return;
        }
        waiting.clear();
    }
}

#[cfg(test)]
mod unread;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::socket;
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    fn connection() -> (Connection, UnixStream) {
        let (ours, theirs): (_, OwnedFd) = socket::pair().unwrap();
        (Connection::new(ours, 1, Life::default()), UnixStream::from(theirs))
    }

    /// The clock stands still while there is something to do, and leaps when there is not.
    #[tokio::test(start_paused = true)]
    async fn i04_a_frame_that_comes_byte_by_byte_has_a_deadline() {
        for bytes in [&[9][..], &[9, 0, 0, 0], &[9, 0, 0, 0, 1, 1]] {
            let (mut connection, mut theirs) = connection();
            let start = Instant::now();
            let slowly = tokio::spawn(async move {
                for byte in bytes.iter().chain(std::iter::repeat(&1)).take(8) {
                    theirs.write_all(&[*byte]).unwrap();
                    tokio::time::sleep(10 * SECOND).await;
                }
                theirs
            });
            let ended = connection.frame().await.unwrap_err();
            assert!(matches!(ended, Ended::TooSlow(FRAME_WITHIN)), "{ended}");
            let took = start.elapsed();
            // Once for the length, and once for what follows it.
            assert!((FRAME_WITHIN..=2 * FRAME_WITHIN + SECOND).contains(&took), "{took:?}");
            slowly.abort();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn i04_a_host_that_has_nothing_to_say_has_no_deadline() {
        let (mut connection, theirs) = connection();
        let idle = timeout(3_600 * SECOND, connection.frame()).await;
        assert!(idle.is_err(), "{idle:?}");
        drop(theirs);
    }

    /// Frames that come together, in pieces that end anywhere, and one that is longer than what is read
    /// ahead.
    #[tokio::test]
    async fn frames_are_the_same_whatever_pieces_they_come_in() {
        let bodies: Vec<Vec<u8>> = [1, 300, 2, 3 * AHEAD, 7, AHEAD, 5]
            .into_iter()
            .zip(0..)
            .map(|(length, byte): (usize, u8)| vec![byte; length])
            .collect();
        let framed = |body: &Vec<u8>| {
            let length = u32::try_from(body.len()).unwrap().to_le_bytes();
            [&length[..], body].concat()
        };
        let bytes = bodies.iter().flat_map(framed).collect::<Vec<u8>>();
        for pieces in [bytes.len(), 1 << 12, 999] {
            let (mut connection, mut theirs) = connection();
            let bytes = bytes.clone();
            let writing = std::thread::spawn(move || {
                for piece in bytes.chunks(pieces) {
                    theirs.write_all(piece).unwrap();
                }
                theirs
            });
            for body in &bodies {
                let held = connection.frame().await.unwrap();
                assert_eq!(held.num_permits(), body.len());
                assert!(connection.body == *body, "{} bytes, by {pieces}", body.len());
            }
            drop(writing.join().unwrap());
            assert!(matches!(connection.frame().await, Err(Ended::HungUp)));
        }
    }
}
