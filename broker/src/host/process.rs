//! The host's process: found, started with an empty environment and one socket, and ended.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};

use super::socket::Pid;
use crate::audit::HostState;
use crate::wire::{HostProfile, SandboxLevel};

/// The name of the host's binary.
const BINARY: &str = "sidegate-webview-host";

/// What a host may know of the broker's environment: where the screen is and which language its
/// user reads. Everything else, secrets of the session among it, stays behind.
const ENVIRONMENT: [&str; 9] = [
    "DISPLAY",
    "XAUTHORITY",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
    "TZ",
];

/// The longest line that is kept of what a host says.
const MAX_LINE: u64 = 1024;

/// The exit status of a host that cannot be contained as it was asked to be: no other try will
/// end differently.
pub(crate) const NOT_CONTAINED: i32 = 3;

/// Why a host could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpawnError {
    /// Its binary is not where it is looked for.
    #[error("there is no `{BINARY}` in {}; build it with `cargo build -p sidegate-webview-host`", .0.display())]
    NoBinary(PathBuf),
    /// The operating system does not start it.
    #[error("cannot start `{}`: {error}", path.display())]
    Start {
        /// The binary.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

impl SpawnError {
    /// Whether another try would end in the same way: not where the system has too many
    /// processes or open files just now.
    pub(crate) fn is_final(&self) -> bool {
        const PASSING: [Errno; 5] =
            [Errno::AGAIN, Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::TXTBSY];
        match self {
            Self::NoBinary(_) => true,
            Self::Start { error, .. } => {
                !Errno::from_io_error(error).is_some_and(|errno| PASSING.contains(&errno))
            }
        }
    }
}

/// Where the host's binary is: beside this one, or one directory up, where examples and tests
/// find it.
pub(crate) fn beside_this_binary() -> Result<PathBuf, SpawnError> {
    let this = std::env::current_exe()
        .map_err(|error| SpawnError::Start { path: BINARY.into(), error })?;
    let directory = this.parent().unwrap_or(Path::new("/"));
    let near = [Some(directory), directory.parent()].into_iter().flatten();
    near.map(|directory| directory.join(BINARY))
        .find(|path| path.is_file())
        .ok_or_else(|| SpawnError::NoBinary(directory.to_owned()))
}

/// A running host.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    said: Said,
}

/// The last thing that a host wrote on its standard error.
#[derive(Debug, Clone, Default)]
struct Said(Arc<Mutex<String>>);

impl Process {
    /// Starts `binary` with `socket` as its standard input.
    pub(crate) fn start(
        binary: &Path,
        socket: OwnedFd,
        least: SandboxLevel,
        profile: &HostProfile,
        debug: bool,
    ) -> Result<Self, SpawnError> {
        let mut command = Command::new(binary);
        command
            .arg("--least")
            .arg(least.to_string())
            .arg("--profile")
            .arg(profile.to_string())
            .args(debug.then_some("--debug"))
            .env_clear()
            .envs(environment())
            .stdin(Stdio::from(socket))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let start = |error| SpawnError::Start { path: binary.to_owned(), error };
        let mut child = command.spawn().map_err(start)?;
        let said = Said::default();
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(listen(stderr, said.clone()));
        }
        let pid = child.id().and_then(|pid| Pid::try_from(pid).ok());
        let pid = pid.ok_or_else(|| start(io::Error::other("it ended at once")))?;
        Ok(Self { child, pid, said })
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Gives it `grace` to end by itself, and ends it and everything in its sandbox if it does
    /// not.
    pub(crate) async fn end_within(&mut self, grace: Duration) -> End {
        if !grace.is_zero()
            && let Ok(Ok(status)) = tokio::time::timeout(grace, self.child.wait()).await
        {
            return End { state: HostState::Exited, code: status.code() };
        }
        if let Err(error) = self.child.kill().await {
            tracing::error!(pid = self.pid, %error, "cannot end a host");
        }
        End { state: HostState::Killed, code: None }
    }

    /// The last thing that it wrote on its standard error, if anything.
    pub(crate) fn last_words(&self) -> Option<String> {
        let said = self.said.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (!said.is_empty()).then_some(said)
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) state: HostState,
    /// Its exit status, where it ended by itself.
    pub(crate) code: Option<i32>,
}

/// Reads a host's standard error to its end, so that it never waits for a reader. What it says is
/// for the developer, without the characters that act on a terminal: a page may have a hand in it.
async fn listen(stderr: ChildStderr, said: Said) {
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut bounded = (&mut lines).take(MAX_LINE);
        match bounded.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text: String = String::from_utf8_lossy(&line)
            .trim_end()
            .chars()
            .flat_map(char::escape_debug)
            .collect();
        if !text.is_empty() {
            tracing::debug!("a host says: {text}");
            *said.0.lock().unwrap_or_else(PoisonError::into_inner) = text;
        }
    }
}

fn environment() -> impl Iterator<Item = (OsString, OsString)> {
    let passed = ENVIRONMENT
        .into_iter()
        .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
    // The sandbox's tools are looked for where the distribution puts them, and nowhere else.
    passed.chain([("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn i14_what_cannot_be_started_says_so_and_is_not_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text, mode, errno) in [
            ("absent", None, 0, Errno::NOENT),
            ("no program", Some("garbage"), 0o755, Errno::NOEXEC),
            ("not to be run", Some("#!/bin/true"), 0o644, Errno::ACCESS),
        ] {
            let path = folder.path().join(name);
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            }
            let (_ours, theirs) = crate::host::socket::pair().unwrap();
            let profile = HostProfile::default();
            let started = Process::start(&path, theirs, SandboxLevel::A, &profile, false);
            let Err(SpawnError::Start { path: told, error }) = started else {
                panic!("{name}: it was started");
            };
            assert_eq!((told, Errno::from_io_error(&error)), (path, Some(errno)), "{name}");
            assert!(SpawnError::Start { path: name.into(), error }.is_final(), "{name}");
        }
    }

    #[test]
    fn i14_what_the_system_is_short_of_is_waited_for() {
        for (errno, is_final) in [
            (Errno::AGAIN, false),
            (Errno::NOMEM, false),
            (Errno::MFILE, false),
            (Errno::NOENT, true),
            (Errno::NOEXEC, true),
            (Errno::PERM, true),
        ] {
            let error = SpawnError::Start { path: "x".into(), error: errno.into() };
            assert_eq!(error.is_final(), is_final, "{errno}");
        }
        assert!(SpawnError::NoBinary("x".into()).is_final());
    }
}
