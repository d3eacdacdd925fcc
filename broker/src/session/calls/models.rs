//! The calls of one session and all who stop them: see `crate::models`.

mod delivery;

use std::task::Poll;

use shuttle::future::block_on;
use shuttle::sync::atomic::{AtomicBool, Ordering::SeqCst};
use shuttle::thread;

use super::super::Gate;
use super::*;
use crate::models::explore;

fn command() -> CommandName {
    CommandName::parse("work.do").unwrap()
}

fn start(calls: &CallsInFlight, id: u64, most: usize) -> Result<InFlight, StartError> {
    let (lineage, pass) =
        (Lineage { generation: 1, attenuation: None }, Gate::new().enter().unwrap());
    calls.start((id, lineage, pass), (&command(), &Args::empty()), most, None)
}

/// Never: the clock of the models stands still.
fn end() -> Instant {
    Instant::now().checked_add(Duration::from_secs(3600)).unwrap()
}

fn in_flight(calls: &CallsInFlight) -> usize {
    lock(&calls.state).calls.len()
}

/// Falsified by a `start` that asks for revocations before it takes the lock, by a `shut` that
/// notes them once it has let it go, and by a `revoke` that does not settle.
#[test]
fn after_a_revocation_returned_nothing_starts_and_nothing_runs() {
    explore(|| {
        let calls = Arc::new(CallsInFlight::default());
        let revoked = Arc::new(AtomicBool::new(false));
        let handlers = [1, 2].map(|id| {
            let (calls, revoked) = (calls.clone(), revoked.clone());
            thread::spawn(move || {
                let Ok(call) = start(&calls, id, 8) else { return None };
                let polled = call.valve().poll(|| {
                    assert!(!revoked.load(SeqCst), "a handler is polled after the revocation");
                    Poll::Ready(())
                });
                polled.is_ready().then(|| call.answer().is_ok())
            })
        });
        let ended = calls.revoke(Whose::All, end());
        revoked.store(true, SeqCst);
        assert_eq!(start(&calls, 3, 8).err(), Some(StartError::Revoked));
        for handler in handlers {
            handler.join().unwrap();
        }
        assert!(ended.len() <= 2 && in_flight(&calls) == 0);
    });
}

/// Falsified by a revocation that waits only for what it stopped itself, as it did: a page that
/// cancels its call just before has its handler run on.
#[test]
fn what_its_page_cancelled_or_another_revoked_before_does_not_run_after_a_revocation_either() {
    explore(|| runs_on(by_page));
    explore(|| runs_on(by_policy));
    explore(|| runs_on(by_revocation));
}

fn runs_on(before: Stopper) {
    let calls = Arc::new(CallsInFlight::default());
    let running = Arc::new(AtomicBool::new(false));
    let call = start(&calls, 1, 8).unwrap();
    let handler = thread::spawn({
        let running = running.clone();
        move || {
            let _polled = call.valve().poll(|| {
                running.store(true, SeqCst);
                running.store(false, SeqCst);
                Poll::<()>::Pending
            });
            call
        }
    });
    let stopping = thread::spawn({
        let calls = calls.clone();
        move || before(&calls)
    });
    let ended = calls.revoke(Whose::All, end());
    assert!(!running.load(SeqCst), "a piece runs after the revocation");
    let before = stopping.join().unwrap();
    assert!(before.is_some() != (ended.len() == 1), "one of them stopped it");
    drop(handler.join().unwrap());
}

/// Who stops a call in the model.
type Stopper = fn(&CallsInFlight) -> Option<Stop>;

fn by_page(calls: &CallsInFlight) -> Option<Stop> {
    let by = Lineage { generation: 1, attenuation: None };
    calls.cancel(1, &by).then_some(Stop::ByPage)
}

fn by_policy(calls: &CallsInFlight) -> Option<Stop> {
    (calls.review(1, |_, _, _| false) == 1).then_some(Stop::PolicyChanged)
}

fn by_revocation(calls: &CallsInFlight) -> Option<Stop> {
    calls.revoke(Whose::All, end()).pop().map(|ended| ended.why)
}

fn by_navigation(calls: &CallsInFlight) -> Option<Stop> {
    calls.shut(Whose::All, Stop::Gone).settle(end()).pop().map(|ended| ended.why)
}

/// Falsified by a `shut` of the valve that lets two stop, and by an `answer` after a stop.
#[test]
fn j04_whoever_wins_a_call_has_one_outcome() {
    fn race(stoppers: &[Stopper], expires: bool) {
        let calls = Arc::new(CallsInFlight::default());
        let call = start(&calls, 1, 1).unwrap();
        let racing: Vec<_> = stoppers
            .iter()
            .map(|stopper| {
                let (calls, stopper) = (calls.clone(), *stopper);
                thread::spawn(move || stopper(&calls))
            })
            .collect();
        let ran = call.valve().poll(|| Poll::Ready(()));
        let (answered, expired) = match (ran, expires) {
            (Poll::Ready(Some(())), false) => (call.answer().is_ok(), false),
            (_, true) => (false, call.give_up(Stop::Deadline).is_ok()),
            (_, false) => (false, false),
        };
        let mut stops: Vec<_> = racing.into_iter().filter_map(|one| one.join().unwrap()).collect();
        stops.extend(expired.then_some(Stop::Deadline));
        assert!(stops.len() <= 1, "{stops:?}");
        assert_eq!(call.why_stopped(), stops.first().copied());
        let taken_back = matches!(stops.first(), Some(Stop::Revoked | Stop::Gone));
        assert!(stops.is_empty() == answered || taken_back, "{answered} {stops:?}");
        drop(call);
        assert_eq!(in_flight(&calls), 0, "nothing is left in flight");
    }
    explore(|| race(&[by_page, by_policy], false));
    explore(|| race(&[by_page, by_revocation], false));
    explore(|| race(&[by_policy, by_navigation], false));
    explore(|| race(&[by_page, by_policy, by_revocation, by_navigation], true));
    explore(|| race(&[by_page, by_policy, by_revocation, by_navigation], false));
}

/// Falsified by a `wake_if` that cancels before the valve is shut, and by a `stop` that does not wake
/// (all wait then).
#[test]
fn who_waits_for_a_stop_wakes_and_finds_it() {
    explore(|| waits(by_page));
    explore(|| waits(by_policy));
    explore(|| waits(by_revocation));
    explore(|| waits(by_navigation));
}

fn waits(stopper: Stopper) {
    let calls = Arc::new(CallsInFlight::default());
    let call = start(&calls, 1, 1).unwrap();
    let stopping = thread::spawn({
        let calls = calls.clone();
        move || stopper(&calls)
    });
    block_on(call.stopped());
    let found = call.why_stopped();
    assert!(found.is_some(), "it woke before the valve was shut");
    assert_eq!(call.valve().poll(|| Poll::Ready(())), Poll::Ready(None));
    assert_eq!(stopping.join().unwrap(), found);
    drop(call);
    assert_eq!(in_flight(&calls), 0);
}

/// Falsified by a `start` that counts in one hold of the lock and adds in another, and by an
/// `InFlight` that is not taken off the list.
#[test]
fn no_more_are_in_flight_than_may_be_and_in_the_end_none() {
    explore(|| {
        let calls = Arc::new(CallsInFlight::default());
        let racing = [1, 2, 3].map(|id| {
            let calls = calls.clone();
            thread::spawn(move || {
                let started = start(&calls, id, 2);
                assert!(in_flight(&calls) <= 2);
                started.is_ok()
            })
        });
        let started = racing.into_iter().map(|one| one.join().unwrap());
        assert!(started.filter(|started| *started).count() >= 2);
        assert_eq!(in_flight(&calls), 0);
        assert!(start(&calls, 4, 1).is_ok());
    });
}

/// Falsified by a `review` that raises the epoch after it looked at the calls, and by a `start` that
/// does not say what it saw.
#[test]
fn a_call_that_starts_beside_a_reload_is_stopped_by_it_or_knows_that_it_is_behind() {
    explore(|| {
        let calls = Arc::new(CallsInFlight::default());
        let reload = thread::spawn({
            let calls = calls.clone();
            move || calls.review(1, |_, _, _| false)
        });
        let call = start(&calls, 1, 8).unwrap();
        let behind = call.is_behind(0);
        assert_eq!(reload.join().unwrap(), usize::from(!behind));
        assert_eq!(call.why_stopped().is_some(), !behind);
    });
}
