//! A broker that runs for long: what it holds while windows come and go, hosts are killed and started
//! again, pages navigate and call. After a while it holds what it will hold. The full count is for
//! `SIDEGATE_SOAK=1`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Read,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use sidegate_tests::{App, Display, Home, Launch, soak};

/// Hosts that end, in full: about a quarter of an hour.
const FULL: usize = 900;

/// The same in an ordinary run. A broker that kept one descriptor of each would have three more in
/// the last third than the allowance.
const FEW: usize = 18;

/// All hosts are killed when so many have ended since the last time. That is three times in an ordinary
/// run, and a broker gives a window up whose host dies more often than five times a minute.
const KILLED_AFTER: usize = 5;

/// How much later at the least, for the same reason, in a long run.
const BETWEEN_KILLS: Duration = Duration::from_secs(20);

/// Descriptors that there may be more at the height of the last third than at that of the second: a host
/// is begun while the one before it is let go, or it is not, and each has a socket, two ends of a
/// pipe, a process to wait for.
const MORE_DESCRIPTORS: usize = 3;

/// Memory that there may be more, in KiB. An allocator gives back by the page and not at once: what
/// is held moves by some hundred KiB from minute to minute, up and down.
const MORE_MEMORY: usize = 2 << 10;

/// How long one host may live, on a machine with other things to do.
const LIFE: Duration = Duration::from_secs(60);

/// How often it is looked.
const EVERY: Duration = Duration::from_millis(20);

const MANIFEST: &str = r#"version = 1
id = "org.example.soak"
name = "Soak"

[[window]]
label = "editor"
title = "Editor"
page = "index.html"

[[template]]
name = "preview"
title = "Preview"
page = "preview.html"
most = 1
"#;

const POLICY: &str = r#"version = 1

[[capability]]
id = "editor"
windows = ["editor"]
allow = [
  { commands = ["app.info"] },
  { commands = ["window.create"], key = ["preview"] },
]

[[capability]]
id = "preview"
windows = ["preview-*"]
allow = [{ commands = ["app.info", "window.close"] }]
"#;

/// Opens one preview after another, and is loaded anew now and then.
const EDITOR: &str = "
    const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
    onload = async () => {
      for (let round = 0; round < 100; round += 1) {
        await sidegate.invoke('window.create', { key: 'preview' }).catch(() => {});
        await sidegate.invoke('app.info').catch(() => {});
        await pause();
      }
      location.reload();
    };";

/// Calls, allowed and refused, in each of three documents, and closes.
const PREVIEW: &str = "
    onload = async () => {
      const calls = [];
      for (let number = 0; number < 40; number += 1) {
        calls.push(sidegate.invoke(number % 4 ? 'app.info' : 'fs.read_text', {}).catch(() => {}));
      }
      await Promise.all(calls);
      const document = Number(location.search.slice(1) || 1);
      if (document < 3) location.search = '?' + (document + 1);
      else await sidegate.invoke('window.close');
    };";

/// What the broker holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    descriptors: usize,
    /// In KiB.
    memory: usize,
}

impl Held {
    fn by(app: &App) -> Self {
        let process = PathBuf::from(format!("/proc/{}", app.pid()));
        let descriptors = fs::read_dir(process.join("fd")).unwrap().count();
        let status = fs::read_to_string(process.join("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let memory = line.trim().trim_end_matches(" kB").parse().unwrap();
        Self { descriptors, memory }
    }

    /// The most of each.
    fn most(self, other: Self) -> Self {
        let descriptors = self.descriptors.max(other.descriptors);
        Self { descriptors, memory: self.memory.max(other.memory) }
    }
}

fn folder(home: &Home) -> PathBuf {
    let app = home.path().join("app");
    for (name, text) in [
        ("sidegate.toml", MANIFEST),
        ("policies/app.toml", POLICY),
        ("ui/index.html", "<!doctype html><script src=editor.js></script>"),
        ("ui/preview.html", "<!doctype html><script src=preview.js></script>"),
        ("ui/editor.js", EDITOR),
        ("ui/preview.js", PREVIEW),
    ] {
        let path = app.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    app
}

/// The ends of hosts, counted in the log as it grows. It is not parsed: there are many records.
struct Ends {
    log: Option<File>,
    /// The piece of a record that is not whole yet.
    rest: String,
    count: usize,
}

impl Ends {
    fn count(&mut self, app: &App) -> usize {
        if self.log.is_none() {
            self.log = File::open(app.audit_log()).ok();
        }
        if let Some(log) = &mut self.log {
            log.read_to_string(&mut self.rest).unwrap();
        }
        let whole = self.rest.rfind('\n').map_or(0, |end| end + 1);
        let is_end = |line: &&str| {
            line.contains("\"event\":\"host\"")
                && (line.contains("\"state\":\"exited\"") || line.contains("\"state\":\"killed\""))
        };
        self.count += self.rest.drain(..whole).collect::<String>().lines().filter(is_end).count();
        self.count
    }
}

#[test]
fn i17_what_a_broker_holds_does_not_grow_with_its_age() {
    let (lives, between_kills) = if soak() { (FULL, BETWEEN_KILLS) } else { (FEW, Duration::ZERO) };
    let (home, display) = (Home::temporary().unwrap(), Display::start().unwrap());
    let app = Launch::new(&folder(&home), &home, &display).unwrap().start().unwrap();
    // The first third is for what is made once: caches, threads, an allocator's arenas.
    let mut thirds = [Held { descriptors: 0, memory: 0 }; 3];
    let mut ends = Ends { log: None, rest: String::new(), count: 0 };
    let (mut seen, mut last_end) = (0, Instant::now());
    let (mut next_kill, mut last_kill) = (KILLED_AFTER, Instant::now());
    while seen < lives {
        let third = &mut thirds[seen * 3 / lives];
        *third = third.most(Held::by(&app));
        if seen >= next_kill && last_kill.elapsed() > between_kills {
            (next_kill, last_kill) = (seen + KILLED_AFTER, Instant::now());
            app.hosts().iter().for_each(|host| host.kill().unwrap());
        }
        thread::sleep(EVERY);
        let now = ends.count(&app);
        if now > seen {
            (seen, last_end) = (now, Instant::now());
        }
        assert!(last_end.elapsed() < LIFE, "{seen} hosts ended, and then none\n{}", app.errors());
    }
    let [_, second, last] = thirds;
    println!("{lives} hosts: {thirds:?}");
    assert!(last.descriptors <= second.descriptors + MORE_DESCRIPTORS, "descriptors: {thirds:?}");
    assert!(last.memory <= second.memory + MORE_MEMORY, "memory: {thirds:?}");
    app.stop().unwrap();
}

/// I05: who would flood the broker with connections needs something to connect to. The stock broker has,
/// with its hosts up, no socket that anybody listens on, none with a name, none of a network.
#[test]
fn i05_there_is_nothing_that_could_be_flooded_with_connections() {
    let (home, display) = (Home::temporary().unwrap(), Display::start().unwrap());
    let app = Launch::new(&folder(&home), &home, &display).unwrap().start().unwrap();
    let is_up = |record: &serde_json::Value| {
        record["command"] == "app.info" && record["window"] == "preview-1"
    };
    app.wait_for_record("two hosts that are served", LIFE, is_up).unwrap();
    let mut seen = BTreeSet::new();
    for _ in 0..50 {
        let own = sockets(&app);
        for line in fs::read_to_string("/proc/net/unix").unwrap().lines().skip(1) {
            let words: Vec<_> = line.split_whitespace().collect();
            if own.contains(words[6]) {
                assert_eq!(words[3], "00000000", "it is listened on: {line}");
                assert_eq!(words.get(7), None, "it has a name: {line}");
                seen.insert(words[6].to_owned());
            }
        }
        for kind in ["tcp", "tcp6", "udp", "udp6", "raw", "raw6", "packet", "netlink"] {
            let table = fs::read_to_string(format!("/proc/net/{kind}")).unwrap_or_default();
            let is_own = |line: &&str| line.split_whitespace().any(|word| own.contains(word));
            assert_eq!(table.lines().skip(1).find(is_own), None, "{kind}");
        }
        thread::sleep(EVERY);
    }
    assert!(seen.len() >= 2, "the lines to the hosts are not among what was looked at: {seen:?}");
}

/// The inodes of the sockets that the broker has open.
fn sockets(app: &App) -> BTreeSet<String> {
    let entries = fs::read_dir(format!("/proc/{}/fd", app.pid())).unwrap();
    let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    let inode = |link: PathBuf| {
        let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned();
        // A small number could be met by chance in a table of something else.
        (inode.len() > 3).then_some(inode)
    };
    links.filter_map(inode).collect()
}
