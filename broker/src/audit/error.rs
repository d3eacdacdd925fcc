//! Why the log refuses. Each refusal says what to do where something can be done; whether a call
//! may go on without its record is not decided here.

use std::io;
use std::path::PathBuf;

use super::chain::Finding;

/// Why a log was not opened, or an event not recorded.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The operating system did not let the log be opened.
    #[error("cannot open the audit log `{}`: {source}", path.display())]
    Open {
        /// The log.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The path leads to a directory, a device, a pipe or a socket.
    #[error("the audit log `{}` is not a regular file", path.display())]
    NotAFile {
        /// The log.
        path: PathBuf,
    },
    /// Others may write the file: it would be no evidence.
    #[error("the audit log `{}` may be written by others; take that right away (chmod go-w)", path.display())]
    WritableByOthers {
        /// The log.
        path: PathBuf,
    },
    /// Another process writes this log.
    #[error("the audit log `{}` is in use by another broker", path.display())]
    InUse {
        /// The log.
        path: PathBuf,
    },
    /// The log was tampered with; it is left as it is.
    #[error("the audit log `{}` is broken: {finding}; move it and its `.head` file away, and keep both", path.display())]
    Broken {
        /// The log.
        path: PathBuf,
        /// What is wrong with it.
        finding: Finding,
    },
    /// The event was not written; the file is as it was, or will be before the next record.
    #[error("cannot write the audit log: {0}")]
    Write(#[source] io::Error),
    /// The record may not survive a power cut.
    #[error("cannot bring the audit log to the disk: {0}")]
    Sync(#[source] io::Error),
    /// The log was moved, replaced or deleted while it was in use.
    #[error("the audit log is no longer at its place; put it back")]
    Moved,
    /// The event makes a longer line than any reader takes.
    #[error("the audit record of {bytes} bytes is over the bound")]
    TooLong {
        /// Bytes of the line.
        bytes: usize,
    },
    /// The broker has ended, and its log with it.
    #[error("the audit log was closed when the broker ended")]
    Closed,
    /// The event could not be written as JSON.
    #[error("the audit record has no JSON form: {0}")]
    Form(#[from] serde_json::Error),
    /// A thread died while it held the log.
    #[error("the audit log is unusable after a fault inside the broker")]
    Poisoned,
}
