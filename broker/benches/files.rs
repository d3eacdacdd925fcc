//! What confinement costs: reading and writing through a handle, beside the same by plain path.
//! The difference of two lines is the price; neither of them alone says anything.
#![expect(clippy::unwrap_used, reason = "a bench says so by panicking")]

use std::fs;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use sidegate::confined::{ConfinedPath, Directory, Relative};

const LIMIT: u64 = 1 << 20;

fn files(criterion: &mut Criterion) {
    let root = tempfile::tempdir().unwrap();
    let base = root.path().canonicalize().unwrap();
    fs::create_dir_all(base.join("notes/2026")).unwrap();
    let file = base.join("notes/2026/a.md");
    fs::write(&file, "x".repeat(2048)).unwrap();
    let directory = Directory::open(&base).unwrap();
    let path = ConfinedPath::new(directory, Relative::parse("notes/2026/a.md").unwrap());

    let mut group = criterion.benchmark_group("read_2_kib");
    group.bench_function("confined", |b| b.iter(|| path.read_text(LIMIT).unwrap()));
    group.bench_function("plain, unchecked", |b| {
        b.iter(|| fs::read_to_string(black_box(&file)).unwrap());
    });
    group.bench_function("plain, canonicalize and compare first", |b| {
        b.iter(|| {
            let found = fs::canonicalize(black_box(&file)).unwrap();
            assert!(found.starts_with(&base));
            fs::read_to_string(found).unwrap()
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("write_2_kib_durably");
    let text = "y".repeat(2048);
    group.sample_size(20);
    group.bench_function("confined", |b| b.iter(|| path.write_text(&text).unwrap()));
    group.bench_function("plain, written in place and synced", |b| {
        b.iter(|| {
            fs::write(&file, &text).unwrap();
            fs::File::open(&file).unwrap().sync_all().unwrap();
        });
    });
    group.finish();
}

criterion_group!(benches, files);
criterion_main!(benches);
