//! From a handler, an async function of typed arguments, to what runs checked jobs.
//!
//! Round each handler: a bound on how many run at once, and the catching of panics. The
//! deadline of a call is its grant's, and set where the call is dispatched.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;

use super::layers::{Handler, Wrap};
use super::{Call, HandlerError, Job, Response};
use crate::audit::Receipt;
use crate::streams::{Answer, Answers};

/// How many calls of one command run at once, whoever made them. What blocks runs on the
/// blocking pool, which has 512 threads: it takes eight such commands to fill it.
const MAX_CONCURRENT: usize = 64;

/// A handler behind its layers.
#[derive(Clone)]
pub(crate) struct Service {
    handler: Handler,
    answers: Answers,
    /// Whether an app has put layers round it.
    is_layered: bool,
}

impl Service {
    pub(super) fn new<A, R, F, Fut>(
        answers: Answers,
        handler: F,
        made: fn(R) -> Result<Answer, HandlerError>,
    ) -> Self
    where
        A: DeserializeOwned + Send + 'static,
        R: 'static,
        F: Fn(Call, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, HandlerError>> + Send + 'static,
    {
        let (handler, places) = (Arc::new(handler), Arc::new(Semaphore::new(MAX_CONCURRENT)));
        let handler = Handler::own(move |job| {
            let (handler, places) = (Arc::clone(&handler), Arc::clone(&places));
            async move {
                let _place = match places.try_acquire() {
                    Ok(place) => place,
                    // Nobody closes it.
                    Err(_) => places.acquire().await.map_err(HandlerError::internal)?,
                };
                answer(&*handler, made, job).await
            }
            .boxed()
        });
        Self { handler, answers, is_layered: false }
    }

    /// The same with a layer round it.
    pub(super) fn within(self, wrap: &Wrap) -> Self {
        Self { handler: wrap(self.handler), is_layered: true, ..self }
    }

    /// Whether an app has put layers round it, who want to know what a call was decided by.
    pub(crate) fn is_layered(&self) -> bool {
        self.is_layered
    }

    /// Runs the handler, for whoever shows that this stands in the log.
    pub(crate) async fn run(self, job: Job, _receipt: &Receipt) -> Result<Answer, HandlerError> {
        let Response(answer) = if self.is_layered {
            // A layer is an app's own code, and may panic before it calls what is further in.
            let running = AssertUnwindSafe(self.handler.run(job)).catch_unwind().await;
            let answered = running.unwrap_or_else(|panic| Err(panicked(panic.as_ref())))?;
            if !answered.is_of(self.answers) {
                return Err(HandlerError::internal(
                    "a layer answers with what the command does not",
                ));
            }
            answered
        } else {
            self.handler.run(job).await?
        };
        Ok(answer)
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

async fn answer<A, R, F, Fut>(
    handler: &F,
    made: fn(R) -> Result<Answer, HandlerError>,
    job: Job,
) -> Result<Response, HandlerError>
where
    A: DeserializeOwned,
    F: Fn(Call, A) -> Fut,
    Fut: Future<Output = Result<R, HandlerError>>,
{
    // An app's own code may panic where it reads the arguments and where it writes the result
    // down as well, and before its first await: all of it is caught.
    let running = AssertUnwindSafe(async move {
        // The very value that was validated becomes the handler's; no text is parsed again.
        let args = match job.args.try_into_value() {
            Ok(args) => serde_json::from_value(args),
            // What a call asks for is kept as long as it is in flight.
            Err(args) => A::deserialize(args.as_value()),
        };
        let args = args.map_err(|problem| HandlerError::new("invalid", problem.to_string()))?;
        made(handler(job.call, args).await?).map(Response)
    });
    let ended = running.catch_unwind().await;
    ended.unwrap_or_else(|panic| Err(panicked(panic.as_ref())))
}

/// What a panic in an app's own code is told as.
pub(crate) fn panicked(panic: &(dyn std::any::Any + Send)) -> HandlerError {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    HandlerError::internal(format!("the handler panicked: {}", text.unwrap_or_default()))
}
