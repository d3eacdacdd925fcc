//! Linux: the kernel resolves a path beneath a directory and opens it in one step.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::{FileError, Relative};

/// To open a directory only to go on from it: needs no permission to read it.
pub(super) const SEARCH: OFlags = OFlags::PATH;

/// How often an open is tried that met a rename. The kernel gives up on a path with `..` when a
/// rename or a mount anywhere upsets it: in one of fourteen under a storm of renames, measured on
/// Linux 6.18, and never four times running. Without `..`, which a [`Relative`] cannot hold, it
/// gave up on none in a million; but it may, and sixteen in a row would be no accident.
const ATTEMPTS: usize = 16;

/// Opens what is beneath `base` and is not reached through a link, a magic link or a mount.
pub(super) fn open_beneath(
    base: BorrowedFd<'_>,
    path: &Relative,
    flags: OFlags,
) -> Result<OwnedFd, FileError> {
    let path = match path.as_str() {
        "" => ".",
        path => path,
    };
    let resolve = ResolveFlags::BENEATH
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_XDEV;
    let flags = flags | OFlags::CLOEXEC;
    let open = || rustix::fs::openat2(base, path, flags, Mode::empty(), resolve);
    Ok(retrying(open)?)
}

fn retrying<T>(mut open: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    for _ in 1..ATTEMPTS {
        match open() {
            Err(Errno::AGAIN | Errno::INTR) => {}
            settled => return settled,
        }
    }
    open()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e05_an_open_that_met_a_rename_is_tried_again_but_not_for_ever() {
        for (failures, errno, expected) in [
            (0, Errno::AGAIN, Ok(0)),
            (3, Errno::AGAIN, Ok(3)),
            (3, Errno::INTR, Ok(3)),
            (ATTEMPTS - 1, Errno::AGAIN, Ok(ATTEMPTS - 1)),
            (ATTEMPTS, Errno::AGAIN, Err(Errno::AGAIN)),
            (usize::MAX, Errno::AGAIN, Err(Errno::AGAIN)),
            (1, Errno::NOENT, Err(Errno::NOENT)),
        ] {
            let mut tried = 0;
            let result = retrying(|| {
                let attempt = tried;
                tried += 1;
                if attempt < failures { Err(errno) } else { Ok(attempt) }
            });
            assert_eq!(result, expected, "{failures} times {errno:?}");
            assert!(tried <= ATTEMPTS, "{failures} times {errno:?}: {tried} attempts");
        }
    }
}
