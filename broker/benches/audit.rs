//! What a record costs: the append that every call waits for, and the check of a whole log.
//! The directory is the system's temporary one (`TMPDIR`).
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on fails")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sidegate::audit::{AuditLog, Call, Clock, Digest, Durability, Event, Verdict, verify};

const CALL: Call<'static> = Call {
    window: "preview",
    host: 2,
    document: 7,
    origin: "app://org.example.notes",
    command: "fs.read_text",
    call: 1204,
    verdict: Verdict::Allow,
    stage: "decide",
    rule: Some("policies/preview.toml:12"),
    reason: None,
    why: None,
    args: None,
    args_bytes: 2048,
    args_digest: None,
    micros: 12,
    redacted: &[],
    shadow: None,
};

const REFUSED: Call<'static> = Call {
    verdict: Verdict::Deny,
    stage: "scope",
    reason: Some("out-of-scope"),
    why: Some(
        "the path `/home/ada/.ssh/id_ed25519` is outside every allowed directory; to allow it: add it to `path`",
    ),
    ..CALL
};

fn append(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let mut group = criterion.benchmark_group("audit/append");
    let grouped = [("allowed", CALL), ("refused", REFUSED)];
    for (name, call) in grouped {
        let log = AuditLog::open(&dir.path().join(name), Clock::system()).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| log.append("3f2a9c", black_box(&Event::Call(call))).unwrap());
        });
    }
    let unsynced = Durability::Within(Duration::MAX);
    let log = AuditLog::open_with(&dir.path().join("unsynced"), Clock::system(), unsynced).unwrap();
    group.bench_function("allowed, no sync beside it", |bencher| {
        bencher.iter(|| log.append("3f2a9c", black_box(&Event::Call(CALL))).unwrap());
    });
    let log = AuditLog::open_with(&dir.path().join("always"), Clock::system(), Durability::Always);
    let log = log.unwrap();
    group.sample_size(10);
    group.bench_function("allowed, durable", |bencher| {
        bencher.iter(|| log.append("3f2a9c", black_box(&Event::Call(CALL))).unwrap());
    });
    group.finish();
    criterion.bench_function("audit/digest of 2 KB", |bencher| {
        bencher.iter(|| Digest::of(black_box(&[b'x'; 2048])));
    });
}

fn check(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log");
    let log = AuditLog::open(&path, Clock::system()).unwrap();
    for _ in 0..10_000 {
        log.append("3f2a9c", &Event::Call(CALL)).unwrap();
    }
    drop(log);
    let mut group = criterion.benchmark_group("audit/verify");
    group.sample_size(10).throughput(Throughput::Elements(10_000));
    group.bench_function("10,000 records", |bencher| {
        bencher.iter(|| assert!(verify(&path).unwrap().is_good()));
    });
    group.finish();
}

criterion_group!(benches, append, check);
criterion_main!(benches);
