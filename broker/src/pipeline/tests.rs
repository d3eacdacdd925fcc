//! What holds between the stages of a call. That a step cannot be left out is their shape; that none
//! of them can be had a second time, and that a caller may go between any two of them, is here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use sidegate_capabilities::{Origin, WindowLabel};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::ask::{Confirmed, Unanswered};
use super::authenticate::Authenticated;
use super::decide::Granted;
use super::limit::Admitted;
use super::receive::Said;
use super::record::Recorded;
use super::{
    Due, Frame, Pipeline, Putting, Refusal, Reply, Trail, ask, authenticate, decide, limit,
    receive, record,
};
use crate::Broker;
use crate::app::{AppDirectories, AppId};
use crate::clock::{Moment, Now};
use crate::handler::{Call, Command, HandlerError, NoArgs};
use crate::session::{Identity, InFlight, Spent};
use crate::streams::{Exit, Outlet, Unsent};
use crate::token::HostId;
use crate::windows::WindowPort;
use crate::wire::{DocumentId, WindowChange, WindowId};

/// J07: what was checked is what is done, once. Were one of these made to be copied, this would not
/// compile.
#[test]
fn j07_nothing_on_the_way_of_a_call_can_be_had_twice() {
    trait Ambiguous<Marker> {
        fn check() {}
    }
    struct Copied;
    impl<T> Ambiguous<()> for T {}
    impl<T: Clone> Ambiguous<Copied> for T {}
    <Said<'_> as Ambiguous<_>>::check();
    <Authenticated as Ambiguous<_>>::check();
    <Admitted as Ambiguous<_>>::check();
    <InFlight as Ambiguous<_>>::check();
    <Spent as Ambiguous<_>>::check();
    <Granted as Ambiguous<_>>::check();
    <Unanswered as Ambiguous<_>>::check();
    <Confirmed as Ambiguous<_>>::check();
    <Recorded as Ambiguous<_>>::check();
    <Due as Ambiguous<_>>::check();
}

/// Nobody: who called is gone.
#[derive(Debug)]
struct Nobody {
    bodies: Arc<Semaphore>,
    is_gone: bool,
}

impl WindowPort for Nobody {
    fn change(&self, _: WindowChange) -> Result<(), HandlerError> {
        Err(HandlerError::new("unavailable", "the caller has no window"))
    }
}

impl Outlet for Nobody {
    fn send<'a>(&'a self, _: Reply, _: Exit<'a>) -> BoxFuture<'a, Result<(), Unsent>> {
        Box::pin(std::future::ready(Err(Unsent::Gone)))
    }

    fn bodies(&self) -> &Arc<Semaphore> {
        &self.bodies
    }

    fn is_gone(&self) -> bool {
        self.is_gone
    }
}

const HOST: HostId = HostId(7);
const WINDOW: WindowId = WindowId(7);
const DOCUMENT: DocumentId = DocumentId(1);

/// A05: a caller that goes after any of the stages has called nothing: whatever was found out about it
/// before, its handler does not run.
#[tokio::test]
async fn a05_of_a_caller_that_goes_after_any_stage_nothing_runs() {
    let (home, ran) = (TempDir::new().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&ran);
    let work = Command::new("work.do", move |_: Call, _: NoArgs| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok::<_, HandlerError>(true))
    });
    let broker = broker(&home, work);
    let pipeline = &broker.core().pipeline;
    for goes_after in (0..=STAYS).cycle().take(10_000) {
        let answered = walk(pipeline, goes_after).await;
        assert_eq!(answered, goes_after == STAYS, "{goes_after}");
        assert_eq!(ran.swap(0, Ordering::SeqCst), usize::from(answered), "{goes_after}");
    }
}

/// Tokio has what goes on for long let others go on, in the first piece of a handler as anywhere.
#[tokio::test]
async fn a_handler_that_uses_up_the_turn_of_its_task_goes_on_in_the_next() {
    let home = TempDir::new().unwrap();
    let broker = broker(
        &home,
        Command::new("work.do", async |_: Call, _: NoArgs| {
            for _ in 0..1_000 {
                tokio::task::consume_budget().await;
            }
            Ok::<_, HandlerError>(true)
        }),
    );
    let peer = broker.connect("main", &Origin::local()).unwrap();
    assert_eq!(peer.invoke("work.do", serde_json::json!({})).await, Ok(true.into()));
}

fn broker(home: &TempDir, work: Command) -> Broker {
    let policy = "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"main\"]\n\
                  allow = [{ commands = [\"work.do\"] }]\n";
    let id = AppId::parse("org.example.app").unwrap();
    let broker = Broker::builder().id("org.example.app").unwrap().policy("app.toml", policy);
    let broker = broker.directories(AppDirectories::beneath(home.path(), &id)).command(work);
    broker.build().unwrap()
}

/// It goes after the last stage, and only the kernel knows of it.
const UNNOTICED: usize = 5;

/// After none of the stages does it go.
const STAYS: usize = 6;

/// The way of one call, whose caller goes after a stage; whether it was answered.
async fn walk(pipeline: &Pipeline, goes_after: usize) -> bool {
    let (now, force) = (Now::read(), pipeline.force.load());
    let label = WindowLabel::parse("main").unwrap();
    let standing = force.policies.standing(&label, &Origin::local(), now.wall);
    let policy = Arc::clone(force.version());
    let (origin, host) = (Origin::local(), HOST);
    let identity = Identity { host, window: WINDOW, document: DOCUMENT, label, origin, policy };
    let (_session, token) = pipeline.sessions.open(identity, standing, now.moment).unwrap();
    let goes = |stage| {
        if stage == goes_after {
            assert_eq!(pipeline.sessions.forget(|identity| identity.host == HOST).len(), 1);
        }
    };
    let text = format!("c{} 1\n{{\"command\":\"work.do\"}}", token.text());
    let frame = Frame { host, window: WINDOW, document: DOCUMENT, bytes: text.as_bytes() };
    let nobody = |is_gone| {
        let bodies = Arc::new(Semaphore::new(0));
        Arc::new(Nobody { bodies, is_gone })
    };
    let port: Arc<dyn WindowPort> = nobody(false);
    let outlet: Arc<dyn Outlet> = nobody(goes_after == UNNOTICED);
    let said = receive::receive(frame, Trail::of(&frame, now.moment, force)).unwrap();
    let known = authenticate::authenticate(pipeline, said, now).unwrap();
    let authenticate::Known::Call(call) = known else { panic!("a call") };
    goes(0);
    let admitted = match limit::limit(pipeline, *call, now) {
        Ok(admitted) => admitted,
        Err(stopped) => {
            assert!(matches!(stopped.refusal, Refusal::Revoked), "{stopped:?}");
            return false;
        }
    };
    goes(1);
    let granted = decide::decide(pipeline, admitted, &port).unwrap();
    goes(2);
    let Putting::Confirmed(confirmed) = ask::ask(pipeline, granted).unwrap() else {
        panic!("nobody is asked")
    };
    goes(3);
    let recorded = record::record(&pipeline.ledger, confirmed, Moment::now()).unwrap();
    goes(4);
    let answered = recorded.dispatch(&pipeline.ledger, &outlet).await;
    let stopped = answered.as_ref().is_none_or(|(reply, _)| !reply.json().contains("\"ok\""));
    pipeline.sessions.forget(|identity| identity.host == HOST);
    !stopped
}
