//! A machine that is busy with something else refuses nobody anything: budgets are counted in calls
//! and bytes, and not in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use futures_util::future::join_all;
use serde_json::json;
use sidegate::capabilities::Origin;
use sidegate::{Call, Command, HandlerError, NoArgs};
use tempfile::TempDir;

use crate::{broker, number};

/// As tight as calls that come in turn allow; the rate is more than any machine makes.
const POLICY: &str = r#"
version = 1
[[capability]]
id = "work"
windows = ["w*"]
allow = [
  { commands = ["work.do"], dangerous = "nothing is done",
    limit = { in_flight = 16, bytes = "64 B", rate = "4000000000/s" } },
]
"#;

const WINDOWS: u64 = 4;
/// Calls of one window at once: what the policy lets be in flight.
const AT_ONCE: u64 = 16;

/// Threads that do nothing else, for each of the machine's processors.
const SPINNING: usize = 4;

#[test]
fn a_machine_under_full_load_refuses_nobody() {
    let calls = number(10_000, 10_000_000);
    let (home, ran) = (TempDir::new().unwrap(), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&ran);
    let work = Command::new("work.do", move |_: Call, _: NoArgs| {
        counted.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::task::yield_now().await;
            Ok::<_, HandlerError>(true)
        }
    });
    let broker =
        broker(&home, vec![("app.toml".to_owned(), POLICY.to_owned())], [work], &Arc::default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rounds = calls.div_ceil(WINDOWS * AT_ONCE);
    let over = AtomicBool::new(false);
    let refused = thread::scope(|scope| {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..SPINNING * processors {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop()
                }
            });
        }
        let refused = runtime.block_on(async {
            let windows = (0..WINDOWS).map(|n| {
                let peer = broker.connect(&format!("w{n}"), &Origin::local()).unwrap();
                async move {
                    let mut refused = Vec::new();
                    for _ in 0..rounds {
                        let calls = (0..AT_ONCE).map(|_| peer.invoke("work.do", json!({})));
                        let answers = join_all(calls).await;
                        refused.extend(answers.into_iter().filter_map(Result::err));
                    }
                    refused
                }
            });
            join_all(windows).await.concat()
        });
        over.store(true, Ordering::Relaxed);
        refused
    });
    assert_eq!(refused, [] as [serde_json::Value; 0]);
    assert_eq!(ran.load(Ordering::SeqCst), rounds * WINDOWS * AT_ONCE);
}
