//! The writer: one record a write, in the file before the caller goes on, on the disk soon after.

use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::AuditError;
use super::chain::Chain;
use super::event::Event;
use super::head::Head;
use super::line;
use super::recover::{Recovered, recover};
use super::store::Store;
use super::time::{Clock, Timestamp};
use super::walk::Tail;

/// How long records may wait for the disk unless told otherwise. A sync takes 0.2 to 8 ms: at
/// ten a second it costs less than a tenth of the time, and a power cut at most that much of the
/// log.
const COMMIT_EVERY: Duration = Duration::from_millis(100);

/// An append-only, hash-chained log. Clones write to the same file; the last one to go brings it to
/// the disk.
///
/// A record that [`append`](Self::append) returned for outlives the process whatever becomes of
/// it. What outlives a power cut is said by [`Durability`].
#[derive(Clone)]
pub struct AuditLog(Arc<Owner>);

/// The proof that a decision stands in the log: only [`AuditLog::append`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Receipt {
    seq: u64,
}

impl Receipt {
    /// The number of the record.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }
}

/// When a record is on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Within this time, many records at once. A power cut may lose the last of them, never one
    /// from the middle unnoticed.
    Within(Duration),
    /// Before `append` returns. Callers that wait at the same time share one sync.
    Always,
}

impl Default for Durability {
    fn default() -> Self {
        Self::Within(COMMIT_EVERY)
    }
}

impl AuditLog {
    /// Opens the log at `path`, or begins it, with records on the disk within 100 ms.
    ///
    /// # Errors
    /// The file cannot be had ([`AuditError::Open`], `NotAFile`, `WritableByOthers`, `InUse`), or
    /// what stands in it since its last sync is not what the log wrote (`Broken`). A torn last line
    /// alone is cut off, which is recorded: a crash leaves one.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, AuditError> {
        Self::open_with(path, clock, Durability::default())
    }

    /// [`open`](Self::open) with another promise about the disk.
    ///
    /// # Errors
    /// Those of `open`.
    pub fn open_with(
        path: &Path,
        clock: Clock,
        durability: Durability,
    ) -> Result<Self, AuditError> {
        let store = Store::open(path)?;
        let Recovered { chain, bytes, torn } = recover(&store)?;
        let state = State { chain, bytes, ..State::default() };
        let shared = Arc::new(Shared {
            store,
            state: Mutex::new(state),
            stirred: Condvar::new(),
            settled: Condvar::new(),
            turn: Mutex::new(()),
            durability,
        });
        let committer = thread::Builder::new()
            .name("audit-commit".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.commit_until_closed()
            })
            .map_err(|source| AuditError::Open { path: path.to_owned(), source })?;
        let log = Self(Arc::new(Owner { shared, clock, committer: Some(committer) }));
        if let Some(Tail { bytes, digest }) = torn {
            log.append("", &Event::Repaired { bytes, digest })?;
        }
        Ok(log)
    }

    /// Writes one record, under the policy version `policy`, and returns when it is in the file.
    ///
    /// # Errors
    /// Nothing was recorded: the caller must refuse what it wanted to record. The log takes itself
    /// up again with the next call that succeeds in writing. (With [`Durability::Always`], after
    /// [`AuditError::Sync`] the record may stand in the file without being safe there.)
    pub fn append(&self, policy: &str, event: &Event<'_>) -> Result<Receipt, AuditError> {
        self.append_at(self.0.clock.now(), policy, event)
    }

    /// [`append`](Self::append) at a moment of the caller's.
    ///
    /// # Errors
    /// Those of `append`.
    pub fn append_at(
        &self,
        now: Timestamp,
        policy: &str,
        event: &Event<'_>,
    ) -> Result<Receipt, AuditError> {
        self.0.shared.append(now, policy, event)
    }

    /// Brings all records so far to the disk, and the head after them.
    ///
    /// # Errors
    /// [`AuditError::Sync`] and [`AuditError::Moved`]; the records are refused from now on until a
    /// sync succeeds.
    pub fn sync(&self) -> Result<(), AuditError> {
        self.0.shared.sync()
    }

    /// Where the log is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.shared.store.path()
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuditLog").field(&self.path()).finish()
    }
}

/// What the clones share; its end is the end of the log.
struct Owner {
    shared: Arc<Shared>,
    clock: Clock,
    committer: Option<JoinHandle<()>>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Ok(mut state) = self.shared.state.lock() {
            state.closing = true;
        }
        self.shared.stirred.notify_all();
        if let Some(committer) = self.committer.take() {
            // A committer that died has said so to every append since: nobody is left to tell.
            let _ = committer.join();
        }
    }
}

/// What the callers and the committing thread share.
struct Shared {
    store: Store,
    state: Mutex<State>,
    /// There is something to bring to the disk, or nothing any more.
    stirred: Condvar,
    /// A sync came to its end, well or badly.
    settled: Condvar,
    /// Held through a sync: the head never goes back.
    turn: Mutex<()>,
    durability: Durability,
}

/// Where the log stands.
struct State {
    /// The last record that was written.
    chain: Chain,
    /// Where its line ends, and so the length that the file ought to have.
    bytes: u64,
    /// The line being made; kept for its memory.
    buffer: Vec<u8>,
    /// The last record on the disk.
    synced: u64,
    /// The file may hold more than `bytes`: a write failed halfway, and so did taking it back.
    ragged: bool,
    /// The last sync failed.
    unsafe_on_disk: bool,
    /// There are records that no sync was begun for.
    dirty: bool,
    /// No more records will come.
    closing: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            chain: Chain::genesis(),
            bytes: 0,
            buffer: Vec::new(),
            synced: 0,
            ragged: false,
            unsafe_on_disk: false,
            dirty: true,
            closing: false,
        }
    }
}

impl Shared {
    fn append(
        &self,
        now: Timestamp,
        policy: &str,
        event: &Event<'_>,
    ) -> Result<Receipt, AuditError> {
        let mut state = self.lock()?;
        if state.unsafe_on_disk {
            drop(state);
            self.sync()?;
            state = self.lock()?;
        }
        let seq = state.write(&self.store.file, now, policy, event)?;
        if !state.dirty {
            state.dirty = true;
            self.stirred.notify_one();
        }
        if self.durability == Durability::Always {
            self.wait_for(state, seq)?;
        }
        Ok(Receipt { seq })
    }

    /// Waits until the record `seq` is on the disk.
    fn wait_for(&self, mut state: MutexGuard<'_, State>, seq: u64) -> Result<(), AuditError> {
        while state.synced < seq {
            if state.unsafe_on_disk {
                return Err(AuditError::Sync(io::Error::other("the shared sync failed")));
            }
            state = self.settled.wait(state).map_err(|_| AuditError::Poisoned)?;
        }
        Ok(())
    }

    /// One sync; a failed one is remembered.
    fn sync(&self) -> Result<(), AuditError> {
        // It guards an order, no value: whoever died with it left nothing half done.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (chain, bytes) = {
            let mut state = self.lock()?;
            state.dirty = false;
            (state.chain, state.bytes)
        };
        let result = self.bring_to_disk(chain, bytes);
        let mut state = self.lock()?;
        state.unsafe_on_disk = result.is_err();
        drop(state);
        self.settled.notify_all();
        result
    }

    /// The records first, then the head that names the last of them: it is never ahead of the log.
    fn bring_to_disk(&self, chain: Chain, bytes: u64) -> Result<(), AuditError> {
        self.store.file.sync_data().map_err(AuditError::Sync)?;
        let in_place = self.store.is_in_place();
        if !in_place.map_err(AuditError::Sync)? {
            return Err(AuditError::Moved);
        }
        self.lock()?.synced = chain.seq;
        self.settled.notify_all();
        self.store.write_head(&Head::of(chain, bytes))
    }

    /// The committing thread: sleeps while there is nothing to do, else syncs, and not too often.
    fn commit_until_closed(&self) {
        while let Ok(closing) = self.wait_for_work() {
            // A failure stands in the state, where the next append finds it.
            let _ = self.sync();
            if closing {
                return;
            }
        }
    }

    /// Waits for records and then for company for them. Says whether these are the last.
    fn wait_for_work(&self) -> Result<bool, AuditError> {
        let idle = |state: &mut State| !state.dirty && !state.closing;
        let mut state =
            self.stirred.wait_while(self.lock()?, idle).map_err(|_| AuditError::Poisoned)?;
        if let Durability::Within(time) = self.durability {
            let open = |state: &mut State| !state.closing;
            let waited = self.stirred.wait_timeout_while(state, time, open);
            state = waited.map_err(|_| AuditError::Poisoned)?.0;
        }
        Ok(state.closing)
    }

    /// A thread that died with the lock leaves a state that nobody should go on from.
    fn lock(&self) -> Result<MutexGuard<'_, State>, AuditError> {
        self.state.lock().map_err(|_| AuditError::Poisoned)
    }
}

impl State {
    /// Writes one record with one write, or leaves the file as it was.
    fn write(
        &mut self,
        file: &File,
        now: Timestamp,
        policy: &str,
        event: &Event<'_>,
    ) -> Result<u64, AuditError> {
        if self.ragged {
            self.take_back(file).map_err(AuditError::Write)?;
        }
        let seq = self.chain.next();
        let header = (seq, now, policy);
        let link = line::compose(&mut self.buffer, header, event, &self.chain.link)?;
        if let Err(error) = write_once(file, &self.buffer) {
            self.ragged = true;
            // Where this fails too, the next append tries again before it writes.
            let _ = self.take_back(file);
            return Err(AuditError::Write(error));
        }
        self.chain = Chain { seq, link };
        self.bytes = self.bytes.saturating_add(self.buffer.len() as u64);
        Ok(seq)
    }

    /// Cuts off what a failed write left.
    fn take_back(&mut self, file: &File) -> io::Result<()> {
        file.set_len(self.bytes)?;
        self.ragged = false;
        Ok(())
    }
}

/// Writes all of `line` at once: a reader never sees a record of ours in two pieces that stay two.
fn write_once(mut file: &File, line: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    loop {
        match file.write(line) {
            Ok(written) if written == line.len() => return Ok(()),
            Ok(_) => return Err(io::ErrorKind::StorageFull.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
