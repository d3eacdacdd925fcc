//! Unixes without `openat2`: the path is walked a component at a time, each opened from the
//! one before without following a link. A mount is told by its device number, so one that
//! shares the device of its surroundings (a bind or null mount) is not noticed.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::{FileError, Relative};

/// To open a directory only to go on from it.
#[cfg_attr(test, allow(dead_code, reason = "tests walk on Linux too, which opens otherwise"))]
pub(super) const SEARCH: OFlags = OFlags::RDONLY;

/// Opens what is beneath `base` and is not reached through a link or another device.
pub(super) fn open_beneath(
    base: BorrowedFd<'_>,
    path: &Relative,
    flags: OFlags,
) -> Result<OwnedFd, FileError> {
    let step = OFlags::RDONLY | OFlags::DIRECTORY;
    let Some((parent, name)) = path.split_last() else {
        return Ok(rustix::fs::openat(base, ".", flags | OFlags::CLOEXEC, Mode::empty())?);
    };
    let mut here = File::from(base.try_clone_to_owned()?);
    let device = here.metadata()?.dev();
    for name in parent.names() {
        here = open_one(&here, name, step, device)?;
    }
    Ok(open_one(&here, name.as_str(), flags, device)?.into())
}

fn open_one(parent: &File, name: &str, flags: OFlags, device: u64) -> Result<File, FileError> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = || rustix::fs::openat(parent, name, flags, Mode::empty());
    let opened = match rustix::io::retry_on_intr(open) {
        // A link that should be a directory is "not a directory" to some systems.
        Err(Errno::NOTDIR) if is_link(parent.as_fd(), name) => return Err(FileError::Escapes),
        opened => File::from(opened?),
    };
    match opened.metadata()?.dev() == device {
        true => Ok(opened),
        false => Err(FileError::Escapes),
    }
}

fn is_link(parent: BorrowedFd<'_>, name: &str) -> bool {
    rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Both roads on one tree: whatever the walk answers, `openat2` answers too.
    #[test]
    fn the_walk_and_openat2_agree() {
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str| base.path().join(name);
        std::fs::create_dir_all(at("d/e")).unwrap();
        std::fs::write(at("d/e/f"), "inside").unwrap();
        symlink("d", at("to-dir")).unwrap();
        symlink("d/e/f", at("to-file")).unwrap();
        symlink("loop", at("loop")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        symlink("/", at("d/root")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), Mode::RWXU).unwrap();

        let handle = File::open(base.path()).unwrap();
        let read = OFlags::RDONLY | OFlags::NONBLOCK;
        for (path, flags, expected) in [
            ("", read | OFlags::DIRECTORY, "opened"),
            ("d", read | OFlags::DIRECTORY, "opened"),
            ("d/e/f", read, "opened"),
            ("pipe", read, "opened"),
            ("d/e/f", read | OFlags::DIRECTORY, "not_a_directory"),
            ("d/e/f/g", read, "not_a_directory"),
            ("d/e/g", read, "not_found"),
            ("to-file", read, "not_found"),
            ("to-dir", read, "not_found"),
            ("to-dir", read | OFlags::DIRECTORY, "not_found"),
            ("to-dir/e/f", read, "not_found"),
            ("loop", read, "not_found"),
            ("dangling", read, "not_found"),
            ("d/root/etc/passwd", read, "not_found"),
            ("d/e", OFlags::WRONLY, "not_a_file"),
        ] {
            let relative = Relative::parse(path).unwrap();
            let answer = |result: Result<OwnedFd, FileError>| match result {
                Ok(_) => "opened",
                Err(error) => error.code(),
            };
            let walked = answer(open_beneath(handle.as_fd(), &relative, flags));
            let kernel =
                answer(super::super::openat2::open_beneath(handle.as_fd(), &relative, flags));
            assert_eq!((walked, kernel), (expected, expected), "{path:?} {flags:?}");
        }
    }

    #[test]
    fn another_device_is_not_entered() {
        let root = File::open("/").unwrap();
        if std::fs::metadata("/proc").unwrap().dev() == root.metadata().unwrap().dev() {
            return; // no proc file system is mounted here
        }
        let path = Relative::parse("proc/version").unwrap();
        let error = open_beneath(root.as_fd(), &path, OFlags::RDONLY).unwrap_err();
        assert!(matches!(error, FileError::Escapes), "{error}");
    }
}
