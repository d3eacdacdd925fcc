//! A page's message, as it is and after a token that is good: whatever it says, it is refused or done,
//! and what a page is told is JSON. The policy allows nothing, so that no handler is waited for.
#![no_main]

use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sidegate::app::{AppDirectories, AppId};
use sidegate::capabilities::Origin;
use sidegate::{Broker, Peer};

/// A caller, and the broker that it calls.
static CALLER: LazyLock<(Broker, Peer)> = LazyLock::new(|| {
    let home = std::env::temp_dir().join(format!("sidegate-fuzz-{}", std::process::id()));
    let app = AppId::parse("org.example.fuzz").unwrap();
    let broker = Broker::builder().id("org.example.fuzz").unwrap();
    let broker = broker.directories(AppDirectories::beneath(&home, &app));
    let broker = broker.policy("fuzz.toml", "version = 1\n").build().unwrap();
    let peer = broker.connect("main", &Origin::local()).unwrap();
    (broker, peer)
});

fuzz_target!(|bytes: &[u8]| {
    let (_broker, peer) = &*CALLER;
    judge(peer, bytes);
    if let Some((kind, rest)) = bytes.split_first() {
        let token = peer.token().unwrap().text();
        judge(peer, &[&[*kind], token.as_bytes(), b" ", rest].concat());
    }
});

fn judge(peer: &Peer, message: &[u8]) {
    let judged = pin!(peer.send(message));
    match judged.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(reply)) => {
            let reply: Value = serde_json::from_str(&reply).unwrap();
            assert!(reply.is_object(), "{reply}");
        }
        Poll::Ready(None) => {}
        Poll::Pending => panic!("a message that calls nothing is waited for"),
    }
}
