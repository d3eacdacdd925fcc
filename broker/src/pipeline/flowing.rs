//! A call that goes on: its body comes chunk by chunk, its answer goes item by item. It stays in
//! flight until it is over, and is over once: at its end, at its first failure, at its deadline, or
//! when it is stopped, whoever stops it. What was moved stands in the log then.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use sidegate_capabilities::{ResultFilter, RuleRef};

use super::decide::Granted;
use super::dispatch::{DEADLINE, filter, filter_bytes, note_failure, through, timed_out};
use super::reply::Reply;
use super::{PageError, Trail, outcome};
use crate::audit::{Ended, Event, Outcome, Receipt};
use crate::clock::Moment;
use crate::handler::{Contained, HandlerError, Job, Service, panicked};
use crate::ledger::Ledger;
use crate::session::{InFlight, Valve};
use crate::streams::{
    Answer, Body, Exit, Flow, IDLE, Open, Outlet, Patience, Piece, Pieces, Unsent,
};
use crate::wire::Calls;

/// Runs a call that streams, or that has a body, to its end.
pub(super) async fn run(
    (granted, receipt): (Box<Granted>, &Receipt),
    open: Open,
    ledger: &Ledger,
    outlet: &Arc<dyn Outlet>,
) -> (Reply, InFlight) {
    let Granted { trail, call, permit, mut job, service, in_flight, records, .. } = *granted;
    let mut stopping = outcome::Outcome::of(ledger, &trail, records, &in_flight);
    let flow = Arc::clone(open.flow());
    if flow.has_body() {
        let back = (Arc::clone(outlet), Arc::clone(in_flight.valve()));
        job.call.bring(Body::new(Arc::clone(&flow), back, call));
    }
    let (valve, filter) = (in_flight.valve(), &permit.result);
    let mut sending = Sending { call, flow: &flow, outlet, valve, filter, sent: (0, 0) };
    let work = work(&mut sending, (service, receipt), job, permit.limits.deadline);
    let ended = tokio::select! {
        biased;
        () = in_flight.stopped() => None,
        ended = work => ended,
    };
    let ended = match ended {
        None => Err(stopping.stopped()),
        Some(ended) => {
            let expired = matches!(&ended, Err(error) if error.code() == "timeout");
            let how = if expired { outcome::Ended::Expired } else { outcome::Ended::Answered };
            stopping.ended(how).map(|()| ended)
        }
    };
    drop((open, stopping));
    let (outcome, reply) = conclude(call, ended, ledger, &trail, &permit.rule);
    let moved = Moved { arrived: flow.arrived(), sent: sending.sent };
    note_end(ledger, &trail, outcome, moved);
    (reply, in_flight)
}

/// What went each way: chunks and bytes, items and bytes.
#[derive(Debug, Clone, Copy)]
struct Moved {
    arrived: (u64, u64),
    sent: (u64, u64),
}

/// The handler, and then its stream, both through the call's valve: `None` where that is shut. Under
/// the policy's deadline for the whole, where it has one; where it has none, a handler that reads no
/// body has as long as any, and each wait for the page has its own end.
async fn work(
    sending: &mut Sending<'_>,
    (service, receipt): (Service, &Receipt),
    job: Job,
    deadline: Option<Duration>,
) -> Option<Result<Reply, HandlerError>> {
    let (valve, has_body) = (sending.valve, job.call.has_body());
    let whole = async {
        let running = through(valve, service.run(job, receipt));
        let answered = if has_body || deadline.is_some() {
            running.await
        } else {
            let answered = tokio::time::timeout(DEADLINE, running).await;
            answered.unwrap_or_else(|_| Some(Err(timed_out(DEADLINE))))
        };
        match answered? {
            Ok(answer) => through(valve, sending.answer(answer)).await,
            Err(error) => Some(Err(error)),
        }
    };
    match deadline {
        None => whole.await,
        Some(deadline) => {
            let ended = tokio::time::timeout(deadline, whole).await;
            ended.unwrap_or_else(|_| Some(Err(timed_out(deadline))))
        }
    }
}

/// The sending side of one call.
struct Sending<'a> {
    call: u64,
    flow: &'a Flow,
    outlet: &'a Arc<dyn Outlet>,
    valve: &'a Valve,
    filter: &'a ResultFilter,
    /// Items and bytes.
    sent: (u64, u64),
}

impl Sending<'_> {
    /// Sends what the handler answered, and makes the reply that comes last.
    async fn answer(&mut self, answer: Answer) -> Result<Reply, HandlerError> {
        match answer {
            Answer::Value(value) => {
                let left = filter(self.filter, value)?;
                Ok(Reply::answer(self.call, Ok(left)))
            }
            Answer::Bytes(bytes) => {
                Ok(Reply::ok_bytes(self.call, filter_bytes(self.filter, bytes, 0)?))
            }
            Answer::Stream(pieces, patience) => {
                self.stream(pieces, patience).await?;
                Ok(Reply::answer(self.call, Ok(serde_json::Value::Null)))
            }
        }
    }

    async fn stream(&mut self, pieces: Pieces, patience: Patience) -> Result<(), HandlerError> {
        self.send(Reply::open(self.call)).await?;
        // An app's own code may panic in a stream as in a handler.
        let mut pieces = AssertUnwindSafe(Contained::of(pieces)).catch_unwind();
        loop {
            // Nothing is made before there is credit to send it.
            self.credit(patience).await?;
            let Some(next) = pieces.next().await else { return Ok(()) };
            match next.map_err(|panic| panicked(panic.as_ref()))?? {
                Piece::Value(value) => {
                    let value = filter(self.filter, value)?;
                    let item = Reply::item(self.call, &value).ok_or_else(too_large)?;
                    self.item(item).await?;
                }
                Piece::Bytes(bytes) => self.bytes(bytes, patience).await?,
            }
        }
    }

    /// Sends bytes for which there is credit for one item: a longer piece in several.
    async fn bytes(&mut self, mut bytes: Bytes, patience: Patience) -> Result<(), HandlerError> {
        bytes = filter_bytes(self.filter, bytes, self.sent.1)?;
        loop {
            let cut = bytes.len().min(Calls::MAX_CHUNK);
            self.item(Reply::item_bytes(self.call, bytes.split_to(cut))).await?;
            if bytes.is_empty() {
                return Ok(());
            }
            self.credit(patience).await?;
        }
    }

    async fn credit(&self, patience: Patience) -> Result<(), HandlerError> {
        match patience {
            Patience::Endless => self.flow.credit().await,
            Patience::Limited => {
                let waited = tokio::time::timeout(IDLE, self.flow.credit()).await;
                waited.map_err(|_| timed_out(IDLE))?;
            }
        }
        Ok(())
    }

    async fn item(&mut self, item: Reply) -> Result<(), HandlerError> {
        let bytes = item.bytes().map_or(item.json().len(), Bytes::len);
        self.send(item).await?;
        let (items, total) = self.sent;
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.sent = (items.saturating_add(1), total.saturating_add(bytes));
        Ok(())
    }

    async fn send(&self, reply: Reply) -> Result<(), HandlerError> {
        self.outlet.send(reply, Exit::Part(self.valve)).await.map_err(|unsent| {
            let why = match unsent {
                Unsent::Gone => "its page is gone",
                Unsent::Kept(_) => "it was stopped",
            };
            HandlerError::new("cancelled", "the call was cancelled").with_detail(why)
        })
    }
}

/// What became of the call, for the log and for its page. An error is that of one that was stopped: by
/// its page, which then no longer listens, or by a revocation, of which the page has to hear.
fn conclude(
    call: u64,
    ended: Result<Result<Reply, HandlerError>, Option<PageError>>,
    ledger: &Ledger,
    trail: &Trail,
    rule: &Arc<RuleRef>,
) -> (Outcome, Reply) {
    match ended {
        Err(told) => {
            let told = told.unwrap_or_else(PageError::cancelled);
            (Outcome::Stopped, Reply::error(call, &told))
        }
        Ok(Ok(reply)) => (Outcome::Done, reply),
        Ok(Err(error)) => {
            note_failure(ledger, trail, rule, &error);
            let outcome = match error.code() {
                "timeout" => Outcome::TimedOut,
                "lagged" => Outcome::Lagged,
                _ => Outcome::Failed,
            };
            (outcome, Reply::answer(call, Err(error)))
        }
    }
}

fn note_end(ledger: &Ledger, trail: &Trail, outcome: Outcome, moved: Moved) {
    let (window, origin) = (trail.window(), trail.origin());
    let command = trail.command.as_deref().unwrap_or_default();
    let now = Moment::now();
    let event = Event::Ended(Ended {
        window: &window,
        document: trail.document.0,
        origin,
        command,
        call: trail.call.unwrap_or_default(),
        outcome,
        chunks_in: moved.arrived.0,
        bytes_in: moved.arrived.1,
        items_out: moved.sent.0,
        bytes_out: moved.sent.1,
        millis: u64::try_from(now.since(trail.began).as_millis()).unwrap_or(u64::MAX),
    });
    let what = format!("end of {command}");
    let kind = (&*window, origin, &*what);
    // The call itself is in the log; that its end is not is told to the developer.
    if let Err(error) = ledger.event(trail.policy(), kind, &event, now) {
        tracing::error!(%error, "the end of a call is not in the audit log");
    }
}

fn too_large() -> HandlerError {
    HandlerError::new("too_large", "an item of the answer is too large")
}
