//! A layer round every command that says what ran, for whom, how it went and how long it took.
//!
//! The audit log says what was *decided*, and a layer is no second one: it is for the developer, and
//! may write where and what it likes. `cargo run --example layer_log` makes two calls.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;
use sidegate::app::{AppDirectories, AppId};
use sidegate::capabilities::Origin;
use sidegate::{Around, Broker, Call, Command, Handler, HandlerError, Job, NoArgs, Response};
use tower::{Service, service_fn};

/// Where the lines go.
type Lines = Arc<Mutex<Vec<String>>>;

/// What stands round a handler. `service_fn` is enough, since nothing is kept from call to call.
fn logged(
    lines: &Lines,
    inner: Handler,
) -> impl Service<
    Job,
    Response = Response,
    Error = HandlerError,
    Future = BoxFuture<'static, Result<Response, HandlerError>>,
> + Clone
+ use<> {
    let lines = Arc::clone(lines);
    service_fn(move |job: Job| {
        let (lines, mut inner) = (Arc::clone(&lines), inner.clone());
        async move {
            let command = job.command().map(ToString::to_string).unwrap_or_default();
            let (window, began) = (job.window().clone(), Instant::now());
            let answer = inner.call(job).await;
            let how = answer.as_ref().map_or_else(HandlerError::code, |_| "ok");
            tracing::info!(%window, command, how, took = ?began.elapsed(), "a handler ran");
            if let Ok(mut lines) = lines.lock() {
                lines.push(format!("{window}: {command}: {how}"));
            }
            answer
        }
        .boxed()
    })
}

/// Makes the calls; what was logged of them.
pub(crate) async fn run() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let (home, id) = (tempfile::tempdir()?, AppId::parse("org.example.shop")?);
    let lines = Lines::default();
    let kept = Arc::clone(&lines);
    let layer = tower::layer::layer_fn(move |inner| logged(&kept, inner));
    let broker = Broker::builder()
        .id(id.as_str())?
        .policy(
            "shop.toml",
            "version = 1\n[[capability]]\nid = \"till\"\nwindows = [\"till\"]\n\
             allow = [{ commands = [\"stock.count\", \"stock.order\"] }]\n",
        )
        .directories(AppDirectories::beneath(home.path(), &id))
        .command(Command::new("stock.count", async |_: Call, _: NoArgs| Ok::<_, HandlerError>(7)))
        .command(Command::new("stock.order", async |_: Call, _: NoArgs| {
            Err::<(), _>(HandlerError::new("shut", "the supplier is shut"))
        }))
        .layer(Around::all(), layer)
        .build()?;
    let till = broker.connect("till", &Origin::local())?;
    for command in ["stock.count", "stock.order", "fs.list"] {
        // The last is refused, and never comes to a layer.
        let _answer = till.invoke(command, json!({})).await;
    }
    let lines = lines.lock().map(|lines| lines.clone()).unwrap_or_default();
    Ok(lines)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    run().await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}
