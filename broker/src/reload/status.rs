//! What there is to know of the policy in force, and of a change of it.

/// What asked for another policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The app.
    Api,
    /// A signal, `SIGHUP` to `sidegate run`.
    Signal,
    /// A change of the files.
    Files,
}

impl Trigger {
    /// A stable word for the log.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Signal => "signal",
            Self::Files => "files",
        }
    }
}

/// How a reload went that did not fail.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reloaded {
    /// The version that is in force now.
    pub version: String,
    /// The version that it took the place of; `None` where the files say what they said before.
    pub replaced: Option<String>,
    /// Calls in flight that the new policy does not allow, and that were stopped.
    pub cancelled: usize,
    /// What the new policy asks for and does not get before the app is started again, a sentence
    /// each.
    pub notices: Vec<String>,
}

impl Reloaded {
    /// Whether another policy is in force.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.replaced.is_some()
    }

    pub(super) fn unchanged(version: &str) -> Self {
        let version = version.to_owned();
        Self { version, replaced: None, cancelled: 0, notices: Vec::new() }
    }

    pub(super) fn replaced(
        before: &str,
        version: &str,
        cancelled: usize,
        notices: Vec<String>,
    ) -> Self {
        let (version, replaced) = (version.to_owned(), Some(before.to_owned()));
        Self { version, replaced, cancelled, notices }
    }
}

/// How it stands with the policy of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyStatus {
    /// The version in force, as records name it.
    pub version: String,
    /// How many policies were in force before it.
    pub epoch: u64,
    /// The files that it was read from.
    pub files: Vec<String>,
    /// The version of the policy that is observed beside it.
    pub observed: Option<String>,
    /// How often another policy came into force.
    pub replaced: u64,
    /// How often one was to, and was not taken.
    pub refused: u64,
    /// Why the last one was not taken, where none was since.
    pub last_refusal: Option<String>,
}
