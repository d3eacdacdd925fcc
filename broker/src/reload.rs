//! Reloading: another policy takes the place of the one in force, whole or not at all, while the
//! broker runs. It is read, compiled, proved and tested before anything changes; one that is wrong
//! leaves the old one as it was, and that is said in the log and to whoever asked.
//!
//! What calls and sessions make of it is theirs (`pipeline/force.rs`, `session/reload.rs`). What
//! was settled when the windows opened stays so: which of them share a host, and which origins
//! their bridges are put into.

mod error;
#[cfg(target_os = "linux")]
mod inotify;
mod set;
mod status;
mod watch;
mod whence;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use sidegate_capabilities::{Context, Directories, WallTime, testing};

pub use error::ReloadError;
pub(crate) use set::{Prepared, Set};
pub use status::{PolicyStatus, Reloaded, Trigger};
pub use watch::PolicyWatch;
pub(crate) use whence::{Reading, Signed, Whence};

use crate::app::Window;
use crate::audit::Event;
use crate::broker::BuildError;
use crate::bundle::Floor;
use crate::clock::Now;
use crate::core::Core;
use crate::host::{self, Group};
use crate::sync::{Mutex, MutexGuard};

/// What a broker needs to reload.
#[derive(Debug)]
pub(crate) struct Reloader {
    pub(crate) whence: Whence,
    /// What the policy's variables stand for.
    pub(crate) variables: Directories,
    /// The file that remembers the highest version of a bundle that ran.
    pub(crate) floor: PathBuf,
    /// Held while a policy is looked at: one comes after another. No call waits for it.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What the policy in force was read from.
    set: Set,
    /// The hosts that run, each with the windows that share it.
    hosts: Vec<Group>,
    replaced: u64,
    refused: u64,
    last_refusal: Option<String>,
}

impl Reloader {
    pub(crate) fn new(whence: Whence, variables: Directories, floor: PathBuf, set: Set) -> Self {
        let state = State { set, hosts: Vec::new(), replaced: 0, refused: 0, last_refusal: None };
        Self { whence, variables, floor, state: Mutex::new(state) }
    }

    /// Each change of the state is one step, whatever panicked beside it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Groups these windows by the policy in force; a policy that would group them otherwise is held
    /// against that, until [`ungroup`](Self::ungroup).
    pub(crate) fn group(&self, windows: &[Window]) -> Vec<Group> {
        // Held all the while, so that no policy comes between the two.
        let mut state = self.reloader.state();
        state.hosts = host::group(&self.pipeline.force.load().policies.enforced, windows);
        state.hosts.clone()
    }

    /// The windows are closed.
    pub(crate) fn ungroup(&self) {
        self.reloader.state().hosts.clear();
    }

    /// Reads the policy from where it was read before, and puts it in force if it can be. It reads
    /// files and proves invariants, which may take a second: not for a thread that decides calls.
    pub(crate) fn reload(&self, by: Trigger) -> Result<Reloaded, ReloadError> {
        self.settled(|state| {
            let read = self.reloader.whence.read().map_err(ReloadError::from);
            let taken = read.and_then(|set| self.take(state, set, by));
            self.told(state, by, taken)
        })
    }

    /// Puts the policy of `set` in force if it can be.
    pub(crate) fn reload_from(&self, set: Set, by: Trigger) -> Result<Reloaded, ReloadError> {
        self.settled(|state| {
            let taken = self.take(state, set, by);
            self.told(state, by, taken)
        })
    }

    /// Reloads by `reload`, and waits for the pieces of handlers that were running when their calls
    /// were stopped: by this reload, or by one beside it that found the same policy first. Nobody else
    /// waits for those, a handler that wants to reload least of all: the state is let go before.
    fn settled(
        &self,
        reload: impl FnOnce(&mut State) -> Result<Reloaded, ReloadError>,
    ) -> Result<Reloaded, ReloadError> {
        let (reloaded, epoch) = {
            let mut state = self.reloader.state();
            let reloaded = reload(&mut state)?;
            (reloaded, self.pipeline.force.load().policies.epoch)
        };
        self.pipeline.sessions.settle();
        self.pipeline.force.tell(epoch);
        Ok(reloaded)
    }

    /// How it stands with the policy.
    pub(crate) fn policy_status(&self) -> PolicyStatus {
        let state = self.reloader.state();
        let force = self.pipeline.force.load();
        let observed = force.policies.shadow.as_ref();
        PolicyStatus {
            version: force.version().to_string(),
            epoch: force.policies.epoch,
            files: force.files.clone(),
            observed: observed.map(|policy| policy.version().to_string()),
            replaced: state.replaced,
            refused: state.refused,
            last_refusal: state.last_refusal.clone(),
        }
    }

    fn take(&self, state: &mut State, set: Set, by: Trigger) -> Result<Reloaded, ReloadError> {
        let before = self.pipeline.force.load();
        if set == state.set {
            return Ok(Reloaded::unchanged(before.version()));
        }
        let (mut names, now) = (self.pipeline.registry.names(), Now::read().wall);
        names.extend(crate::handlers::powers());
        let context = Context::new(&self.reloader.variables).commands(Some(&names));
        let prepared = set.prepare(&context)?;
        tested(&prepared, now)?;
        let notices = before.policies.regroup(&prepared.policies.enforced, &state.hosts)?;
        let floor = set.release.map(|version| (&self.reloader.floor, version));
        let floor = floor.map(|(path, version)| Ok((Floor::at(path)?, version))).transpose();
        let floor = floor.map_err(BuildError::Floor)?;
        if let Some((floor, version)) = &floor {
            floor.admits(*version).map_err(BuildError::Floor)?;
        }
        let Prepared { policies, files, observed, .. } = prepared;
        let next = Arc::new(before.next(policies, files));
        let event = Event::Policy {
            files: &next.files,
            replaced: Some(before.version()),
            by: Some(by.code()),
        };
        // What is not in the log does not happen.
        let ledger = &self.pipeline.ledger;
        let _written = ledger.write(next.version(), &event).map_err(ReloadError::Unrecorded)?;
        if let Some((floor, version)) = &floor {
            floor.raise_to(*version).map_err(BuildError::Floor)?;
        }
        self.pipeline.force.replace(Arc::clone(&next));
        if let Some(person) = &self.pipeline.person {
            person.memory.forget_but(next.policies.enforced.asks());
        }
        let cancelled = self.pipeline.sessions.review(&next.policies, now);
        if let Some(observed) = observed {
            self.note(&observed.event());
        }
        state.set = set;
        Ok(Reloaded::replaced(before.version(), next.version(), cancelled, notices))
    }

    /// Says how it went, to the log and the developer.
    fn told(
        &self,
        state: &mut State,
        by: Trigger,
        taken: Result<Reloaded, ReloadError>,
    ) -> Result<Reloaded, ReloadError> {
        match &taken {
            Ok(reloaded) if !reloaded.is_new() => {}
            Ok(reloaded) => {
                state.replaced = state.replaced.saturating_add(1);
                state.last_refusal = None;
                let Reloaded { version, cancelled, .. } = reloaded;
                tracing::info!(version, cancelled, by = by.code(), "another policy is in force");
                for notice in &reloaded.notices {
                    tracing::warn!("{notice}");
                }
            }
            Err(error) => {
                let why = error.to_string();
                state.refused = state.refused.saturating_add(1);
                let event = Event::PolicyRefused { by: by.code(), why: &why };
                // Files that are broken can be saved as often as anybody likes.
                self.note_often(("", "", "policy_refused"), &event);
                tracing::error!(by = by.code(), "a policy was not taken; the one before stays");
                state.last_refusal = Some(why);
            }
        }
        taken
    }
}

/// Holds a policy against its own tests. A start does not, since it has nothing to fall back on.
fn tested(prepared: &Prepared, now: WallTime) -> Result<(), ReloadError> {
    let run = testing::run(&prepared.policies.enforced, &prepared.tests, now);
    let failed: Vec<_> = run.results.into_iter().filter(|result| !result.passed).collect();
    if failed.is_empty() { Ok(()) } else { Err(ReloadError::Tests(failed)) }
}
