//! Why a policy was not put in force. Nothing has changed where this is said.

use sidegate_capabilities::Color;
use sidegate_capabilities::testing::TestResult;

use crate::audit::AuditError;
use crate::broker::BuildError;

/// Why the policy before stays in force.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// The set of files cannot be read, or does not compile, or is not signed as it must be: what
    /// would have kept the broker from starting.
    #[error(transparent)]
    Set(#[from] BuildError),
    /// Tests that the policy holds fail under it.
    #[error("the policy fails its own tests:{}", failed(.0))]
    Tests(Vec<TestResult>),
    /// Windows that share a host would no longer be alike, and one of them would gain by it.
    #[error(
        "the windows {windows} share a host process, and `{window}` would now have the capability \
         `{capability}` that not all of them have; start the app again for that, or give them a \
         `group` in the manifest"
    )]
    SharedHost {
        /// Those of the host.
        windows: String,
        /// The one that gains.
        window: String,
        /// What it gains.
        capability: String,
    },
    /// The broker takes policies of one signer alone, and this is not one.
    #[error("the broker was built with a signed bundle, and takes its policy from nothing else")]
    BundleOnly,
    /// The broker was given no key that a bundle could be held against.
    #[error("the broker was not built with a signed bundle, and has no key for one")]
    NoKey,
    /// The change cannot be written down.
    #[error("the change cannot be recorded: {0}")]
    Unrecorded(AuditError),
    /// The thread that looked at it did not come back.
    #[error("the policy could not be looked at: {0}")]
    Broken(String),
}

impl ReloadError {
    /// The same for a terminal: what does not compile is shown as `sidegate check` shows it.
    #[must_use]
    pub fn render(&self, color: Color) -> String {
        match self {
            Self::Set(error) => error.render(color),
            Self::Tests(_)
            | Self::SharedHost { .. }
            | Self::BundleOnly
            | Self::NoKey
            | Self::Unrecorded(_)
            | Self::Broken(_) => self.to_string(),
        }
    }
}

fn failed(results: &[TestResult]) -> String {
    let line = |result: &TestResult| {
        let TestResult { file, line, column, call, expected, .. } = result;
        let problem = result.problem.as_deref().unwrap_or_default();
        format!("\n{file}:{line}:{column} {expected} {call}\n  {problem}")
    };
    results.iter().map(line).collect()
}
