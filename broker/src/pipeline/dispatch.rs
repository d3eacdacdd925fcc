//! Dispatch: the one call site of a handler. What was not recorded does not get here.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sidegate_capabilities::{ResultFilter, RuleRef};
use tokio::time::error::Elapsed;

use super::decide::Granted;
use super::outcome::{Ended, Outcome};
use super::record::{self, Recorded};
use super::reply::Reply;
use super::{Refusal, Trail};
use crate::clock::Moment;
use crate::handler::{HandlerError, Job, Service};
use crate::ledger::Ledger;
use crate::session::InFlight;

/// How long a handler may take where the policy does not say: a person waiting for a file has
/// given up by then.
const DEADLINE: Duration = Duration::from_secs(30);

impl Recorded {
    /// Runs the handler and makes the reply. `None` where the page cancelled the call, or is gone:
    /// nobody is waiting. The call is in flight until what stands for that is dropped; where this itself
    /// is dropped, the call is cancelled.
    pub(crate) async fn dispatch(self, ledger: &Ledger) -> Option<(Reply, InFlight)> {
        let (granted, _receipt) = self.take();
        let Granted { trail, call, permit, job, service, in_flight, records } = granted;
        let mut outcome = Outcome::of(ledger, &trail, records, &in_flight);
        let deadline = permit.limits.deadline.unwrap_or(DEADLINE);
        let answered = run(&in_flight, deadline, service, job).await;
        let told = match answered {
            None => Err(outcome.stopped()),
            Some(result) => {
                let ended = if result.is_ok() { Ended::Answered } else { Ended::Expired };
                let result = result.unwrap_or_else(|_| Err(timed_out(deadline)));
                if let Err(error) = &result {
                    note_failure(ledger, &trail, &permit.rule, error);
                }
                outcome.ended(ended).map(|()| result)
            }
        };
        drop(outcome);
        let reply = match told {
            Ok(result) => {
                let filtered = result.and_then(|value: Value| filter(&permit.result, value));
                Reply::answer(call, filtered)
            }
            Err(told) => Reply::error(call, &told?),
        };
        Some((reply, in_flight))
    }
}

/// The handler's answer, if it is not stopped first: what was stopped is not polled again.
async fn run(
    in_flight: &InFlight,
    deadline: Duration,
    service: Service,
    job: Job,
) -> Option<Result<Result<Value, HandlerError>, Elapsed>> {
    tokio::select! {
        biased;
        () = in_flight.stopped() => None,
        answered = tokio::time::timeout(deadline, service.run(job)) => Some(answered),
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
