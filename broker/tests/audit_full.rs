//! A log that cannot be written: what was not recorded is refused, nothing half written stays,
//! and the log goes on when it can. The limits are a child's, which is this test's own program.
#![cfg(feature = "core")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sidegate::audit::{AuditError, AuditLog, Clock, Event, verify};

/// Where the child finds its log.
const LOG: &str = "SIDEGATE_TEST_AUDIT_LOG";

#[test]
fn h04_a_file_that_may_not_grow_refuses_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(env::current_exe().unwrap());
    assert!(run(&mut child, "the_writer_with_a_limit", &dir.path().join("log")));
}

/// Runs one of the ignored tests below in a process of its own.
fn run(command: &mut Command, test: &str, log: &Path) -> bool {
    let command = command.args(["--ignored", "--exact", test, "--nocapture"]);
    command.env(LOG, log).status().unwrap().success()
}

#[test]
#[ignore = "it limits its own process: the test above starts it"]
fn the_writer_with_a_limit() {
    let path = PathBuf::from(env::var_os(LOG).unwrap());
    let log = AuditLog::open(&path, Clock::system()).unwrap();
    let first = log.append("p", &Event::Stop {}).unwrap();
    let before = fs::read(&path).unwrap();
    for room in [1, 7, 100, before.len() as u64 - 1] {
        let free = limit(before.len() as u64 + room);
        for _ in 0..3 {
            let refused = log.append("p", &Event::Stop {});
            assert!(matches!(refused, Err(AuditError::Write(_))), "{room}: {refused:?}");
            assert_eq!(fs::read(&path).unwrap(), before, "{room}: nothing stays");
        }
        setrlimit(Resource::Fsize, free).unwrap();
    }
    let second = log.append("p", &Event::Stop {}).unwrap();
    assert_eq!(second.seq(), first.seq() + 1, "what was refused has no number");
    drop(log);
    assert!(verify(&path).unwrap().is_good());
}

/// Lets no file of this process grow beyond `bytes`. Says how it was before.
fn limit(bytes: u64) -> Rlimit {
    let free = getrlimit(Resource::Fsize);
    let tight = Rlimit { current: Some(bytes), maximum: free.maximum };
    setrlimit(Resource::Fsize, tight).unwrap();
    free
}

/// A real full disk, in a mount namespace of the child's own. Where none can be had, that is said.
#[test]
fn h04_a_full_disk_refuses_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let mount =
        ["--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs -o size=64k none \"$0\""];
    let can = Command::new("unshare").args(mount).arg(dir.path()).output();
    if !can.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "skipped: this machine gives no mount namespace (unshare --map-root-user --mount)"
        );
        return;
    }
    let script = "mount -t tmpfs -o size=64k none \"$0\" && shift && exec \"$@\"";
    let mut child = Command::new("unshare");
    child.args(["--map-root-user", "--mount", "sh", "-c", script]).arg(dir.path());
    child.arg("--").arg(env::current_exe().unwrap());
    assert!(run(&mut child, "the_writer_on_a_small_disk", &dir.path().join("log")));
}

#[test]
#[ignore = "it fills its disk: the test above starts it on a small one"]
fn the_writer_on_a_small_disk() {
    let path = PathBuf::from(env::var_os(LOG).unwrap());
    let stuffing = path.with_extension("stuffing");
    let log = AuditLog::open(&path, Clock::system()).unwrap();
    fs::write(&stuffing, [0; 32 << 10]).unwrap();
    let mut written = 0;
    let refused = loop {
        match log.append("p", &Event::Stop {}) {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1000, "the disk is small");
    };
    assert!(matches!(refused, AuditError::Write(_) | AuditError::Sync(_)), "{refused}");
    assert!(log.append("p", &Event::Stop {}).is_err(), "and again");
    assert!(fs::read(&path).unwrap().ends_with(b"\n"), "nothing half written stays");
    fs::remove_file(&stuffing).unwrap();
    let next = log.append("p", &Event::Stop {}).unwrap();
    assert_eq!(next.seq(), written + 1);
    drop(log);
    let verification = verify(&path).unwrap();
    assert!(verification.is_good(), "{:?}", verification.finding);
    assert_eq!(verification.records, written + 1);
}
