//! One call and whoever stops it: nothing runs once that has returned, and there is one outcome.

use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use shuttle::sync::atomic::{AtomicBool, Ordering::SeqCst};
use shuttle::thread;

use super::super::valve::{Commitment, Reached, Stop, Valve};
use crate::models::exhaust;

/// Never: the clock of the models stands still.
fn end() -> Instant {
    Instant::now().checked_add(Duration::from_secs(3600)).unwrap()
}

/// Falsified by a `poll` that does not ask whether the valve is shut, that forgets to say that it
/// polls, and by a `settle` that does not wait.
#[test]
fn when_settled_no_piece_runs_and_none_comes() {
    exhaust(|| {
        let valve = Arc::new(Valve::default());
        let (running, settled) =
            (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let handler = thread::spawn({
            let (valve, running, settled) = (valve.clone(), running.clone(), settled.clone());
            move || {
                for _ in 0..2 {
                    let polled = valve.poll(|| -> Poll<()> {
                        running.store(true, SeqCst);
                        assert!(!settled.load(SeqCst), "a piece began after the revocation");
                        running.store(false, SeqCst);
                        Poll::Pending
                    });
                    if polled.is_ready() {
                        return;
                    }
                }
            }
        });
        assert!(valve.shut(Stop::Revoked));
        assert_eq!(valve.settle(end()), Reached::Nothing, "it has no effect to report");
        settled.store(true, SeqCst);
        assert!(!running.load(SeqCst), "a piece goes on after the revocation");
        handler.join().unwrap();
    });
}

/// Falsified by a `commit` that does not look whether the valve is shut, and by a `Polling` that does
/// not notify (all wait then).
#[test]
fn an_effect_that_is_had_is_told_and_one_that_is_not_told_is_not_had() {
    exhaust(|| {
        let valve = Arc::new(Valve::default());
        let handler = thread::spawn({
            let valve = valve.clone();
            move || {
                let mut committed = false;
                let _polled = valve.poll(|| -> Poll<()> {
                    committed = Commitment::of(&valve).commit().is_ok();
                    Poll::Pending
                });
                committed
            }
        });
        assert!(valve.shut(Stop::Revoked));
        let reached = valve.settle(end());
        let committed = handler.join().unwrap();
        assert_eq!(reached == Reached::Effect, committed, "{reached:?}");
    });
}

/// Falsified by an `answer` or a `shut` that look and write in two steps, the lock let go between.
#[test]
fn of_an_answer_and_two_stops_one_counts() {
    exhaust(|| {
        let valve = Arc::new(Valve::default());
        let stops = [Stop::ByPage, Stop::Deadline].map(|why| {
            let valve = valve.clone();
            thread::spawn(move || valve.shut(why).then_some(why))
        });
        let answered = valve.answer();
        let stopped: Vec<_> = stops.into_iter().filter_map(|stop| stop.join().unwrap()).collect();
        assert_eq!(stopped.len(), usize::from(answered.is_err()));
        assert_eq!(answered.err(), stopped.first().copied(), "it says who was first");
        assert_eq!(valve.answered(), (stopped.is_empty(), stopped.first().copied()));
    });
}

/// Falsified by a `take_back` that lets two take.
#[test]
fn an_answer_is_taken_back_once() {
    exhaust(|| {
        let valve = Arc::new(Valve::default());
        let takers = [Stop::Revoked, Stop::Gone].map(|why| {
            let valve = valve.clone();
            thread::spawn(move || valve.take_back(why).then_some(why))
        });
        let answered = valve.answer().is_ok();
        let took: Vec<_> = takers.into_iter().filter_map(|taker| taker.join().unwrap()).collect();
        assert_eq!(took.len(), 1);
        assert_eq!(valve.answered(), (answered, took.first().copied()));
    });
}
