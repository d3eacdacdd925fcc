//! The outer wall: bubblewrap's arguments. What is not named here is not there: no home, no
//! bus, no shell, of the programs only the two that WebKit starts; a network and the graphics
//! card where the profile of the host gives it one, and not else.
//!
//! Nothing that lies on a disk can be written inside, and so nobody can have planted a link where
//! something is mounted: what can be written is in memory and empty when it is made.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use sidegate::wire::{HostProfile, SandboxLevel};

use super::Refused;
use super::display::{Display, RUNTIME};
use super::environment;
use super::given::{GPU, READ_FOR_GPU, READ_FOR_NETWORK};
use super::program::Program;

/// Where bubblewrap is installed. `PATH` is not asked.
const PLACES: [&str; 2] = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"];

/// A namespace of each kind, no way back to the terminal, no capability, no variable.
const WALLS: &str = "--unshare-user --unshare-pid --unshare-ipc --unshare-uts \
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
const SCRATCH: [&str; 4] = ["/tmp", "/dev/shm", RUNTIME, environment::HOME];
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
        profile: &HostProfile,
        arguments: &[OsString],
    ) -> Result<Command, Refused> {
        let mut command = self.walls(display, profile);
        command.args(display.binding()?).args(program.binding()?).args(["--remount-ro", "/", "--"]);
        command.arg(program.path_inside()).args(arguments);
        Ok(command)
    }

    /// A command that succeeds if the walls can stand, with WebKit's inside them at level A. The display
    /// and its cookie stay out of it: what is copied from a descriptor is read once.
    pub(super) fn trial(&self, display: &Display, profile: &HostProfile) -> Command {
        let mut command = self.walls(display, profile);
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

    fn walls(&self, display: &Display, profile: &HostProfile) -> Command {
        let mut command = Command::new(&self.path);
        command.env_clear().args(WALLS.split_whitespace());
        if self.level < SandboxLevel::A {
            command.arg("--disable-userns");
        }
        if !profile.has_network() {
            command.arg("--unshare-net");
        }
        for (name, value) in environment::inside(display, self.level, profile) {
            command.args(["--setenv".into(), OsString::from(name), value]);
        }
        let network = READ_FOR_NETWORK.into_iter().filter(|_| profile.has_network());
        for path in READ.into_iter().chain(PROGRAMS).chain(network) {
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
        if profile.gpu {
            for path in READ_FOR_GPU {
                command.args(["--ro-bind-try", path, path]);
            }
            for path in GPU {
                command.args(["--dev-bind-try", path, path]);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn words(profile: &HostProfile) -> Vec<String> {
        let bubblewrap = Bubblewrap { path: "/usr/bin/bwrap".into(), level: SandboxLevel::A };
        let display = Display::Wayland { socket: PathBuf::from("/run/user/1/wayland-1") };
        let words = |command: Command| -> Vec<String> {
            command.get_args().map(|word| word.to_string_lossy().into_owned()).collect()
        };
        let mut all = words(bubblewrap.walls(&display, profile));
        all.extend(display.binding().unwrap().into_iter().map(|w| w.into_string().unwrap()));
        all
    }

    fn everything() -> HostProfile {
        HostProfile { ports: [443].into(), gpu: true, jit: false, ..HostProfile::default() }
    }

    #[test]
    fn network_and_graphics_card_are_for_who_has_them_in_the_profile() {
        let with = words(&everything());
        let without = words(&HostProfile::default());
        let has = |words: &[String], word: &str| words.iter().any(|one| one == word);
        for (word, given) in [
            ("--unshare-net", false),
            ("/etc/resolv.conf", true),
            ("/etc/ssl/certs", true),
            ("/dev/dri", true),
            ("--dev-bind-try", true),
            ("/sys/devices", true),
            ("JSC_useJIT", true),
        ] {
            assert_eq!(has(&with, word), given, "{word}");
            // The folder itself is there, and empty.
            assert_eq!(has(&without, word), !given || word == "/sys/devices", "{word}");
        }
    }

    #[test]
    fn k13_nothing_is_mounted_where_anybody_could_have_planted_a_link() {
        let words = words(&everything());
        let written = ["--bind", "--bind-try", "--bind-fd", "--overlay"];
        assert!(!words.iter().any(|word| written.contains(&word.as_str())), "{words:?}");
        let mounts = words.windows(3).enumerate().filter_map(|(at, three)| match three {
            [how, _, to] if how.ends_with("bind") || how.ends_with("bind-try") => Some((at, to)),
            _ => None,
        });
        for (at, to) in mounts {
            let beneath = SCRATCH.iter().find(|scratch| Path::new(to).starts_with(scratch));
            // Beneath a folder that can be written only once it is a new one, in memory.
            let fresh = words.windows(2).position(|two| {
                matches!(two, [how, what] if how == "--tmpfs" && Some(&what.as_str()) == beneath)
            });
            assert!(beneath.is_none() || fresh.is_some_and(|made| made < at), "{to}");
        }
    }
}
