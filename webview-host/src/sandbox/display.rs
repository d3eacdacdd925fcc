//! The one door that a window needs: a Wayland socket or an X11 one, and the X11 cookie.
//!
//! Wayland is taken where there is one, and then X11 is not let through: the clients of one
//! X server can watch and drive each other.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::Refused;
use super::program::{FOLDER, copied};

/// Where the things of the run are inside, a Wayland socket among them.
pub(super) const RUNTIME: &str = "/run/sidegate";

/// Where X servers keep their sockets. The abstract ones stay behind with the network.
const X11_SOCKETS: &str = "/tmp/.X11-unix";

/// A display server that this process may speak to.
#[derive(Debug)]
pub(super) enum Display {
    /// A Wayland compositor, by its socket.
    Wayland { socket: PathBuf },
    /// An X server.
    X11 {
        /// The server's name, `:<number>`.
        name: String,
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
        Ok(Self::X11 { name: format!(":{number}"), socket, cookie: cookie() })
    }

    /// Bubblewrap's arguments that let it through.
    pub(super) fn binding(&self) -> Result<Vec<OsString>, Refused> {
        match self {
            Self::Wayland { socket } => {
                let inside = Path::new(RUNTIME).join("wayland-0");
                Ok(vec!["--ro-bind".into(), socket.into(), inside.into()])
            }
            Self::X11 { socket, cookie, .. } => {
                let mut words: Vec<OsString> =
                    vec!["--ro-bind".into(), socket.into(), socket.into()];
                if let Some((path, file)) = cookie {
                    let failed = |e| Refused::Program(path.display().to_string(), e);
                    words.extend(["--perms".into(), "0444".into()]);
                    words.extend(copied(file, cookie_inside().into()).map_err(failed)?);
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
            Self::X11 { name, cookie, .. } => {
                let cookie = cookie.as_ref().map(|_| cookie_inside());
                let runtime = ("XDG_RUNTIME_DIR", RUNTIME.into());
                x11_variables(name, cookie).into_iter().chain([runtime]).collect()
            }
        }
    }

    /// The variables that name it where bubblewrap is not.
    pub(super) fn variables_bare(&self) -> Vec<(&'static str, OsString)> {
        match self {
            Self::Wayland { socket } => {
                vec![("GDK_BACKEND", "wayland".into()), ("WAYLAND_DISPLAY", socket.clone().into())]
            }
            Self::X11 { name, cookie, .. } => {
                x11_variables(name, cookie.as_ref().map(|(path, _)| path.clone()))
            }
        }
    }
}

fn x11_variables(name: &str, cookie: Option<PathBuf>) -> Vec<(&'static str, OsString)> {
    let mut variables = vec![("GDK_BACKEND", "x11".into()), ("DISPLAY", name.into())];
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
