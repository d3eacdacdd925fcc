//! Handlers: the core's side of a command. A handler is an async function from typed arguments
//! to a typed result; it runs only for a call that every check let through, and the resources
//! that the call named reach it as handles that were opened for it.
//!
//! What a handler may be called for is the policy's to say, not the handler's.

mod call;
mod contained;
mod error;
mod job;
mod layers;
mod registry;
mod schema;
mod service;
mod signature;

pub(crate) use call::Known as KnownOfCall;
pub use call::{Call, Cancellation};
pub(crate) use contained::Contained;
pub use error::HandlerError;
pub(crate) use job::Ground;
pub use job::{Job, Response};
pub(crate) use layers::Layers;
pub use layers::{Around, Handler};
pub use registry::RegistryError;
pub(crate) use registry::{Registered, Registry};
pub(crate) use service::{Service, panicked};
pub use signature::{CommandManifest, Signature};

use std::future::Future;

use bytes::Bytes;
use futures_util::stream::Stream;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sidegate_capabilities::CommandName;

use crate::streams::{Answer, Answers, Patience};

/// Which argument of a command names a resource. Such an argument is taken out of the
/// arguments before the handler sees them, and reaches it through the [`Call`] as a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// `path`: a file or directory, see [`Call::path`].
    Path,
    /// `key`: a dotted name, see [`Call::key`].
    Key,
    /// `url`: an address, see [`Call::url`].
    Url,
}

impl Resource {
    /// The name of the argument, which is the name of the scope in a capability file.
    #[must_use]
    pub const fn argument(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Key => "key",
            Self::Url => "url",
        }
    }
}

/// The arguments of a command that takes none (but perhaps a resource).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoArgs {}

/// A command and its handler, ready to be given to a broker.
///
/// ```
/// # use sidegate::{Call, Command, HandlerError};
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Greet { name: String }
///
/// let greet = Command::new("greet", async |_: Call, args: Greet| {
///     Ok::<_, HandlerError>(format!("good day, {}", args.name))
/// });
/// ```
#[derive(Debug)]
pub struct Command {
    signature: Signature,
    service: Service,
}

impl Command {
    /// A command called `name` whose arguments are `A`, an object; a member that `A` does not
    /// name is refused.
    ///
    /// A panic of the handler is an error of its call; a stack that it overflows ends the broker, as
    /// it would any program of Rust. What recurses as deep as its input says belongs elsewhere.
    ///
    /// The handler runs on the thread that decides for all windows: what waits for a disk or
    /// computes for long belongs on `tokio::task::spawn_blocking`.
    pub fn new<A, R, F, Fut>(name: impl Into<String>, handler: F) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + 'static,
        F: Fn(Call, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, HandlerError>> + Send + 'static,
    {
        Self::of(name.into(), Answers::Value, handler, |result| Answer::value(&result))
    }

    /// A command that answers with bytes: an `ArrayBuffer` in the page, of at most 8 MiB.
    pub fn bytes<A, F, Fut>(name: impl Into<String>, handler: F) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        F: Fn(Call, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Bytes, HandlerError>> + Send + 'static,
    {
        Self::of(name.into(), Answers::Bytes, handler, |bytes| Ok(Answer::Bytes(bytes)))
    }

    /// A command that answers with a stream of values, each of at most 128 KiB of JSON.
    ///
    /// The stream is asked for its next item only when the page has taken enough of those before.
    /// It is dropped at its first error, when its call is stopped, and when the page takes nothing
    /// for 30 seconds.
    ///
    /// ```
    /// # use sidegate::{Call, Command, HandlerError, NoArgs};
    /// let count = Command::stream("count", async |_: Call, _: NoArgs| {
    ///     Ok(futures_util::stream::iter((1..=3).map(Ok::<u32, HandlerError>)))
    /// });
    /// ```
    pub fn stream<A, T, S, F, Fut>(name: impl Into<String>, handler: F) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        T: Serialize + 'static,
        S: Stream<Item = Result<T, HandlerError>> + Send + 'static,
        F: Fn(Call, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<S, HandlerError>> + Send + 'static,
    {
        let limited = |stream| Ok(Answer::values(stream, Patience::Limited));
        Self::of(name.into(), Answers::Values, handler, limited)
    }

    /// The same with bytes: `ArrayBuffer`s in the page, of at most 128 KiB each. Longer pieces are
    /// cut.
    pub fn stream_bytes<A, S, F, Fut>(name: impl Into<String>, handler: F) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        S: Stream<Item = Result<Bytes, HandlerError>> + Send + 'static,
        F: Fn(Call, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<S, HandlerError>> + Send + 'static,
    {
        Self::of(name.into(), Answers::Pieces, handler, |stream| Ok(Answer::pieces(stream)))
    }

    /// A stream that waits for its page for ever, since what it has to say meanwhile is bounded.
    pub(crate) fn feed<A, T, S, F, Fut>(name: impl Into<String>, handler: F) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        T: Serialize + 'static,
        S: Stream<Item = Result<T, HandlerError>> + Send + 'static,
        F: Fn(Call, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<S, HandlerError>> + Send + 'static,
    {
        let endless = |stream| Ok(Answer::values(stream, Patience::Endless));
        Self::of(name.into(), Answers::Values, handler, endless)
    }

    fn of<A, R, F, Fut>(
        name: String,
        answers: Answers,
        handler: F,
        answer: fn(R) -> Result<Answer, HandlerError>,
    ) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        R: 'static,
        F: Fn(Call, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, HandlerError>> + Send + 'static,
    {
        Self {
            signature: Signature::new(name, answers, schema::of_arguments::<A>()),
            service: Service::new(answers, handler, answer),
        }
    }

    /// The same, and its calls bring a body, see [`Call::body`]; a call without one is refused.
    #[must_use]
    pub fn takes_body(mut self) -> Self {
        self.signature.body = true;
        self
    }

    /// The same, and it takes `resource` as well; a call without it is refused.
    #[must_use]
    pub fn takes(mut self, resource: Resource) -> Self {
        self.signature.resources.push(resource);
        self
    }

    /// The same, and it takes `resource` where a call names one. A call that names none is another
    /// call to the policy: an entry without a scope allows it, and one with a scope does not.
    #[must_use]
    pub fn may_take(mut self, resource: Resource) -> Self {
        self.signature.optional.push(resource);
        self
    }

    /// The same, described by one lower-case sentence: what the command does, for those who write
    /// a policy or a page.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.signature.description = Some(description.into());
        self
    }

    /// The same, and its result is described as an `R`: for tools alone, a result is not checked.
    #[must_use]
    pub fn returns<R: JsonSchema>(mut self) -> Self {
        self.signature.result = Some(schema::of_result::<R>());
        self
    }

    /// What there is to know of it without calling it.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Its name, if that is one.
    pub(crate) fn name(&self) -> Result<CommandName, RegistryError> {
        let name = &self.signature.name;
        CommandName::parse(name).map_err(|problem| RegistryError::Name {
            name: name.clone(),
            problem: problem.to_string(),
        })
    }
}
