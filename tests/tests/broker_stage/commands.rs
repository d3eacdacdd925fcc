//! Commands that behave badly, and a tally of what ran.

use std::{
    future::pending,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sidegate::wire::Calls;
use sidegate::{Call, Command, HandlerError, NoArgs};

/// How many handlers were begun, and how many are over, however they ended.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    begun: AtomicUsize,
    over: AtomicUsize,
    /// Who waits for it is busy.
    turn: Mutex<()>,
}

impl Tally {
    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    pub(crate) fn over(&self) -> usize {
        self.over.load(Ordering::SeqCst)
    }

    /// Keeps `test.busy`, and with it the broker's only thread, from going on, until what this returns
    /// is dropped.
    pub(crate) fn hold(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(self: &Arc<Self>) -> Running {
        self.begun.fetch_add(1, Ordering::SeqCst);
        Running(Arc::clone(self))
    }
}

/// A handler that runs.
struct Running(Arc<Tally>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.over.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Echo {
    text: Option<serde_json::Value>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Sleep {
    millis: u64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Large {
    bytes: usize,
}

/// A result that cannot be written down without a panic.
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("the secret of the result")
    }
}

/// The commands of `test.*`.
pub(crate) fn all(tally: &Arc<Tally>) -> Vec<Command> {
    let [count, never, late, sleep, busy] = [(); 5].map(|()| Arc::clone(tally));
    let forever = |tally: Arc<Tally>| {
        move |_: Call, _: NoArgs| {
            let running = tally.begin();
            async move {
                let _running = running;
                pending::<Result<(), HandlerError>>().await
            }
        }
    };
    let mut all = streams(tally);
    all.extend(of_long_arguments(tally));
    all.extend([
        Command::new("test.echo", async |_: Call, args: Echo| Ok::<_, HandlerError>(args.text)),
        Command::new("test.count", move |_: Call, _: NoArgs| {
            let _running = count.begin();
            std::future::ready(Ok::<_, HandlerError>(count.begun()))
        }),
        Command::new("test.sleep", move |_: Call, args: Sleep| {
            let running = sleep.begin();
            async move {
                let _running = running;
                tokio::time::sleep(Duration::from_millis(args.millis)).await;
                Ok::<_, HandlerError>(args.millis)
            }
        }),
        Command::new("test.large", async |_: Call, args: Large| {
            Ok::<_, HandlerError>("x".repeat(args.bytes))
        }),
        Command::new("test.busy", move |_: Call, _: NoArgs| {
            let _running = busy.begin();
            drop(busy.hold());
            std::future::ready(Ok::<_, HandlerError>(()))
        }),
        Command::new("test.never", forever(never)),
        Command::new("test.late", forever(late)),
        Command::new(
            "test.panic",
            |_: Call, _: NoArgs| -> std::future::Ready<Result<(), HandlerError>> {
                panic!("the secret of the handler")
            },
        ),
        Command::new("test.panic_later", async |_: Call, _: NoArgs| {
            tokio::task::yield_now().await;
            if true {
                panic!("the secret of the handler")
            }
            Ok::<_, HandlerError>(())
        }),
        Command::new("test.panic_last", async |_: Call, _: NoArgs| {
            Ok::<_, HandlerError>(Unwritable)
        }),
    ]);
    all
}

/// Those that take as much as may be said.
fn of_long_arguments(tally: &Arc<Tally>) -> [Command; 2] {
    let keep = Arc::clone(tally);
    [
        Command::new("test.length", async |_: Call, args: Echo| {
            Ok::<_, HandlerError>(args.text.map_or(0, |text| text.to_string().len()))
        }),
        // What it was given is held for as long as it is in flight.
        Command::new("test.keep", move |_: Call, args: Echo| {
            let kept = (keep.begin(), args);
            async move {
                let _kept = kept;
                pending::<Result<(), HandlerError>>().await
            }
        }),
    ]
}

/// Those that go on.
fn streams(tally: &Arc<Tally>) -> Vec<Command> {
    let endless = Arc::clone(tally);
    vec![
        Command::stream("test.endless", move |_: Call, _: NoArgs| {
            let tally = Arc::clone(&endless);
            std::future::ready(Ok(futures_util::stream::repeat_with(move || {
                drop(tally.begin());
                Ok::<_, HandlerError>("x".repeat(100 << 10))
            })))
        }),
        Command::stream("test.none", async |_: Call, _: NoArgs| {
            Ok(futures_util::stream::empty::<Result<(), HandlerError>>())
        }),
        // As many items as may be under way, and no end: nothing is made in the place of one that is
        // taken.
        Command::stream("test.window", async |_: Call, _: NoArgs| {
            let items = futures_util::stream::iter((0..Calls::WINDOW).map(Ok::<_, HandlerError>));
            Ok(items.chain(futures_util::stream::pending()))
        }),
        // Reads one chunk and no more, so that there is no credit after the first.
        Command::new("test.first", async |mut call: Call, _: NoArgs| {
            let mut body = call.body()?;
            let _first = body.chunk().await?;
            std::future::pending::<Result<(), HandlerError>>().await
        })
        .takes_body(),
        Command::new("test.body", async |mut call: Call, _: NoArgs| {
            Ok(call.body()?.bytes(1 << 20).await?.len())
        })
        .takes_body(),
    ]
}
