//! A layer that answers in the handler's stead what it has answered before.
//!
//! A cache is where one window can come to see what another was given. So the key is all that an
//! answer may depend on: the window and the origin, the rule that allowed the call, what it named, and
//! its arguments. The policy's result filter stands round the layer and is applied to what comes out
//! of a cache as well. `cargo run --example layer_cache` calls from two windows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use sidegate::app::{AppDirectories, AppId};
use sidegate::capabilities::Origin;
use sidegate::{Around, Broker, Call, Command, Handler, HandlerError, Job, Resource, Response};
use tower::{Layer, Service};

/// The most answers that are kept: a page invents keys without end.
const MOST: usize = 256;

/// Answers by all that they depend on.
type Answers = Arc<Mutex<HashMap<String, Value>>>;

/// The layer. It is for commands that only read, and whose answers may be as old as the app.
#[derive(Clone, Default)]
struct Cache(Answers);

/// What it puts round a handler.
#[derive(Clone)]
struct Caching {
    answers: Answers,
    inner: Handler,
}

impl Layer<Handler> for Cache {
    type Service = Caching;

    fn layer(&self, inner: Handler) -> Caching {
        Caching { answers: Arc::clone(&self.0), inner }
    }
}

/// All that an answer depends on, in one text that no other call has.
fn key(job: &Job) -> String {
    let named = [Resource::Path, Resource::Url, Resource::Key].map(|resource| job.named(resource));
    let (window, origin) = (job.window().as_str(), job.origin().to_string());
    json!([job.command().map(ToString::to_string), window, origin, job.rule(), named, job.args()])
        .to_string()
}

impl Service<Job> for Caching {
    type Response = Response;
    type Error = HandlerError;
    type Future = BoxFuture<'static, Result<Response, HandlerError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), HandlerError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, job: Job) -> Self::Future {
        let key = key(&job);
        let known = self.answers.lock().ok().and_then(|answers| answers.get(&key).cloned());
        if let Some(known) = known {
            return std::future::ready(Response::value(&known)).boxed();
        }
        let (answers, answer) = (Arc::clone(&self.answers), self.inner.call(job));
        async move {
            let answer = answer.await?;
            if let (Some(value), Ok(mut answers)) = (answer.as_value(), answers.lock())
                && answers.len() < MOST
            {
                answers.insert(key, value.clone());
            }
            Ok(answer)
        }
        .boxed()
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Price {
    thing: String,
}

/// Makes the calls; what they were answered, and how often the handler ran.
pub(crate) async fn run() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let (home, id) = (tempfile::tempdir()?, AppId::parse("org.example.shop")?);
    let ran = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&ran);
    let broker = Broker::builder()
        .id(id.as_str())?
        .policy(
            "shop.toml",
            "version = 1\n[[capability]]\nid = \"till\"\nwindows = [\"till\", \"shop\"]\n\
             allow = [{ commands = [\"stock.price\"] }]\n",
        )
        .directories(AppDirectories::beneath(home.path(), &id))
        .command(Command::new("stock.price", move |call: Call, args: Price| {
            counted.fetch_add(1, Ordering::SeqCst);
            // The till sees what the shop does not.
            let price = if call.window().as_str() == "till" { 3 } else { 5 };
            std::future::ready(Ok::<_, HandlerError>(format!("{} for {price}", args.thing)))
        }))
        .layer(Around::command("stock.price"), Cache::default())
        .build()?;
    let mut lines = Vec::new();
    for (window, thing) in
        [("till", "trowel"), ("shop", "trowel"), ("till", "trowel"), ("till", "rake")]
    {
        let peer = broker.connect(window, &Origin::local())?;
        let answer = peer.invoke("stock.price", json!({ "thing": thing })).await;
        lines.push(format!("{window}: {}", answer.unwrap_or_default()));
    }
    lines.push(format!("ran {} times", ran.load(Ordering::SeqCst)));
    Ok(lines)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    run().await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}
