//! The compiled policy: what it is made from, its version, and the principals it resolves.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use crate::analysis;
use crate::args::Args;
use crate::capability::Capability;
use crate::compile;
use crate::diagnostics::Diagnostics;
use crate::directories::Directories;
use crate::explain::Explanation;
use crate::memberships::{self, Memberships};
use crate::names::{CommandName, WindowLabel};
use crate::nearest::Question;
use crate::never::Never;
use crate::origin::Origin;
use crate::platform::Platform;
use crate::principal::{Ground, Principal};
use crate::scope::Resources;
use crate::sources::Sources;
use crate::testing::Test;
use crate::time::WallTime;
use crate::verdict::RuleRef;

/// What a policy is compiled against.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Context<'a> {
    /// The directories behind `$HOME` and its like.
    pub directories: &'a Directories,
    /// The commands that handlers exist for, when they are known: a policy that names another one
    /// does not compile.
    pub commands: Option<&'a [CommandName]>,
    /// The operating system: what is kept to another one is checked, and grants nothing.
    pub platform: Platform,
}

impl<'a> Context<'a> {
    /// For this operating system, the commands not known.
    #[must_use]
    pub fn new(directories: &'a Directories) -> Self {
        Self { directories, commands: None, platform: Platform::current() }
    }

    /// With the commands that handlers exist for, or `None` where they are not known.
    #[must_use]
    pub fn commands(self, commands: Option<&'a [CommandName]>) -> Self {
        Self { commands, ..self }
    }

    /// For another operating system.
    #[must_use]
    pub fn platform(self, platform: Platform) -> Self {
        Self { platform, ..self }
    }
}

/// A policy, and what its author should look at all the same.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The policy.
    pub policy: Policy,
    /// The policy as it would be with the capabilities that are only observed; `None` where none is.
    pub shadow: Option<Policy>,
    /// The tests that its files hold.
    pub tests: Vec<Test>,
    /// Nothing but warnings.
    pub warnings: Diagnostics,
}

/// A compiled policy; cheap to clone.
#[derive(Debug, Clone)]
pub struct Policy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    version: PolicyVersion,
    directories: Arc<Directories>,
    platform: Platform,
    capabilities: Vec<Capability>,
    /// What was proved of it.
    nevers: Arc<[Never]>,
}

impl Policy {
    /// Compiles texts into a policy.
    ///
    /// # Errors
    /// Every mistake of every file, at once, in the order of the files.
    pub fn compile(sources: &Sources, context: &Context<'_>) -> Result<Compiled, Diagnostics> {
        let output = compile::compile(sources, context);
        if output.diagnostics.has_errors() {
            return Err(output.diagnostics);
        }
        let version = PolicyVersion::of(sources);
        let directories = Arc::new(context.directories.clone());
        let platform = context.platform;
        let nevers: Arc<[Never]> = output.nevers.iter().map(|(never, _)| never.clone()).collect();
        let policy = |capabilities| {
            let (version, directories) = (version.clone(), directories.clone());
            let nevers = nevers.clone();
            Self(Arc::new(Inner { version, directories, platform, capabilities, nevers }))
        };
        let enforced = policy(output.enforced);
        let broken = analysis::broken_invariants(&output.nevers, &enforced, sources);
        if broken.has_errors() {
            return Err(output.diagnostics.iter().chain(&broken).cloned().collect());
        }
        Ok(Compiled {
            policy: enforced,
            shadow: output.shadow.map(policy),
            tests: output.tests,
            warnings: output.diagnostics,
        })
    }

    /// Every rule, in the order of the files, each once.
    pub(crate) fn rule_refs(&self) -> Vec<RuleRef> {
        let rules = self.0.capabilities.iter().flat_map(Capability::rules);
        let mut refs: Vec<_> = rules.map(|rule| rule.reference.as_ref().clone()).collect();
        refs.sort_by(|a, b| (&a.file, a.line, a.column, a).cmp(&(&b.file, b.line, b.column, b)));
        refs.dedup();
        refs
    }

    /// The version: the same texts have the same one.
    #[must_use]
    pub fn version(&self) -> &PolicyVersion {
        &self.0.version
    }

    /// Resolves all rules for the documents of one origin in one window, as they are `now`: what
    /// has expired is left out, and [`Principal::until`] says how long the answer holds.
    #[must_use]
    pub fn principal(&self, window: &WindowLabel, origin: &Origin, now: WallTime) -> Principal {
        let Inner { directories, platform, capabilities, nevers, .. } = self.0.as_ref();
        let ground = Ground { directories: directories.clone(), platform: *platform };
        Principal::resolve(window, origin, now, capabilities, nevers, ground)
    }

    /// Decides one call and says how, and for a refusal also the nearest miss over all rules of
    /// the policy. For who writes the policy: the nearest miss repeats what the call names.
    #[must_use]
    pub fn explain(
        &self,
        window: &WindowLabel,
        origin: &Origin,
        now: WallTime,
        command: &CommandName,
        args: &Args,
    ) -> Explanation {
        let explanation = self.principal(window, origin, now).explain(command, args);
        if explanation.verdict.is_allowed() {
            return explanation;
        }
        let Inner { directories, platform, capabilities, .. } = self.0.as_ref();
        let resources = Resources::of(args, directories, *platform);
        let broken = |edited| self.broken_by(edited);
        let question = Question {
            window,
            origin,
            now,
            command,
            args,
            resources,
            directories,
            capabilities,
            broken: &broken,
        };
        Explanation { nearest: question.nearest(), ..explanation }
    }

    /// Which invariant would not hold, or not be proved, if these were its capabilities.
    fn broken_by(&self, capabilities: Vec<Capability>) -> Option<String> {
        let edited = self.with_capabilities(capabilities);
        let nevers = &self.0.nevers;
        let at = analysis::broken_by(nevers, &edited).into_iter().next()?;
        nevers.get(at).map(|never| format!("an invariant of the policy forbids it: {}", never.why))
    }

    /// What it would be if these were its capabilities. It has the version of the texts all the same.
    pub(crate) fn with_capabilities(&self, capabilities: Vec<Capability>) -> Self {
        let Inner { version, directories, platform, nevers, .. } = self.0.as_ref();
        Self(Arc::new(Inner {
            version: version.clone(),
            directories: directories.clone(),
            platform: *platform,
            capabilities,
            nevers: nevers.clone(),
        }))
    }

    /// The compiled capabilities as plain values, in the order of the files.
    #[must_use]
    pub fn outline(&self) -> Vec<crate::outline::Capability> {
        crate::outline::of(&self.0.capabilities)
    }

    /// The terms of its entries that have the person asked ([`crate::Ask::terms`]): a yes to any other
    /// stands for nothing under this policy.
    pub fn asks(&self) -> impl Iterator<Item = &str> {
        let rules = self.0.capabilities.iter().flat_map(|capability| &capability.allow);
        rules.filter_map(|rule| rule.entry.ask.as_ref()).map(|ask| ask.terms.as_str())
    }

    /// Which of the policy's patterns and schemas the arguments of a call are in, whoever calls.
    #[must_use]
    pub fn memberships(&self, args: &Args) -> Memberships<'_> {
        let Inner { directories, platform, capabilities, .. } = self.0.as_ref();
        let resources = Resources::of(args, directories, *platform);
        memberships::of(capabilities, &resources, args)
    }

    /// The origin patterns that some capability grants this window, in canonical form (`local` is
    /// `app://localhost`); sorted, each once.
    #[must_use]
    pub fn origins(&self, window: &WindowLabel) -> Vec<String> {
        let patterns = self.naming(window).flat_map(|capability| &capability.origins);
        let unique: BTreeSet<_> = patterns.map(ToString::to_string).collect();
        unique.into_iter().collect()
    }

    /// The capabilities that name this window, sorted. Windows with equal lists may do the same
    /// things, and so may share a process.
    #[must_use]
    pub fn capability_ids(&self, window: &WindowLabel) -> Vec<String> {
        let mut ids: Vec<_> = self.naming(window).map(|capability| capability.id.clone()).collect();
        ids.sort();
        ids
    }

    /// Whether an allow entry for this window names the command, whatever origin, time and arguments
    /// it is for. It grants nothing: what may be asked for is prepared by it.
    #[must_use]
    pub fn names_command(&self, window: &WindowLabel, command: &CommandName) -> bool {
        let mut entries = self.naming(window).flat_map(|capability| &capability.allow);
        entries.any(|rule| rule.entry.commands.iter().any(|one| one.matches(command.as_str())))
    }

    pub(crate) fn directories(&self) -> &Arc<Directories> {
        &self.0.directories
    }

    /// The operating system that it is compiled for.
    #[must_use]
    pub fn platform(&self) -> Platform {
        self.0.platform
    }

    pub(crate) fn capabilities(&self) -> &[Capability] {
        &self.0.capabilities
    }

    fn naming(&self, window: &WindowLabel) -> impl Iterator<Item = &Capability> {
        self.0.capabilities.iter().filter(|capability| capability.names(window))
    }
}

/// SHA-256 over the names and texts of a policy, in hexadecimal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PolicyVersion(Arc<str>);

impl PolicyVersion {
    /// How many digits `Display` shows.
    const SHORT: usize = 16;

    fn of(sources: &Sources) -> Self {
        let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
        for (name, text) in sources.versioned() {
            for part in [name, text] {
                // With its length before it no part can run into the next.
                let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
                hash.update(&length.to_be_bytes());
                hash.update(part.as_bytes());
            }
        }
        let mut hex = String::with_capacity(64);
        for byte in hash.finish().as_ref() {
            let _ = write!(hex, "{byte:02x}");
        }
        Self(hex.into())
    }

    /// All 64 digits.
    #[must_use]
    pub fn full(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get(..Self::SHORT).unwrap_or(&self.0))
    }
}

impl fmt::Debug for PolicyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyVersion({self})")
    }
}
