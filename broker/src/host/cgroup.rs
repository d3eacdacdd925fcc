//! A control group for each host, where this process was given a part of the tree of its own
//! (cgroup v2, as a service with `Delegate=yes` has it, or `systemd-run --user --scope -p
//! Delegate=yes`). The kernel then counts all memory, mapped or not, and ends the host whole;
//! where there is none, [`super::usage`] looks on.
//!
//! Only a group that this process is alone in is taken: to move somebody else's processes into
//! another is not for a broker to do.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::needs::Needs;
use super::socket::Pid;

/// The controllers that a bound is kept by.
const CONTROLLERS: [&str; 2] = ["memory", "pids"];

/// Where the broker itself stands, beside its hosts: a group that has groups beneath it may hold
/// no process.
const OWN: &str = "broker";

/// The part of the tree that is this process' to divide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delegated {
    folder: PathBuf,
}

/// The part of this process, found once: after that it is not alone in it any more.
pub(crate) fn delegated() -> Result<&'static Delegated, &'static str> {
    static FOUND: OnceLock<Result<Delegated, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let read = |file| fs::read_to_string(file).unwrap_or_default();
        let folder = folder(&read("/proc/self/cgroup"), &read("/proc/self/mountinfo"));
        let folder = folder.ok_or("there is no tree of control groups (v2)")?;
        Delegated::take(&folder, std::process::id())
    });
    found.as_ref().map_err(String::as_str)
}

impl Delegated {
    /// Takes the group in `folder`, which must hold process `own` alone.
    fn take(folder: &Path, own: u32) -> Result<Self, String> {
        let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
        let controllers = read("cgroup.controllers");
        for wanted in CONTROLLERS {
            if !controllers.split_whitespace().any(|one| one == wanted) {
                return Err(format!("the control group has no `{wanted}`"));
            }
        }
        if read("cgroup.procs").trim() != own.to_string() {
            return Err("the control group is shared with other processes".to_owned());
        }
        let failed = |error: io::Error| format!("the control group is not delegated: {error}");
        let inner = folder.join(OWN);
        fs::create_dir(&inner).or_else(is_there).map_err(failed)?;
        fs::write(inner.join("cgroup.procs"), own.to_string()).map_err(failed)?;
        let wanted = CONTROLLERS.map(|one| format!("+{one}")).join(" ");
        fs::write(folder.join("cgroup.subtree_control"), wanted).map_err(failed)?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Makes a group for a host and moves process `started` into it, before it has children.
    pub(crate) fn hold(&self, host: u64, started: Pid, needs: &Needs) -> io::Result<Group> {
        let group = Group { folder: self.folder.join(format!("host-{host}")) };
        fs::create_dir(&group.folder).or_else(is_there)?;
        for (file, value) in [
            ("memory.max", needs.memory.to_string()),
            // What is over the bound is not to go on slowly, on the disk.
            ("memory.swap.max", "0".to_owned()),
            ("memory.oom.group", "1".to_owned()),
            ("pids.max", needs.profile.tasks.to_string()),
            ("cgroup.procs", started.to_string()),
        ] {
            let written = fs::write(group.folder.join(file), value);
            // Without swap, there is nothing to forbid.
            if file != "memory.swap.max" {
                written?;
            }
        }
        Ok(group)
    }
}

/// The group of one host; ended and taken away when it is dropped.
#[derive(Debug)]
pub(crate) struct Group {
    folder: PathBuf,
}

impl Group {
    /// Which of its bounds the host met, if it did.
    pub(crate) fn met(&self) -> Option<&'static str> {
        let counted = |file: &str, what: &str| {
            let text = fs::read_to_string(self.folder.join(file)).unwrap_or_default();
            text.lines()
                .filter_map(|line| line.strip_prefix(what)?.trim().parse::<u64>().ok())
                .any(|times| times > 0)
        };
        if counted("memory.events", "oom_kill ") {
            return Some("it took more memory than its control group may");
        }
        counted("pids.events", "max ")
            .then_some("it had as many processes as its control group may")
    }
}

impl Drop for Group {
    /// Whoever is still in it ends at once, all of them: nobody can fork faster than this.
    fn drop(&mut self) {
        // An older kernel has no such file; then the sandbox' own end is theirs.
        let _ended = fs::write(self.folder.join("cgroup.kill"), "1");
        // It is taken away when the last one is gone; where that takes longer, it stays, empty.
        let _left = fs::remove_dir(&self.folder);
    }
}

fn is_there(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(error) }
}

/// Where the group of a process is, by its `/proc/…/cgroup` and the mounts that it sees.
fn folder(cgroup: &str, mountinfo: &str) -> Option<PathBuf> {
    let path = cgroup.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mount = mountinfo.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, place) = (fields.next()?, fields.next()?);
        kind.starts_with("cgroup2 ").then_some((root, place))
    });
    let (root, place) = mount?;
    let beneath = path.strip_prefix(root.trim_end_matches('/'))?;
    Some(Path::new(place).join(beneath.trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with the files that a group has, those of a new group beneath it as well.
    fn tree(controllers: &str, procs: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cgroup.controllers"), controllers).unwrap();
        fs::write(folder.path().join("cgroup.procs"), procs).unwrap();
        folder
    }

    fn needs() -> Needs {
        let profile = crate::wire::HostProfile { tasks: 99, ..Default::default() };
        Needs { profile, memory: 1 << 30 }
    }

    #[test]
    fn a_group_is_found_by_its_mount() {
        let mounts = "24 1 0:22 / /sys rw - sysfs sysfs rw\n30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
        let within = "30 24 0:26 /user.slice /cgroup rw - cgroup2 none rw\n";
        for (cgroup, mounts, expected) in [
            ("0::/user.slice/app.scope\n", mounts, Some("/sys/fs/cgroup/user.slice/app.scope")),
            ("9:pids:/x\n0::/\n", mounts, Some("/sys/fs/cgroup/")),
            ("0::/user.slice/app.scope\n", within, Some("/cgroup/app.scope")),
            ("0::/other\n", within, None),
            ("9:pids:/x\n", mounts, None),
            ("0::/x\n", "24 1 0:22 / /sys rw - sysfs sysfs rw\n", None),
        ] {
            assert_eq!(folder(cgroup, mounts), expected.map(PathBuf::from), "{cgroup} {mounts}");
        }
    }

    #[test]
    fn i07_only_a_group_of_its_own_with_both_controllers_is_taken() {
        for (controllers, procs, said) in [
            ("cpu memory", "7\n", "has no `pids`"),
            ("pids", "7\n", "has no `memory`"),
            ("memory pids", "6\n7\n", "shared with other processes"),
            ("memory pids", "", "shared"),
        ] {
            let folder = tree(controllers, procs);
            let error = Delegated::take(folder.path(), 7).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
        let nowhere = Delegated::take(Path::new("/nonexistent"), 7).unwrap_err();
        assert!(nowhere.contains("no `memory`"), "{nowhere}");
    }

    #[test]
    fn i07_a_host_is_put_into_its_group_with_its_bounds_before_anything_else() {
        let folder = tree("cpu memory pids", "7\n");
        let delegated = Delegated::take(folder.path(), 7).unwrap();
        let read = |file: &str| fs::read_to_string(folder.path().join(file)).unwrap();
        assert_eq!(read("broker/cgroup.procs"), "7");
        assert_eq!(read("cgroup.subtree_control"), "+memory +pids");
        let group = delegated.hold(3, 42, &needs()).unwrap();
        for (file, value) in [
            ("memory.max", "1073741824"),
            ("memory.swap.max", "0"),
            ("memory.oom.group", "1"),
            ("pids.max", "99"),
            ("cgroup.procs", "42"),
        ] {
            assert_eq!(read(&format!("host-3/{file}")), value, "{file}");
        }
        assert_eq!(group.met(), None);
        fs::write(group.folder.join("memory.events"), "oom 1\noom_kill 2\n").unwrap();
        assert!(group.met().unwrap().contains("memory"));
        fs::write(group.folder.join("memory.events"), "oom 0\noom_kill 0\n").unwrap();
        fs::write(group.folder.join("pids.events"), "max 5\n").unwrap();
        assert!(group.met().unwrap().contains("processes"));
        drop(group);
        assert_eq!(read("host-3/cgroup.kill"), "1");
    }
}
