//! What a decision costs a principal that is resolved already, with 1, 100 and 10,000 capability
//! files: every one of them names its window, each with commands of its own.
//!
//! The figure to hold is not a time but how flat the times are: `ratio` prints what a decision costs
//! with 10,000 files as a multiple of what it costs with one. Both are measured in turns, and of all
//! turns the fastest counts, so that what else the machine does falls on both. Measured: 0.99 without
//! a scope, 1.06 with a path and a schema. A refusal is 1.5, since its help names up to three of the
//! window's capabilities, and with one file there is one.

#![allow(
    missing_docs,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench is no production code"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use serde_json::json;
use sidegate_capabilities::{
    Args, CommandName, Context, Directories, Origin, Policy, Principal, Sources, WallTime,
    WindowLabel,
};

/// None of these policies expires.
const NOW: WallTime = WallTime::from_unix(0);

const FILES: [usize; 3] = [1, 100, 10_000];

fn decide(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide");
    for files in FILES {
        let principal = principal(files);
        for (name, (command, args)) in &calls() {
            let allowed = principal.decide(command, args).is_allowed();
            assert_eq!(allowed, *name != "not granted", "{name}");
            group.bench_function(BenchmarkId::new(*name, files), |bencher| {
                bencher.iter(|| principal.decide(black_box(command), black_box(args)));
            });
        }
    }
    group.finish();
}

/// How many turns each side has, and how many decisions a turn.
const TURNS: (u32, u32) = (2_000, 500);

fn ratio(_: &mut Criterion) {
    let (one, many) = (principal(FILES[0]), principal(FILES[2]));
    for (name, (command, args)) in calls() {
        let mut fastest = [Duration::MAX; 2];
        for _ in 0..TURNS.0 {
            for (principal, fastest) in [&one, &many].into_iter().zip(&mut fastest) {
                let start = Instant::now();
                for _ in 0..TURNS.1 {
                    drop(black_box(principal.decide(black_box(&command), black_box(&args))));
                }
                *fastest = start.elapsed().min(*fastest);
            }
        }
        let [one, many] = fastest.map(|time| time.as_secs_f64() * 1e9 / f64::from(TURNS.1));
        println!(
            "ratio/{name}: {one:.0} ns with 1 file, {many:.0} ns with 10,000: {:.2}",
            many / one
        );
    }
}

fn resolve(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resolve");
    group.sample_size(10);
    for files in FILES {
        let policy = policy(files);
        let window = WindowLabel::parse("main").unwrap();
        group.bench_function(BenchmarkId::new("principal", files), |bencher| {
            bencher.iter(|| policy.principal(black_box(&window), &Origin::local(), NOW));
        });
    }
    group.finish();
}

fn calls() -> [(&'static str, (CommandName, Args)); 3] {
    let plain = (CommandName::parse("plain0.info").unwrap(), Args::empty());
    let map = json!({"path": "$APPDATA/notes/2026/may.md", "text": "x", "mode": "w"});
    let args = Args::new(map.as_object().unwrap().clone());
    let scoped = (CommandName::parse("scoped0.write_text").unwrap(), args);
    let refused = (CommandName::parse("other.command").unwrap(), Args::empty());
    [("no scope", plain), ("path and schema", scoped), ("not granted", refused)]
}

fn principal(files: usize) -> Principal {
    policy(files).principal(&WindowLabel::parse("main").unwrap(), &Origin::local(), NOW)
}

fn policy(files: usize) -> Policy {
    let sources = Sources::from_texts((0..files).map(|n| (format!("c{n}.toml"), file(n))));
    let directories = Directories::sample();
    let context = Context::new(&directories);
    match Policy::compile(&sources, &context) {
        Ok(compiled) => compiled.policy,
        Err(errors) => panic!("{errors:?}"),
    }
}

fn file(n: usize) -> String {
    format!(
        r#"version = 1
[[capability]]
id = "c{n}"
windows = ["main"]
allow = [
  {{ commands = ["plain{n}.info"] }},
  {{ commands = ["scoped{n}.*"], path = ["$APPDATA/notes/**"],
    args = {{ properties = {{ path = {{ maxLength = 200 }}, text = {{ type = "string" }}, mode = {{ enum = ["a", "w"] }} }} }} }},
]
deny = [{{ commands = ["scoped{n}.*"], path = ["**/.git/**"] }}]
"#
    )
}

criterion_group!(benches, decide, resolve, ratio);
criterion_main!(benches);
