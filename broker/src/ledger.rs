//! The log as the pipeline uses it: an allowed call has its record before it runs, or, where the
//! policy wants such calls counted, a record of the same kind that is not older than a period; the
//! first refusals of a kind are written in full, and the rest of a flood is counted. Counts come
//! into the log by a thread of the ledger's own, so that they do whoever runs the broker, and however.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sidegate_capabilities::CallRecords;

use crate::audit::{AuditError, AuditLog, Call, Event, Kind, Receipt, Repeats, Tallies, Telling};
use crate::clock::Moment;

/// How often the thread looks for counts whose time is up.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// The log, and the calls that were counted and are not in it yet.
#[derive(Debug)]
pub(crate) struct Ledger {
    shared: Arc<Shared>,
    teller: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    log: AuditLog,
    /// Nothing is written any more.
    closed: AtomicBool,
    counts: Mutex<Counts>,
    /// There is something to tell, or nothing any more.
    stirred: Condvar,
}

/// What was counted.
#[derive(Debug)]
struct Counts {
    /// The version of the policy that all of it was counted under.
    policy: Arc<str>,
    refused: Repeats,
    allowed: Tallies,
    /// Something may have been counted since the last look.
    stirred: bool,
    closing: bool,
}

/// How an allowed call comes into the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Records {
    /// By a record of its own.
    Each,
    /// By one that stands for the calls of its kind.
    Counted,
}

impl From<CallRecords> for Records {
    fn from(records: CallRecords) -> Self {
        match records {
            CallRecords::Each => Self::Each,
            CallRecords::Counted => Self::Counted,
        }
    }
}

/// The record that an allowed call runs on.
#[derive(Debug)]
pub(crate) enum Basis {
    /// Its own.
    Own(Receipt),
    /// That of the first call of its kind.
    First(Arc<Receipt>),
}

impl Basis {
    /// The proof that it is in the log.
    pub(crate) fn receipt(&self) -> &Receipt {
        match self {
            Self::Own(receipt) => receipt,
            Self::First(receipt) => receipt,
        }
    }
}

/// Which counts to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those whose time is up.
    Due,
    /// All of them: there will be no other occasion.
    All,
}

impl Ledger {
    /// The ledger over `log`; the first calls are under the policy of version `policy`.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub(crate) fn new(log: AuditLog, policy: Arc<str>) -> Result<Self, AuditError> {
        let path = log.path().to_owned();
        let counts = Mutex::new(Counts {
            policy,
            refused: Repeats::default(),
            allowed: Tallies::default(),
            stirred: false,
            closing: false,
        });
        let (closed, stirred) = (AtomicBool::new(false), Condvar::new());
        let shared = Arc::new(Shared { log, closed, counts, stirred });
        let teller = thread::Builder::new().name("audit-counts".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.tell_until_closed()
        });
        let teller = teller.map_err(|source| AuditError::Open { path, source })?;
        Ok(Self { shared, teller: Some(teller) })
    }

    /// Writes an event, whatever it is.
    pub(crate) fn write(&self, policy: &str, event: &Event<'_>) -> Result<Receipt, AuditError> {
        self.shared.append(policy, event)
    }

    /// Writes the last record: what comes after it is an error.
    pub(crate) fn close(&self, policy: &str, last: &Event<'_>) -> Result<Receipt, AuditError> {
        let told = self.tell_counts(Which::All, Moment::now());
        if self.shared.closed.swap(true, Ordering::SeqCst) {
            return Err(AuditError::Closed);
        }
        let written = self.shared.log.append(policy, last)?;
        self.shared.log.sync()?;
        told.map(|()| written)
    }

    /// Writes an allowed call, or counts it where one of its kind stands in the log that is not
    /// older than a period.
    pub(crate) fn allowed(
        &self,
        policy: &str,
        call: Call<'_>,
        records: Records,
        now: Moment,
    ) -> Result<Basis, AuditError> {
        if records == Records::Each {
            return self.write(policy, &Event::Call(call)).map(Basis::Own);
        }
        let (rule, now) = (call.rule.unwrap_or_default(), since_start(now));
        let kind = Kind::of((call.window, call.origin, call.command, rule), call.shadow);
        // Held while it is written: no second call of the kind may run before the first is there.
        let mut counts = self.shared.counts_under(policy, now)?;
        if let Some(first) = counts.allowed.count(&kind, now) {
            self.shared.stir(&mut counts);
            return Ok(Basis::First(first));
        }
        self.shared.tell_allowed(&mut counts, Which::Due, now)?;
        let first = self.write(policy, &Event::Call(call)).map(Arc::new)?;
        counts.allowed.begin(kind, Arc::clone(&first), now);
        Ok(Basis::First(first))
    }

    /// Writes a refusal, or counts it where enough like it were written.
    pub(crate) fn refusal(
        &self,
        policy: &str,
        call: Call<'_>,
        now: Moment,
    ) -> Result<Telling, AuditError> {
        let kind = (call.window, call.origin, call.command, call.reason.unwrap_or_default());
        let telling = {
            let mut counts = self.shared.counts_under(policy, since_start(now))?;
            self.shared.stir(&mut counts);
            counts.refused.note(kind, call.shadow, since_start(now))
        };
        if telling == Telling::Write {
            let _written = self.write(policy, &Event::Call(call))?;
        }
        Ok(telling)
    }

    /// Writes an event that a page can bring about as often as it likes, or counts it where enough
    /// like it were written. `window`, `origin` and `what` say which are alike.
    pub(crate) fn event(
        &self,
        policy: &str,
        (window, origin, what): (&str, &str, &str),
        event: &Event<'_>,
        now: Moment,
    ) -> Result<Telling, AuditError> {
        let telling = {
            let mut counts = self.shared.counts_under(policy, since_start(now))?;
            self.shared.stir(&mut counts);
            counts.refused.note((window, origin, "", what), None, since_start(now))
        };
        if telling == Telling::Write {
            let _written = self.write(policy, event)?;
        }
        Ok(telling)
    }

    /// Writes the counts of the calls that were not written one by one.
    pub(crate) fn tell_counts(&self, which: Which, now: Moment) -> Result<(), AuditError> {
        self.shared.tell(which, now)
    }

    /// Where the log is.
    pub(crate) fn path(&self) -> &std::path::Path {
        self.shared.log.path()
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.shared.counts().closing = true;
        self.shared.stirred.notify_all();
        if let Some(teller) = self.teller.take() {
            // A teller that died has nothing to say that the log does not.
            let _ = teller.join();
        }
    }
}

impl Shared {
    /// The thread: sleeps while nothing is counted, else tells what is due, once a while.
    fn tell_until_closed(&self) {
        loop {
            let mut counts = self.counts();
            while !counts.stirred && !counts.closing {
                counts = self.stirred.wait(counts).unwrap_or_else(PoisonError::into_inner);
            }
            let open = |counts: &mut Counts| !counts.closing;
            let waited = self.stirred.wait_timeout_while(counts, TELL_EVERY, open);
            counts = waited.unwrap_or_else(PoisonError::into_inner).0;
            if counts.closing {
                return;
            }
            counts.stirred = false;
            drop(counts);
            if let Err(error) = self.tell(Which::Due, Moment::now()) {
                tracing::error!(%error, "a count of calls is not in the audit log");
            }
        }
    }

    fn tell(&self, which: Which, now: Moment) -> Result<(), AuditError> {
        let now = since_start(now);
        let mut counts = self.counts();
        let refused = match which {
            Which::Due => counts.refused.due(now),
            Which::All => counts.refused.rest(now),
        };
        // What is neither told nor over yet is looked at again.
        if !counts.refused.is_empty() || !counts.allowed.is_empty() {
            self.stir(&mut counts);
        }
        let told = self.tell_allowed(&mut counts, which, now);
        let policy = Arc::clone(&counts.policy);
        drop(counts);
        for refused in &refused {
            let _written = self.append(&policy, &refused.event())?;
        }
        told
    }

    /// What was counted under this policy. What was counted under another is told before, so that
    /// each count is of calls under one policy, which its record names.
    fn counts_under(
        &self,
        policy: &str,
        now: Duration,
    ) -> Result<MutexGuard<'_, Counts>, AuditError> {
        let mut counts = self.counts();
        if *counts.policy != *policy {
            self.tell_allowed(&mut counts, Which::All, now)?;
            for refused in &counts.refused.rest(now) {
                let _written = self.append(&counts.policy, &refused.event())?;
            }
            counts.policy = policy.into();
        }
        Ok(counts)
    }

    fn tell_allowed(
        &self,
        counts: &mut Counts,
        which: Which,
        now: Duration,
    ) -> Result<(), AuditError> {
        let policy = Arc::clone(&counts.policy);
        counts.allowed.tell(now, which == Which::All, |tallied| {
            self.append(&policy, &tallied.event()).map(drop)
        })
    }

    fn append(&self, policy: &str, event: &Event<'_>) -> Result<Receipt, AuditError> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(AuditError::Closed);
        }
        self.log.append(policy, event)
    }

    fn stir(&self, counts: &mut Counts) {
        if !counts.stirred {
            counts.stirred = true;
            self.stirred.notify_one();
        }
    }

    /// Counts stay counts whatever panicked beside them.
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn since_start(now: Moment) -> Duration {
    now.since(Moment::from_nanos(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Clock, Entry, Reader, Verdict, verify};
    use tempfile::TempDir;

    const POLL: Call<'static> = Call {
        window: "editor",
        host: 1,
        document: 1,
        origin: "app://localhost",
        command: "app.poll",
        call: 1,
        verdict: Verdict::Allow,
        stage: "decide",
        rule: Some("a.toml:4"),
        reason: None,
        why: None,
        args: None,
        redacted: &[],
        args_bytes: 2,
        args_digest: None,
        shadow: None,
        micros: 1,
    };

    fn ledger(home: &TempDir) -> Ledger {
        let log = AuditLog::open(&home.path().join("log"), Clock::system()).unwrap();
        Ledger::new(log, "p".into()).unwrap()
    }

    fn at(seconds: u64) -> Moment {
        Moment::now().after(Duration::from_secs(seconds))
    }

    fn entries(home: &TempDir) -> Vec<Entry> {
        Reader::open(&home.path().join("log")).unwrap().map(Result::unwrap).collect()
    }

    fn told(entries: &[Entry]) -> Vec<(&str, Option<u64>, Option<u64>)> {
        let told = |entry: &'_ Entry| (entry.number("first"), entry.number("count"));
        entries.iter().map(|entry| (entry.event(), told(entry).0, told(entry).1)).collect()
    }

    #[test]
    fn counted_calls_have_the_record_of_the_first_of_their_period() {
        let home = TempDir::new().unwrap();
        let ledger = ledger(&home);
        let ask = |call, seconds| ledger.allowed("p", call, Records::Counted, at(seconds)).unwrap();
        let other = Call { window: "viewer", ..POLL };
        for (call, seconds, record) in
            [(POLL, 0, 1), (POLL, 1, 1), (other, 1, 2), (POLL, 9, 1), (POLL, 10, 4), (POLL, 11, 4)]
        {
            assert_eq!(ask(call, seconds).receipt().seq(), record, "{seconds}");
        }
        let each = ledger.allowed("p", POLL, Records::Each, at(11)).unwrap();
        assert_eq!(each.receipt().seq(), 5, "what is not to be counted is written");
        ledger.tell_counts(Which::All, at(12)).unwrap();
        let entries = entries(&home);
        let call = ("call", None, None);
        assert_eq!(
            told(&entries),
            [call, call, ("counted", Some(1), Some(2)), call, call, ("counted", Some(4), Some(1))]
        );
        assert!(verify(&home.path().join("log")).unwrap().finding.is_none());
    }

    #[test]
    fn counts_come_into_the_log_by_themselves() {
        let home = TempDir::new().unwrap();
        let ledger = ledger(&home);
        // As if the period had begun long ago: the thread asks the clock.
        let long_ago = Moment::from_nanos(Moment::now().as_nanos().saturating_sub(20_000_000_000));
        for _ in 0..5 {
            ledger.allowed("p", POLL, Records::Counted, long_ago).unwrap();
        }
        let deadline = std::time::Instant::now() + Duration::from_secs(30);
        while entries(&home).len() < 2 {
            assert!(std::time::Instant::now() < deadline, "no count came");
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(told(&entries(&home))[1], ("counted", Some(1), Some(4)));
    }
}
