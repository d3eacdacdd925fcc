//! What a crash leaves of a log, and how it is taken up again. The writer that is killed is this
//! test's own program, started once more.
#![cfg(feature = "core")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use sidegate::audit::{AuditLog, Clock, Durability, Event, Reader, verify};

/// Where the child finds its log.
const LOG: &str = "SIDEGATE_TEST_AUDIT_LOG";

/// How many times a writer is killed: each takes up the log that the one before it left.
const KILLS: u64 = 40;

#[test]
fn h05_a_writer_killed_at_any_moment_leaves_every_record_it_vouched_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let mut torn = 0;
    for kill in 0..KILLS {
        let vouched = run_and_kill(&path, Duration::from_micros(500 + kill * 397 % 16_000));
        let text = fs::read(&path).unwrap_or_default();
        let whole = text.iter().filter(|byte| **byte == b'\n').count() as u64;
        assert!(whole >= vouched, "{vouched} records were vouched for, {whole} are there");
        torn += u64::from(!text.is_empty() && !text.ends_with(b"\n"));
        drop(AuditLog::open(&path, Clock::system()).unwrap());
        let verification = verify(&path).unwrap();
        assert!(verification.is_good(), "{:?}", verification.finding);
        assert!(verification.records >= vouched);
    }
    let repairs =
        Reader::open(&path).unwrap().filter(|e| e.as_ref().unwrap().event() == "repaired");
    assert_eq!(repairs.count() as u64, torn, "each torn tail was told of");
    assert!(verify(&path).unwrap().records > KILLS, "the writers got to write");
}

/// Starts a writer, kills it after `life`, and says which record it vouched for last.
fn run_and_kill(path: &Path, life: Duration) -> u64 {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "the_writer_that_is_killed", "--nocapture"])
        .env(LOG, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let vouched = |line: String| line.strip_prefix("vouched ").and_then(|seq| seq.parse().ok());
    // The clock of its life starts with the first record: starting the program takes longer.
    let mut last: u64 = lines.by_ref().find_map(vouched).unwrap();
    thread::sleep(life);
    child.kill().unwrap();
    child.wait().unwrap();
    // A last line may have been cut in the middle of its number; it is shorter then, not greater.
    for seq in lines.filter_map(vouched) {
        last = seq.max(last);
    }
    last
}

#[test]
#[ignore = "it writes until it is killed: the test above starts it"]
fn the_writer_that_is_killed() {
    let path = env::var_os(LOG).unwrap();
    let log = AuditLog::open(Path::new(&path), Clock::system()).unwrap();
    // Records of more than a page: a kill between two pages is what tears a line.
    let files: Vec<String> = (0..64).map(|n| format!("{n}{}", "x".repeat(120))).collect();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let receipt = log
                        .append("p", &Event::Policy { files: &files, replaced: None, by: None })
                        .unwrap();
                    writeln!(std::io::stdout(), "vouched {}", receipt.seq()).unwrap();
                }
            });
        }
    });
}

/// Every way in which the last record can be torn.
#[test]
fn h05_a_torn_tail_is_cut_off_and_told_of() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let log =
        AuditLog::open_with(&path, Clock::system(), Durability::Within(Duration::MAX)).unwrap();
    log.append("p", &Event::Start { app: "a", version: "1", log_args: false }).unwrap();
    log.sync().unwrap();
    let head = fs::read(path.with_extension("head")).unwrap();
    let before = fs::read(&path).unwrap();
    log.append("p", &Event::Stop {}).unwrap();
    let text = fs::read(&path).unwrap();
    drop(log);
    for length in before.len()..=text.len() {
        fs::write(path.with_extension("head"), &head).unwrap();
        fs::write(&path, text.get(..length).unwrap()).unwrap();
        drop(AuditLog::open(&path, Clock::system()).unwrap());
        let entries: Vec<_> = Reader::open(&path).unwrap().map(Result::unwrap).collect();
        let torn = length - before.len();
        if torn == 0 || length == text.len() {
            assert_eq!(fs::read(&path).unwrap().len(), length, "whole records stay as they are");
        } else {
            let [_, repaired] = entries.as_slice() else { panic!("{entries:?}") };
            assert_eq!(repaired.event(), "repaired");
            assert_eq!(repaired.number("bytes"), Some(torn as u64));
        }
        assert!(verify(&path).unwrap().is_good(), "torn at {length}");
    }
}

#[test]
fn a_log_that_lost_its_head_is_followed_from_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    for _ in 0..3 {
        let log = AuditLog::open(&path, Clock::system()).unwrap();
        log.append("p", &Event::Stop {}).unwrap();
        drop(log);
        fs::remove_file(path.with_extension("head")).unwrap();
    }
    drop(AuditLog::open(&path, Clock::system()).unwrap());
    let verification = verify(&path).unwrap();
    assert!(verification.is_good() && verification.has_head);
    assert_eq!(verification.records, 3);
}
