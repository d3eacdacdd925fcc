//! The pipeline against the naive walk: generated policies, and calls of several windows and origins.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use sidegate::capabilities::Origin;
use sidegate::{Call, Command, HandlerError, Peer, Resource};
use tempfile::TempDir;

use crate::generate::{APPDATA, HOME, Random};
use crate::model::{self, Capability, Limit};
use crate::walk::{self, Answer};
use crate::{broker, number, variable};

/// How many calls are made under a policy.
const CALLS: u64 = 1_000;

/// The generator's commands, and those that stand for them: some of its names are built in.
const COMMANDS: [(&str, &str); 6] = [
    ("fs.read", "t.fs.read"),
    ("fs.write", "t.fs.write"),
    ("app.info", "t.app.info"),
    ("settings.get", "t.settings.get"),
    ("fs", "t.fs"),
    ("net.get", "t.net.get"),
];

/// What the generator's path patterns begin with. A grant is a directory that is opened.
const DIRECTORIES: [&str; 6] = ["d/a", "d/b", "d/.b", "d/app", "e", "h/user/x"];

/// What a handler was called with.
#[derive(Debug, PartialEq)]
struct Ran {
    window: String,
    origin: String,
    command: &'static str,
    has_path: bool,
    key: Option<String>,
    url: Option<String>,
    args: Rest,
}

/// The arguments but for the resources.
#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Rest {
    n: Option<Value>,
    s: Option<Value>,
    z: Option<Value>,
}

type Runs = Arc<Mutex<Vec<Ran>>>;

#[test]
fn what_runs_is_what_the_naive_walk_allows_with_the_very_arguments() {
    let seed = variable("SIDEGATE_SEED", 6);
    let calls = number(100_000, 100_000_000);
    println!("SIDEGATE_SEED={seed} SIDEGATE_CALLS={calls}");
    let start = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let allowed: u64 = std::thread::scope(|scope| {
        let share = |n| move || run(seed + n, calls.div_ceil(threads));
        let threads: Vec<_> = (0..threads).map(|n| scope.spawn(share(n))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    println!("{allowed} of {calls} calls ran, in {:.1} s", start.elapsed().as_secs_f64());
    // Else the two would agree on nothing but refusals.
    assert!(allowed * 20 > calls, "{allowed}");
}

/// Makes so many calls; how many of them ran.
fn run(seed: u64, calls: u64) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // No hidden name, which patterns would treat in a way of its own.
    let home = tempfile::Builder::new().prefix("calls-").tempdir().unwrap();
    let root = home.path().canonicalize().unwrap();
    for directory in DIRECTORIES {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    let mut random = Random::new(seed);
    let policies = 0..calls.div_ceil(CALLS);
    policies.map(|_| runtime.block_on(agree(&mut random, &root, calls.min(CALLS)))).sum()
}

async fn agree(random: &mut Random, root: &Path, calls: u64) -> u64 {
    let written = placed(random.policy(), root);
    let (home, runs) = (TempDir::new().unwrap(), Runs::default());
    let commands = COMMANDS.map(|(_, name)| command(name, Arc::clone(&runs)));
    let asked = Arc::new(AtomicU64::new(0));
    let broker = broker(&home, model::files(&written), commands, &asked);
    let mut peers: HashMap<(&str, &str), Peer> = HashMap::new();
    let mut allowed = 0;
    for _ in 0..calls {
        let call = made(random.call(), root);
        let peer = peers.entry((call.window, call.origin)).or_insert_with(|| {
            broker.connect(call.window, &Origin::parse(call.origin).unwrap()).unwrap()
        });
        let answer = peer.invoke(call.command, Value::Object(call.args.clone())).await;
        let ran = std::mem::take(&mut *runs.lock().unwrap());
        let (expected, asks) = match walk::decide(&written, &call) {
            Answer::Allow { matching, .. } => {
                (vec![run_of(&call)], matching.iter().any(|entry| entry.ask.is_some()))
            }
            Answer::Deny { .. } => (Vec::new(), false),
        };
        let asked = asked.swap(0, Ordering::Relaxed);
        let agrees =
            ran == expected && answer.is_ok() == (expected.len() == 1) && asked == u64::from(asks);
        let files = || model::files(&written);
        assert!(agrees, "{call:?}\n{answer:?}\n{ran:?}\n{:#?}", files());
        allowed += u64::from(answer.is_ok());
    }
    allowed
}

/// A handler that takes whatever a call has, and writes it down.
fn command(name: &'static str, runs: Runs) -> Command {
    let handler = move |call: Call, args: Rest| {
        runs.lock().unwrap().push(Ran {
            window: call.window().to_string(),
            origin: call.origin().to_string(),
            command: name,
            has_path: call.path().is_ok(),
            key: call.named_key().map(str::to_owned),
            url: call.url().ok().map(|url| url.as_str().trim_end_matches('/').to_owned()),
            args,
        });
        std::future::ready(Ok::<_, HandlerError>(true))
    };
    let resources = [Resource::Path, Resource::Key, Resource::Url];
    resources.into_iter().fold(Command::new(name, handler), Command::may_take)
}

/// What the handler has of this call.
fn run_of(call: &model::Call) -> Ran {
    let text = |name: &str| call.args.get(name).and_then(Value::as_str);
    let any = |name: &str| call.args.get(name).cloned();
    Ran {
        window: call.window.to_owned(),
        origin: call.origin.to_owned(),
        command: call.command,
        has_path: text("path").is_some(),
        key: text("key").map(str::to_owned),
        url: text("url").map(|url| url.trim_end_matches('/').to_owned()),
        args: Rest { n: any("n"), s: any("s"), z: any("z") },
    }
}

/// The same policy of the other names, of paths that exist, and without limits, which this is not
/// about: a call that waits for its turn has not been refused by a rule.
fn placed(mut policy: Vec<Capability>, root: &Path) -> Vec<Capability> {
    for capability in &mut policy {
        for entry in capability.allow.iter_mut().chain(&mut capability.deny) {
            entry.limit = Limit::default();
            entry.commands.iter_mut().for_each(|pattern| pattern.insert_str(0, "t."));
            entry.path.iter_mut().flatten().for_each(|pattern| *pattern = beneath(root, pattern));
        }
    }
    policy
}

fn made(mut call: model::Call, root: &Path) -> model::Call {
    call.command = COMMANDS.iter().find(|(name, _)| *name == call.command).unwrap().1;
    if let Some(Value::String(path)) = call.args.get_mut("path") {
        *path = beneath(root, path);
    }
    call
}

/// An absolute path or pattern beneath `root`, its variables spelt out; another one as it is.
fn beneath(root: &Path, path: &str) -> String {
    let spelt = path.replacen("$APPDATA", APPDATA, 1).replacen("$HOME", HOME, 1);
    if spelt.starts_with('/') { format!("{}{spelt}", root.display()) } else { spelt }
}
