//! Whether the process that was let in still lives. What it wrote outlives it in the socket's buffer,
//! and its socket may be held by another process for a while: the kernel is asked about the process
//! itself.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, pidfd_open};

use super::socket::Pid;

/// The life of one host; cloned, it is the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Life(Arc<OnceLock<OwnedFd>>);

impl Life {
    /// Holds on to the process: from here on its number goes to no other.
    pub(crate) fn begin(&self, pid: Pid) -> io::Result<()> {
        let pid = rustix::process::Pid::from_raw(pid).ok_or(Errno::SRCH)?;
        let held = pidfd_open(pid, PidfdFlags::empty())?;
        self.0.set(held).map_err(|_| io::Error::other("its life has begun before"))
    }

    /// Whether the process has ended. One that nobody holds on to has not been let in, and is nobody;
    /// where the kernel does not say, it has ended.
    pub(crate) fn is_over(&self) -> bool {
        const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
        let Some(held) = self.0.get() else {
            return true;
        };
        loop {
            return match poll(&mut [PollFd::new(held, PollFlags::IN)], Some(&AT_ONCE)) {
                Ok(0) => false,
                Err(Errno::INTR) => continue,
                Ok(_) | Err(_) => true,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::process::Command;

    #[test]
    fn a_life_ends_with_its_process_and_not_when_somebody_takes_notice() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let life = Life::default();
        assert!(life.is_over(), "nobody was let in");
        life.begin(Pid::try_from(child.id()).unwrap()).unwrap();
        assert!(life.begin(1).is_err(), "another process in its place");
        let same = life.clone();
        assert!(!same.is_over());
        child.kill().unwrap();
        while !same.is_over() {
            std::thread::yield_now();
        }
        // It is a zombie until now.
        child.wait().unwrap();
        assert!(life.is_over());
    }
}
