//! The one door that a window needs: a Wayland socket or an X11 one, and the X11 cookie.
//!
//! Wayland is taken where there is one, and then X11 is not let through: the clients of one
//! X server can watch and drive each other.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::IntoRawFd;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::Refused;
use super::cookie;
use super::program::{FOLDER, copied};

/// Where the things of the run are inside, a Wayland socket among them.
pub(super) const RUNTIME: &str = "/run/sidegate";

/// Where X servers keep their sockets. The abstract ones stay behind with the network.
const X11_SOCKETS: &str = "/tmp/.X11-unix";

/// Numbers that no X server has by itself: they count from 0, and from 10 and 99 for those that
/// programs start.
const FAR_NUMBERS: std::ops::Range<u32> = 7_000..7_100;

/// A display server that this process may speak to.
#[derive(Debug)]
pub(super) enum Display {
    /// A Wayland compositor, by its socket.
    Wayland { socket: PathBuf },
    /// An X server.
    X11 {
        /// The server's number.
        number: u32,
        /// Its number inside.
        inside: u32,
        socket: PathBuf,
        /// The cookie file by its path outside, opened while it could be read.
        cookie: Option<(PathBuf, File)>,
    },
}

impl Display {
    /// The display that the environment names.
    pub(super) fn find() -> Result<Self, Refused> {
        if let Some(socket) = wayland_socket() {
            return Ok(Self::Wayland { socket });
        }
        let named = std::env::var("DISPLAY").map_err(|_| {
            Refused::Display("neither WAYLAND_DISPLAY nor DISPLAY names a server".into())
        })?;
        let number = x11_number(&named).ok_or_else(|| {
            Refused::Display(format!("`{named}` is no local X server; expected `:<number>`"))
        })?;
        let socket = Path::new(X11_SOCKETS).join(format!("X{number}"));
        if !is_socket(&socket) {
            return Err(Refused::Display(format!("`{}` is no socket", socket.display())));
        }
        Ok(Self::X11 { number, inside: number, socket, cookie: cookie() })
    }

    /// Gives an X server another number inside. In the machine's own network, its abstract socket
    /// is within sight, and the X library tries that one first and takes Landlock's refusal for
    /// an answer; where there is none of that name, it takes the socket that is bound.
    pub(super) fn hide_behind_another_name(&mut self) {
        if let Self::X11 { inside, .. } = self {
            let taken = std::fs::read_to_string("/proc/net/unix").unwrap_or_default();
            let name = |number: &u32| format!("@{X11_SOCKETS}/X{number}");
            let free = |number: &u32| !taken.lines().any(|line| line.ends_with(&name(number)));
            *inside = FAR_NUMBERS.into_iter().find(free).unwrap_or(*inside);
        }
    }

    /// Bubblewrap's arguments that let it through.
    pub(super) fn binding(&self) -> Result<Vec<OsString>, Refused> {
        match self {
            Self::Wayland { socket } => {
                let inside = Path::new(RUNTIME).join("wayland-0");
                Ok(vec!["--ro-bind".into(), socket.into(), inside.into()])
            }
            Self::X11 { inside, socket, cookie, number } => {
                let place = Path::new(X11_SOCKETS).join(format!("X{inside}"));
                let mut words: Vec<OsString> =
                    vec!["--ro-bind".into(), socket.into(), place.into()];
                if let Some((path, file)) = cookie
                    && let Some(own) = cookie::for_display(file, *number, *inside)
                {
                    let failed = |e| Refused::Program(path.display().to_string(), e);
                    words.extend(["--perms".into(), "0444".into()]);
                    words.extend(copied(&own, cookie_inside().into()).map_err(failed)?);
                    let _read_by_bubblewrap = own.into_raw_fd();
                }
                Ok(words)
            }
        }
    }

    /// The variables that name it inside bubblewrap.
    pub(super) fn variables_inside(&self) -> Vec<(&'static str, OsString)> {
        match self {
            Self::Wayland { .. } => vec![
                ("GDK_BACKEND", "wayland".into()),
                ("WAYLAND_DISPLAY", "wayland-0".into()),
                ("XDG_RUNTIME_DIR", RUNTIME.into()),
            ],
            Self::X11 { inside: number, cookie, .. } => {
                let cookie = cookie.as_ref().map(|_| cookie_inside());
                let runtime = ("XDG_RUNTIME_DIR", RUNTIME.into());
                x11_variables(*number, cookie).into_iter().chain([runtime]).collect()
            }
        }
    }

    /// The variables that name it where bubblewrap is not.
    pub(super) fn variables_bare(&self) -> Vec<(&'static str, OsString)> {
        match self {
            Self::Wayland { socket } => {
                vec![("GDK_BACKEND", "wayland".into()), ("WAYLAND_DISPLAY", socket.clone().into())]
            }
            Self::X11 { number, cookie, .. } => {
                x11_variables(*number, cookie.as_ref().map(|(path, _)| path.clone()))
            }
        }
    }
}

fn x11_variables(number: u32, cookie: Option<PathBuf>) -> Vec<(&'static str, OsString)> {
    let mut variables =
        vec![("GDK_BACKEND", "x11".into()), ("DISPLAY", format!(":{number}").into())];
    variables.extend(cookie.map(|path| ("XAUTHORITY", path.into())));
    variables
}

fn wayland_socket() -> Option<PathBuf> {
    let name = std::env::var_os("WAYLAND_DISPLAY").filter(|name| !name.is_empty())?;
    let folder = std::env::var_os("XDG_RUNTIME_DIR").unwrap_or_default();
    let socket = Path::new(&folder).join(name); // an absolute name stays what it is
    (socket.is_absolute() && is_socket(&socket)).then_some(socket)
}

/// The number of a local X server: `:7`, `:7.0` or `unix:7`.
fn x11_number(display: &str) -> Option<u32> {
    let (machine, rest) = display.rsplit_once(':')?;
    let number = rest.split('.').next()?;
    let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    (digits && ["", "unix"].contains(&machine)).then(|| number.parse().ok())?
}

fn cookie() -> Option<(PathBuf, File)> {
    let named = std::env::var_os("XAUTHORITY").map(PathBuf::from);
    let path =
        named.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".Xauthority")))?;
    let file = File::open(&path).ok()?;
    file.metadata().ok()?.is_file().then_some((path, file))
}

/// Not among the things of the run: WebKit's own sandbox hides those, and binds this one.
fn cookie_inside() -> PathBuf {
    Path::new(FOLDER).join("xauthority")
}

fn is_socket(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.file_type().is_socket())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_local_server_is_a_display() {
        for (display, number) in [
            (":0", Some(0)),
            (":12.3", Some(12)),
            ("unix:7", Some(7)),
            ("localhost:10.0", None),
            ("evil.example:0", None),
            (":", None),
            (":x", None),
            (":+1", None),
            (":1/../../etc", None),
            (":99999999999", None),
            ("", None),
        ] {
            assert_eq!(x11_number(display), number, "{display}");
        }
    }
}
