//! Building a broker: everything is read, checked and opened before the first window is, and
//! what is wrong is said at once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::time::Duration;

use sidegate_capabilities::{Color, Context, Diagnostics, SourceError, Sources};
use tokio::sync::{Mutex, mpsc, watch};

use super::Broker;
use crate::app::{AppDirectories, AppId, Manifest, ManifestError, Menus, NoHome, Template, Window};
use crate::assets::{ArchiveError, Assets, DevServerError, Pages, PagesError};
use crate::audit::{AuditError, AuditLog, Clock, Event};
use crate::bundle::{BundleError, Floor, FloorError, PublicKey};
use crate::confined::FileError;
use crate::core::Core;
use crate::events::Events;
use crate::handler::{Command, Registry, RegistryError};
use crate::handlers::{self, AppInfo};
use crate::ledger::Ledger;
use crate::limits::Buckets;
use crate::pipeline::{Force, InForce, Pipeline};
use crate::reload::{Prepared, Reading, Reloader, Signed, Whence};
use crate::session::{Gate, Sessions};
use crate::settings::{Settings, SettingsError};
use crate::state::State;
use crate::token::{Mint, NoRandomness};
use crate::windows::{Memory, Windows};
use crate::wire::SandboxLevel;

/// How long a person who closed an app lets it finish what it does without a word.
const DRAIN: Duration = Duration::from_secs(5);

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
    events: Events,
    state: State,
    host: Option<PathBuf>,
    debug: bool,
    drain: Option<Duration>,
}

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The app's manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The policy's files cannot be read.
    #[error(transparent)]
    Sources(#[from] SourceError),
    /// The policy does not compile.
    #[error("the policy does not compile:\n{}", .0.render(.1, Color::Never))]
    Policy(Diagnostics, Sources),
    /// The policy that was to be observed does not compile.
    #[error("the policy to be observed does not compile:\n{}", .0.render(.1, Color::Never))]
    Observed(Diagnostics, Sources),
    /// There is no policy.
    #[error(
        "the app has no policy: put a capability file into `policies`, or give the builder one"
    )]
    NoPolicy,
    /// The signed bundle that the policy is to come from.
    #[error("the policy bundle `{}`: {error}", path.display())]
    Bundle {
        /// The bundle.
        path: PathBuf,
        /// Why it is not taken.
        error: BundleError,
    },
    /// The bundle is older than one that has run.
    #[error("the policy bundle: {0}")]
    Floor(#[from] FloorError),
    /// There is no home directory.
    #[error(transparent)]
    NoHome(#[from] NoHome),
    /// The app's directories cannot be policy variables.
    #[error("the directories of the app: {0}")]
    Directories(String),
    /// The handlers.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The app's pages.
    #[error("cannot serve the pages in `{}`: {error}", path.display())]
    Pages {
        /// The directory.
        path: PathBuf,
        /// Why not.
        error: FileError,
    },
    /// The archive of the app's pages.
    #[error("the archive of the app's pages: {0}")]
    Archive(#[from] ArchiveError),
    /// The developer's server that the pages were to come from.
    #[error("the dev server: {0}")]
    DevServer(#[from] DevServerError),
    /// The audit log.
    #[error("the audit log: {0}")]
    Audit(#[from] AuditError),
    /// The directory of the audit log.
    #[error("cannot make the directory of `{}`: {error}", path.display())]
    LogDirectory {
        /// The log.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The settings.
    #[error("the settings: {0}")]
    Settings(#[from] SettingsError),
    /// The operating system's randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl BuildError {
    /// The same for a terminal: what does not compile is shown as `sidegate check` shows it.
    #[must_use]
    pub fn render(&self, color: Color) -> String {
        let which = if matches!(self, Self::Observed(..)) { " to be observed" } else { "" };
        if let Self::Policy(found, sources) | Self::Observed(found, sources) = self {
            let found = found.render(sources, color);
            return format!("the policy{which} does not compile:\n{found}");
        }
        self.to_string()
    }
}

impl From<PagesError> for BuildError {
    fn from(error: PagesError) -> Self {
        match error {
            PagesError::Directory(path, error) => Self::Pages { path, error },
            PagesError::DevServer(error) => Self::DevServer(error),
        }
    }
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

    /// Builds the broker: compiles the policy, opens the log, pins the app's directories.
    ///
    /// # Errors
    /// [`BuildError`]; nothing was started.
    pub fn build(mut self) -> Result<Broker, BuildError> {
        let id = self.id.take().map_or_else(|| AppId::parse("app.unnamed"), Ok)?;
        let directories = match self.directories.take() {
            Some(directories) => directories,
            None => AppDirectories::of(&id, &self.resources())?,
        };
        let app = self.app_info(&id);
        let assets = self.assets()?;
        let (windows, wishes) = self.windows_of(&directories)?;
        let registry = self.registry(app, &directories, &windows)?;
        let whence = Whence {
            app: id,
            signed: self.bundle.take(),
            policies: self.policies.take(),
            observed: self.observed.take(),
        };
        let set = whence.read()?;
        let variables =
            directories.variables().map_err(|e| BuildError::Directories(e.to_string()))?;
        let names: Vec<_> = registry.names().into_iter().chain(handlers::powers()).collect();
        let prepared = set.prepare(&Context::new(&variables).commands(Some(&names)))?;
        let Prepared { policies, files, observed, .. } = prepared;
        let log = self.audit.take().unwrap_or_else(|| directories.audit_log());
        private_directory(&log)?;
        let version = Arc::clone(&policies.version);
        let floor = directories.policy_floor();
        let release = set.release;
        let force = InForce::first(policies, self.log_args, directories.own(), files);
        let core = Arc::new(Core {
            reloader: Reloader::new(whence, variables, floor.clone(), set),
            assets,
            windows,
            host_binary: self.host.take(),
            least: self.least.unwrap_or(SandboxLevel::A),
            debug: self.debug,
            next_host: AtomicU64::new(1),
            next_window: AtomicU32::new(1),
            drain: self.drain.unwrap_or(DRAIN),
            running: watch::Sender::new(0),
            stopped: AtomicBool::new(false),
            pipeline: Pipeline {
                force: Force::new(force),
                gate: Gate::new(),
                sessions: Sessions::new(Mint::new()?),
                registry,
                buckets: Buckets::default(),
                ledger: Ledger::new(AuditLog::open(&log, Clock::system())?, version)?,
                events: self.events.clone(),
                state: self.state.clone(),
            },
        });
        if let Some(release) = release {
            // Only now: a bundle that does not run has not been the last that ran.
            Floor::at(&floor)?.raise_to(release)?;
        }
        self.announce(&core);
        if let Some(observed) = observed {
            core.note(&observed.event());
        }
        Ok(Broker { core, windows: self.windows, wishes: Mutex::new(wishes) })
    }

    fn app_info(&mut self, id: &AppId) -> AppInfo {
        AppInfo {
            name: std::mem::take(&mut self.name),
            id: id.as_str().to_owned(),
            version: std::mem::take(&mut self.release),
        }
    }

    /// The built-in commands and the app's own.
    fn registry(
        &mut self,
        app: AppInfo,
        directories: &AppDirectories,
        windows: &Arc<Windows>,
    ) -> Result<Registry, BuildError> {
        let settings = Arc::new(Settings::open(&directories.settings())?);
        let mut commands = handlers::all(app, Some(&settings), Some(windows));
        commands.append(&mut self.commands);
        Ok(Registry::new(commands)?)
    }

    /// The pages; each window then opens its own where that is in this run.
    fn assets(&mut self) -> Result<Assets, BuildError> {
        let assets = std::mem::take(&mut self.pages).open(self.debug)?;
        for window in &mut self.windows {
            window.url = assets.place_of(&window.url);
        }
        for template in &mut self.templates {
            template.move_to(assets.place_of(template.url()));
        }
        Ok(assets)
    }

    /// The table of windows, and where those that are made come out.
    fn windows_of(
        &mut self,
        directories: &AppDirectories,
    ) -> Result<(Arc<Windows>, mpsc::Receiver<Window>), BuildError> {
        let memory = Memory::in_store(Settings::open(&directories.windows())?);
        let templates = std::mem::take(&mut self.templates);
        let (windows, wishes) = Windows::new(templates, std::mem::take(&mut self.menus), memory);
        Ok((Arc::new(windows), wishes))
    }

    fn announce(&self, core: &Core) {
        let (version, log_args) = (env!("CARGO_PKG_VERSION"), self.log_args);
        core.note(&Event::Start { app: core.reloader.whence.app.as_str(), version, log_args });
        if log_args {
            let log = core.pipeline.ledger.path().display();
            // Not by way of `tracing`, which an app may not have set up: whoever sits before it is
            // to see it.
            eprintln!(
                "warning: the values of the arguments of every call are written to `{log}`; \
                 keep it to yourself and remove it when you are done"
            );
        }
        let force = core.pipeline.force.load();
        core.note(&Event::Policy { files: &force.files, replaced: None, by: None });
    }

    /// The directory that the app lies in: the one it was read from, or its program's.
    fn resources(&self) -> PathBuf {
        if self.app_dir.as_os_str().is_empty() {
            let program = std::env::current_exe().unwrap_or_default();
            program.parent().map(Path::to_owned).unwrap_or_default()
        } else {
            self.app_dir.clone()
        }
    }
}

/// How capability files are read, once they were found to be readable.
fn readable(path: PathBuf, named_from: Option<&Path>) -> Result<Reading, BuildError> {
    let reading = Reading::Files { path, named_from: named_from.map(Path::to_owned) };
    reading.read()?;
    Ok(reading)
}

/// Makes the directory of the log at `path`, for its owner alone.
fn private_directory(path: &Path) -> Result<(), BuildError> {
    let mut make = fs::DirBuilder::new();
    make.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut make, 0o700);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let made = parent.map_or(Ok(()), |parent| make.create(parent));
    made.map_err(|error| BuildError::LogDirectory { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_in_pieces_lies_where_its_program_does() {
        let id = AppId::parse("org.example.app").unwrap();
        let home = |name: &str| (name == "HOME").then(|| "/nowhere".into());
        let pieces = Builder::default().resources();
        let directories = AppDirectories::of_environment(&id, &pieces, home).unwrap();
        let found = directories.variables().unwrap();
        let program = std::env::current_exe().unwrap();
        assert_eq!(found.get("RESOURCES"), program.parent());
    }
}
