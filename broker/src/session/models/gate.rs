//! A broker that goes down, and calls that come: whoever waited finds nobody inside, ever after.

use shuttle::future::block_on;
use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use shuttle::thread;
use std::sync::Arc;

use super::super::Gate;
use crate::models::{exhaust, explore};

/// Falsified by an `enter` that looks before it counts, and by an `emptied` that listens only once it
/// has looked (all wait then).
#[test]
fn after_the_wait_nothing_is_inside_and_nothing_comes() {
    exhaust(|| comes_and_goes(1));
}

#[test]
fn after_the_wait_for_several_nothing_is_inside() {
    explore(|| comes_and_goes(3));
}

fn comes_and_goes(calls: usize) {
    let (gate, working) = (Gate::new(), Arc::new(AtomicUsize::new(0)));
    let waited = Arc::new(AtomicBool::new(false));
    let calls: Vec<_> = (0..calls)
        .map(|_| {
            let (gate, working, waited) = (gate.clone(), working.clone(), waited.clone());
            thread::spawn(move || {
                let Some(pass) = gate.enter() else { return };
                working.fetch_add(1, SeqCst);
                assert!(!waited.load(SeqCst), "a call works after the wait");
                // What the call began goes on when it is over.
                let goes_on = pass.clone();
                drop(pass);
                working.fetch_sub(1, SeqCst);
                drop(goes_on);
            })
        })
        .collect();
    assert!(gate.close());
    block_on(gate.emptied());
    waited.store(true, SeqCst);
    assert_eq!(working.load(SeqCst), 0, "a call works after the wait");
    assert!(gate.enter().is_none());
    calls.into_iter().for_each(|call| call.join().unwrap());
    assert_eq!((gate.inside(), working.load(SeqCst)), (0, 0), "nothing is left inside");
}

/// Falsified by an `advance` that lets each of two be the first.
#[test]
fn of_two_who_close_it_one_did_and_both_get_to_the_end() {
    explore(|| {
        let gate = Gate::new();
        let pass = gate.enter().unwrap();
        let closers = [(); 2].map(|()| {
            let gate = gate.clone();
            thread::spawn(move || {
                let closed = gate.close();
                block_on(gate.emptied());
                closed
            })
        });
        drop(pass);
        let closed = closers.into_iter().map(|closer| closer.join().unwrap());
        assert_eq!(closed.filter(|closed| *closed).count(), 1);
    });
}
