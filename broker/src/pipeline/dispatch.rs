//! Dispatch: the one call site of a handler. What was not recorded does not get here.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use sidegate_capabilities::{ResultFilter, RuleRef, TooLarge};
use tokio::time::error::Elapsed;

use super::decide::Granted;
use super::outcome::{Ended, Outcome};
use super::record::{self, Recorded};
use super::reply::Reply;
use super::{Refusal, Trail, flowing};
use crate::audit::Receipt;
use crate::clock::Moment;
use crate::handler::{HandlerError, Job, Service};
use crate::ledger::Ledger;
use crate::session::{InFlight, Stop, Valve};
use crate::streams::{Answer, Outlet};

/// How long a handler may take where the policy does not say: a person waiting for a file has
/// given up by then.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

impl Recorded {
    /// Runs the handler and makes the reply. `None` where the page cancelled the call, or is
    /// gone: nobody is waiting. The call is in flight until what stands for that is dropped.
    /// What goes on beyond question and answer is sent to `outlet` meanwhile. No handler begins for a
    /// process that has ended by then, whatever was decided while it lived.
    pub(crate) async fn dispatch(
        self,
        ledger: &Ledger,
        outlet: &Arc<dyn Outlet>,
    ) -> Option<(Reply, InFlight)> {
        let (mut granted, basis, at) = self.take();
        if outlet.is_gone() {
            // Where something stopped it before, that is why.
            let _stopped = granted.in_flight.give_up(Stop::Abandoned);
        }
        match granted.open.take() {
            None => plain(granted, (basis.receipt(), at), ledger).await,
            Some(open) => {
                Some(flowing::run((granted, basis.receipt()), open, ledger, outlet).await)
            }
        }
    }
}

async fn plain(
    granted: Box<Granted>,
    (receipt, at): (&Receipt, Moment),
    ledger: &Ledger,
) -> Option<(Reply, InFlight)> {
    let (job, service) = (granted.job, granted.service);
    // What stays in the box is not moved.
    let (trail, permit, in_flight) = (&granted.trail, &granted.permit, &granted.in_flight);
    let mut outcome = Outcome::of(ledger, trail, granted.records, in_flight);
    let deadline = permit.limits.deadline.unwrap_or(DEADLINE);
    let answered = run(in_flight, (deadline, at), (service, receipt), job).await;
    let told = match answered {
        None => Err(outcome.stopped()),
        Some(result) => {
            let ended = if result.is_ok() { Ended::Answered } else { Ended::Expired };
            let result = result.unwrap_or_else(|_| Err(timed_out(deadline)));
            if let Err(error) = &result {
                note_failure(ledger, trail, &permit.rule, error);
            }
            outcome.ended(ended).map(|()| result)
        }
    };
    drop(outcome);
    let call = granted.call;
    let reply = match told {
        Ok(result) => {
            let reply = result.and_then(|answer| reply(call, &permit.result, answer));
            reply.unwrap_or_else(|error| Reply::answer(call, Err(error)))
        }
        Err(told) => Reply::error(call, &told?),
    };
    Some((reply, granted.in_flight))
}

/// The handler's answer, if it is not stopped first: it runs through its call's valve, and what was
/// stopped is not polled again. The deadline stands outside, so that the valve knows a handler that is
/// through from one that is not.
async fn run(
    in_flight: &InFlight,
    (deadline, at): (Duration, Moment),
    (service, receipt): (Service, &Receipt),
    job: Job,
) -> Option<Result<Result<Answer, HandlerError>, Elapsed>> {
    let mut piece_by_piece = pin!(through(in_flight.valve(), service.run(job, receipt)));
    // Most handlers are through with their first piece, and what was stopped before it does not get so
    // far: only the others wait for something.
    let first = poll_fn(|context| Poll::Ready(piece_by_piece.as_mut().poll(context))).await;
    if let Poll::Ready(answered) = first {
        return answered.map(Ok);
    }
    let left = deadline.saturating_sub(Moment::now().since(at));
    tokio::select! {
        biased;
        () = in_flight.stopped() => None,
        answered = tokio::time::timeout(left, piece_by_piece) => answered.transpose(),
    }
}

/// What `work` comes to, run piece by piece through `valve`; `None` where that is shut.
pub(super) async fn through<T>(valve: &Valve, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| valve.poll(|| work.as_mut().poll(context))).await
}

fn reply(call: u64, kept_back: &ResultFilter, answer: Answer) -> Result<Reply, HandlerError> {
    match answer {
        Answer::Value(value) => Ok(Reply::answer(call, Ok(filter(kept_back, value)?))),
        Answer::Bytes(bytes) => Ok(Reply::ok_bytes(call, filter_bytes(kept_back, bytes, 0)?)),
        // The shape of the call was checked against the command's.
        Answer::Stream(..) => Err(HandlerError::internal("a stream answers a call for none")),
    }
}

/// What the policy lets the page have of the result.
pub(super) fn filter(filter: &ResultFilter, value: Value) -> Result<Value, HandlerError> {
    filter.apply(value).map_err(too_large)
}

/// The same of bytes, of which `before` were sent already: they are let through whole or not at
/// all. Where the policy keeps back members, it spoke of something else than bytes.
pub(super) fn filter_bytes(
    filter: &ResultFilter,
    bytes: Bytes,
    before: u64,
) -> Result<Bytes, HandlerError> {
    if filter.reaches_into() {
        return Err(HandlerError::internal(
            "the policy's `result` omits or keeps members, and the command answers with bytes",
        ));
    }
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX).saturating_add(before);
    match filter.max_bytes() {
        Some(most) if length > most => Err(too_large(TooLarge { most })),
        _ => Ok(bytes),
    }
}

fn too_large(detail: TooLarge) -> HandlerError {
    HandlerError::new("too_large", "the reply is too large").with_detail(detail)
}

/// A refusal goes to the log; any other failure is the developer's to know.
pub(super) fn note_failure(
    ledger: &Ledger,
    trail: &Trail,
    rule: &Arc<RuleRef>,
    error: &HandlerError,
) {
    if error.is_refusal() {
        let why = error.detail().unwrap_or(error.message()).to_owned();
        let refusal = Refusal::Withheld { rule: Arc::clone(rule), why };
        // The page learns what the handler says, which is what it says of a file that is not there.
        let _told = record::refusal(ledger, trail, &refusal, Moment::now());
        return;
    }
    let window = trail.window();
    let command = trail.command.as_deref().unwrap_or_default();
    tracing::warn!(window = &*window, command, %error, "a handler failed");
}

pub(super) fn timed_out(deadline: Duration) -> HandlerError {
    HandlerError::new("timeout", "the command took too long")
        .with_detail(format!("the deadline of {deadline:?} passed"))
}
