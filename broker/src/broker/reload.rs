//! The policy of a broker that runs: how it is replaced, how one learns of that, and how it is
//! followed. Every way ends in the same place (`reload.rs`).

use std::sync::Arc;

use sidegate_capabilities::Sources;
use tokio::sync::watch;

use super::Broker;
use crate::reload::{PolicyStatus, PolicyWatch, ReloadError, Reloaded, Trigger};

impl Broker {
    /// Reads the policy again from where it was read at the start (the app's `policies`, a file, a
    /// signed bundle, and what is observed), and puts it in force: as a whole, between two calls, once
    /// it was found to compile, to keep its `[[never]]`, to pass its `[[test]]` and to name no command
    /// without a handler. Sessions go on with what the new policy gives them; calls in flight that
    /// it does not allow are cancelled when this returns, and nothing of them runs any more.
    ///
    /// As [`revoke`](Self::revoke) does, it waits for handlers that are just then on a thread to come to
    /// their next await, for a second at most: a handler that blocks its thread to wait for this waits
    /// that long.
    ///
    /// The work is done on Tokio's blocking pool, so that calls go on meanwhile; where this future
    /// is dropped, it is done all the same.
    ///
    /// ```no_run
    /// # async fn run(broker: sidegate::Broker) {
    /// match broker.reload(sidegate::Trigger::Api).await {
    ///     Ok(reloaded) => println!("{} is in force", reloaded.version),
    ///     Err(error) => eprintln!("the policy before stays in force: {error}"),
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ReloadError`]; the policy before is in force.
    pub async fn reload(&self, by: Trigger) -> Result<Reloaded, ReloadError> {
        let core = Arc::clone(&self.core);
        let looked = tokio::task::spawn_blocking(move || core.reload(by)).await;
        looked.unwrap_or_else(|error| Err(ReloadError::Broken(error.to_string())))
    }

    /// Puts the policy of these texts in force, by the same rules. [`reload`](Self::reload) goes
    /// back to the files. It blocks for as long as the policy takes to compile, and waits for handlers as
    /// [`reload`](Self::reload) does; called by a handler, it does not wait for any.
    ///
    /// # Errors
    /// [`ReloadError`]; the policy before is in force. [`ReloadError::BundleOnly`] where the broker
    /// was built with a signed bundle.
    pub fn reload_from(&self, sources: Sources) -> Result<Reloaded, ReloadError> {
        let whence = &self.core.reloader.whence;
        if whence.signed.is_some() {
            return Err(ReloadError::BundleOnly);
        }
        self.core.reload_from(whence.with_observed(sources, None)?, Trigger::Api)
    }

    /// Puts the policy of a signed bundle in force, by the same rules: it must be signed with the
    /// key that the broker was built with, for this app, and of no lower version than the last that
    /// ran. It blocks for as long as the policy takes to compile.
    ///
    /// # Errors
    /// [`ReloadError`]; the policy before is in force.
    pub fn reload_from_bundle(&self, text: &str) -> Result<Reloaded, ReloadError> {
        let set = self.core.reloader.whence.unpack(text).ok_or(ReloadError::NoKey)??;
        self.core.reload_from(set, Trigger::Api)
    }

    /// Which policy is in force, how often it was replaced, and why the last one was not.
    #[must_use]
    pub fn policy_status(&self) -> PolicyStatus {
        self.core.policy_status()
    }

    /// Tells of each policy that comes into force, by its number ([`PolicyStatus::epoch`]). It is
    /// told once the calls in flight were held against the policy: what it does not allow has been
    /// stopped by then.
    #[must_use]
    pub fn policy_epochs(&self) -> watch::Receiver<u64> {
        self.core.pipeline.force.epochs()
    }

    /// Follows the files of the policy, and reloads when they have changed: see [`PolicyWatch`].
    #[must_use]
    pub fn watch_policy(&self) -> PolicyWatch {
        PolicyWatch::new(Arc::clone(&self.core))
    }
}
