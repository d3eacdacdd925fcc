//! A layer that counts, as metrics do: calls that run and calls that failed, by command and window.
//!
//! What was refused is in the audit log (`sidegate audit --stats`) and never comes here.
//! `cargo run --example layer_count` makes a few calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use sidegate::app::{AppDirectories, AppId};
use sidegate::capabilities::Origin;
use sidegate::{Around, Broker, Call, Command, Handler, HandlerError, Job, NoArgs, Response};
use tower::{Layer, Service};

/// How many ran, and how many of them failed, by command and window.
type Counts = Arc<Mutex<BTreeMap<(String, String), (u64, u64)>>>;

/// The layer.
#[derive(Clone, Default)]
struct Count(Counts);

/// What it puts round a handler.
#[derive(Clone)]
struct Counting {
    counts: Counts,
    inner: Handler,
}

impl Layer<Handler> for Count {
    type Service = Counting;

    fn layer(&self, inner: Handler) -> Counting {
        Counting { counts: Arc::clone(&self.0), inner }
    }
}

impl Service<Job> for Counting {
    type Response = Response;
    type Error = HandlerError;
    type Future = BoxFuture<'static, Result<Response, HandlerError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), HandlerError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, job: Job) -> Self::Future {
        let command = job.command().map(ToString::to_string).unwrap_or_default();
        let key = (command, job.window().to_string());
        let (counts, answer) = (Arc::clone(&self.counts), self.inner.call(job));
        async move {
            let answer = answer.await;
            if let Ok(mut counts) = counts.lock() {
                let (ran, failed) = counts.entry(key).or_default();
                *ran = ran.saturating_add(1);
                *failed = failed.saturating_add(u64::from(answer.is_err()));
            }
            answer
        }
        .boxed()
    }
}

/// Makes the calls; what was counted.
pub(crate) async fn run() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let (home, id) = (tempfile::tempdir()?, AppId::parse("org.example.shop")?);
    let counts = Counts::default();
    let broker = Broker::builder()
        .id(id.as_str())?
        .policy(
            "shop.toml",
            "version = 1\n[[capability]]\nid = \"till\"\nwindows = [\"till\", \"shop\"]\n\
             allow = [{ commands = [\"stock.count\"] }]\n",
        )
        .directories(AppDirectories::beneath(home.path(), &id))
        .command(Command::new("stock.count", async |call: Call, _: NoArgs| {
            let knows = call.window().as_str() == "till";
            knows.then_some(7).ok_or_else(|| HandlerError::new("unknown", "ask at the till"))
        }))
        // Round a part of the commands.
        .layer(Around::matching("stock.*"), Count(Arc::clone(&counts)))
        .build()?;
    for (window, times) in [("till", 3), ("shop", 2)] {
        let peer = broker.connect(window, &Origin::local())?;
        for _ in 0..times {
            let _answer = peer.invoke("stock.count", json!({})).await;
        }
    }
    let counts = counts.lock().map(|counts| counts.clone()).unwrap_or_default();
    let line = |((command, window), (ran, failed))| format!("{command} {window} {ran} {failed}");
    Ok(counts.into_iter().map(line).collect())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    run().await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}
