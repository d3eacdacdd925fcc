//! Files beneath a directory: what leads out of it, or is no file, is refused.
#![cfg(all(target_os = "linux", feature = "core"))]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test says so by panicking, in its helpers too"
)]

use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode};
use sidegate::confined::{ConfinedPath, Directory, FileError, Kind, Relative};
use tempfile::TempDir;

const CANARY: &str = "what nobody may see";
const LIMIT: u64 = 1 << 20;

/// An allowed directory beside a secret one.
struct Place {
    root: TempDir,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("base")).unwrap();
        fs::create_dir(root.path().join("outside")).unwrap();
        fs::write(root.path().join("outside/secret"), CANARY).unwrap();
        Self { root }
    }

    fn base(&self, name: &str) -> PathBuf {
        self.root.path().join("base").join(name)
    }

    fn outside(&self, name: &str) -> PathBuf {
        self.root.path().join("outside").join(name)
    }

    fn at(&self, path: &str) -> ConfinedPath {
        beneath(&self.base(""), path)
    }
}

fn beneath(base: &Path, path: &str) -> ConfinedPath {
    ConfinedPath::new(Directory::open(base).unwrap(), Relative::parse(path).unwrap())
}

fn code<T: std::fmt::Debug>(result: Result<T, FileError>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "done")
}

/// Every path below a folder with its kind and, for files, its content.
fn picture(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut seen = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        let content = match kind.is_file() {
            true => fs::read_to_string(entry.path()).unwrap(),
            false => format!("{kind:?}"),
        };
        seen.push((entry.path(), content));
        if kind.is_dir() {
            seen.extend(picture(&entry.path()));
        }
    }
    seen.sort();
    seen
}

/// An answer within five seconds: what waits for a pipe waits for ever.
fn soon<T: Send + 'static>(ask: impl FnOnce() -> T + Send + 'static) -> T {
    let (answer, answered) = mpsc::channel();
    std::thread::spawn(move || answer.send(ask()));
    answered.recv_timeout(Duration::from_secs(5)).expect("it waits for ever")
}

#[test]
fn what_is_written_is_read_and_listed() {
    let place = Place::new();
    fs::create_dir_all(place.base("notes/old")).unwrap();
    for (path, text) in
        [("a", ""), ("notes/a.md", "one\n"), ("notes/old/ß", "zwei\0"), ("a", "again")]
    {
        assert_eq!(place.at(path).write_text(text).unwrap(), text.len() as u64);
        assert_eq!(place.at(path).read_text(LIMIT).unwrap(), text);
        assert_eq!(fs::read_to_string(place.base(path)).unwrap(), text);
    }
    let large = "0123456789abcdef".repeat(1 << 16);
    place.at("large").write_text(&large).unwrap();
    assert_eq!(place.at("large").read_text(LIMIT).unwrap(), large);
}

#[test]
fn a_call_on_the_wrong_kind_of_thing_is_refused_and_changes_nothing() {
    let place = Place::new();
    fs::create_dir(place.base("folder")).unwrap();
    fs::write(place.base("file"), "text").unwrap();
    fs::write(place.base("binary"), b"\xff\xfe\0").unwrap();
    let before =
        || (fs::read(place.base("binary")).unwrap(), fs::read_dir(place.base("")).unwrap().count());
    let was = before();
    for (path, read, write, list) in [
        ("", "not_a_file", "not_a_file", "done"),
        ("folder", "not_a_file", "not_a_file", "done"),
        ("file/below", "not_a_directory", "not_a_directory", "not_a_directory"),
        ("missing", "not_found", "", "not_found"),
        ("missing/below", "not_found", "not_found", "not_found"),
        ("file", "done", "", "not_a_directory"),
        ("binary", "not_text", "", "not_a_directory"),
    ] {
        assert_eq!(code(place.at(path).read_text(LIMIT)), read, "read {path:?}");
        assert_eq!(code(place.at(path).list(9)), list, "list {path:?}");
        if !write.is_empty() {
            assert_eq!(code(place.at(path).write_text("x")), write, "write {path:?}");
        }
    }
    assert_eq!(before(), was);
}

#[test]
fn e02_the_longest_name_is_taken() {
    let place = Place::new();
    let longest = "n".repeat(255);
    place.at(&longest).write_text("text").unwrap();
    assert_eq!(place.at(&longest).read_text(LIMIT).unwrap(), "text");
    // The kernel counts the NUL at the end of a path, too.
    for (length, read) in [(4095, "not_found"), (4096, "name_too_long")] {
        let deep = "d/".repeat(1999) + &"n".repeat(length - 2 * 1999);
        assert_eq!(code(place.at(&deep).read_text(LIMIT)), read, "{length} bytes");
    }
}

#[test]
fn e03_no_link_is_followed_wherever_it_leads() {
    let place = Place::new();
    fs::create_dir(place.base("folder")).unwrap();
    fs::write(place.base("folder/file"), "inside").unwrap();
    for (link, target) in [
        ("to-secret", place.outside("secret")),
        ("to-outside", place.outside("")),
        ("up", "..".into()),
        ("up-and-over", "../outside".into()),
        ("folder/up", "../..".into()),
        ("to-file", "folder/file".into()),
        ("to-folder", "folder".into()),
        ("dangling", "nowhere".into()),
        ("dangling-outside", place.outside("new")),
        ("loop", "loop".into()),
        ("ping", "pong".into()),
        ("pong", "ping".into()),
        ("chain", "to-outside".into()),
        ("proc", "/proc/self/root".into()),
        ("cwd", "/proc/self/cwd".into()),
    ] {
        symlink(target, place.base(link)).unwrap();
    }
    let before = picture(place.root.path());
    for path in [
        "to-secret",
        "to-outside",
        "to-outside/secret",
        "to-outside/new",
        "up",
        "up/outside/secret",
        "up-and-over/secret",
        "folder/up/outside/secret",
        "to-file",
        "to-folder",
        "to-folder/file",
        "dangling",
        "dangling/below",
        "dangling-outside",
        "loop",
        "loop/below",
        "ping",
        "chain/secret",
        "proc",
        "proc/etc/passwd",
        "cwd",
        "cwd/Cargo.toml",
    ] {
        assert_eq!(code(place.at(path).read_text(LIMIT)), "not_found", "read {path:?}");
        assert_eq!(code(place.at(path).write_text("x")), "not_found", "write {path:?}");
        assert_eq!(code(place.at(path).list(99)), "not_found", "list {path:?}");
    }
    assert_eq!(picture(place.root.path()), before);
}

#[test]
fn e03_no_magic_link_of_proc_is_followed() {
    let open = File::open("/etc/passwd").unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&open);
    for (base, path) in [
        ("/proc", "self/status".to_owned()),
        ("/proc", "thread-self/status".to_owned()),
        ("/proc/self", "root/etc/passwd".to_owned()),
        ("/proc/self", "root".to_owned()),
        ("/proc/self", "cwd/Cargo.toml".to_owned()),
        ("/proc/self", "exe".to_owned()),
        ("/proc/self", format!("fd/{number}")),
        ("/proc/self/fd", format!("{number}")),
        ("/proc/self", format!("task/{}/root/etc/passwd", std::process::id())),
    ] {
        let path = beneath(Path::new(base), &path);
        assert!(matches!(path.read_text(LIMIT), Err(FileError::Escapes)), "read {path:?}");
        assert_eq!(code(path.list(9)), "not_found", "list {path:?}");
    }
}

#[test]
fn e06_a_mount_point_is_not_entered() {
    for path in ["proc/version", "proc/self/status", "proc"] {
        let path = beneath(Path::new("/"), path);
        assert!(matches!(path.list(9), Err(FileError::Escapes)), "list {path:?}");
        assert!(matches!(path.read_text(LIMIT), Err(FileError::Escapes)), "read {path:?}");
    }
}

#[test]
fn e07_a_directory_that_was_replaced_is_refused() {
    let place = Place::new();
    fs::write(place.base("file"), "first").unwrap();
    let directory = Directory::open(&place.base("")).unwrap();
    let file = ConfinedPath::new(directory.clone(), Relative::parse("file").unwrap());
    let folder = ConfinedPath::new(directory, Relative::default());
    assert_eq!(file.read_text(LIMIT).unwrap(), "first");

    let (base, aside) = (place.root.path().join("base"), place.root.path().join("aside"));
    let refused = |when: &str| {
        assert!(matches!(file.read_text(LIMIT), Err(FileError::Replaced)), "{when}");
        assert!(matches!(file.write_text("x"), Err(FileError::Replaced)), "{when}");
        assert!(matches!(folder.list(9), Err(FileError::Replaced)), "{when}");
    };
    fs::rename(&base, &aside).unwrap();
    refused("moved away");
    fs::create_dir(&base).unwrap();
    fs::write(base.join("file"), "second").unwrap();
    refused("another in its place");
    fs::remove_dir_all(&base).unwrap();
    symlink(place.root.path().join("outside"), &base).unwrap();
    refused("a link in its place");
    fs::remove_file(&base).unwrap();
    fs::rename(&aside, &base).unwrap();
    assert_eq!(file.read_text(LIMIT).unwrap(), "first", "put back");
}

#[test]
fn e08_a_write_creates_nothing_through_a_link_and_leaves_the_link() {
    let place = Place::new();
    symlink(place.outside("new"), place.base("dangling")).unwrap();
    symlink(place.outside("secret"), place.base("link")).unwrap();
    symlink(place.outside(""), place.base("folder")).unwrap();
    let before = picture(place.root.path());
    for path in ["dangling", "link", "folder", "folder/new", "folder/secret"] {
        let error = place.at(path).write_text("overwritten").unwrap_err();
        assert!(matches!(error, FileError::Escapes), "{path:?}: {error}");
    }
    assert_eq!(picture(place.root.path()), before);
}

#[test]
fn e08_a_write_to_a_hard_link_does_not_write_to_the_file_outside() {
    let place = Place::new();
    fs::hard_link(place.outside("secret"), place.base("link")).unwrap();
    place.at("link").write_text("new").unwrap();
    assert_eq!(fs::read_to_string(place.outside("secret")).unwrap(), CANARY);
    assert_eq!(fs::read_to_string(place.base("link")).unwrap(), "new");
}

#[test]
fn e11_the_limit_is_exact() {
    let place = Place::new();
    for (length, limit, is_read) in
        [(0, 0, true), (1, 0, false), (9, 9, true), (10, 9, false), (9, u64::MAX, true)]
    {
        place.at("file").write_text(&"x".repeat(length)).unwrap();
        assert_eq!(place.at("file").read_text(limit).is_ok(), is_read, "{length} bytes of {limit}");
    }
}

#[test]
fn e11_a_huge_sparse_file_is_refused() {
    let place = Place::new();
    File::create(place.base("huge")).unwrap().set_len(100 << 30).unwrap();
    let path = place.at("huge");
    let result = soon(move || path.read_text(LIMIT));
    assert!(matches!(result, Err(FileError::TooLarge { limit: LIMIT })), "{result:?}");
}

#[test]
fn e11_a_file_that_hides_its_length_is_read_up_to_the_limit() {
    assert_eq!(fs::metadata("/proc/self/status").unwrap().len(), 0);
    let path = || beneath(Path::new("/proc/self"), "status");
    assert!(path().read_text(LIMIT).unwrap().contains("Seccomp"));
    let result = path().read_text(100);
    assert!(matches!(result, Err(FileError::TooLarge { limit: 100 })), "{result:?}");
}

/// The file grows faster than anybody reads, so that only the limit ends the reading.
#[test]
fn e11_a_growing_file_is_read_up_to_the_limit() {
    let place = Place::new();
    let (path, growing) = (place.at("growing"), place.base("growing"));
    let limit = 256 << 10;
    fs::write(&growing, "x".repeat(limit as usize - 1)).unwrap();
    let (stop, stopped) = mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        let mut file = File::options().append(true).open(&growing).unwrap();
        while matches!(stopped.try_recv(), Err(mpsc::TryRecvError::Empty)) {
            std::io::Write::write_all(&mut file, b"x").unwrap();
            if file.metadata().unwrap().len() > 64 << 20 {
                file.set_len(limit - 1).unwrap();
            }
        }
    });
    let results = soon(move || (0..200).map(|_| path.read_text(limit)).collect::<Vec<_>>());
    stop.send(()).unwrap();
    writer.join().unwrap();
    for result in results {
        match result {
            Ok(text) => assert!(text.len() as u64 <= limit),
            Err(FileError::TooLarge { limit: shown }) => assert_eq!(shown, limit),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_pipe_a_socket_and_a_device_are_no_files_and_nobody_waits_for_them() {
    let place = Place::new();
    rustix::fs::mkfifoat(CWD, place.base("pipe"), Mode::RWXU).unwrap();
    let _socket = UnixListener::bind(place.base("socket")).unwrap();
    let null = rustix::fs::makedev(1, 3);
    // Only root makes devices, and not in every container.
    let device =
        rustix::fs::mknodat(CWD, place.base("device"), FileType::CharacterDevice, Mode::RWXU, null);
    let names = ["pipe", "socket"].into_iter().chain(device.is_ok().then_some("device"));
    for name in names {
        let (read, write) = (place.at(name), place.at(name));
        assert_eq!(soon(move || code(read.read_text(LIMIT))), "not_a_file", "read {name}");
        assert_eq!(soon(move || code(write.write_text("x"))), "not_a_file", "write {name}");
        assert_eq!(code(place.at(name).list(9)), "not_a_directory", "list {name}");
        assert!(
            !fs::symlink_metadata(place.base(name)).unwrap().is_file(),
            "{name} is still there"
        );
    }
    assert!(place.at("").list(9).unwrap().entries.iter().all(|entry| entry.kind == Kind::Other));
    for name in ["null", "zero", "full", "tty"] {
        let path = beneath(Path::new("/dev"), name);
        assert!(soon(move || path.read_text(LIMIT)).is_err(), "/dev/{name}");
    }
}

#[test]
fn a_new_file_is_private_and_a_replaced_one_keeps_its_permissions() {
    let place = Place::new();
    for (before, after) in
        [(None, 0o600), (Some(0o644), 0o644), (Some(0o640), 0o640), (Some(0o4755), 0o755)]
    {
        let _ = fs::remove_file(place.base("file"));
        if let Some(mode) = before {
            fs::write(place.base("file"), "old").unwrap();
            fs::set_permissions(place.base("file"), Permissions::from_mode(mode)).unwrap();
        }
        place.at("file").write_text("new").unwrap();
        let mode = fs::metadata(place.base("file")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, after, "{before:?}");
    }
    assert_eq!(fs::read_dir(place.base("")).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_file_that_may_not_be_written_is_not_replaced() {
    let place = Place::new();
    if rustix::process::geteuid().is_root() {
        return; // nothing is read-only to root
    }
    fs::write(place.base("kept"), "old").unwrap();
    fs::set_permissions(place.base("kept"), Permissions::from_mode(0o400)).unwrap();
    assert!(matches!(place.at("kept").write_text("new"), Err(FileError::Denied)));
    assert_eq!(fs::read_to_string(place.base("kept")).unwrap(), "old");
}

#[test]
fn a_listing_is_sorted_and_tells_kind_length_and_time() {
    let place = Place::new();
    fs::create_dir(place.base("b")).unwrap();
    symlink(place.outside("secret"), place.base("c")).unwrap();
    for (name, text, time) in [
        ("a", "12345", SystemTime::UNIX_EPOCH + Duration::from_millis(1_600_000_000_123)),
        ("d", "", SystemTime::UNIX_EPOCH - Duration::from_millis(1500)),
    ] {
        fs::write(place.base(name), text).unwrap();
        File::options().write(true).open(place.base(name)).unwrap().set_modified(time).unwrap();
    }
    fs::write(place.base(".sidegate-unfinished-left-by-a-crash"), "half").unwrap();
    fs::write(place.base("").join(OsStr::from_bytes(b"\xff")), "").unwrap();
    fs::write(place.base("line\nbreak"), "").unwrap();

    let listing = place.at("").list(6).unwrap();
    let seen: Vec<_> = listing.entries.iter().map(|e| (e.name.as_str(), e.kind, e.size)).collect();
    assert_eq!(
        seen,
        [
            ("a", Kind::File, 5),
            ("b", Kind::Directory, 0),
            ("c", Kind::Other, 0),
            ("d", Kind::File, 0)
        ]
    );
    assert_eq!(listing.left_out, 2);
    assert_eq!(listing.entries[0].modified_ms, 1_600_000_000_123);
    assert_eq!(listing.entries[3].modified_ms, -1500);
    assert!(matches!(place.at("").list(5), Err(FileError::TooMany { limit: 5 })));
}

#[test]
fn a_base_is_made_private_where_it_is_missing_and_left_as_it_is_where_it_is_not() {
    let place = Place::new();
    fs::set_permissions(place.base(""), Permissions::from_mode(0o755)).unwrap();
    let directory = Directory::open_or_create(&place.base("x/y")).unwrap();
    for (path, mode) in [("", 0o755), ("x", 0o700), ("x/y", 0o700)] {
        let found = fs::metadata(place.base(path)).unwrap().permissions().mode();
        assert_eq!(found & 0o777, mode, "{path:?}");
    }
    assert_eq!(directory.path(), place.base("x/y"));
    assert_eq!(code(Directory::open_or_create(&place.base("x/y"))), "done");
    assert_eq!(code(Directory::open(&place.base("z"))), "not_found");
    fs::write(place.base("file"), "").unwrap();
    assert_eq!(code(Directory::open(&place.base("file"))), "not_a_directory");
    assert!(Directory::open_or_create(&place.base("file/below")).is_err());
}
