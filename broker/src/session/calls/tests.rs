use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;

use super::super::Gate;
use super::*;

fn command(name: &str) -> CommandName {
    CommandName::parse(name).unwrap()
}

fn root() -> Lineage {
    Lineage { generation: 1, attenuation: None }
}

fn at_once() -> Instant {
    Instant::now()
}

fn pass() -> Pass {
    Gate::new().enter().unwrap()
}

fn start(calls: &CallsInFlight, id: u64, name: &str, most: usize) -> InFlight {
    calls.start((id, root(), pass()), (&command(name), &Args::empty()), most, None).unwrap()
}

fn refused(calls: &CallsInFlight, id: u64, most: usize, of: Option<usize>) -> StartError {
    let read = command("fs.read_text");
    calls.start((id, root(), pass()), (&read, &Args::empty()), most, of).unwrap_err()
}

#[test]
fn calls_are_counted_and_bounded() {
    let calls = CallsInFlight::default();
    let first = start(&calls, 1, "fs.read_text", 2);
    let _second = start(&calls, 2, "fs.read_text", 2);
    assert_eq!(refused(&calls, 3, 2, None), StartError::TooMany);
    drop(first);
    let _third = start(&calls, 3, "fs.read_text", 2);
}

#[test]
fn calls_of_one_command_are_bounded_apart() {
    let calls = CallsInFlight::default();
    let first = start(&calls, 1, "fs.read_text", 8);
    assert_eq!(refused(&calls, 2, 8, Some(1)), StartError::TooManyOfCommand);
    let _write = start(&calls, 3, "fs.write_text", 8);
    drop(first);
    let read = command("fs.read_text");
    let _again = calls.start((4, root(), pass()), (&read, &Args::empty()), 8, Some(1)).unwrap();
}

#[tokio::test]
async fn nothing_starts_after_close_and_what_runs_is_stopped() {
    let calls = CallsInFlight::default();
    let running = start(&calls, 1, "fs.read_text", 8);
    calls.close(Stop::Ending);
    running.stopped().await;
    assert_eq!(running.why_stopped(), Some(Stop::Ending));
    assert_eq!(refused(&calls, 2, 8, None), StartError::Revoked);
    assert_eq!(calls.revoke(Whose::All, at_once()), [], "it has its outcome");
}

#[tokio::test]
async fn nothing_starts_after_a_revocation_and_what_runs_is_stopped() {
    let calls = CallsInFlight::default();
    let running = start(&calls, 1, "fs.read_text", 8);
    let ended = calls.revoke(Whose::All, at_once());
    let (command, why, reached) = (command("fs.read_text"), Stop::Revoked, Reached::Nothing);
    assert_eq!(ended, [Ended { call: 1, command, why, reached }]);
    running.stopped().await;
    assert_eq!(running.why_stopped(), Some(Stop::Revoked));
    assert_eq!(running.why_taken_back(), None, "there was no answer");
    assert_eq!(refused(&calls, 2, 8, None), StartError::Revoked);
}

/// A page that cancels its call right before does not have its handler run on.
#[test]
fn g06_a_revocation_waits_for_what_its_page_cancelled_before() {
    let calls = Arc::new(CallsInFlight::default());
    let running = start(&calls, 1, "fs.read_text", 8);
    let (inside, is_inside) = std::sync::mpsc::channel();
    let through = Arc::new(AtomicBool::new(false));
    let handler = thread::spawn({
        let (calls, through) = (Arc::clone(&calls), Arc::clone(&through));
        move || {
            running.valve().poll(|| {
                inside.send(()).unwrap();
                while !calls.is_closed() {
                    thread::yield_now();
                }
                thread::sleep(Duration::from_millis(20));
                through.store(true, Ordering::SeqCst);
                Poll::<()>::Pending
            })
        }
    });
    is_inside.recv().unwrap();
    assert!(calls.cancel(1, &root()));
    let end = Instant::now().checked_add(Duration::from_secs(60)).unwrap();
    assert_eq!(calls.revoke(Whose::All, end), [], "it was stopped before");
    assert!(through.load(Ordering::SeqCst), "a piece of it runs on");
    assert_eq!(handler.join().unwrap(), Poll::Pending);
}

#[tokio::test]
async fn an_answer_is_taken_back_by_a_revocation_and_by_nothing_else() {
    let calls = CallsInFlight::default();
    let running = start(&calls, 1, "fs.read_text", 8);
    running.answer().unwrap();
    calls.close(Stop::Ending);
    assert_eq!(running.why_taken_back(), None);
    let ended = calls.revoke(Whose::All, at_once());
    assert_eq!(ended.iter().map(|ended| ended.call).collect::<Vec<_>>(), [1]);
    assert_eq!(running.taken_back().await, Stop::Revoked);
    assert_eq!(calls.revoke(Whose::All, at_once()), [], "once");
}

#[test]
fn j04_a_call_is_stopped_or_answered_and_never_both() {
    let calls = CallsInFlight::default();
    let running = start(&calls, 5, "fs.read_text", 8);
    assert!(calls.cancel(5, &root()));
    assert!(!calls.cancel(5, &root()), "told once");
    assert!(!calls.cancel(6, &root()), "never was");
    assert_eq!(running.answer(), Err(Stop::ByPage));
    let answered = start(&calls, 6, "fs.read_text", 8);
    assert_eq!(answered.answer(), Ok(()));
    assert!(!calls.cancel(6, &root()), "too late");
    assert_eq!(answered.give_up(Stop::Abandoned), Ok(()));
    calls.close(Stop::Ending);
    assert_eq!(answered.why_stopped(), None);
    assert!(!answered.valve().has_ended());
}

#[test]
fn g08_what_another_policy_does_not_allow_is_stopped_and_nothing_else() {
    let calls = CallsInFlight::default();
    let (read, write) = (start(&calls, 1, "fs.read_text", 8), start(&calls, 2, "fs.list", 8));
    let answered = start(&calls, 3, "fs.read_text", 8);
    answered.answer().unwrap();
    let stopped = calls.review(4, |name, _, _| *name != command("fs.read_text"));
    assert_eq!(stopped, 1);
    assert_eq!(
        [&read, &write, &answered].map(InFlight::why_stopped),
        [Some(Stop::PolicyChanged), None, None]
    );
    for (epoch, expected) in [(3, true), (4, false), (5, false)] {
        assert_eq!(start(&calls, 9, "fs.list", 8).is_behind(epoch), expected, "{epoch}");
    }
}

#[test]
fn a_handler_elsewhere_learns_that_nobody_waits() {
    let calls = CallsInFlight::default();
    let running = start(&calls, 1, "fs.read_text", 8);
    let valve = std::sync::Arc::clone(running.valve());
    assert!(!valve.has_ended());
    drop(running);
    assert!(valve.has_ended());
}
