//! Layers: what an app puts round its handlers, in one place: to log, count, trace, cache, change what
//! a handler is given, refuse, or answer in its stead.
//!
//! A layer is a `tower::Layer` over [`Handler`]. It stands within everything that the broker checks: what
//! comes to it was authenticated, decided, confirmed and recorded, what goes from it passes the policy's
//! result filter, and it runs, piece by piece, through the valve that a revocation shuts. So a layer
//! cannot let a call through, nor get round the log; it can only do less. What a call names was opened
//! for it and cannot be exchanged; arguments can be, for such as the very same decision allows
//! ([`Job::with_args`]).

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sidegate_capabilities::{CommandName, NameError};
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceExt};

use super::{Contained, HandlerError, Job, RegistryError, Response};
use crate::audit::Pattern;

/// Round which commands a layer stands.
#[derive(Debug, Clone)]
pub struct Around(Which);

#[derive(Debug, Clone)]
enum Which {
    All,
    Matching(String),
    One(String),
}

impl Around {
    /// Every command, the built-in ones too.
    #[must_use]
    pub fn all() -> Self {
        Self(Which::All)
    }

    /// The commands that match `pattern`: `*` is any run of characters, as in a policy. One that
    /// matches no command is an error when the broker is built.
    #[must_use]
    pub fn matching(pattern: impl Into<String>) -> Self {
        Self(Which::Matching(pattern.into()))
    }

    /// The one command of this name; where there is none, that is an error when the broker is built.
    #[must_use]
    pub fn command(name: impl Into<String>) -> Self {
        Self(Which::One(name.into()))
    }

    /// Which of these commands it stands round: at least one, or it is a slip.
    pub(super) fn among(&self, names: &[CommandName]) -> Result<Vec<CommandName>, RegistryError> {
        let found: Vec<_> = match &self.0 {
            Which::All => names.to_vec(),
            Which::Matching(pattern) => {
                let pattern = Pattern::new(pattern.as_str());
                names.iter().filter(|name| pattern.fits(name.as_str())).cloned().collect()
            }
            Which::One(name) => {
                let wanted = CommandName::parse(name).map_err(|problem: NameError| {
                    RegistryError::Name { name: name.clone(), problem: problem.to_string() }
                })?;
                names.iter().filter(|name| **name == wanted).cloned().collect()
            }
        };
        match (&self.0, found.is_empty()) {
            (Which::Matching(text) | Which::One(text), true) => {
                Err(RegistryError::NothingAround(text.clone()))
            }
            (_, _) => Ok(found),
        }
    }
}

/// A handler, or a layer round one: what a layer is put round, and calls to go on.
#[derive(Clone)]
pub struct Handler(Kind);

/// What a handler is: to call an app's own takes one piece of memory, and to clone one none.
#[derive(Clone)]
enum Kind {
    Own(Own),
    Layered(BoxCloneSyncService<Job, Response, HandlerError>),
}

/// What runs a job; whatever bounds it is in it.
type Own = Arc<dyn Fn(Job) -> Running + Send + Sync>;

/// What is run of a job.
type Running = BoxFuture<'static, Result<Response, HandlerError>>;

impl Handler {
    /// The handler itself.
    pub(super) fn own(run: impl Fn(Job) -> Running + Send + Sync + 'static) -> Self {
        Self(Kind::Own(Arc::new(run)))
    }

    /// One with a layer round it.
    fn layered<S>(service: S) -> Self
    where
        S: tower::Service<Job, Response = Response, Error = HandlerError>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
    {
        Self(Kind::Layered(BoxCloneSyncService::new(service)))
    }

    /// Runs it, once.
    pub(super) async fn run(self, job: Job) -> Result<Response, HandlerError> {
        Contained::of(self.begin(job)).await
    }

    fn begin(&self, job: Job) -> Running {
        match &self.0 {
            Kind::Own(run) => run(job),
            Kind::Layered(service) => service.clone().oneshot(job).boxed(),
        }
    }
}

impl tower::Service<Job> for Handler {
    type Response = Response;
    type Error = HandlerError;
    type Future = Running;

    /// At once: a handler of which as many run as may is waited for by its call, so that a layer which
    /// is a plain function need not ask.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), HandlerError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, job: Job) -> Self::Future {
        self.begin(job)
    }
}

impl std::fmt::Debug for Handler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handler")
    }
}

/// Layers, in the order in which they were added: the first is the outermost, whatever it is round.
#[derive(Default)]
pub(crate) struct Layers(Vec<(Around, Wrap)>);

impl Layers {
    pub(crate) fn push<L>(&mut self, around: Around, layer: L)
    where
        L: Layer<Handler> + Send + Sync + 'static,
        L::Service: tower::Service<Job, Response = Response, Error = HandlerError>
            + Clone
            + Send
            + Sync
            + 'static,
        <L::Service as tower::Service<Job>>::Future: Send,
    {
        self.0.push((around, Arc::new(move |inner| Handler::layered(layer.layer(inner)))));
    }

    /// The commands that have layers, each with what to put round its handler, the innermost first.
    pub(super) fn among(
        &self,
        names: &[CommandName],
    ) -> Result<Vec<(CommandName, Wrap)>, RegistryError> {
        let mut all = Vec::new();
        for (around, wrap) in self.0.iter().rev() {
            let found = around.among(names)?;
            all.extend(found.into_iter().map(|name| (name, Arc::clone(wrap))));
        }
        Ok(all)
    }
}

/// Puts one layer round a handler.
pub(super) type Wrap = Arc<dyn Fn(Handler) -> Handler + Send + Sync>;

impl std::fmt::Debug for Layers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(around, _)| around)).finish()
    }
}
