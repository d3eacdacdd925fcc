//! Files beneath a directory while others rename what leads to them: a race that a check before
//! a use loses. `SIDEGATE_SOAK=1` runs the long form.
#![cfg(all(target_os = "linux", feature = "core"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test says so by panicking, in its helpers too"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rustix::fs::{CWD, RenameFlags};
use sidegate::confined::{ConfinedPath, Directory, FileError, Relative};

const CANARY: &str = "what nobody may see";

/// How often to try: seconds by default, the whole claim in a soak.
fn rounds(quick: usize, soak: usize) -> usize {
    match std::env::var_os("SIDEGATE_SOAK") {
        Some(wanted) if wanted == "1" => soak,
        _ => quick,
    }
}

/// Two names that change places as fast as a thread can do it, until it is dropped.
struct Storm {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Storm {
    fn between(one: PathBuf, other: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(CWD, &one, CWD, &other, RenameFlags::EXCHANGE).unwrap();
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Storm {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the storm broke off");
        }
    }
}

fn beneath(base: &Path, path: &str) -> ConfinedPath {
    ConfinedPath::new(Directory::open(base).unwrap(), Relative::parse(path).unwrap())
}

/// `base/door` is a folder one moment, and the next a link to `outside`.
fn door() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let (base, outside) = (root.path().join("base"), root.path().join("outside"));
    fs::create_dir_all(base.join("door")).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(base.join("door/file"), "inside").unwrap();
    fs::write(outside.join("file"), CANARY).unwrap();
    fs::write(outside.join("secret-name"), CANARY).unwrap();
    symlink(&outside, base.join("link")).unwrap();
    (root, base, outside)
}

#[test]
fn e04_no_read_or_listing_escapes_a_storm_of_renames() {
    let (_root, base, _outside) = door();
    let _storm = Storm::between(base.join("door"), base.join("link"));
    let (file, folder) = (beneath(&base, "door/file"), beneath(&base, "door"));
    let (mut read, mut refused, mut lost_by_a_plain_read) = (0, 0, 0);
    for _ in 0..rounds(20_000, 10_000_000) {
        match file.read_text(99) {
            Ok(text) => {
                assert_eq!(text, "inside");
                read += 1;
            }
            Err(FileError::Escapes) => refused += 1,
            Err(error) => panic!("{error}"),
        }
        match folder.list(9) {
            Ok(listing) => assert!(listing.entries.iter().all(|entry| entry.name == "file")),
            Err(FileError::Escapes) => {}
            Err(error) => panic!("{error}"),
        }
        if fs::read_to_string(base.join("door/file")).unwrap() == CANARY {
            lost_by_a_plain_read += 1;
        }
    }
    // A storm that nobody notices shows nothing.
    assert!(
        read > 0 && refused > 0 && lost_by_a_plain_read > 0,
        "{read} {refused} {lost_by_a_plain_read}"
    );
}

#[test]
fn e04_no_write_escapes_a_storm_of_renames() {
    let (_root, base, outside) = door();
    let storm = Storm::between(base.join("door"), base.join("link"));
    write_in_the_storm(&[beneath(&base, "door/new"), beneath(&base, "door/file")]);
    drop(storm);
    assert!(!outside.join("new").exists());
    assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), CANARY);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 2, "nothing is left outside");
}

/// The name itself is a file one moment, and the next a link: a write replaces one of them or
/// is refused, and writes through neither.
#[test]
fn e04_no_write_goes_through_a_link_that_takes_the_place_of_the_file() {
    let (_root, base, outside) = door();
    let (file, other) = (base.join("file"), base.join("other"));
    let path = beneath(&base, "file");
    for _ in 0..rounds(10, 1000) {
        let _ = fs::remove_file(&file);
        let _ = fs::remove_file(&other);
        fs::write(&file, "inside").unwrap();
        symlink(outside.join("file"), &other).unwrap();
        let _storm = Storm::between(file.clone(), other.clone());
        for _ in 0..10 {
            match path.write_text("overwritten") {
                Ok(_) | Err(FileError::Escapes) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), CANARY);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 2);
    assert_eq!(fs::read_dir(&base).unwrap().count(), 4, "no unfinished file is left");
}

/// Writes until enough were done and enough refused: a storm that the scheduler has put to
/// sleep lets thousands of one kind through in a row.
fn write_in_the_storm(paths: &[ConfinedPath]) {
    let enough = rounds(40, 100_000);
    let (mut written, mut refused) = (0, 0);
    while written < enough || refused < enough {
        for path in paths {
            match path.write_text("overwritten") {
                Ok(_) => written += 1,
                Err(FileError::Escapes) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn e05_renames_elsewhere_fail_nobody() {
    let root = tempfile::tempdir().unwrap();
    for folder in ["base/a/b/c", "one/deep", "two/deep"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    fs::write(root.path().join("base/a/b/c/file"), "text").unwrap();
    let _storm = Storm::between(root.path().join("one"), root.path().join("two"));
    let base = root.path().join("base");
    let (file, folder) = (beneath(&base, "a/b/c/file"), beneath(&base, ""));
    for round in 0..rounds(30_000, 1_000_000) {
        assert_eq!(file.read_text(99).unwrap(), "text", "round {round}");
        assert_eq!(folder.list(9).unwrap().entries.len(), 1, "round {round}");
    }
}
