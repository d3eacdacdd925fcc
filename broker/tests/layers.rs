//! Layers round handlers: in which order they stand, what they can do, and what they cannot.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests fail by panicking"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sidegate::app::{AppDirectories, AppId};
use sidegate::audit::Reader;
use sidegate::capabilities::Origin;
use sidegate::confirm::{Answer, Lasting, Question};
use sidegate::{
    Around, Broker, BuildError, Builder, Bytes, Call, Command, Handler, HandlerError, Job, NoArgs,
    Resource, Response, Revoke,
};
use tempfile::TempDir;
use tower::layer::layer_fn;
use tower::{Service, service_fn};

const POLICY: &str = r#"
version = 1
[[capability]]
id = "work"
windows = ["main"]
allow = [
  { commands = ["work.text"], key = ["a.*"], result = { omit = ["/secret"] },
    args = { properties = { n = { maximum = 10 } } } },
  { commands = ["work.text"], key = ["b.*"], args = { properties = { n = { maximum = 10 } } }, ask = "each call" },
  { commands = ["work.other"] },
]
"#;

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Number {
    n: u32,
}

type Running = BoxFuture<'static, Result<Response, HandlerError>>;

/// A layer that does as this function says with each call.
fn layer(
    does: impl Fn(Job, Handler) -> Running + Clone + Send + Sync + 'static,
) -> impl tower::Layer<
    Handler,
    Service: Service<Job, Response = Response, Error = HandlerError, Future = Running>
                 + Clone
                 + Send
                 + Sync
                 + 'static,
> + Send
+ Sync
+ 'static {
    layer_fn(move |inner: Handler| {
        let does = does.clone();
        service_fn(move |job: Job| does(job, inner.clone()))
    })
}

/// What the handlers and the layers have done, in order.
type Trace = Arc<Mutex<Vec<String>>>;

fn builder(home: &TempDir, trace: &Trace) -> Builder {
    let id = AppId::parse("org.example.app").unwrap();
    let directories = AppDirectories::beneath(home.path(), &id);
    let (text, other) = (Arc::clone(trace), Arc::clone(trace));
    Broker::builder()
        .id("org.example.app")
        .unwrap()
        .policy("app.toml", POLICY)
        .directories(directories)
        .audit_log(home.path().join("audit.jsonl"))
        .command(
            Command::new("work.text", move |call: Call, args: Number| {
                let key = call.key().unwrap_or_default().to_owned();
                text.lock().unwrap().push(format!("{key} {}", args.n));
                std::future::ready(Ok::<_, HandlerError>(json!({ "n": args.n, "secret": 1 })))
            })
            .takes(Resource::Key),
        )
        .command(Command::new("work.other", move |_: Call, _: NoArgs| {
            other.lock().unwrap().push("other".to_owned());
            std::future::ready(Ok::<_, HandlerError>(true))
        }))
        .confirm_with(async |_: Question| Answer::Yes(Lasting::Call))
}

/// Goes on with what a layer makes of a call.
fn changing(
    change: fn(Job) -> Result<Job, HandlerError>,
) -> impl Fn(Job, Handler) -> Running + Clone {
    move |job, mut inner| match change(job) {
        Ok(job) => inner.call(job),
        Err(error) => std::future::ready(Err(error)).boxed(),
    }
}

fn named(name: &'static str, trace: &Trace) -> impl Fn(Job, Handler) -> Running + Clone + use<> {
    let trace = Arc::clone(trace);
    move |job, mut inner| {
        let trace = Arc::clone(&trace);
        async move {
            trace.lock().unwrap().push(format!("{name} in"));
            let answer = inner.call(job).await;
            trace.lock().unwrap().push(format!("{name} out"));
            answer
        }
        .boxed()
    }
}

async fn call(broker: &Broker, command: &str, args: Value) -> Result<Value, Value> {
    broker.connect("main", &Origin::local()).unwrap().invoke(command, args).await
}

#[tokio::test]
async fn the_first_is_the_outermost_whatever_it_is_round() {
    let (home, trace) = (TempDir::new().unwrap(), Trace::default());
    let broker = builder(&home, &trace)
        .layer(Around::command("work.text"), layer(named("one", &trace)))
        .layer(Around::all(), layer(named("all", &trace)))
        .layer(Around::matching("work.t*"), layer(named("some", &trace)))
        .build()
        .unwrap();
    call(&broker, "work.text", json!({ "key": "a.b", "n": 1 })).await.unwrap();
    let expected = ["one in", "all in", "some in", "a.b 1", "some out", "all out", "one out"];
    assert_eq!(*trace.lock().unwrap(), expected);
    trace.lock().unwrap().clear();
    call(&broker, "work.other", json!({})).await.unwrap();
    assert_eq!(*trace.lock().unwrap(), ["all in", "other", "all out"]);
    trace.lock().unwrap().clear();
    // What is refused never comes to a layer, and the built-in commands have them too.
    for (command, args) in [
        ("work.text", json!({ "key": "c", "n": 1 })),
        ("work.text", json!({ "key": "a.b", "n": "1" })),
        ("work.nothing", json!({})),
        ("app.info", json!({})),
    ] {
        call(&broker, command, args).await.unwrap_err();
    }
    assert_eq!(*trace.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn a_layer_round_nothing_is_a_slip() {
    let (home, trace) = (TempDir::new().unwrap(), Trace::default());
    for (around, expected) in [
        (Around::command("work.txt"), "there is no command `work.txt` to put a layer round"),
        (Around::matching("wrok.*"), "there is no command `wrok.*` to put a layer round"),
        (Around::command("Work"), "`Work` is not the name of a command"),
    ] {
        let built = builder(&home, &trace).layer(around, layer(named("x", &trace))).build();
        let Err(BuildError::Registry(error)) = built else { panic!("it was built") };
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}

/// What a layer makes of a call: what comes of it, the handler's trace and the reason in the log.
#[tokio::test]
async fn a_layer_can_do_less_and_no_more() {
    type Does = fn(Job, Handler) -> Running;
    /// What is answered, or the code of an error; what the handler did; the reason in the log.
    type Comes = Result<Value, &'static str>;
    type Case = (&'static str, Does, Value, Comes, &'static [&'static str], Option<&'static str>);
    #[rustfmt::skip]
    let cases: [Case; 12] = [
        ("goes on", |job, mut inner| inner.call(job), json!({ "key": "a.b", "n": 3 }), Ok(json!({ "n": 3 })), &["a.b 3"], None),
        ("lowers", |job, inner| changing(|job| with(job, "n", json!(2)))(job, inner), json!({ "key": "a.b", "n": 3 }), Ok(json!({ "n": 2 })), &["a.b 2"], None),
        // The policy allows no more than ten; the handler takes no text; there is no such member.
        ("raises", |job, inner| changing(|job| with(job, "n", json!(11)))(job, inner), json!({ "key": "a.b", "n": 3 }), Err("invalid"), &[], Some("withheld")),
        ("mistypes", |job, inner| changing(|job| with(job, "n", json!("3")))(job, inner), json!({ "key": "a.b", "n": 3 }), Err("invalid"), &[], Some("withheld")),
        ("adds", |job, inner| changing(|job| with(job, "m", json!(1)))(job, inner), json!({ "key": "a.b", "n": 3 }), Err("invalid"), &[], Some("withheld")),
        // Another resource, which is allowed to the window and was not asked for.
        ("exchanges", |job, inner| changing(|job| with(job, "key", json!("a.c")))(job, inner), json!({ "key": "a.b", "n": 3 }), Err("invalid"), &[], Some("withheld")),
        // The person said yes to a three.
        ("after a yes", |job, inner| changing(|job| with(job, "n", json!(2)))(job, inner), json!({ "key": "b.b", "n": 3 }), Err("invalid"), &[], Some("withheld")),
        ("refuses", |_, _| std::future::ready(Err(HandlerError::new("shut", "it is late").as_refusal())).boxed(), json!({ "key": "a.b", "n": 3 }), Err("shut"), &[], Some("withheld")),
        // What it answers passes the policy's filter like anything that goes to a page.
        ("answers", |_, _| std::future::ready(Response::value(&json!({ "secret": 1, "n": 9 }))).boxed(), json!({ "key": "a.b", "n": 3 }), Ok(json!({ "n": 9 })), &[], None),
        ("answers with bytes", |_, _| std::future::ready(Ok(Response::bytes(Bytes::from_static(b"x")))).boxed(), json!({ "key": "a.b", "n": 3 }), Err("failed"), &[], None),
        ("panics", |_, _| panic!("a layer's own"), json!({ "key": "a.b", "n": 3 }), Err("failed"), &[], None),
        ("panics late", |job, mut inner| async move { inner.call(job).await?; panic!("a layer's own") }.boxed(), json!({ "key": "a.b", "n": 3 }), Err("failed"), &["a.b 3"], None),
    ];
    for (name, does, args, expected, handled, reason) in cases {
        let (home, trace) = (TempDir::new().unwrap(), Trace::default());
        let broker = builder(&home, &trace).layer(Around::all(), layer(does)).build().unwrap();
        let answer = call(&broker, "work.text", args).await;
        let answer = answer.map_err(|error| error["code"].as_str().unwrap().to_owned());
        assert_eq!(answer, expected.map_err(str::to_owned), "{name}");
        assert_eq!(*trace.lock().unwrap(), *handled, "{name}");
        let log = Reader::open(&home.path().join("audit.jsonl")).unwrap();
        let log =
            log.map(|entry| serde_json::from_str::<Value>(&entry.unwrap().to_json()).unwrap());
        let calls: Vec<_> = log.filter(|record| record["event"] == "call").collect();
        assert_eq!(calls[0]["verdict"], "allow", "{name}: it is in the log before any layer");
        assert_eq!(calls.get(1).and_then(|record| record["reason"].as_str()), reason, "{name}");
    }
}

fn with(job: Job, name: &str, value: Value) -> Result<Job, HandlerError> {
    let mut args: Map<String, Value> = job.args().clone();
    args.insert(name.to_owned(), value);
    job.with_args(args)
}

/// A layer is told who calls and what, and of the token nothing.
#[tokio::test]
async fn a_layer_knows_who_called_and_what() {
    let (home, trace) = (TempDir::new().unwrap(), Trace::default());
    let seen = Arc::clone(&trace);
    let tell = move |job: Job, mut inner: Handler| {
        let rule = job.rule().unwrap();
        let line = format!(
            "{} {} {} {} {:?} {:?}",
            job.window(),
            job.origin(),
            job.command().unwrap(),
            rule.capability,
            job.named(Resource::Key),
            job.args()
        );
        seen.lock().unwrap().push(line);
        assert!(!format!("{job:?}").contains("tag"), "{job:?}");
        inner.call(job)
    };
    let broker = builder(&home, &trace).layer(Around::all(), layer(tell)).build().unwrap();
    call(&broker, "work.text", json!({ "key": "a.b", "n": 3 })).await.unwrap();
    let expected = "main app://localhost work.text work Some(\"a.b\") {\"n\": Number(3)}";
    assert_eq!(trace.lock().unwrap()[0], expected);
}

/// G06: a layer runs through its call's valve, like the handler: what is revoked goes no further.
#[tokio::test]
async fn g06_nothing_of_a_layer_runs_after_a_revocation() {
    let (home, trace) = (TempDir::new().unwrap(), Trace::default());
    let ran = Arc::new(AtomicUsize::new(0));
    let (counted, let_on) = (Arc::clone(&ran), Arc::new(tokio::sync::Notify::new()));
    let waits = Arc::clone(&let_on);
    let wait = move |job: Job, mut inner: Handler| {
        let (counted, waits) = (Arc::clone(&counted), Arc::clone(&waits));
        async move {
            waits.notified().await;
            counted.fetch_add(1, Ordering::SeqCst);
            inner.call(job).await
        }
        .boxed()
    };
    let broker = builder(&home, &trace).layer(Around::all(), layer(wait)).build().unwrap();
    let peer = broker.connect("main", &Origin::local()).unwrap();
    let mut calling = Box::pin(peer.invoke("work.other", json!({})));
    assert!(calling.as_mut().now_or_never().is_none());
    assert_eq!(broker.revoke(Revoke::All, "a test").cancelled, 1);
    let_on.notify_one();
    assert_eq!(calling.await.unwrap_err()["code"], "denied");
    assert_eq!((ran.load(Ordering::SeqCst), trace.lock().unwrap().len()), (0, 0));
}
