//! What the stock broker takes up when it has nothing to do: its share of the memory, its threads, its
//! processor time. What its program's code takes is for a release build, and so is the bound on
//! the whole; a build for debugging is several times as large.

#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, reason = "tests")]

use std::{fs, path::Path, thread, time::Duration};

use sidegate_tests::{Display, Home, Launch};

/// Its proportional set size: what it holds alone, and its part of what it shares.
const MEMORY: u64 = 15 << 20;

/// Of that, what is on heaps and stacks.
const ANONYMOUS: u64 = 10 << 20;

/// For what takes seconds on a machine that has some.
const LIMIT: Duration = Duration::from_secs(60);

/// How long it is left alone.
const IDLE: Duration = Duration::from_secs(3);

#[test]
fn an_idle_broker_takes_up_little() {
    let (home, display) = (Home::temporary().unwrap(), Display::start().unwrap());
    let notes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/notes");
    let app = Launch::new(&notes, &home, &display).unwrap().start().unwrap();
    app.wait_for_record("a page's call", LIMIT, |record| record["event"] == "call").unwrap();
    thread::sleep(IDLE);
    let [whole, anonymous] = ["Pss:", "Pss_Anon:"].map(|what| kilobytes(app.pid(), what) << 10);
    let threads = fs::read_dir(format!("/proc/{}/task", app.pid())).unwrap().count();
    println!(
        "an idle broker: {} KiB, {} KiB of them heap and stacks, {threads} threads",
        whole >> 10,
        anonymous >> 10
    );
    assert!(anonymous < ANONYMOUS, "{anonymous} bytes of heap and stacks");
    assert!(cfg!(debug_assertions) || whole < MEMORY, "{whole} bytes");
}

/// A line of the sum of a process's mappings.
fn kilobytes(pid: u32, what: &str) -> u64 {
    let all = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = all.lines().find_map(|line| line.strip_prefix(what));
    line.unwrap_or_else(|| panic!("{all}")).trim().trim_end_matches(" kB").trim().parse().unwrap()
}
