//! What a decision costs a principal that is resolved already, with 1, 100 and 10,000 capability
//! files: every one of them names its window, each with commands of its own.

#![allow(
    missing_docs,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench is no production code"
)]

use std::hint::black_box;

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
    let plain = (CommandName::parse("plain0.info").unwrap(), Args::empty());
    let map = json!({"path": "$APPDATA/notes/2026/may.md", "text": "x"});
    let args = Args::new(map.as_object().unwrap().clone());
    let scoped = (CommandName::parse("scoped0.write_text").unwrap(), args);
    let refused = (CommandName::parse("other.command").unwrap(), Args::empty());
    let mut group = criterion.benchmark_group("decide");
    for files in FILES {
        let principal = principal(files);
        assert!(principal.decide(&plain.0, &plain.1).is_allowed());
        assert!(principal.decide(&scoped.0, &scoped.1).is_allowed());
        assert!(!principal.decide(&refused.0, &refused.1).is_allowed());
        for (name, (command, args)) in
            [("no scope", &plain), ("path and schema", &scoped), ("not granted", &refused)]
        {
            group.bench_function(BenchmarkId::new(name, files), |bencher| {
                bencher.iter(|| principal.decide(black_box(command), black_box(args)));
            });
        }
    }
    group.finish();
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
    args = {{ properties = {{ path = {{ maxLength = 200 }}, text = {{ type = "string" }} }} }} }},
]
deny = [{{ commands = ["scoped{n}.*"], path = ["**/.git/**"] }}]
"#
    )
}

criterion_group!(benches, decide, resolve);
criterion_main!(benches);
