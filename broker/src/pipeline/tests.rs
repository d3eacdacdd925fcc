//! What holds between the stages of a call. That a step cannot be left out is their shape; that none
//! of them can be had a second time, and that a caller may go between any two of them, is here.

mod answers;
mod asked;
mod asked_powers;
mod limits;
mod log;
mod powers;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use serde_json::Value;
use sidegate_capabilities::{Origin, Sources, WindowLabel};
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
use crate::app::{AppDirectories, AppId};
use crate::audit::{Entry, Reader, verify};
use crate::clock::{Moment, Now};
use crate::handler::{Call, Command, HandlerError, NoArgs};
use crate::session::{Identity, InFlight, Spent};
use crate::streams::{Exit, Outlet, Unsent};
use crate::token::{HostId, Token};
use crate::windows::WindowPort;
use crate::wire::{DocumentId, WindowChange, WindowId};
use crate::{Broker, Builder, Peer};

/// A broker of one policy and some commands, in a home of its own.
struct App {
    broker: Broker,
    home: TempDir,
}

impl App {
    fn new(policy: &str, commands: impl IntoIterator<Item = Command>) -> Self {
        Self::with(policy, commands, |builder| builder)
    }

    fn with(
        policy: &str,
        commands: impl IntoIterator<Item = Command>,
        more: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let home = TempDir::new().unwrap();
        let id = AppId::parse("org.example.app").unwrap();
        let builder = Broker::builder().id("org.example.app").unwrap().policy("app.toml", policy);
        let builder = builder.directories(AppDirectories::beneath(home.path(), &id));
        let builder = builder.audit_log(home.path().join("audit.jsonl"));
        let broker = more(commands.into_iter().fold(builder, Builder::command)).build().unwrap();
        Self { broker, home }
    }

    fn pipeline(&self) -> &Pipeline {
        &self.broker.core().pipeline
    }

    fn peer(&self) -> Peer {
        self.broker.connect("main", &Origin::local()).unwrap()
    }

    fn reload(&self, policy: &str) {
        self.broker.reload_from(Sources::from_texts([("app.toml", policy)])).unwrap();
    }

    /// The records of `event`, of a log that is whole.
    fn records(&self, event: &str) -> Vec<Entry> {
        let log = self.home.path().join("audit.jsonl");
        assert_eq!(verify(&log).unwrap().finding, None);
        let entries = Reader::open(&log).unwrap().map(Result::unwrap);
        entries.filter(|entry| entry.event() == event).collect()
    }

    /// The token of a document of `main`, as a host would have it opened.
    fn open(&self) -> Token {
        self.open_at(Now::read())
    }

    fn open_at(&self, now: Now) -> Token {
        let pipeline = self.pipeline();
        let force = pipeline.force.load();
        let (label, origin) = (WindowLabel::parse("main").unwrap(), Origin::local());
        let standing = force.policies.standing(&label, &origin, now.wall);
        let policy = Arc::clone(force.version());
        let (host, window, document) = (HOST, WINDOW, DOCUMENT);
        let identity = Identity { host, window, document, label, origin, policy };
        pipeline.sessions.open(identity, standing, now.moment).unwrap().1
    }
}

/// A policy that lets `main` do what these entries say.
fn allowing(entries: &str) -> String {
    format!("version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"main\"]\nallow = [{entries}]\n")
}

fn code(answer: &Result<Value, Value>) -> &str {
    answer.as_ref().map_or_else(|error| error["code"].as_str().unwrap_or_default(), |_| "ok")
}

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
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ran);
    let work = Command::new("work.do", move |_: Call, _: NoArgs| {
        counted.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok::<_, HandlerError>(true))
    });
    let app = App::new(&allowing("{ commands = [\"work.do\"] }"), [work]);
    for goes_after in (0..=STAYS).cycle().take(10_000) {
        let answered = walk(&app, goes_after).await;
        assert_eq!(answered, goes_after == STAYS, "{goes_after}");
        assert_eq!(ran.swap(0, Ordering::SeqCst), usize::from(answered), "{goes_after}");
    }
}

/// Tokio has what goes on for long let others go on, in the first piece of a handler as anywhere.
#[tokio::test]
async fn a_handler_that_uses_up_the_turn_of_its_task_goes_on_in_the_next() {
    let work = Command::new("work.do", async |_: Call, _: NoArgs| {
        for _ in 0..1_000 {
            tokio::task::consume_budget().await;
        }
        Ok::<_, HandlerError>(true)
    });
    let app = App::new(&allowing("{ commands = [\"work.do\"] }"), [work]);
    let answered = app.peer().invoke("work.do", serde_json::json!({})).await;
    assert_eq!(answered, Ok(true.into()));
}

/// It goes after the last stage, and only the kernel knows of it.
const UNNOTICED: usize = 5;

/// After none of the stages does it go.
const STAYS: usize = 6;

/// The way of one call, whose caller goes after a stage; whether it was answered.
async fn walk(app: &App, goes_after: usize) -> bool {
    let pipeline = app.pipeline();
    let (now, force, token, host) = (Now::read(), pipeline.force.load(), app.open(), HOST);
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
    let admitted = match limit::limit(pipeline, call, now) {
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
