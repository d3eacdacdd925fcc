//! Dispatch: the one call site of a handler. What was not recorded does not get here.

use std::time::Duration;

use serde_json::Value;

use super::record::Recorded;
use super::reply::Reply;
use crate::handler::HandlerError;

/// How long a handler may take where the policy does not say: a person waiting for a file has
/// given up by then.
const DEADLINE: Duration = Duration::from_secs(30);

impl Recorded {
    /// Runs the handler and makes the reply. `None` where the page cancelled the call, or is
    /// gone: nobody is waiting.
    pub(crate) async fn dispatch(self) -> Option<Reply> {
        let (granted, _receipt) = self.take();
        let mut in_flight = granted.in_flight;
        let deadline = granted.permit.limits.deadline.unwrap_or(DEADLINE);
        let answer = tokio::time::timeout(deadline, granted.service.run(granted.job));
        let answered = tokio::select! {
            biased;
            () = in_flight.stopped() => return None,
            answered = answer => answered,
        };
        let result = answered.unwrap_or_else(|_| Err(timed_out(deadline)));
        if let Err(error) = &result {
            let window = granted.trail.window();
            let command = granted.trail.command.as_deref().unwrap_or_default();
            tracing::warn!(window, command, %error, "a handler failed");
        }
        let filtered = result.map(|value: Value| granted.permit.result.apply(value));
        Some(Reply::answer(granted.call, filtered))
    }
}

fn timed_out(deadline: Duration) -> HandlerError {
    HandlerError::new("timeout", "the command took too long")
        .with_detail(format!("the deadline of {deadline:?} passed"))
}
