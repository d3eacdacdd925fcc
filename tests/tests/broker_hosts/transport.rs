//! Who is at the other end of the socket, and what it may push through it.

use serde_json::json;
use sidegate_tests::hostile::Order;

use crate::broker_stage::{Puppet, Stage, call, frame, message};

/// A host with a document, its token, and a frame that calls `test.count` as call 1.
fn with_a_call_to_make(stage: &Stage) -> (Puppet, String, Vec<u8>) {
    let mut host = stage.ready_host(1);
    let window = host.window();
    let token = host.commits(window, 1);
    let call = frame(&message(window, 1, &call(&token, 1, "test.count", &json!({}))));
    (host, token, call)
}

#[test]
fn a01_the_host_is_known_by_who_sends_and_not_by_who_made_the_socket() {
    let stage = Stage::with(&["left"]);
    let host = stage.ready_host(1);
    let attested = stage.record("a host was attested", |record| {
        record.event() == "host" && record.text("state") == Some("attested")
    });
    assert_eq!(attested.number("pid"), Some(u64::from(host.pid)));
    assert_ne!(host.pid, std::process::id(), "the broker itself");
}

#[test]
fn a02_a_child_of_the_host_that_writes_on_its_socket_ends_it() {
    let stage = Stage::with(&["left"]);
    let (mut host, token, call) = with_a_call_to_make(&stage);
    host.order(&Order::WriteFromChild(call));
    let why = stage.killed(host.pid);
    assert!(why.contains("wrote on the socket of process"), "{why}");
    assert!(host.is_gone());
    stage.record("its token was revoked", |record| {
        record.event() == "token" && record.text("state") == Some("revoked")
    });
    assert_eq!(stage.tally.begun(), 0, "what the child wrote was done");

    let mut next = stage.ready_host(1);
    let window = next.window();
    next.commits(window, 1);
    next.asks((window, 1), &token, 1, "test.count", &json!({}));
    assert_eq!(stage.refusal(1), "token-unknown", "the token outlived its host");
}

#[test]
fn a03_credentials_cannot_be_forged() {
    let stage = Stage::with(&["left"]);
    let (mut host, token, call) = with_a_call_to_make(&stage);
    let (broker, myself) = (std::process::id(), host.pid);
    let user = match rustix::process::getuid() {
        root if root.is_root() => 65534,
        user => user.as_raw(),
    };
    for (pid, uid) in [(1, 0), (1, user), (broker, user), (myself, 0), (broker, 0)] {
        let forged = Order::WriteInTheNameOf(call.clone(), i32::try_from(pid).unwrap(), uid);
        let refused = host.does(&forged).unwrap_err();
        assert!(refused.contains("not permitted"), "{pid} {uid}: {refused}");
    }
    // Nothing of it arrived: the number of the call is as good as new, and the host lives.
    let honest = Order::WriteInTheNameOf(call, i32::try_from(myself).unwrap(), user);
    host.does(&honest).unwrap();
    assert_eq!(host.reply(host.window(), 1)["ok"], 1);
    let window = host.window();
    assert_eq!(host.asks((window, 1), &token, 2, "test.count", &json!({}))["ok"], 2);
}

#[test]
fn a06_descriptors_are_refused_with_what_came_along() {
    for count in [1, 2, 253] {
        let stage = Stage::with(&["left"]);
        let (mut host, _, call) = with_a_call_to_make(&stage);
        host.order(&Order::WriteWithDescriptors(call, count));
        let why = stage.killed(host.pid);
        assert!(why.contains("passed file descriptors"), "{count}: {why}");
        assert_eq!(stage.tally.begun(), 0, "{count}");
    }
}

#[test]
fn a07_bytes_may_come_one_by_one() {
    let stage = Stage::with(&["left"]);
    let (mut host, _, call) = with_a_call_to_make(&stage);
    host.does(&Order::WriteSingly(call)).unwrap();
    assert_eq!(host.reply(host.window(), 1)["ok"], 1);
}

#[test]
fn a07_a_host_that_hangs_up_or_leaves_off_in_the_middle_is_replaced() {
    for cut in [0, 1, 3, 4, 5, 40] {
        let stage = Stage::with(&["left"]);
        let (mut host, _, call) = with_a_call_to_make(&stage);
        host.does(&Order::Write(call[..cut].to_vec())).unwrap();
        host.order(&Order::ShutWriting);
        assert!(host.is_gone(), "{cut}");
        let mut next = stage.ready_host(1);
        let window = next.window();
        let token = next.commits(window, 1);
        assert_eq!(next.asks((window, 1), &token, 1, "test.count", &json!({}))["ok"], 1, "{cut}");
    }
}
