//! A set of capability files, and the policies that are made of it: the one that decides and, where
//! there is one, the one that is observed beside it. A start and a reload prepare it alike.

use sidegate_capabilities::testing::Test;
use sidegate_capabilities::{Compiled, Context, Policy, Sources};

use crate::audit::Event;
use crate::broker::BuildError;
use crate::session::Policies;

/// What a policy is made of, as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) sources: Sources,
    /// Those that are to be observed, where they are files of their own.
    pub(crate) observed: Option<Sources>,
    /// The version of the signed bundle that it is from.
    pub(crate) release: Option<u64>,
}

/// What is made of it, ready to be put in force.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) policies: Policies,
    pub(crate) tests: Vec<Test>,
    pub(crate) files: Vec<String>,
    pub(crate) observed: Option<Observed>,
}

/// What is observed, for the log.
#[derive(Debug)]
pub(crate) struct Observed {
    version: String,
    files: Vec<String>,
}

impl Set {
    /// Compiles it whole.
    pub(crate) fn prepare(&self, context: &Context<'_>) -> Result<Prepared, BuildError> {
        let Compiled { policy, shadow, tests, warnings } = Policy::compile(&self.sources, context)
            .map_err(|found| BuildError::Policy(found, self.sources.clone()))?;
        warn(&warnings);
        let (shadow, files) = match &self.observed {
            Some(next) => (Some(compile_observed(next, context)?), names(next)),
            // Its own capabilities that are not enforced yet.
            None => (shadow, names(&self.sources)),
        };
        let observed =
            shadow.as_ref().map(|policy| Observed { version: policy.version().to_string(), files });
        let files = names(&self.sources);
        Ok(Prepared { policies: Policies::new(policy, shadow), tests, files, observed })
    }
}

impl Observed {
    /// That it is observed.
    pub(crate) fn event(&self) -> Event<'_> {
        Event::Observing { observed: &self.version, files: &self.files }
    }
}

/// A mistake in what is only observed is told at once and not by silence.
fn compile_observed(next: &Sources, context: &Context<'_>) -> Result<Policy, BuildError> {
    let compiled = Policy::compile(next, context)
        .map_err(|found| BuildError::Observed(found, next.clone()))?;
    warn(&compiled.warnings);
    Ok(compiled.policy)
}

fn names(sources: &Sources) -> Vec<String> {
    sources.names().map(str::to_owned).collect()
}

fn warn(warnings: &sidegate_capabilities::Diagnostics) {
    for warning in warnings.iter() {
        tracing::warn!(file = warning.file, line = warning.line, "{}", warning.message);
    }
}
