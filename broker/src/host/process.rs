//! The host's process: found, started with an empty environment and one socket, and ended.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::socket::Pid;
use crate::audit::HostState;
use crate::wire::SandboxLevel;

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
}

impl Process {
    /// Starts `binary` with `socket` as its standard input.
    pub(crate) fn start(
        binary: &Path,
        socket: OwnedFd,
        least: SandboxLevel,
        debug: bool,
    ) -> Result<Self, SpawnError> {
        let mut command = Command::new(binary);
        command
            .arg("--least")
            .arg(least.to_string())
            .args(debug.then_some("--debug"))
            .env_clear()
            .envs(environment())
            .stdin(Stdio::from(socket))
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let start = |error| SpawnError::Start { path: binary.to_owned(), error };
        let child = command.spawn().map_err(start)?;
        let pid = child.id().and_then(|pid| Pid::try_from(pid).ok());
        let pid = pid.ok_or_else(|| start(io::Error::other("it ended at once")))?;
        Ok(Self { child, pid })
    }

    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Gives it `grace` to end by itself, and ends it and everything in its sandbox if it does
    /// not.
    pub(crate) async fn end_within(&mut self, grace: Duration) -> HostState {
        if !grace.is_zero() && tokio::time::timeout(grace, self.child.wait()).await.is_ok() {
            return HostState::Exited;
        }
        if let Err(error) = self.child.kill().await {
            tracing::error!(pid = self.pid, %error, "cannot end a host");
        }
        HostState::Killed
    }
}

fn environment() -> impl Iterator<Item = (OsString, OsString)> {
    let passed = ENVIRONMENT
        .into_iter()
        .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
    // The sandbox's tools are looked for where the distribution puts them, and nowhere else.
    passed.chain([("PATH".into(), "/usr/local/bin:/usr/bin:/bin".into())])
}
