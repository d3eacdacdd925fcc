//! Building a broker: everything is read, checked and opened before the first window is, and
//! what is wrong is said at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
use std::time::Duration;

use sidegate_capabilities::Context;
use tokio::sync::{Mutex, mpsc, watch};

use super::{BuildError, Builder};
use crate::app::{AppDirectories, AppId, Window};
use crate::assets::Assets;
use crate::audit::{AuditLog, Clock, Event};
use crate::broker::Broker;
use crate::bundle::Floor;
use crate::confirm::{self, AskingApp, Person};
use crate::core::Core;
use crate::handler::Registry;
use crate::handlers::{self, AppInfo};
use crate::ledger::Ledger;
use crate::limits::Buckets;
use crate::pipeline::{Force, InForce, Pipeline};
use crate::reload::{Prepared, Reloader, Whence};
use crate::session::{Gate, Policies, Sessions};
use crate::settings::Settings;
use crate::token::Mint;
use crate::windows::{Memory, Windows};
use crate::wire::SandboxLevel;

/// How long a person who closed an app lets it finish what it does without a word.
const DRAIN: Duration = Duration::from_secs(5);

impl Builder {
    /// Builds the broker: compiles the policy, opens the log, pins the app's directories.
    ///
    /// # Errors
    /// [`BuildError`]; nothing was started.
    pub fn build(mut self) -> Result<Broker, BuildError> {
        let id = self.id.take().map_or_else(|| AppId::parse("app.unnamed"), Ok)?;
        let directories = self.directories_of(&id)?;
        let asking = self.asking_app(&id, &directories);
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
        let person = self.person(&asking, &policies)?;
        let force = InForce::first(policies, self.log_args, directories.own(), files);
        let core = Arc::new(Core {
            reloader: Reloader::new(whence, variables, floor.clone(), set),
            assets,
            windows,
            host_binary: self.host.take(),
            least: asking.least,
            debug: self.debug,
            once: self.once,
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
                person,
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

    fn directories_of(&mut self, id: &AppId) -> Result<AppDirectories, BuildError> {
        match self.directories.take() {
            Some(directories) => Ok(directories),
            None => Ok(AppDirectories::of(id, &self.resources())?),
        }
    }

    fn asking_app(&self, id: &AppId, directories: &AppDirectories) -> AskingApp {
        AskingApp {
            id: id.clone(),
            name: self.name.clone(),
            directories: directories.clone(),
            host: self.host.clone(),
            least: self.least.unwrap_or(SandboxLevel::A),
            debug: self.debug,
        }
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
        Ok(Registry::new(commands, &self.layers)?)
    }

    /// Who is asked, with what they answered before to what the policy still asks.
    fn person(
        &mut self,
        asking: &AskingApp,
        policies: &Policies,
    ) -> Result<Option<Person>, BuildError> {
        let Some(port) = std::mem::take(&mut self.confirm).of(asking) else {
            if policies.enforced.asks().next().is_some() {
                tracing::warn!(
                    "the policy has the person asked, and this broker has nobody who asks them: \
                     those calls are refused"
                );
            }
            return Ok(None);
        };
        let memory = confirm::Memory::in_file(Settings::open(&asking.directories.answers())?);
        memory.forget_but(policies.enforced.asks());
        Ok(Some(Person::new(port, memory)))
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
