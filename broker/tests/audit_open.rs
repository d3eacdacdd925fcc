//! Who may have a log: one writer at a time, any number of readers, and nothing but a file of
//! the broker's own.
#![cfg(feature = "core")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sidegate::audit::{AuditError, AuditLog, Clock, Durability, Event, Reader, verify};

fn open(path: &Path) -> Result<AuditLog, AuditError> {
    AuditLog::open(path, Clock::system())
}

fn stop(log: &AuditLog) -> Result<u64, AuditError> {
    log.append("p", &Event::Stop {}).map(|receipt| receipt.seq())
}

#[test]
fn a_log_has_one_writer_and_is_its_owner_s_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let log = open(&path).unwrap();
    stop(&log).unwrap();
    log.sync().unwrap();
    for file in ["log", "log.head"] {
        let mode = fs::metadata(dir.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert!(matches!(open(&path), Err(AuditError::InUse { .. })));
    drop(log);
    assert_eq!(stop(&open(&path).unwrap()).unwrap(), 2, "the count goes on");
}

/// Between its fork and its own program, a child of the broker has the file of the log open too.
#[test]
fn a_log_is_free_at_once_whatever_children_are_being_started() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                assert!(Command::new("true").status().unwrap().success());
            }
        });
        let refused = (0..100).find_map(|_| open(&path).err());
        done.store(true, Ordering::Release);
        assert!(refused.is_none(), "{refused:?}");
    });
}

#[test]
fn h04_what_is_no_file_of_the_broker_s_own_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    drop(open(&at("real")).unwrap());
    symlink(at("real"), at("link")).unwrap();
    symlink(at("nothing"), at("dangling")).unwrap();
    fs::create_dir(at("directory")).unwrap();
    drop(open(&at("shared")).unwrap());
    fs::set_permissions(at("shared"), Permissions::from_mode(0o620)).unwrap();
    for (path, expected) in [
        (at("link"), "cannot open"),
        (at("dangling"), "cannot open"),
        (at("directory"), "cannot open"),
        (at("missing/log"), "cannot open"),
        (at(".."), "cannot open"),
        ("/dev/full".into(), "not a regular file"),
        ("/dev/null".into(), "not a regular file"),
        (at("shared"), "may be written by others"),
    ] {
        let refused = open(&path).unwrap_err().to_string();
        assert!(refused.contains(expected), "{}: {refused}", path.display());
    }
    assert!(!at("nothing").exists());
}

#[test]
fn a_log_that_was_taken_away_refuses_until_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let (path, away) = (dir.path().join("log"), dir.path().join("away"));
    let log = open(&path).unwrap();
    stop(&log).unwrap();
    fs::rename(&path, &away).unwrap();
    fs::write(&path, "").unwrap();
    assert!(matches!(log.sync(), Err(AuditError::Moved)));
    assert!(matches!(stop(&log), Err(AuditError::Moved)));
    fs::rename(&away, &path).unwrap();
    assert_eq!(stop(&log).unwrap(), 2);
    drop(log);
    assert!(verify(&path).unwrap().is_good());
}

#[test]
fn records_come_to_the_disk_by_themselves_and_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let head = || fs::read_to_string(path.with_extension("head")).unwrap_or_default();
    let log = open(&path).unwrap();
    stop(&log).unwrap();
    let began = Instant::now();
    while !head().starts_with("{\"seq\":1,") {
        assert!(began.elapsed() < Duration::from_secs(20), "nobody brought it to the disk");
        thread::sleep(Duration::from_millis(5));
    }
    stop(&log).unwrap();
    drop(log);
    assert!(head().starts_with("{\"seq\":2,"), "{}", head());
}

#[test]
fn many_writers_at_once_make_one_chain() {
    for durability in [Durability::default(), Durability::Always] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let log = AuditLog::open_with(&path, Clock::system(), durability).unwrap();
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let seqs: Vec<u64> = (0..25).map(|_| stop(&log).unwrap()).collect();
                    assert!(seqs.is_sorted());
                });
            }
        });
        drop(log);
        let verification = verify(&path).unwrap();
        assert!(verification.is_good(), "{:?}", verification.finding);
        assert_eq!(verification.records, 200);
    }
}

#[test]
fn h08_a_reader_and_a_verifier_beside_the_writer_see_whole_records() {
    const RECORDS: u64 = 3000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let log = open(&path).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let files: Vec<String> = (0..40).map(|n| format!("{n}{}", "x".repeat(100))).collect();
            for _ in 0..RECORDS {
                log.append("p", &Event::Policy { files: &files, replaced: None, by: None })
                    .unwrap();
            }
            done.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                let verification = verify(&path).unwrap();
                assert!(verification.is_good(), "{:?}", verification.finding);
            }
        });
        let mut reader = Reader::open(&path).unwrap();
        let mut seen = 0;
        while seen < RECORDS {
            match reader.next() {
                Some(entry) => {
                    seen = seen.saturating_add(1);
                    assert_eq!(entry.unwrap().seq(), seen);
                }
                None => thread::yield_now(),
            }
        }
    });
}
