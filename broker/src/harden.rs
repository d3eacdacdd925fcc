//! What the broker's own process gives up: its memory is not dumped, and no other process of the
//! same person reads it.

use std::io;

/// Makes this process one that is not traced, not read through `/proc`, and not dumped when it
/// crashes; its children that become other programs are not touched by it. To be called first
/// thing in `main`.
///
/// # Errors
/// The operating system's; there is none on systems that have no such means.
pub fn harden_process() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{
            DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit,
        };
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
        setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    }
    Ok(())
}
