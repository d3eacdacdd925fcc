//! A private X display: one `Xvfb` for each test that asks, on a number that no other has, gone
//! when it is dropped. What is done on a display is [`crate::x11`]'s.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::wait::until;

/// The screen, in pixels: room for two windows of a small app beside each other.
pub const SCREEN: (u16, u16) = (1280, 900);

/// How long `Xvfb` may take to be up. It takes a tenth of a second; a loaded machine, longer.
const START: Duration = Duration::from_secs(20);

/// How long `Xvfb` may take to remove its socket and lock before it is killed.
const STOP: Duration = Duration::from_secs(2);

/// The name of the only authorisation protocol that needs no library.
pub(crate) const COOKIE_PROTOCOL: &str = "MIT-MAGIC-COOKIE-1";

/// Why there is no display.
#[derive(Debug, thiserror::Error)]
pub enum DisplayError {
    /// The program is not there.
    #[error("`Xvfb` cannot be started: {0} (`make setup` installs it)")]
    NoServer(#[source] io::Error),
    /// The program ended, or said something else than a number.
    #[error("`Xvfb` did not come up: it said `{0}` in place of a display number")]
    NoNumber(String),
    /// The program says nothing.
    #[error("`Xvfb` did not come up within {} seconds", START.as_secs())]
    Silent,
    /// The cookie cannot be made or written.
    #[error("the display's cookie cannot be written: {0}")]
    Cookie(#[source] io::Error),
}

/// Who may speak to the display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Every process of this machine: no file to find, nothing that a sandbox must let through.
    Local,
    /// Whoever can read the cookie in the file that `XAUTHORITY` names, as on a real desktop.
    Cookie,
}

/// A running X server of our own.
#[derive(Debug)]
pub struct Display {
    server: Child,
    number: u32,
    cookie: Option<Cookie>,
}

#[derive(Debug)]
struct Cookie {
    folder: TempDir,
    secret: [u8; 16],
}

impl Display {
    /// Starts a server that every local process may use, and waits until it answers.
    ///
    /// # Errors
    /// [`DisplayError`], which names what is missing.
    pub fn start() -> Result<Self, DisplayError> {
        Self::start_for(Access::Local)
    }

    /// Starts a server for whom `access` names, and waits until it answers.
    ///
    /// # Errors
    /// [`DisplayError`], which names what is missing.
    pub fn start_for(access: Access) -> Result<Self, DisplayError> {
        let cookie = match access {
            Access::Local => None,
            Access::Cookie => Some(Cookie::bake().map_err(DisplayError::Cookie)?),
        };
        let mut server = command(cookie.as_ref()).spawn().map_err(DisplayError::NoServer)?;
        match number_said_by(&mut server) {
            Ok(number) => Ok(Self { server, number, cookie }),
            Err(error) => {
                stop(&mut server);
                Err(error)
            }
        }
    }

    /// The name for `DISPLAY`: `:99`.
    #[must_use]
    pub fn name(&self) -> String {
        format!(":{}", self.number)
    }

    /// The socket of the server.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        PathBuf::from(format!("/tmp/.X11-unix/X{}", self.number))
    }

    /// What a process needs in its environment to be a client: `DISPLAY`, and `XAUTHORITY` where
    /// there is a cookie.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![("DISPLAY", self.name())];
        if let Some(cookie) = &self.cookie {
            variables.push(("XAUTHORITY", cookie.path().to_string_lossy().into_owned()));
        }
        variables
    }

    /// The process that serves the display.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.id()
    }

    /// The secret of the cookie; empty where there is none.
    pub(crate) fn secret(&self) -> &[u8] {
        self.cookie.as_ref().map_or(&[], |cookie| &cookie.secret)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        stop(&mut self.server);
    }
}

impl Cookie {
    fn bake() -> io::Result<Self> {
        let mut secret = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut secret)?;
        let cookie = Self { folder: tempfile::Builder::new().prefix("xauth-").tempdir()?, secret };
        let mut file =
            File::options().write(true).create_new(true).mode(0o600).open(cookie.path())?;
        file.write_all(&cookie.entry())?;
        Ok(cookie)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("Xauthority")
    }

    /// One entry of an Xauthority file: a family, then four strings, each after its length, all
    /// of them big-endian. The family 65535 with no address and no number fits every display:
    /// the number is known only after the server, which reads this file, is up.
    fn entry(&self) -> Vec<u8> {
        let mut entry = u16::MAX.to_be_bytes().to_vec();
        for string in [b"".as_slice(), b"", COOKIE_PROTOCOL.as_bytes(), &self.secret] {
            let length = u16::try_from(string.len()).unwrap_or(u16::MAX);
            entry.extend(length.to_be_bytes());
            entry.extend(string);
        }
        entry
    }
}

fn command(cookie: Option<&Cookie>) -> Command {
    let mut command = Command::new("Xvfb");
    // The server picks the number itself and says it when it is ready: no race for a free one.
    command.args(["-displayfd", "1", "-screen", "0"]);
    command.arg(format!("{}x{}x24", SCREEN.0, SCREEN.1));
    // Without `-noreset` the server starts anew, deaf for a moment, when its last client leaves.
    command.args(["-nolisten", "tcp", "-noreset"]);
    if let Some(cookie) = cookie {
        command.arg("-auth").arg(cookie.path());
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn number_said_by(server: &mut Child) -> Result<u32, DisplayError> {
    let Some(output) = server.stdout.take() else {
        return Err(DisplayError::Silent);
    };
    let (sender, line) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        // An unreadable line is no number either.
        let _ = BufReader::new(output).read_line(&mut text);
        // Nobody listens any more where the wait is over.
        let _ = sender.send(text);
    });
    let said = line.recv_timeout(START).map_err(|_| DisplayError::Silent)?;
    said.trim().parse().map_err(|_| DisplayError::NoNumber(said.trim().to_owned()))
}

/// Asks first: a server that is killed leaves its socket and lock behind.
fn stop(server: &mut Child) {
    let pid = i32::try_from(server.id()).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // Where it is gone already there is nothing to ask.
        let _ = kill_process(pid, Signal::TERM);
        until(STOP, || matches!(server.try_wait(), Ok(Some(_)) | Err(_)));
    }
    let _ = server.kill();
    let _ = server.wait();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn each_display_has_a_number_of_its_own() {
        let displays = [(); 3].map(|()| Display::start().unwrap());
        for display in &displays {
            UnixStream::connect(display.socket()).unwrap();
        }
        let [a, b, c] = displays.each_ref().map(Display::name);
        assert!(a != b && b != c && a != c, "{a} {b} {c}");
    }

    #[test]
    fn a_dropped_display_leaves_nothing_behind() {
        let display = Display::start().unwrap();
        let (socket, pid) = (display.socket(), display.pid());
        assert!(socket.exists());
        drop(display);
        assert!(!socket.exists());
        assert!(!PathBuf::from(format!("/proc/{pid}")).exists());
    }

    #[test]
    fn a_cookie_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let display = Display::start_for(Access::Cookie).unwrap();
        let environment = display.environment();
        let (_, file) = environment.iter().find(|(name, _)| *name == "XAUTHORITY").unwrap();
        let metadata = std::fs::metadata(file).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        // Two bytes of family, four lengths, the protocol's name and the secret.
        assert_eq!(metadata.len(), 2 + 4 * 2 + 18 + 16);
    }
}
