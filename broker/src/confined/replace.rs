//! One file in the place of another, at once: written beside it under a name that nobody
//! can ask for, brought to the disk, then renamed over it.

use std::fs::{File, Permissions};
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;

use ring::rand::{SecureRandom, SystemRandom};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::relative::UNFINISHED;
use super::{Directory, FileError, Relative};

/// Read, write and execute for owner, group and others: what a replaced file hands on.
/// Set-user-id and its like are not handed on to new content.
const PERMISSIONS: u32 = 0o777;

/// Makes `content` what the file at `path` holds, durably.
pub(super) fn replace(
    directory: &Directory,
    path: &Relative,
    content: &[u8],
) -> Result<u64, FileError> {
    let (parent, name) = path.split_last().ok_or(FileError::NotAFile)?;
    let parent = directory.open_beneath(&parent, OFlags::RDONLY | OFlags::DIRECTORY)?;
    let permissions = check_replaceable(parent.as_fd(), name.as_str())?;

    let mut unfinished = Unfinished::create(parent.as_fd())?;
    unfinished.fill(content, permissions)?;
    unfinished.rename_to(name.as_str())?;
    // The new name is on the disk only when its directory is.
    rustix::fs::fsync(&parent)?;
    Ok(u64::try_from(content.len()).unwrap_or(u64::MAX))
}

/// The permissions of the file that is there, if one is and may be replaced. What changes
/// between this and the rename can only be replaced itself: a rename follows no link.
fn check_replaceable(parent: BorrowedFd<'_>, name: &str) -> Result<Option<Permissions>, FileError> {
    let found = match rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(None),
        stat => FileType::from_raw_mode(stat?.st_mode),
    };
    if found.is_symlink() {
        return Err(FileError::Escapes);
    }
    if !found.is_file() {
        return Err(FileError::NotAFile);
    }
    // A rename asks nobody whether the file itself may be written: opening it does.
    let flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let there = rustix::fs::openat(parent, name, flags | OFlags::CLOEXEC, Mode::empty())?;
    let mode = File::from(there).metadata()?.permissions().mode();
    Ok(Some(Permissions::from_mode(mode & PERMISSIONS)))
}

/// A file that has no name of its own yet. Dropped before it has one, it goes.
struct Unfinished<'a> {
    parent: BorrowedFd<'a>,
    name: String,
    file: File,
    renamed: bool,
}

impl<'a> Unfinished<'a> {
    fn create(parent: BorrowedFd<'a>) -> Result<Self, FileError> {
        let name = unguessable_name()?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let mode = Mode::RUSR | Mode::WUSR;
        let file = rustix::fs::openat(parent, &name, flags | OFlags::CLOEXEC, mode)?.into();
        Ok(Self { parent, name, file, renamed: false })
    }

    fn fill(&mut self, content: &[u8], permissions: Option<Permissions>) -> Result<(), FileError> {
        self.file.write_all(content)?;
        if let Some(permissions) = permissions {
            self.file.set_permissions(permissions)?;
        }
        Ok(self.file.sync_all()?)
    }

    fn rename_to(mut self, name: &str) -> Result<(), FileError> {
        rustix::fs::renameat(self.parent, &self.name, self.parent, name)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.renamed {
            // The failure that led here is the one to report.
            let _ = rustix::fs::unlinkat(self.parent, &self.name, AtFlags::empty());
        }
    }
}

fn unguessable_name() -> Result<String, FileError> {
    let mut random = [0; 16];
    let filled = SystemRandom::new().fill(&mut random);
    filled.map_err(|_| FileError::Io(std::io::Error::other("the system gives no random bytes")))?;
    Ok(format!("{UNFINISHED}{:032x}", u128::from_ne_bytes(random)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(directory: &std::path::Path) -> Vec<String> {
        let names = std::fs::read_dir(directory).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// Somebody puts a directory where the file was, after the check and before the rename.
    #[test]
    fn a_rename_that_fails_leaves_no_unfinished_file() {
        let base = tempfile::tempdir().unwrap();
        std::fs::create_dir(base.path().join("taken")).unwrap();
        let parent = File::open(base.path()).unwrap();
        let mut unfinished = Unfinished::create(parent.as_fd()).unwrap();
        unfinished.fill(b"text", None).unwrap();
        assert_eq!(names_in(base.path()).len(), 2);

        let error = unfinished.rename_to("taken").unwrap_err();
        assert!(matches!(error, FileError::NotAFile), "{error}");
        assert_eq!(names_in(base.path()), ["taken"]);
    }

    #[test]
    fn an_unfinished_file_is_private_and_goes_when_it_is_dropped() {
        let base = tempfile::tempdir().unwrap();
        let parent = File::open(base.path()).unwrap();
        let unfinished = Unfinished::create(parent.as_fd()).unwrap();
        let mode = unfinished.file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(Relative::parse(&unfinished.name).is_err(), "nobody can ask for it");
        drop(unfinished);
        assert!(names_in(base.path()).is_empty());
    }
}
