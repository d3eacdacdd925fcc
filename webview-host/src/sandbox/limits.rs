//! Limits of the process itself, and of what descends from it.

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, Signal, set_dumpable_behavior,
    set_parent_process_death_signal, setrlimit,
};
use sidegate::wire::{HostProfile, SandboxLevel};

/// Open descriptors: a host with a dozen windows and their web processes uses a few hundred.
const MAX_DESCRIPTORS: u64 = 4096;

/// The first kernel that counts a user's processes for each namespace of users. Before it the
/// count is of all that the person runs, and a bound would be met by somebody else's.
const COUNTED_APART: (u32, u32) = (5, 14);

/// No core dumps, which would hold tokens; a bound on descriptors, and on processes where they
/// are counted apart from everybody else's; an end with the parent.
///
/// There is no bound on memory: WebKit reserves address space by the terabyte. The broker sees to
/// that, and to processes where this cannot.
pub(super) fn set(level: SandboxLevel, profile: &HostProfile) -> rustix::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    let most = rustix::process::getrlimit(Resource::Nofile).maximum.unwrap_or(MAX_DESCRIPTORS);
    let descriptors = Some(most.min(MAX_DESCRIPTORS));
    setrlimit(Resource::Nofile, Rlimit { current: descriptors, maximum: descriptors })?;
    let own_users = level >= SandboxLevel::B;
    if own_users && kernel().is_some_and(|kernel| kernel >= COUNTED_APART) {
        let tasks = Some(u64::from(profile.tasks));
        setrlimit(Resource::Nproc, Rlimit { current: tasks, maximum: tasks })?;
    }
    // Whoever attests this process has to be able to read its namespaces under /proc.
    set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    set_parent_process_death_signal(Some(Signal::KILL))
}

/// The first two numbers of the kernel's version.
fn kernel() -> Option<(u32, u32)> {
    version(rustix::system::uname().release().to_str().ok()?)
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_compared_by_number() {
        for (release, numbers) in [
            ("6.18.44-generic", Some((6, 18))),
            ("5.9", Some((5, 9))),
            ("5.14-rc1", Some((5, 14))),
            ("linux", None),
            ("7", None),
        ] {
            assert_eq!(version(release), numbers, "{release}");
        }
        assert!((5, 9) < COUNTED_APART && (6, 0) > COUNTED_APART);
    }
}
