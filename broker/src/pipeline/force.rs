//! The policy in force: one value, replaced as a whole. A call takes it once, at the start of its
//! way, and is decided, shown and recorded by what it took, whatever is put in its place meanwhile.
//!
//! What may be put in its place is `reload`'s to find out; what becomes of the calls in flight is
//! the sessions'.

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::{Bases, Showing};
use crate::session::Policies;

/// A policy, and all that is made of it.
#[derive(Debug)]
pub(crate) struct InForce {
    pub(crate) policies: Policies,
    pub(crate) showing: Showing,
    pub(crate) bases: Bases,
    /// The files that it was read from.
    pub(crate) files: Vec<String>,
}

impl InForce {
    /// The first policy of a broker. `own` are the app's own directories.
    pub(crate) fn first(
        policies: Policies,
        log_args: bool,
        own: Vec<PathBuf>,
        files: Vec<String>,
    ) -> Self {
        let showing = Showing::under(&policies, log_args);
        Self { showing, policies, bases: Bases::new(own), files }
    }

    /// What `policies` are in this one's place. Directories that calls have opened stay pinned.
    pub(crate) fn next(&self, policies: Policies, files: Vec<String>) -> Self {
        let policies = Policies { epoch: self.policies.epoch.saturating_add(1), ..policies };
        let showing = Showing::under(&policies, self.showing.is_of_everything());
        Self { showing, policies, bases: self.bases.inherit(), files }
    }

    /// The version of the policy that decides.
    pub(crate) fn version(&self) -> &Arc<str> {
        &self.policies.version
    }
}

/// Where the policy in force is found.
#[derive(Debug)]
pub(crate) struct Force {
    now: ArcSwap<InForce>,
    /// The epoch, told when all that the policy before had allowed has been looked at.
    told: watch::Sender<u64>,
}

impl Force {
    pub(crate) fn new(first: InForce) -> Self {
        let told = watch::Sender::new(first.policies.epoch);
        Self { now: ArcSwap::from_pointee(first), told }
    }

    /// The policy in force. A call asks once.
    pub(crate) fn load(&self) -> Arc<InForce> {
        self.now.load_full()
    }

    /// Puts `next` in force: who asks from now on gets it.
    pub(crate) fn replace(&self, next: Arc<InForce>) {
        self.now.store(next);
    }

    /// Tells who listens that `epoch` is in force, and that what it does not allow was stopped; once, and
    /// nothing of one that came after it.
    pub(crate) fn tell(&self, epoch: u64) {
        self.told.send_if_modified(|told| {
            let is_later = epoch > *told;
            *told = epoch.max(*told);
            is_later
        });
    }

    /// The epochs to come.
    pub(crate) fn epochs(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }
}
