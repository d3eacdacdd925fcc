//! The broker without a descriptor left: a handler holds all that there are. The process is the
//! test's own, and so is its limit: nothing else is in this suite.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

mod broker_stage;

use std::{fs::File, thread, time::Duration};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use sidegate_tests::wait;

use broker_stage::{LIMIT, Stage, kill, open_descriptors, processor_time};

/// More than the stage needs, few enough to be taken up at once.
const FEW: u64 = 256;

#[test]
fn i06_without_a_descriptor_calls_are_refused_and_all_goes_on() {
    let stage = Stage::with(&["left", "other"]);
    let [mut host, mut other] = stage.two_ready_hosts();
    let (window, others) = (host.window(), other.window());
    let token = host.commits(window, 1);
    let others_token = other.commits(others, 1);
    let write = |path: &str| json!({ "path": format!("$APPDATA/{path}"), "text": "x" });
    let before = host.asks((window, 1), &token, 1, "fs.write_text", &write("a.txt"));
    assert!(before["ok"].is_object(), "{before}");

    let hard = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: Some(FEW), maximum: hard }).unwrap();
    let mut all: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(all.len() > 10, "there were few to take: {}", all.len());

    // What wants a descriptor is refused with a typed error; what wants none is answered.
    let refused = host.asks((window, 1), &token, 2, "fs.write_text", &write("b.txt"));
    assert!(refused["error"]["code"].is_string(), "{refused}");
    let read =
        host.asks((window, 1), &token, 3, "fs.read_text", &json!({ "path": "$APPDATA/a.txt" }));
    assert!(read["error"]["code"].is_string(), "{read}");
    assert_eq!(other.asks((others, 1), &others_token, 1, "test.count", &json!({}))["ok"], 1);

    // A host that dies now cannot be started; that is tried again, with pauses and not at once.
    kill(host.pid);
    let spent = processor_time();
    thread::sleep(Duration::from_secs(2));
    let spent = processor_time() - spent;
    assert!(spent < Duration::from_millis(400), "it spins: {spent:?}");
    let again = other.asks((others, 1), &others_token, 2, "test.count", &json!({}));
    assert_eq!(again["ok"], 2, "{again}");

    // With a descriptor again, all is as it was.
    all.clear();
    let mut next = stage.ready_host(1);
    let window = next.window();
    let token = next.commits(window, 1);
    let after = next.asks((window, 1), &token, 1, "fs.write_text", &write("c.txt"));
    assert!(after["ok"].is_object(), "{after}");
    let few = wait::until(LIMIT, || open_descriptors() < 60);
    assert!(few.is_some(), "{} are open", open_descriptors());
}
