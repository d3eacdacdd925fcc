//! What a call of the broker's own process takes of the allocator, counted: a figure that no load of the
//! machine changes. The allocator is this binary's own.

#![cfg(feature = "core")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that panics has failed")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use sidegate::app::{AppDirectories, AppId};
use sidegate::capabilities::Origin;
use sidegate::{Broker, Call, Command, HandlerError, Peer};

const APP: &str = "org.example.counted";

const POLICY: &str = "version = 1\n[[capability]]\nid = \"c\"\nwindows = [\"counted\"]\n\
                      allow = [{ commands = [\"echo\"] }]\n";

/// How many pieces of memory an allowed call may take, from its message to the text of its answer.
const MOST: u64 = 15;

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Echo {
    text: String,
}

#[test]
fn a_call_takes_few_pieces_of_memory_and_each_of_its_bytes_a_few_times() {
    let home = tempfile::tempdir().unwrap();
    let id = AppId::parse(APP).unwrap();
    let echo = async |_: Call, args: Echo| Ok::<_, HandlerError>(args.text);
    let builder = Broker::builder().id(APP).unwrap().policy("p.toml", POLICY);
    let builder = builder.directories(AppDirectories::beneath(home.path(), &id));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _on = runtime.enter();
    let broker = builder.command(Command::new("echo", echo)).build().unwrap();
    let peer = broker.connect("counted", &Origin::local()).unwrap();
    let mut number = 0;
    let mut make = |text: usize| {
        number += 1;
        call(&peer, number, text)
    };
    // What is taken once is taken by the first.
    make(2048);
    let (small, large) = (make(1), make(2048));
    println!("{small:?}, with 2 KiB {large:?}");
    assert!(small.0 <= MOST && large.0 <= MOST, "{small:?}, {large:?}");
    // Read, given to the handler, its answer as a value, the text of it: once each.
    let per_byte = (large.1 - small.1) / 2047;
    assert!(per_byte <= 4, "{per_byte} times: {small:?}, {large:?}");
}

/// Pieces of memory and bytes of them.
fn call(peer: &Peer, number: u64, text: usize) -> (u64, u64) {
    let (token, text) = (peer.token().unwrap().text(), "x".repeat(text));
    let json = format!("{{\"command\":\"echo\",\"args\":{{\"text\":\"{text}\"}}}}");
    let message = format!("c{token} {number}\n{json}");
    let mut answer = None;
    let taken = measure(|| answer = at_once(peer.send(message.as_bytes())));
    assert_eq!(answer.unwrap(), format!("{{\"id\":{number},\"ok\":\"{text}\"}}"));
    (taken.count_total, taken.bytes_total)
}

/// The handler answers at once.
fn at_once<T>(call: impl Future<Output = T>) -> T {
    let Poll::Ready(answer) = pin!(call).poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the handler waits");
    };
    answer
}
