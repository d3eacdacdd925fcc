//! Giving up the superuser's rights. A host started by root runs as the user that owns
//! nothing: bubblewrap, and WebKit's own sandbox inside it, give every capability to the
//! superuser of their namespace.

use std::io;

use rustix::process::{Gid, Uid, getgid, getuid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// The user and group that own nothing, by convention and in the kernel's own overflow id.
const NOBODY: u32 = 65534;

/// Makes a process of the superuser one of nobody's, for good; leaves any other as it is. The
/// ids are the thread's: the caller has one.
///
/// # Errors
/// The kernel refuses a step, or gives the rights back when asked.
pub(super) fn become_nobody() -> io::Result<()> {
    if !getuid().is_root() && !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)?;
    let returned = set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT).is_ok();
    if returned || getuid() != user || getgid() != group {
        return Err(io::Error::other("they can be had back"));
    }
    Ok(())
}
