//! The program that goes into the sandbox. It may lie where nobody but the superuser can
//! reach, so it is opened while that still works.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::{FdFlags, fcntl_setfd};

use super::Refused;

/// The folder inside that holds the program, and an X11 cookie.
pub(super) const FOLDER: &str = "/sidegate";

/// An opened program.
#[derive(Debug)]
pub(super) struct Program {
    path: PathBuf,
    file: File,
}

impl Program {
    pub(super) fn open(path: &Path) -> Result<Self, Refused> {
        let failed = |error| Refused::Program(path.display().to_string(), error);
        let path = path.canonicalize().map_err(failed)?;
        let file = File::open(&path).map_err(failed)?;
        Ok(Self { path, file })
    }

    /// Its name, for people.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Where it is inside.
    pub(super) fn path_inside(&self) -> PathBuf {
        Path::new(FOLDER).join(self.path.file_name().unwrap_or("program".as_ref()))
    }

    /// A path that starts it without bubblewrap, whatever folders are in the way.
    pub(super) fn path_to_run(&self) -> PathBuf {
        if self.reachable() { self.path.clone() } else { descriptor_path(&self.file) }
    }

    /// Bubblewrap's arguments that put it inside: bound where it can be reached, copied from
    /// the open descriptor where not.
    pub(super) fn binding(&self) -> Result<Vec<OsString>, Refused> {
        let inside = self.path_inside().into_os_string();
        if self.reachable() {
            return Ok(vec!["--ro-bind".into(), self.path.clone().into(), inside]);
        }
        let mut words: Vec<OsString> = vec!["--perms".into(), "0555".into()];
        words.extend(copied(&self.file, inside).map_err(|e| Refused::Program(self.name(), e))?);
        Ok(words)
    }

    fn reachable(&self) -> bool {
        access(&self.path, Access::READ_OK | Access::EXEC_OK).is_ok()
    }
}

/// Bubblewrap's arguments that copy an open file inside. (Its `--ro-bind-data` binds a file
/// that has no name any more, and such a one cannot be bound again by WebKit's own sandbox.)
pub(super) fn copied(file: &File, inside: OsString) -> std::io::Result<[OsString; 3]> {
    fcntl_setfd(file, FdFlags::empty())?;
    Ok(["--file".into(), file.as_raw_fd().to_string().into(), inside])
}

fn descriptor_path(file: &File) -> PathBuf {
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}
