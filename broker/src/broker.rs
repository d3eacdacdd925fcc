//! The broker as an app sees it: built from an app's directory or piece by piece, then run, or
//! asked in process.

mod builder;
#[cfg(test)]
mod flow_tests;
mod pages;
mod peer;
mod peer_call;
mod reload;
mod shutdown;
#[cfg(test)]
mod tests;

use std::sync::Arc;
#[cfg(target_os = "linux")]
use std::{io, os::fd::OwnedFd};

use serde::Serialize;
use tokio::sync::{Mutex, mpsc, watch};

pub use builder::{BuildError, Builder};
pub use peer::Peer;
pub use peer_call::{Heard, PeerCall};

use sidegate_capabilities::{CommandName, NameError, Origin, WindowLabel};

use crate::app::Window;
use crate::core::Core;
use crate::events::{EmitError, Events};
use crate::handler::CommandManifest;
#[cfg(target_os = "linux")]
use crate::host::Attachment;
use crate::host::{self, GaveUp, Group};
use crate::state::State;
use crate::windows::{WindowEvents, Windows};

/// A broker, ready to run.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use sidegate::Broker;
///
/// let broker = Broker::builder().app_dir("my-app")?.build()?;
/// broker.run_until(std::future::pending()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Broker {
    core: Arc<Core>,
    windows: Vec<Window>,
    /// Windows that were made and have no host yet.
    wishes: Mutex<mpsc::Receiver<Window>>,
}

/// Some windows could not be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct RunError(Vec<String>);

impl Broker {
    /// Begins a broker.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Opens the app's windows in their hosts, and serves them until the last one is closed, `end`
    /// is over, or [`shutdown`](Self::shutdown) is called. In the latter two cases calls in flight
    /// may finish for a while ([`Builder::drain`]) before the windows are closed. It wants a Tokio
    /// runtime with time and I/O; the threads that poll it must live as long as it does.
    ///
    /// # Errors
    /// [`RunError`] where a host could not be started, or failed again and again.
    pub async fn run_until(&self, end: impl Future<Output = ()>) -> Result<(), RunError> {
        let (stop, stopped) = watch::channel(false);
        let running = self.core.running();
        let groups = self.core.group(&self.windows);
        let mut hosts = tokio::task::JoinSet::new();
        for group in groups {
            hosts.spawn(host::supervise(Arc::clone(&self.core), group, stopped.clone()));
        }
        let mut wishes = self.wishes.lock().await;
        let _serving = Serving::begin(&self.core.windows);
        let core = &self.core;
        let mut end = std::pin::pin!(async {
            tokio::select! {
                () = end => core.drain().await,
                () = core.drained() => {}
            }
        });
        let mut failed = Vec::new();
        let mut ending = false;
        loop {
            tokio::select! {
                biased;
                // Before the end of the last host is looked at, so that a window that its own page
                // closed after it had made another does not end the app.
                Some(window) = wishes.recv(), if !ending => {
                    let policy = self.core.pipeline.force.load().policies.enforced.clone();
                    let group = Group::of(&policy, vec![window]);
                    hosts.spawn(host::supervise(Arc::clone(&self.core), group, stopped.clone()));
                }
                ended = hosts.join_next() => match ended {
                    None => break,
                    Some(ended) => failed.extend(failure(ended)),
                },
                () = &mut end, if !ending => {
                    ending = true;
                    stop.send_replace(true);
                }
            }
        }
        core.ungroup();
        drop(running);
        if failed.is_empty() { Ok(()) } else { Err(RunError(failed)) }
    }

    /// What happens to windows from now on: opened, changed, closed, an item of a menu chosen.
    #[must_use]
    pub fn window_events(&self) -> WindowEvents {
        self.core.windows.events()
    }

    /// A caller within this process that speaks for `window` on `origin`: the same checks, the
    /// same log, no host. For tests, for scripts, and for apps that have their windows already
    /// and answer for the identity of their pages themselves.
    ///
    /// # Errors
    /// [`NameError`] where `window` is not a label.
    pub fn connect(&self, window: &str, origin: &Origin) -> Result<Peer, NameError> {
        Ok(Peer::new(Arc::clone(&self.core), WindowLabel::parse(window)?, origin))
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Makes a socket for a host that the app starts itself: the broker's end, to be served, and
    /// the host's, to be its standard input. The host opens the app's windows, all of them. Linux
    /// only.
    ///
    /// # Errors
    /// The operating system's.
    #[cfg(target_os = "linux")]
    pub fn attach(&self) -> io::Result<(Attachment, OwnedFd)> {
        Attachment::new(Arc::clone(&self.core), self.windows.clone())
    }

    /// Tells the documents that listen to `topic`, and may; how many they are.
    ///
    /// # Errors
    /// [`EmitError`]; nobody was told.
    pub fn emit<P: Serialize>(&self, topic: &str, payload: &P) -> Result<usize, EmitError> {
        self.core.pipeline.events.emit(topic, payload)
    }

    /// The events, for whoever emits some.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.core.pipeline.events
    }

    /// The state that the app's windows share.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.core.pipeline.state
    }

    /// Forgets whatever the person answered to what the policy has them asked: they are asked again. A
    /// call that runs on a yes goes on; [`revoke`](Self::revoke) stops it.
    pub fn forget_answers(&self) {
        if let Some(person) = &self.core.pipeline.person {
            person.memory.forget_all();
        }
    }

    /// The commands that there are handlers for, sorted.
    #[must_use]
    pub fn commands(&self) -> Vec<CommandName> {
        self.core.pipeline.registry.names()
    }

    /// The same commands with what they take and answer: what an app's `commands.json` holds,
    /// from which tools check its policy and its pages.
    #[must_use]
    pub fn describe(&self) -> CommandManifest {
        self.core.pipeline.registry.manifest()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.core.stop();
    }
}

/// While it is there, windows that are made get a host.
struct Serving<'a>(&'a Windows);

impl<'a> Serving<'a> {
    fn begin(windows: &'a Windows) -> Self {
        windows.serve(true);
        Self(windows)
    }
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        self.0.serve(false);
    }
}

fn failure(ended: Result<Result<(), GaveUp>, tokio::task::JoinError>) -> Option<String> {
    match ended {
        Ok(Ok(())) => None,
        Ok(Err(gave_up)) => Some(gave_up.to_string()),
        Err(broken) => Some(format!("a supervisor failed: {broken}")),
    }
}
