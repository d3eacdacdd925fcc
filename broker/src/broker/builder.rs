//! What a broker is built from, piece by piece or from an app's directory. How it is built is
//! `build`'s.

mod build;
mod error;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sidegate_capabilities::Sources;

use crate::app::{AppDirectories, AppId, Manifest, Menus, Template, Window};
use crate::assets::Pages;
use crate::bundle::PublicKey;
use crate::confirm::{Asker, AskingApp, Confirm};
use crate::events::Events;
use crate::handler::{Around, Command, Handler, HandlerError, Job, Layers, Response};
use crate::reload::{Reading, Signed};
use crate::state::State;
use crate::wire::SandboxLevel;

pub use error::BuildError;

/// What a broker is built from. Set either an app's directory, or the pieces of one.
#[derive(Debug, Default)]
pub struct Builder {
    id: Option<AppId>,
    name: String,
    release: String,
    windows: Vec<Window>,
    templates: Vec<Template>,
    menus: Menus,
    least: Option<SandboxLevel>,
    app_dir: PathBuf,
    pub(super) pages: Pages,
    policies: Option<Reading>,
    bundle: Option<Signed>,
    observed: Option<Reading>,
    log_args: bool,
    directories: Option<AppDirectories>,
    audit: Option<PathBuf>,
    commands: Vec<Command>,
    confirm: Asker,
    layers: Layers,
    events: Events,
    state: State,
    host: Option<PathBuf>,
    debug: bool,
    /// Whether a host that ended stays ended.
    once: bool,
    drain: Option<Duration>,
}

impl Builder {
    /// Takes the manifest, the `policies` and the `ui` of the app in `directory`. After
    /// [`policy_bundle`](Self::policy_bundle) the `policies` there are not looked at.
    ///
    /// # Errors
    /// [`BuildError::Manifest`] and [`BuildError::Sources`].
    pub fn app_dir(mut self, directory: impl AsRef<Path>) -> Result<Self, BuildError> {
        let directory = directory.as_ref();
        let manifest = Manifest::read(directory)?;
        if self.bundle.is_none() {
            self.policies = Some(readable(directory.join("policies"), Some(directory))?);
        }
        if let Some(next) = &manifest.observe {
            self.observed = Some(readable(directory.join(next), Some(directory))?);
        }
        if let Some(drain) = manifest.drain {
            self.drain = Some(drain);
        }
        self = self.ui(directory.join("ui")).content_security(manifest.content_security);
        self.pages.dev_server = manifest.dev_server;
        directory.clone_into(&mut self.app_dir);
        self.id = Some(manifest.id);
        self.name = manifest.name;
        self.release = manifest.release;
        self.windows = manifest.windows;
        self.templates = manifest.templates;
        self.menus = manifest.menus;
        self.least = Some(manifest.least);
        Ok(self)
    }

    /// Names the app: its identifier (`org.example.notes`), which also names its directories.
    ///
    /// # Errors
    /// [`BuildError::Manifest`] where that is not an identifier.
    pub fn id(mut self, id: &str) -> Result<Self, BuildError> {
        self.id = Some(AppId::parse(id)?);
        if self.name.is_empty() {
            id.clone_into(&mut self.name);
        }
        Ok(self)
    }

    /// Takes `text` as the app's policy; `name` stands for it in messages.
    #[must_use]
    pub fn policy(mut self, name: &str, text: &str) -> Self {
        self.policies = Some(Reading::Given(Sources::from_texts([(name, text)])));
        self
    }

    /// Takes the capability files in `path`, a file or a directory.
    ///
    /// # Errors
    /// [`BuildError::Sources`].
    pub fn policies(mut self, path: impl Into<PathBuf>) -> Result<Self, BuildError> {
        self.policies = Some(readable(path.into(), None)?);
        Ok(self)
    }

    /// Takes the policy from the signed bundle at `path`, and from nothing else: it must be signed
    /// with `key`, for this app, and of no lower version than the last that ran.
    #[must_use]
    pub fn policy_bundle(mut self, path: impl Into<PathBuf>, key: PublicKey) -> Self {
        self.bundle = Some(Signed { path: path.into(), key });
        self
    }

    /// Observes a policy beside the one in force: each call is decided by the latter, and recorded
    /// with what `sources` say of it where that is another verdict. `sidegate audit --observed` sums
    /// it up. An observed policy allows nothing and refuses nothing.
    ///
    /// Without this, and without `observe` in the manifest, the capabilities of the policy itself
    /// that say `observe = true` are observed.
    #[must_use]
    pub fn observe(mut self, sources: Sources) -> Self {
        self.observed = Some(Reading::Given(sources));
        self
    }

    /// The same for the capability files in `path`, a file or a directory, which are read again
    /// when the broker reloads.
    ///
    /// # Errors
    /// [`BuildError::Sources`].
    pub fn observe_files(mut self, path: impl Into<PathBuf>) -> Result<Self, BuildError> {
        self.observed = Some(readable(path.into(), None)?);
        Ok(self)
    }

    /// How long calls in flight may take to finish when the broker is asked to end; five seconds,
    /// where neither this nor the manifest says otherwise. What has not finished then is cancelled.
    #[must_use]
    pub fn drain(mut self, drain: Duration) -> Self {
        self.drain = Some(drain);
        self
    }

    /// Writes the values of the arguments of every call into the audit log, of refused calls too,
    /// but for what an entry's `audit.redact` names. For a developer's own machine, where
    /// `sidegate learn` and `sidegate replay` make use of them: whatever the app's users type may
    /// stand in such a log. The log and the standard error say that it is so.
    #[must_use]
    pub fn dangerously_log_args(mut self) -> Self {
        self.log_args = true;
        self
    }

    /// Adds a window that opens at the start.
    #[must_use]
    pub fn window(mut self, window: Window) -> Self {
        self.windows.push(window);
        self
    }

    /// Adds a kind of window that may be opened while the app runs.
    #[must_use]
    pub fn template(mut self, template: Template) -> Self {
        self.templates.push(template);
        self
    }

    /// Adds a command and its handler.
    #[must_use]
    pub fn command(mut self, command: Command) -> Self {
        self.commands.push(command);
        self
    }

    /// Puts a layer round the handlers of some commands: to log, count, cache, refuse or answer what
    /// comes to them. It stands within everything that the broker checks, and can only do less:
    /// authentication, decision, record, revocation, deadline and the policy's result filter stand round
    /// it. The layer that was added first is the outermost. A panic of a layer is an error of its call.
    ///
    /// `examples/layers.rs` has layers that log, count and cache.
    #[must_use]
    pub fn layer<L>(mut self, around: Around, layer: L) -> Self
    where
        L: tower::Layer<Handler> + Send + Sync + 'static,
        L::Service: tower::Service<Job, Response = Response, Error = HandlerError>
            + Clone
            + Send
            + Sync
            + 'static,
        <L::Service as tower::Service<Job>>::Future: Send,
    {
        self.layers.push(around, layer);
        self
    }

    /// Has the person asked by `confirm` where the policy says `ask`: see [`Confirm`]. Without this and
    /// without [`confirm_in_window`](Self::confirm_in_window), what would have to be asked about is
    /// refused.
    ///
    /// ```
    /// use sidegate::confirm::{Answer, Lasting, Question};
    ///
    /// let builder = sidegate::Broker::builder().confirm_with(async |question: Question| {
    ///     // A window of the app's own, where no page can draw, would show it.
    ///     println!("{question}");
    ///     Answer::No(Lasting::Call)
    /// });
    /// # let _ = builder;
    /// ```
    #[must_use]
    pub fn confirm_with(mut self, confirm: impl Confirm) -> Self {
        self.confirm = Asker::by(|_| confirm);
        self
    }

    /// The same by a port that is made for this app.
    pub(crate) fn confirm_by<P: Confirm>(
        mut self,
        port: impl FnOnce(&AskingApp) -> P + Send + Sync + 'static,
    ) -> Self {
        self.confirm = Asker::by(port);
        self
    }

    /// Has no host started again that ended.
    pub(crate) fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Takes these events as the broker's own, so that what was made before it can emit them.
    #[must_use]
    pub fn events(mut self, events: &Events) -> Self {
        self.events = events.clone();
        self
    }

    /// Takes this state as the broker's own, with what is in it.
    #[must_use]
    pub fn state(mut self, state: &State) -> Self {
        self.state = state.clone();
        self
    }

    /// Lets no host in that is contained less than `least`. Without this, and without a
    /// manifest that says otherwise, it is level A.
    #[must_use]
    pub fn least_sandbox(mut self, least: SandboxLevel) -> Self {
        self.least = Some(least);
        self
    }

    /// Writes the audit log to `path` instead of the app's own state directory.
    #[must_use]
    pub fn audit_log(mut self, path: impl Into<PathBuf>) -> Self {
        self.audit = Some(path.into());
        self
    }

    /// Keeps the app's files in `directories` instead of the person's own.
    #[must_use]
    pub fn directories(mut self, directories: AppDirectories) -> Self {
        self.directories = Some(directories);
        self
    }

    /// Starts `binary` as the host instead of the one that lies beside this program.
    #[must_use]
    pub fn host(mut self, binary: impl Into<PathBuf>) -> Self {
        self.host = Some(binary.into());
        self
    }

    /// Makes this a run for the app's developers: pages can be inspected, and come from the
    /// [dev server](Self::dev_server) where there is one.
    #[must_use]
    pub fn debug(mut self) -> Self {
        self.debug = true;
        self
    }
}

/// How capability files are read, once they were found to be readable.
fn readable(path: PathBuf, named_from: Option<&Path>) -> Result<Reading, BuildError> {
    let reading = Reading::Files { path, named_from: named_from.map(Path::to_owned) };
    reading.read()?;
    Ok(reading)
}
