//! Limits of the process itself.

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};

/// Open descriptors: a host with a dozen windows and their web processes uses a few hundred.
const MAX_DESCRIPTORS: u64 = 4096;

/// No core dumps, which would hold tokens; a bound on descriptors; an end with the parent.
///
/// There is no bound on memory: WebKit reserves address space by the terabyte.
pub(super) fn set() -> rustix::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    let most = rustix::process::getrlimit(Resource::Nofile).maximum.unwrap_or(MAX_DESCRIPTORS);
    let descriptors = Some(most.min(MAX_DESCRIPTORS));
    setrlimit(Resource::Nofile, Rlimit { current: descriptors, maximum: descriptors })?;
    // Whoever attests this process has to be able to read its namespaces under /proc.
    set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    set_parent_process_death_signal(Some(Signal::KILL))
}
