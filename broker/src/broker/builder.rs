//! Building a broker: everything is read, checked and opened before the first window is, and
//! what is wrong is said at once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};

use tokio::sync::Mutex;

use sidegate_capabilities::{Color, Compiled, Context, Diagnostics, Policy, SourceError, Sources};

use super::Broker;
use super::observed::{self, Observed};
use crate::app::{AppDirectories, AppId, Manifest, ManifestError, Menus, NoHome, Template, Window};
use crate::assets::Assets;
use crate::audit::{AuditError, AuditLog, Clock, Event};
use crate::bundle::{Bundle, BundleError, Floor, FloorError, PublicKey};
use crate::confined::FileError;
use crate::core::Core;
use crate::handler::{Command, Registry, RegistryError};
use crate::handlers::{self, AppInfo};
use crate::ledger::Ledger;
use crate::limits::Buckets;
use crate::pipeline::{Bases, Pipeline, Showing};
use crate::session::{Policies, Sessions};
use crate::settings::{Settings, SettingsError};
use crate::token::{Mint, NoRandomness};
use crate::windows::{Memory, Windows};
use crate::wire::SandboxLevel;

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
    ui: Option<PathBuf>,
    policies: Option<Sources>,
    bundle: Option<Signed>,
    observed: Option<Sources>,
    log_args: bool,
    directories: Option<AppDirectories>,
    audit: Option<PathBuf>,
    commands: Vec<Command>,
    host: Option<PathBuf>,
    debug: bool,
}

/// A bundle to take the policy from, and whose it must be.
#[derive(Debug)]
struct Signed {
    path: PathBuf,
    key: PublicKey,
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
            let sources = Sources::read(&[directory.join("policies")])?;
            self.policies = Some(sources.named_from(directory));
        }
        if let Some(next) = &manifest.observe {
            self.observed = Some(observed::read(&directory.join(next), directory)?);
        }
        self.ui = Some(directory.join("ui"));
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
        self.policies = Some(Sources::from_texts([(name, text)]));
        self
    }

    /// Takes the capability files in `path`, a file or a directory.
    ///
    /// # Errors
    /// [`BuildError::Sources`].
    pub fn policies(mut self, path: impl Into<PathBuf>) -> Result<Self, BuildError> {
        self.policies = Some(Sources::read(&[path.into()])?);
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
        self.observed = Some(sources);
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

    /// Takes the app's pages from `directory`.
    #[must_use]
    pub fn ui(mut self, directory: impl Into<PathBuf>) -> Self {
        self.ui = Some(directory.into());
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

    /// Makes this a run for the app's developers: pages can be inspected.
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
        let app = AppInfo {
            name: std::mem::take(&mut self.name),
            id: id.as_str().to_owned(),
            version: std::mem::take(&mut self.release),
        };
        let settings = Arc::new(Settings::open(&directories.settings())?);
        let memory = Memory::in_store(Settings::open(&directories.windows())?);
        let (templates, menus) =
            (std::mem::take(&mut self.templates), std::mem::take(&mut self.menus));
        let (windows, wishes) = Windows::new(templates, menus, memory);
        let windows = Arc::new(windows);
        let mut commands = handlers::all(app, Some(&settings), Some(&windows));
        commands.append(&mut self.commands);
        let registry = Registry::new(commands)?;
        let release = self.unpack(&id)?;
        let (policy, sources, observed) = self.compile(&registry, &directories)?;
        let log = self.audit.take().unwrap_or_else(|| directories.audit_log());
        private_directory(&log)?;
        let version: Arc<str> = policy.version().to_string().into();
        let shadow = observed.as_ref().map(|observed| observed.policy.clone());
        let policies = Policies { enforced: policy.clone(), shadow };
        let core = Arc::new(Core {
            policy_version: Arc::clone(&version),
            policy,
            assets: self.assets()?,
            windows,
            host_binary: self.host.take(),
            least: self.least.unwrap_or(SandboxLevel::A),
            debug: self.debug,
            next_host: AtomicU64::new(1),
            next_window: AtomicU32::new(1),
            pipeline: Pipeline {
                showing: Showing::under(&policies, self.log_args),
                policies,
                sessions: Sessions::new(Mint::new()?),
                registry,
                buckets: Buckets::default(),
                bases: Bases::new(directories.own()),
                ledger: Ledger::new(AuditLog::open(&log, Clock::system())?, version)?,
            },
        });
        if let Some(release) = release {
            // Only now: a bundle that does not run has not been the last that ran.
            Floor::at(&directories.policy_floor())?.raise_to(release)?;
        }
        self.announce(&core, id.as_str(), &sources);
        if let Some(observed) = observed {
            observed.announce(&core);
        }
        Ok(Broker { core, windows: self.windows, wishes: Mutex::new(wishes) })
    }

    /// Reads the bundle, where there is one, in the place of any other policy; its version.
    fn unpack(&mut self, app: &AppId) -> Result<Option<u64>, BuildError> {
        let Some(Signed { path, key }) = self.bundle.take() else {
            return Ok(None);
        };
        let text = Bundle::read_text(&path);
        let bundle = text.and_then(|text| Bundle::verify_for(&text, &key, app));
        let bundle = bundle.map_err(|error| BuildError::Bundle { path, error })?;
        self.policies = Some(bundle.sources().clone());
        Ok(Some(bundle.release().version))
    }

    /// The policy, what it was read from, and what is observed beside it.
    fn compile(
        &mut self,
        registry: &Registry,
        directories: &AppDirectories,
    ) -> Result<(Policy, Sources, Option<Observed>), BuildError> {
        let sources = self.policies.take().ok_or(BuildError::NoPolicy)?;
        let variables =
            directories.variables().map_err(|e| BuildError::Directories(e.to_string()))?;
        let mut names = registry.names();
        names.extend(handlers::powers());
        let context = Context::new(&variables).commands(Some(&names));
        let compiled = match Policy::compile(&sources, &context) {
            Ok(compiled) => compiled,
            Err(diagnostics) => return Err(BuildError::Policy(diagnostics, sources)),
        };
        warn(&compiled);
        let observed = match self.observed.take() {
            Some(next) => Some(Observed::compile(next, &context)?),
            // Its own capabilities that are not enforced yet.
            None => compiled.shadow.map(|shadow| Observed::of(shadow, &sources)),
        };
        Ok((compiled.policy, sources, observed))
    }

    fn announce(&self, core: &Core, id: &str, sources: &Sources) {
        let (version, log_args) = (env!("CARGO_PKG_VERSION"), self.log_args);
        core.note(&Event::Start { app: id, version, log_args });
        if log_args {
            let log = core.pipeline.ledger.path().display();
            // Not by way of `tracing`, which an app may not have set up: whoever sits before it is
            // to see it.
            eprintln!(
                "warning: the values of the arguments of every call are written to `{log}`; \
                 keep it to yourself and remove it when you are done"
            );
        }
        let files: Vec<String> = sources.names().map(str::to_owned).collect();
        core.note(&Event::Policy { files: &files });
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

    fn assets(&self) -> Result<Assets, BuildError> {
        let Some(path) = &self.ui else {
            return Ok(Assets::none());
        };
        Assets::in_directory(path).map_err(|error| BuildError::Pages { path: path.clone(), error })
    }
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

pub(super) fn warn(compiled: &Compiled) {
    for warning in compiled.warnings.iter() {
        tracing::warn!(file = warning.file, line = warning.line, "{}", warning.message);
    }
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
