//! The outer wall: bubblewrap's arguments. What is not named here is not there: no home, no
//! bus, no network, no shell, of the programs only the two that WebKit starts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use sidegate::wire::SandboxLevel;

use super::Refused;
use super::display::{Display, RUNTIME};
use super::environment;
use super::program::Program;

/// Where bubblewrap is installed. `PATH` is not asked.
const PLACES: [&str; 2] = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"];

/// A namespace of each kind, no way back to the terminal, no capability, no variable.
const WALLS: &str = "--unshare-user --unshare-pid --unshare-ipc --unshare-uts --unshare-net \
    --unshare-cgroup-try --hostname sidegate --die-with-parent --new-session --clearenv \
    --cap-drop ALL";

/// What WebKit and GTK read: libraries, themes, fonts, and the loader's cache.
const READ: [&str; 10] = [
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/share",
    "/etc/fonts",
    "/etc/gtk-3.0",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/var/cache/fontconfig",
];

/// Older layouts keep libraries outside `/usr`; newer ones keep a link there.
const LIBRARY_LINKS: [&str; 3] = ["/lib", "/lib32", "/lib64"];

/// What WebKit starts besides its own processes: its own sandbox, and the proxy of a bus that
/// it does not get.
const PROGRAMS: [&str; 2] = ["/usr/bin/bwrap", "/usr/bin/xdg-dbus-proxy"];

/// WebKit's own sandbox binds these and fails where they do not exist. They may be empty.
const EMPTY: [&str; 5] = ["/sys/block", "/sys/bus", "/sys/class", "/sys/dev", "/sys/devices"];

/// How many processors there are, which JavaScriptCore wants to know.
const PROCESSORS: &str = "/sys/devices/system/cpu";

/// The folders that can be written, all of them in memory, and the most bytes in each.
const SCRATCH: [&str; 3] = ["/tmp", RUNTIME, environment::HOME];
const SCRATCH_BYTES: &str = "67108864";

/// An installed bubblewrap, for a level.
#[derive(Debug)]
pub(super) struct Bubblewrap {
    path: PathBuf,
    level: SandboxLevel,
}

impl Bubblewrap {
    pub(super) fn find(level: SandboxLevel) -> Option<Self> {
        let path = PLACES.iter().map(PathBuf::from).find(|path| path.is_file())?;
        Some(Self { path, level })
    }

    /// The command that starts `program` inside.
    pub(super) fn command(
        &self,
        program: &Program,
        display: &Display,
        arguments: &[OsString],
    ) -> Result<Command, Refused> {
        let mut command = self.walls(display);
        command.args(display.binding()?).args(program.binding()?).args(["--remount-ro", "/", "--"]);
        command.arg(program.path_inside()).args(arguments);
        Ok(command)
    }

    /// A command that succeeds if the walls can stand, with WebKit's inside them at level A. The display
    /// and its cookie stay out of it: what is copied from a descriptor is read once.
    pub(super) fn trial(&self, display: &Display) -> Command {
        let mut command = self.walls(display);
        command.arg("--ro-bind").args([&self.path, Path::new("/bwrap")]);
        command.args(["--remount-ro", "/", "--", "/bwrap"]);
        if self.level == SandboxLevel::A {
            let nested = "--unshare-user --unshare-pid --unshare-net --unshare-uts --ro-bind / / \
                --proc /proc --dev /dev --tmpfs /tmp -- /bwrap";
            command.args(nested.split_whitespace());
        }
        command.arg("--version");
        command
    }

    fn walls(&self, display: &Display) -> Command {
        let mut command = Command::new(&self.path);
        command.env_clear().args(WALLS.split_whitespace());
        if self.level < SandboxLevel::A {
            command.arg("--disable-userns");
        }
        for (name, value) in environment::inside(display, self.level) {
            command.args(["--setenv".into(), OsString::from(name), value]);
        }
        for path in READ.into_iter().chain(PROGRAMS) {
            command.args(["--ro-bind-try", path, path]);
        }
        for link in LIBRARY_LINKS {
            bind_library_link(&mut command, link);
        }
        command.args(["--proc", "/proc", "--dev", "/dev"]);
        for path in EMPTY {
            command.args(["--dir", path]);
        }
        command.args(["--ro-bind-try", PROCESSORS, PROCESSORS]);
        for path in SCRATCH {
            command.args(["--size", SCRATCH_BYTES, "--tmpfs", path]);
        }
        command
    }
}

fn bind_library_link(command: &mut Command, path: &'static str) {
    match std::fs::read_link(path) {
        Ok(target) => command.args(["--symlink".into(), target, path.into()]),
        Err(_) => command.args(["--ro-bind-try", path, path]),
    };
}
