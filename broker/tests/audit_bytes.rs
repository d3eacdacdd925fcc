//! Tampering with a log: every byte of it, and whole records.
#![cfg(feature = "core")]
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sidegate::audit::{
    Anchor, AuditError, AuditLog, Call, Clock, Damage, Digest, Event, Verdict, verify,
    verify_against,
};
use tempfile::TempDir;

const RECORDS: u64 = 20;

/// A log of twenty records, closed, with its head.
struct Specimen {
    dir: TempDir,
    text: Vec<u8>,
}

impl Specimen {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = AuditLog::open(&dir.path().join("log"), clock()).unwrap();
        write_records(&log, 1..=RECORDS);
        drop(log);
        let text = fs::read(dir.path().join("log")).unwrap();
        assert_eq!(text.iter().filter(|byte| **byte == b'\n').count() as u64, RECORDS);
        Self { dir, text }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn lines(&self) -> Vec<Vec<u8>> {
        self.text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
    }

    /// What the verifier says of other bytes in the place of the log.
    fn damage(&self, text: &[u8]) -> Option<(u64, Damage)> {
        self.put(text);
        let verification = verify(&self.path()).unwrap();
        assert!(verification.has_head);
        assert_eq!(verification.is_good(), verification.finding.is_none());
        verification.finding.map(|finding| (finding.record, finding.damage))
    }

    /// Puts other bytes in the place of the log. (To empty a file before it is written makes some
    /// file systems wait for the disk, thirty thousand times.)
    fn put(&self, text: &[u8]) {
        let file = fs::OpenOptions::new().write(true).open(self.path()).unwrap();
        file.write_all_at(text, 0).unwrap();
        file.set_len(text.len() as u64).unwrap();
    }

    fn named(&self, text: &[u8]) -> Option<u64> {
        self.damage(text).map(|(record, _)| record)
    }

    /// The record that the byte at `place` belongs to; its newline is its last byte.
    fn record_at(&self, place: usize) -> u64 {
        let before = &self.text[..place];
        before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1
    }
}

#[test]
fn the_specimen_is_good() {
    let specimen = Specimen::new();
    assert_eq!(specimen.damage(&specimen.text), None);
    let verification = verify(&specimen.path()).unwrap();
    assert_eq!(verification.records, RECORDS);
    let last = verification.last.unwrap();
    assert_eq!(last.to_string().parse::<Anchor>(), Ok(last));
    fs::remove_file(specimen.path().with_extension("head")).unwrap();
    let alone = verify(&specimen.path()).unwrap();
    assert!(alone.is_good() && !alone.has_head, "a copy without its head is good in itself");
}

#[test]
fn h07_a_byte_changed_anywhere_is_found_in_its_record() {
    let specimen = Specimen::new();
    for place in 0..specimen.text.len() {
        let record = specimen.record_at(place);
        for change in changes(specimen.text[place]) {
            let mut text = specimen.text.clone();
            text[place] = change;
            let named = specimen.named(&text);
            assert_eq!(named, Some(record), "byte {place} became {change:#04x}");
        }
    }
}

/// One bit, and at what could be a border of lines or keys, a border.
fn changes(byte: u8) -> Vec<u8> {
    match byte {
        b'\n' => vec![b'\r', b' ', 0, b'}'],
        b'"' | b'{' | b'}' | b',' => vec![byte ^ 1, b'\n'],
        b'a'..=b'f' => vec![byte.to_ascii_uppercase()],
        _ => vec![byte ^ 1],
    }
}

#[test]
fn h07_a_byte_cut_anywhere_is_found_in_its_record() {
    let specimen = Specimen::new();
    for place in 0..specimen.text.len() {
        let mut text = specimen.text.clone();
        text.remove(place);
        assert_eq!(specimen.named(&text), Some(specimen.record_at(place)), "byte {place}");
    }
}

/// A newline inserted before the newline of a record is the same text as one inserted after it:
/// a blank line where the next record ought to begin. That one is named.
#[test]
fn h07_a_byte_inserted_anywhere_is_found_in_its_record() {
    let specimen = Specimen::new();
    for place in 0..=specimen.text.len() {
        let inserted = match specimen.text.get(place) {
            Some(b'\n') | None => vec![b'\n', b'\r', b' ', b'x', 0],
            Some(b'"' | b'{') => vec![b'\n', b' '],
            Some(byte) => vec![*byte],
        };
        for byte in inserted {
            let mut text = specimen.text.clone();
            text.insert(place, byte);
            let blank = byte == b'\n' && specimen.text.get(place) == Some(&b'\n');
            let record = specimen.record_at(place) + u64::from(blank);
            assert_eq!(specimen.named(&text), Some(record), "{byte:#04x} before byte {place}");
        }
    }
}

#[test]
fn h07_records_edited_removed_repeated_and_moved_are_found() {
    let specimen = Specimen::new();
    let lines = specimen.lines();
    let of = |numbers: &[u64]| -> Vec<u8> {
        numbers.iter().flat_map(|number| lines[*number as usize - 1].clone()).collect()
    };
    let all: Vec<u64> = (1..=RECORDS).collect();
    let without = |from: usize, to: usize| [&all[..from - 1], &all[to..]].concat();
    let with =
        |number: u64, before: usize| [&all[..before - 1], &[number], &all[before - 1..]].concat();
    let mut swapped = all.clone();
    swapped.swap(6, 7);
    for (name, numbers, expected) in [
        ("the first removed", without(1, 1), (1, Damage::Cut)),
        ("one removed", without(7, 7), (7, Damage::Cut)),
        ("some removed", without(7, 11), (7, Damage::Cut)),
        ("one repeated", with(7, 8), (7, Damage::Inserted)),
        ("an old one repeated", with(2, 15), (2, Damage::Inserted)),
        ("two changed places", swapped, (7, Damage::Cut)),
        ("the last removed", without(20, 20), (20, Damage::Behind)),
        ("the end removed", without(12, 20), (12, Damage::Behind)),
        ("all removed", vec![], (1, Damage::Behind)),
    ] {
        assert_eq!(specimen.damage(&of(&numbers)), Some(expected), "{name}");
    }
    let edited = String::from_utf8(specimen.text.clone()).unwrap();
    let edited = edited.replacen("\"verdict\":\"deny\"", "\"verdict\":\"allow\"", 1);
    assert!(matches!(specimen.damage(edited.as_bytes()), Some((_, Damage::Changed))));
}

#[test]
fn a_log_made_up_anew_is_found_by_its_head_and_by_an_anchor() {
    let specimen = Specimen::new();
    let anchor = verify(&specimen.path()).unwrap().last.unwrap();
    let other = tempfile::tempdir().unwrap();
    let log = AuditLog::open(&other.path().join("log"), clock()).unwrap();
    write_records(&log, 2..=RECORDS + 1);
    drop(log);
    let forged = fs::read(other.path().join("log")).unwrap();
    assert_eq!(specimen.damage(&forged), Some((RECORDS, Damage::Changed)));
    // With the head forged too, the files are good in themselves: only the anchor tells.
    fs::copy(other.path().join("log.head"), specimen.path().with_extension("head")).unwrap();
    assert_eq!(specimen.damage(&forged), None);
    let finding = verify_against(&specimen.path(), &[anchor]).unwrap().finding.unwrap();
    assert_eq!((finding.record, finding.damage), (RECORDS, Damage::Changed));
}

#[test]
fn a_byte_changed_anywhere_in_the_head_is_found() {
    let specimen = Specimen::new();
    let path = specimen.path().with_extension("head");
    let head = fs::read(&path).unwrap();
    for place in 0..head.len() {
        let mut changed = head.clone();
        changed[place] ^= 1;
        fs::write(&path, changed).unwrap();
        assert!(specimen.damage(&specimen.text).is_some(), "byte {place}");
    }
}

/// A record that is good as a link and that the log would never have written.
#[test]
fn a_record_in_another_writing_is_found() {
    let specimen = Specimen::new();
    let good = specimen.lines().concat();
    let last = String::from_utf8(specimen.lines().pop().unwrap()).unwrap();
    let body = last.split(",\"hash\":").next().unwrap();
    let genuine = rehash(body);
    assert_eq!(genuine, last, "the forger knows the form");
    fs::remove_file(specimen.path().with_extension("head")).unwrap();
    for (name, forged) in [
        ("a key twice", body.replace("\"event\":", "\"seq\":20,\"event\":")),
        ("a space", body.replace(",\"event\"", ", \"event\"")),
        ("a raw character", body.replace("\"event\":\"", "\"event\":\"é")),
        ("no JSON", body.replace("\"event\":\"", "\"event\":")),
        ("another number", body.replace("\"seq\":20", "\"seq\":020")),
    ] {
        assert_ne!(forged, body, "{name}");
        let text = [&good[..good.len() - last.len()], rehash(&forged).as_bytes()].concat();
        fs::write(specimen.path(), text).unwrap();
        let finding = verify(&specimen.path()).unwrap().finding.expect(name);
        assert_eq!((finding.record, finding.damage), (20, Damage::Changed), "{name}: {finding}");
    }
}

fn rehash(body: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, body.as_bytes());
    let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{body},\"hash\":\"{hash}\"}}\n")
}

/// The writer does not go on where the verifier would stop.
#[test]
fn a_broken_log_is_not_written_to() {
    let specimen = Specimen::new();
    let lines = specimen.lines();
    for (name, text, record) in [
        ("the end removed", lines[..12].concat(), 13),
        ("all removed", Vec::new(), 1),
        ("half of the last record removed", specimen.text[..specimen.text.len() - 30].to_vec(), 20),
        ("a record inserted", [specimen.text.clone(), lines[3].clone()].concat(), 4),
        ("a blank line", [specimen.text.clone(), b"\n".to_vec()].concat(), 21),
        ("one removed", [lines[..4].concat(), lines[5..].concat()].concat(), 5),
    ] {
        fs::write(specimen.path(), &text).unwrap();
        match AuditLog::open(&specimen.path(), clock()) {
            Err(AuditError::Broken { finding, .. }) => {
                assert_eq!(finding.record, record, "{name}: {finding}");
            }
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(fs::read(specimen.path()).unwrap(), text, "{name}: it is left as it is");
    }
}

fn write_records(log: &AuditLog, numbers: std::ops::RangeInclusive<u64>) {
    log.append("p1", &Event::Start { app: "org.example.notes", version: "0.1.0", log_args: false })
        .unwrap();
    for number in numbers.skip(1) {
        let denied = number % 7 == 0;
        let call = Call {
            window: "preview",
            host: 2,
            document: number,
            origin: "app://notes",
            command: "fs.read_text",
            call: number,
            verdict: if denied { Verdict::Deny } else { Verdict::Allow },
            stage: "decide",
            rule: denied.then_some("notes.toml:7"),
            reason: denied.then_some("not-allowed"),
            why: denied.then_some("no rule fits\n“at all”"),
            args: None,
            args_bytes: 20,
            args_digest: denied.then(|| Digest::of(b"{}")),
            micros: 12,
            redacted: &[],
            shadow: None,
        };
        log.append("p1", &Event::Call(call)).unwrap();
    }
}

fn clock() -> Clock {
    Clock::new(|| SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_416_866_123_456))
}

#[test]
fn a_missing_log_is_an_error_and_no_finding() {
    assert!(verify(Path::new("/nonexistent/log")).is_err());
}
