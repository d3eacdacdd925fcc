//! Tokens: minting one, reading one, and checking it against the one that was minted, beside a
//! fresh HMAC-SHA256 of the same claims, which is what a broker without sessions would pay.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has to stop")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use sidegate::Moment;
use sidegate::token::{Claims, HostId, Mint, SessionId, Token};
use sidegate::wire::{DocumentId, WindowId};

fn tokens(criterion: &mut Criterion) {
    let mint = Mint::new().unwrap();
    let claims = Claims {
        session: SessionId(1),
        generation: 1,
        host: HostId(1),
        window: WindowId(1),
        document: DocumentId(1),
        origin: "app://localhost",
        policy: "0123456789abcdef",
        expires: Moment::now(),
    };
    let token = mint.mint(&claims);
    let text = token.text();
    let mut group = criterion.benchmark_group("token");
    group.bench_function("mint (one HMAC-SHA256)", |bencher| {
        bencher.iter(|| mint.mint(black_box(&claims)));
    });
    group.bench_function("verify (read and compare)", |bencher| {
        bencher.iter(|| Token::parse(black_box(text.as_bytes())).unwrap().is(&token));
    });
    group.finish();
}

criterion_group!(benches, tokens);
criterion_main!(benches);
