//! Why a file was not read, written or listed: the log's words and the page's.

use std::io;

use super::RelativeError;

/// Why a confined file could not be reached. `Display` is for the log; what a page may learn
/// is [`code`](FileError::code).
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is nothing of that name, or no directory to hold it.
    #[error("there is no such file or directory")]
    NotFound,
    /// It is a directory, a pipe, a socket or a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// Something on the way, or at its end, is no directory.
    #[error("it is not a directory")]
    NotADirectory,
    /// Its bytes are not UTF-8.
    #[error("it does not hold UTF-8 text")]
    NotText,
    /// It holds more bytes than the caller takes.
    #[error("it is larger than {limit} bytes")]
    TooLarge {
        /// Bytes allowed.
        limit: u64,
    },
    /// The directory holds more entries than the caller takes.
    #[error("it holds more than {limit} entries")]
    TooMany {
        /// Entries allowed.
        limit: usize,
    },
    /// The way leads through a link or over a mount point, or out of the allowed directory.
    #[error("the way there leads through a link or a mount point, or out of the allowed directory")]
    Escapes,
    /// The allowed directory is no longer the one that was opened.
    #[error("the allowed directory was replaced after it was opened")]
    Replaced,
    /// The operating system forbids it to the broker.
    #[error("the operating system does not permit it")]
    Denied,
    /// The disk or a quota is full.
    #[error("there is no space left")]
    NoSpace,
    /// A name is longer than the file system takes.
    #[error("the name is longer than the file system takes")]
    NameTooLong,
    /// The platform has no means to confine a path.
    #[error("this platform has no means to keep a path beneath a directory")]
    Unsupported,
    /// Anything else, in the operating system's words.
    #[error("{0}")]
    Io(#[source] io::Error),
}

impl FileError {
    /// The word that a page may learn. What is forbidden looks like what is absent, and the
    /// broker's own trouble is not told apart.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound | Self::Escapes => "not_found",
            Self::NotAFile => "not_a_file",
            Self::NotADirectory => "not_a_directory",
            Self::NotText => "not_text",
            Self::TooLarge { .. } | Self::TooMany { .. } => "too_large",
            Self::NoSpace => "no_space",
            Self::NameTooLong => "name_too_long",
            Self::Replaced | Self::Denied | Self::Unsupported | Self::Io(_) => "failed",
        }
    }
}

/// A path that cannot be one names nothing; of a page's own text it is no secret that a name in
/// it is too long.
impl From<RelativeError> for FileError {
    fn from(error: RelativeError) -> Self {
        match error {
            RelativeError::NameTooLong | RelativeError::TooLong => Self::NameTooLong,
            RelativeError::EmptyName
            | RelativeError::Dots
            | RelativeError::Control
            | RelativeError::Reserved => Self::NotFound,
        }
    }
}

#[cfg(unix)]
impl From<rustix::io::Errno> for FileError {
    fn from(errno: rustix::io::Errno) -> Self {
        use rustix::io::Errno;
        match errno {
            Errno::NOENT => Self::NotFound,
            // A pipe without a reader and a device without a driver answer ENXIO, a socket too.
            Errno::ISDIR | Errno::NXIO => Self::NotAFile,
            Errno::NOTDIR => Self::NotADirectory,
            // FreeBSD says EMLINK where others say ELOOP.
            Errno::LOOP | Errno::XDEV | Errno::MLINK => Self::Escapes,
            Errno::ACCESS | Errno::PERM | Errno::ROFS => Self::Denied,
            Errno::NOSPC | Errno::DQUOT => Self::NoSpace,
            Errno::NAMETOOLONG => Self::NameTooLong,
            Errno::NOSYS => Self::Unsupported,
            _ => Self::Io(errno.into()),
        }
    }
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        #[cfg(unix)]
        if let Some(errno) = rustix::io::Errno::from_io_error(&error) {
            return errno.into();
        }
        Self::Io(error)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn what_the_system_says_becomes_what_a_page_may_learn() {
        for (errno, code) in [
            (Errno::NOENT, "not_found"),
            (Errno::LOOP, "not_found"),
            (Errno::XDEV, "not_found"),
            (Errno::ISDIR, "not_a_file"),
            (Errno::NXIO, "not_a_file"),
            (Errno::NOTDIR, "not_a_directory"),
            (Errno::NOSPC, "no_space"),
            (Errno::DQUOT, "no_space"),
            (Errno::NAMETOOLONG, "name_too_long"),
            (Errno::ACCESS, "failed"),
            (Errno::PERM, "failed"),
            (Errno::ROFS, "failed"),
            (Errno::NOSYS, "failed"),
            (Errno::IO, "failed"),
            (Errno::MFILE, "failed"),
        ] {
            assert_eq!(FileError::from(errno).code(), code, "{errno:?}");
            let as_io = io::Error::from(errno);
            assert_eq!(FileError::from(as_io).code(), code, "{errno:?} as an io::Error");
        }
    }

    #[test]
    fn a_forbidden_thing_looks_like_an_absent_one() {
        assert_eq!(FileError::Escapes.code(), FileError::NotFound.code());
    }

    #[test]
    fn the_log_keeps_the_words_of_the_system() {
        let shown = FileError::from(Errno::MFILE).to_string();
        assert_eq!(shown, io::Error::from(Errno::MFILE).to_string());
    }
}
