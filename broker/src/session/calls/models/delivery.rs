//! What leaves of a call, and whoever stops it or takes its answer back meanwhile: it is on its way
//! or it was kept, and who stopped it knows which.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use shuttle::future::yield_now;
use shuttle::sync::atomic::AtomicUsize;
use std::future::poll_fn;
use tokio::sync::Semaphore;

use super::*;
use crate::pipeline::Reply;
use crate::streams::{Exit, Outlet, Unsent};

/// A page, and what it was told.
#[derive(Debug)]
struct Page {
    told: Mutex<Vec<Reply>>,
    /// Nothing of the call may leave any more.
    over: AtomicBool,
    /// What did, but for errors.
    late: AtomicUsize,
    bodies: Arc<Semaphore>,
}

impl Page {
    fn new() -> Arc<Self> {
        let (told, over, late) = (Mutex::default(), AtomicBool::new(false), AtomicUsize::new(0));
        Arc::new(Self { told, over, late, bodies: Arc::new(Semaphore::new(1)) })
    }

    /// Items, or the one that stands for the answer; and errors.
    fn told(&self) -> (usize, usize) {
        let told = self.told.lock().unwrap();
        let (items, errors): (Vec<_>, Vec<_>) = told.iter().partition(|reply| is_item(reply));
        (items.len(), errors.len())
    }
}

impl Outlet for Page {
    /// There is room after others had their turn.
    fn send<'a>(&'a self, reply: Reply, exit: Exit<'a>) -> BoxFuture<'a, Result<(), Unsent>> {
        let send = async move {
            yield_now().await;
            exit.by(|| {
                if self.over.load(SeqCst) && is_item(&reply) {
                    self.late.fetch_add(1, SeqCst);
                }
                self.told.lock().unwrap().push(reply);
            })
        };
        send.boxed()
    }

    fn bodies(&self) -> &Arc<Semaphore> {
        &self.bodies
    }

    fn is_gone(&self) -> bool {
        false
    }
}

fn item() -> Reply {
    Reply::item(1, &json!("the answer")).unwrap()
}

fn is_item(reply: &Reply) -> bool {
    *reply == item()
}

/// Falsified by an answer that is queued, and only then off the list of what can be taken back, as it
/// was: it is told of as kept back and goes out all the same, and after the revocation has returned.
#[test]
fn an_answer_is_on_its_way_or_taken_back_and_who_took_it_back_knows() {
    fn race(stopper: Stopper, told_instead: usize) {
        let (calls, page) = (Arc::new(CallsInFlight::default()), Page::new());
        let call = start(&calls, 1, 1).unwrap();
        call.answer().unwrap();
        let answering = thread::spawn({
            let outlet: Arc<dyn Outlet> = page.clone();
            move || block_on(item().deliver(&call, &outlet))
        });
        let taken_back = stopper(&calls).is_some();
        page.over.store(true, SeqCst);
        answering.join().unwrap();
        assert_eq!(page.late.load(SeqCst), 0, "an answer leaves after it was taken back");
        let instead = if taken_back { told_instead } else { 0 };
        assert_eq!(page.told(), (usize::from(!taken_back), instead));
        assert_eq!(in_flight(&calls), 0);
    }
    explore(|| race(by_revocation, 1));
    explore(|| race(by_navigation, 0));
}

/// A revocation that does not wait: for a handler that blocks its thread, or called by one.
fn at_once(calls: &CallsInFlight) -> Option<Stop> {
    calls.revoke(Whose::All, Instant::now()).pop().map(|ended| ended.why)
}

/// Falsified by an item that is queued without a look at the valve, as it was: where nobody waited
/// for the piece that made it, it goes out after the stop.
#[test]
fn no_item_leaves_after_its_call_was_stopped_whoever_waited() {
    fn race(stopper: Stopper) {
        let (calls, page) = (Arc::new(CallsInFlight::default()), Page::new());
        let call = start(&calls, 1, 1).unwrap();
        let streaming = thread::spawn({
            let page = page.clone();
            move || {
                let items = async {
                    for _ in 0..2 {
                        if page.send(item(), Exit::Part(call.valve())).await.is_err() {
                            return;
                        }
                    }
                };
                let mut items = Box::pin(items);
                let valve = call.valve();
                block_on(poll_fn(|context| valve.poll(|| items.as_mut().poll(context))));
            }
        });
        let stopped = stopper(&calls);
        page.over.store(stopped.is_some(), SeqCst);
        streaming.join().unwrap();
        assert_eq!(page.late.load(SeqCst), 0, "an item leaves after the stop");
        assert!(stopped.is_some() || page.told() == (2, 0));
    }
    explore(|| race(by_page));
    explore(|| race(by_policy));
    explore(|| race(at_once));
}
