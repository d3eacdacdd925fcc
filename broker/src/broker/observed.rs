//! A policy that is observed beside the one in force: read and compiled like it, so that a mistake in
//! it is told at the start and not by silence. What becomes of its answers is the pipeline's.

use std::path::Path;

use sidegate_capabilities::{Context, Policy, SourceError, Sources};

use super::builder::{BuildError, warn};
use crate::audit::Event;
use crate::core::Core;

/// The observed policy, and where it is from.
pub(super) struct Observed {
    pub(super) policy: Policy,
    files: Vec<String>,
}

/// The capability files in `directory` of the app in `app`.
pub(super) fn read(directory: &Path, app: &Path) -> Result<Sources, SourceError> {
    Ok(Sources::read(&[directory.to_owned()])?.named_from(app))
}

impl Observed {
    /// The shadow of the policy in force, from the same files.
    pub(super) fn of(policy: Policy, sources: &Sources) -> Self {
        Self { policy, files: sources.names().map(str::to_owned).collect() }
    }

    /// Compiles it for the same handlers and directories as the policy in force.
    pub(super) fn compile(sources: Sources, context: &Context<'_>) -> Result<Self, BuildError> {
        let files = sources.names().map(str::to_owned).collect();
        match Policy::compile(&sources, context) {
            Ok(compiled) => {
                warn(&compiled);
                Ok(Self { policy: compiled.policy, files })
            }
            Err(diagnostics) => Err(BuildError::Observed(diagnostics, sources)),
        }
    }

    /// Notes in the log that it is observed.
    pub(super) fn announce(&self, core: &Core) {
        let observed = self.policy.version().to_string();
        core.note(&Event::Observing { observed: &observed, files: &self.files });
    }
}
