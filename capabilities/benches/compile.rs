//! What compiling costs: a thousand files with ten rules each, among them schemas, parameters and
//! every kind of scope.

#![allow(
    clippy::arithmetic_side_effects,
    missing_docs,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench is no production code"
)]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sidegate_capabilities::{Color, Context, Directories, Policy, Sources};

/// Rules of one file.
const RULES: usize = 10;

const FILES: [usize; 3] = [10, 100, 1_000];

fn compile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    group.sample_size(20);
    let directories = Directories::sample();
    let context = Context::new(&directories);
    for files in FILES {
        let sources = Sources::from_texts((0..files).map(|n| (format!("c{n}.toml"), file(n))));
        match Policy::compile(&sources, &context) {
            Ok(compiled) => {
                let rules = compiled.policy.outline();
                let rules: usize =
                    rules.iter().map(|one| one.allow.len().saturating_add(one.deny.len())).sum();
                assert_eq!((rules, compiled.warnings.len()), (files * RULES, 0));
            }
            Err(errors) => panic!("{}", errors.render(&sources, Color::Never)),
        }
        group.bench_function(BenchmarkId::new("files of ten rules", files), |bencher| {
            bencher.iter(|| Policy::compile(black_box(&sources), black_box(&context)));
        });
    }
    group.finish();
}

/// One capability: a permission of its own with two rules, and eight rules beside it.
fn file(n: usize) -> String {
    let mut text = format!(
        r#"version = 1
[[permission]]
id = "files:{n}"
params = ["dir"]
allow = [{{ commands = ["fs{n}.read_*"], path = ["{{dir}}/**"] }}]
deny = [{{ commands = ["fs{n}.*"], path = ["**/.git/**"] }}]
[[capability]]
id = "c{n}"
description = "what window {n} may do"
windows = ["w{n}", "w{n}-*"]
use = [{{ id = "files:{n}", dir = "$APPDATA/d{n}" }}]
allow = [
"#
    );
    for rule in 0..7 {
        let more = match rule % 4 {
            0 => {
                r#"path = ["$DOCUMENTS/**/*.md", "$DOCUMENTS/**/*.txt"], limit = { rate = "20/s", bytes = "1 MiB" }"#
            }
            1 => r#"key = ["editor.*"], result = { omit = ["/owner"] }"#,
            2 => {
                r#"url = ["https://*.example.com/api/**"], audit = { args = true, redact = ["/text"] }"#
            }
            _ => r#"args = { properties = { text = { type = "string", maxLength = 200 } } }"#,
        };
        writeln!(text, r#"  {{ commands = ["app{n}.do{rule}"], {more} }},"#).unwrap();
    }
    text + &format!("]\ndeny = [{{ commands = [\"app{n}.danger\"] }}]\n")
}

criterion_group!(benches, compile);
criterion_main!(benches);
