//! Tokens: minting one, narrowing one, reading one, and checking it along its chain, beside a raw
//! HMAC-SHA256 in the same run. Then the same within a broker: a call that is refused as soon as its
//! token is known to be genuine, with a root, with a narrowed token that was shown before, and with
//! narrowed tokens that were not.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a bench that cannot go on has to stop"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ring::hmac;
use sidegate::app::{AppDirectories, AppId};
use sidegate::capabilities::Origin;
use sidegate::token::{Caveat, Claims, HostId, Mint, SessionId, Token};
use sidegate::wire::{DocumentId, WindowId};
use sidegate::{Broker, Moment};

fn tokens(criterion: &mut Criterion) {
    let mint = Mint::new().unwrap();
    let now = Moment::now();
    let claims = Claims {
        session: SessionId(1),
        generation: 1,
        host: HostId(1),
        window: WindowId(1),
        document: DocumentId(1),
        origin: "app://localhost",
        policy: "0123456789abcdef",
        issued: now,
        expires: now,
    };
    let (token, caveats) = (mint.mint(&claims), caveats());
    let narrowed = caveats.iter().fold(token.clone(), |token, one| token.attenuate(one).unwrap());
    let (text, narrowed_text) = (token.text(), narrowed.text());
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    let mut group = criterion.benchmark_group("token");
    group.bench_function("raw HMAC-SHA256 of 64 bytes", |bencher| {
        bencher.iter(|| hmac::sign(&key, black_box(&[7; 64])));
    });
    group.bench_function("mint", |bencher| bencher.iter(|| mint.mint(black_box(&claims))));
    group.bench_function("narrow by one caveat", |bencher| {
        let one = caveats.first().unwrap();
        bencher.iter(|| token.attenuate(black_box(one)).unwrap());
    });
    group.bench_function("root: read and compare", |bencher| {
        bencher.iter(|| Token::parse(black_box(text.as_bytes())).unwrap().is(&token));
    });
    group.bench_function("narrowed by three: read and compare", |bencher| {
        bencher.iter(|| Token::parse(black_box(narrowed_text.as_bytes())).unwrap().is(&narrowed));
    });
    group.finish();
}

fn caveats() -> [Caveat; 3] {
    [
        Caveat::commands(["fs.read_text", "fs.list"]).unwrap(),
        Caveat::path(["$APPDATA/notes/**"]).unwrap(),
        Caveat::expires(std::time::Duration::from_secs(60)),
    ]
}

/// A cancellation of a call that is not in flight: it goes as far as the token, and no further.
fn within_a_broker(criterion: &mut Criterion) {
    let home = tempfile::tempdir().unwrap();
    let app = AppId::parse("org.example.bench").unwrap();
    let directories = AppDirectories::beneath(home.path(), &app);
    let builder = Broker::builder().id("org.example.bench").unwrap();
    let builder = builder.directories(directories).policy("p.toml", "version = 1\n");
    let broker = builder.build().unwrap();
    let peer = broker.connect("bench", &Origin::local()).unwrap();
    let root = peer.token().unwrap();
    let narrow = |token: &Token| {
        caveats().iter().fold(token.clone(), |token, one| token.attenuate(one).unwrap())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let send = |message: &str| runtime.block_on(peer.send(black_box(message.as_bytes())));
    let mut group = criterion.benchmark_group("token in a broker");
    for (name, token) in [("root", root.clone()), ("narrowed by three, known", narrow(root))] {
        let message = format!("x{} 1", token.text());
        group.bench_function(name, |bencher| bencher.iter(|| send(&message)));
    }
    // More of them than are remembered, so that each is checked along its chain.
    let strangers: Vec<String> = (0..256)
        .map(|serial| {
            let mine = Caveat::Expires { after_issue: 3_600_000 + serial };
            format!("x{} 1", narrow(root).attenuate(&mine).unwrap().text())
        })
        .collect();
    let mut next = strangers.iter().cycle();
    group.bench_function("narrowed by four, not known", |bencher| {
        bencher.iter(|| send(next.next().unwrap()));
    });
    group.finish();
}

criterion_group!(benches, tokens, within_a_broker);
criterion_main!(benches);
