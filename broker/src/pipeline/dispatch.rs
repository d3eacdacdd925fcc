//! Dispatch: the one call site of a handler. What was not recorded does not get here.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sidegate_capabilities::{ResultFilter, RuleRef};

use super::record::{self, Recorded};
use super::reply::Reply;
use super::{Refusal, Trail};
use crate::clock::Moment;
use crate::handler::HandlerError;
use crate::ledger::Ledger;
use crate::session::{InFlight, Stop};

/// How long a handler may take where the policy does not say: a person waiting for a file has
/// given up by then.
const DEADLINE: Duration = Duration::from_secs(30);

impl Recorded {
    /// Runs the handler and makes the reply. `None` where the page cancelled the call, or is gone:
    /// nobody is waiting. The call is in flight until what stands for that is dropped.
    pub(crate) async fn dispatch(self, ledger: &Ledger) -> Option<(Reply, InFlight)> {
        let (granted, _receipt) = self.take();
        let mut in_flight = granted.in_flight;
        let deadline = granted.permit.limits.deadline.unwrap_or(DEADLINE);
        let valve = in_flight.valve();
        let mut answer = pin!(tokio::time::timeout(deadline, granted.service.run(granted.job)));
        let answer = poll_fn(|context| valve.poll(|| answer.as_mut().poll(context)));
        let answered = tokio::select! {
            biased;
            _ = in_flight.stopped() => None,
            answered = answer => answered,
        };
        let Some(answered) = answered else {
            return stopped(granted.call, in_flight);
        };
        let result = answered.unwrap_or_else(|_| Err(timed_out(deadline)));
        if let Err(error) = &result {
            note_failure(ledger, &granted.trail, &granted.permit.rule, error);
        }
        let filtered = result.and_then(|value: Value| filter(&granted.permit.result, value));
        Some((Reply::answer(granted.call, filtered), in_flight))
    }
}

/// What a page learns of a call of its own that was revoked; one that it cancelled itself has no
/// reply.
fn stopped(call: u64, in_flight: InFlight) -> Option<(Reply, InFlight)> {
    match in_flight.stop() {
        Some(Stop::Cancelled | Stop::Gone) => None,
        Some(Stop::Revoked) | None => Some((Reply::revoked(call), in_flight)),
    }
}

/// What the policy lets the page have of the result.
fn filter(filter: &ResultFilter, value: Value) -> Result<Value, HandlerError> {
    filter.apply(value).map_err(|too_large| {
        HandlerError::new("too_large", "the reply is too large").with_detail(too_large)
    })
}

/// A refusal goes to the log; any other failure is the developer's to know.
fn note_failure(ledger: &Ledger, trail: &Trail, rule: &Arc<RuleRef>, error: &HandlerError) {
    if error.is_refusal() {
        let why = error.detail().unwrap_or(error.message()).to_owned();
        let refusal = Refusal::Withheld { rule: Arc::clone(rule), why };
        // The page learns what the handler says, which is what it says of a file that is not there.
        let _told = record::refusal(ledger, trail, &refusal, Moment::now());
        return;
    }
    let window = trail.window();
    let command = trail.command.as_deref().unwrap_or_default();
    tracing::warn!(window, command, %error, "a handler failed");
}

fn timed_out(deadline: Duration) -> HandlerError {
    HandlerError::new("timeout", "the command took too long")
        .with_detail(format!("the deadline of {deadline:?} passed"))
}
