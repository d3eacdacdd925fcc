//! Handlers: the core's side of a command. A handler is an async function from typed arguments
//! to a typed result; it runs only for a call that every check let through, and the resources
//! that the call named reach it as handles that were opened for it.
//!
//! What a handler may be called for is the policy's to say, not the handler's.

mod call;
mod error;
mod registry;
mod schema;
mod service;
mod signature;

pub use call::{Call, Cancellation};
pub use error::HandlerError;
pub use registry::RegistryError;
pub(crate) use registry::{Registered, Registry};
pub(crate) use service::{Job, Service};
pub use signature::{CommandManifest, Signature};

use std::future::Future;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sidegate_capabilities::CommandName;

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
    /// The handler runs on the thread that decides for all windows: what waits for a disk or
    /// computes for long belongs on `tokio::task::spawn_blocking`.
    pub fn new<A, R, F, Fut>(name: impl Into<String>, handler: F) -> Self
    where
        A: DeserializeOwned + JsonSchema + Send + 'static,
        R: Serialize + 'static,
        F: Fn(Call, A) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<R, HandlerError>> + Send + 'static,
    {
        Self {
            signature: Signature::new(name.into(), schema::of_arguments::<A>()),
            service: Service::new(handler),
        }
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
