//! A broker in this process, whose hosts are played by the test: what it decides is its own, and
//! all that reaches it came over a real socket from a real process.

#![allow(dead_code, unused_imports, reason = "each suite uses what it needs of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

mod commands;
mod puppet;

use std::{
    os::unix::{fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use sidegate::{
    Broker, Builder, RunError,
    app::{AppDirectories, AppId, Window},
    audit::{Entry, Reader},
    confirm::{Answer, Lasting},
    wire::SandboxLevel,
};
use sidegate_tests::{hostile::CONTROL, wait};
use tempfile::TempDir;
use tokio::sync::{Semaphore, oneshot};

pub(crate) use self::{
    commands::Tally,
    puppet::{Heard, Puppet, accept, asset, call, frame, kill, message, ready},
};

/// Nothing that is waited for here takes this long, but on a machine that is busy otherwise.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Two windows that may do the same, and so share a host, and one that has another.
pub(crate) const POLICY: &str = r#"
version = 1

[[capability]]
id = "twins"
description = "two windows of one host"
windows = ["left", "right"]
allow = [
  { commands = ["test.*", "app.info", "window.set_title"] },
  { commands = ["webview.print"], limit = { rate = "2/m" } },
  { commands = ["webview.geolocation"], ask = "each call" },
  { commands = ["webview.navigate"], url = ["https://example.com/a/*"] },
  { commands = ["test.late"], limit = { deadline = "200ms" } },
  { commands = ["fs.*"], path = ["$APPDATA/**"] },
]

[[capability]]
id = "other"
description = "a window of another host"
windows = ["other", "other-*"]
allow = [{ commands = ["test.echo", "test.count", "test.large", "app.info"] }]
"#;

const APP: &str = "org.example.stage";

/// The broker, and where it keeps things.
pub(crate) struct Stage {
    home: TempDir,
    hosts: Mutex<mpsc::Receiver<Puppet>>,
    pub(crate) tally: Arc<Tally>,
    end: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<Result<(), RunError>>>,
}

impl Stage {
    /// A broker with windows of these labels, running.
    pub(crate) fn with(labels: &[&str]) -> Self {
        Self::with_windows(labels.iter().map(|label| Window::new(label, "index.html").unwrap()))
    }

    /// A broker with these windows, running.
    pub(crate) fn with_windows(windows: impl IntoIterator<Item = Window>) -> Self {
        Self::built(windows, |builder| builder)
    }

    /// A broker with a window of this label, before a person who says yes to as many questions as there
    /// are permits.
    pub(crate) fn with_a_person(label: &str, yes: &Arc<Semaphore>) -> Self {
        let yes = Arc::clone(yes);
        Self::built([Window::new(label, "index.html").unwrap()], |builder| {
            builder.confirm_with(move |_| {
                let yes = Arc::clone(&yes);
                async move {
                    yes.acquire().await.unwrap().forget();
                    Answer::Yes(Lasting::Call)
                }
            })
        })
    }

    fn built(
        windows: impl IntoIterator<Item = Window>,
        more: impl FnOnce(Builder) -> Builder,
    ) -> Self {
        let home = tempfile::Builder::new().prefix("sidegate-stage-").tempdir().unwrap();
        let listener = UnixListener::bind(home.path().join(CONTROL)).unwrap();
        let host = home.path().join("host");
        symlink(env!("CARGO_BIN_EXE_hostile_host"), &host).unwrap();
        let tally = Arc::new(Tally::default());
        let id = AppId::parse(APP).unwrap();
        let mut builder = Broker::builder()
            .id(APP)
            .unwrap()
            .policy("policy.toml", POLICY)
            .least_sandbox(SandboxLevel::None)
            .directories(AppDirectories::beneath(home.path(), &id))
            .host(&host);
        for window in windows {
            builder = builder.window(window);
        }
        for command in commands::all(&tally) {
            builder = builder.command(command);
        }
        let broker = more(builder).build().unwrap();
        let (end, ending) = oneshot::channel();
        let running =
            thread::Builder::new().name("broker".into()).spawn(move || run(&broker, ending));
        Self {
            home,
            hosts: Mutex::new(puppet::accept(listener)),
            tally,
            end: Some(end),
            running: Some(running.unwrap()),
        }
    }

    /// The next host that the broker starts, before it has said anything.
    pub(crate) fn next_host(&self) -> Puppet {
        self.host_within(LIMIT).expect("the broker starts a host")
    }

    /// The next host, if one is started in time.
    pub(crate) fn host_within(&self, limit: Duration) -> Option<Puppet> {
        self.hosts.lock().unwrap().recv_timeout(limit).ok()
    }

    /// Two hosts, ready, with their first windows open, in the order of the labels of these.
    pub(crate) fn two_ready_hosts(&self) -> [Puppet; 2] {
        let mut hosts = [self.next_host(), self.next_host()];
        hosts.iter_mut().for_each(Puppet::be_ready);
        hosts.iter_mut().for_each(Puppet::hear_a_window);
        hosts.sort_by_key(|host| host.windows()[0].0.clone());
        hosts
    }

    /// The only host, ready, with so many windows open.
    pub(crate) fn ready_host(&self, windows: usize) -> Puppet {
        let mut host = self.next_host();
        host.be_ready();
        (0..windows).for_each(|_| host.hear_a_window());
        host
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where `$APPDATA` is.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().canonicalize().unwrap().join(".local/share").join(APP)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.home.path().join(".local/state").join(APP).join("audit.jsonl")
    }

    /// All records so far.
    pub(crate) fn records(&self) -> Vec<Entry> {
        Reader::open(&self.log()).unwrap().map(Result::unwrap).collect()
    }

    /// Waits for a record that `is` picks.
    pub(crate) fn record(&self, what: &str, is: impl Fn(&Entry) -> bool) -> Entry {
        let found = wait::until_some(LIMIT, || self.records().into_iter().find(&is));
        let all = || self.records().iter().map(Entry::to_json).collect::<Vec<_>>().join("\n");
        found.map(|(entry, _)| entry).unwrap_or_else(|| panic!("no record: {what}\n{}", all()))
    }

    /// Waits for the record of a host's violent end, and returns why.
    pub(crate) fn killed(&self, pid: u32) -> String {
        let record = self.record("a host was killed", |record| {
            record.event() == "host"
                && record.text("state") == Some("killed")
                && record.number("pid") == Some(u64::from(pid))
        });
        record.text("why").unwrap_or_default().to_owned()
    }

    /// The code of the refusal of a call.
    pub(crate) fn refusal(&self, call: u64) -> String {
        let record = self.record("a refused call", |record| {
            record.event() == "call"
                && record.number("call") == Some(call)
                && record.text("verdict") == Some("deny")
        });
        record.text("reason").unwrap_or_default().to_owned()
    }

    /// How many records `is` picks, of those there are.
    pub(crate) fn count(&self, is: impl Fn(&Entry) -> bool) -> usize {
        self.records().iter().filter(|record| is(record)).count()
    }

    /// Ends the app, and says how the broker took it.
    pub(crate) fn end(&mut self) -> Result<(), RunError> {
        drop(self.end.take());
        self.running.take().unwrap().join().unwrap()
    }

    /// Waits until the broker ends by itself.
    pub(crate) fn ended(&mut self) -> Result<(), RunError> {
        let kept = self.end.take();
        let ended = self.running.take().unwrap().join().unwrap();
        drop(kept);
        ended
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(running) = self.running.take() {
            let _ended = running.join();
        }
    }
}

/// One thread for all, as the stock program has it: what starves one host starves another.
fn run(broker: &Broker, ending: oneshot::Receiver<()>) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(broker.run_until(async {
        let _ended = ending.await;
    }))
}

/// Processor time of this process so far, the broker's and the test's together.
pub(crate) fn processor_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap()
}

/// What of this process is in memory.
pub(crate) fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kibibytes << 10
}

/// How many descriptors this process has open.
pub(crate) fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// What is left of `limit` since `start`.
fn left(start: Instant, limit: Duration) -> Duration {
    limit.saturating_sub(start.elapsed())
}
