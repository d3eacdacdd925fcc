//! How much of the machine a host may take up, and what becomes of a page that spins: under the
//! stock broker, with real WebViews. What is over its bounds ends, alone, and the log says why.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{fs, path::Path, thread, time::Duration};

use serde_json::Value;
use sidegate_tests::{App, Display, Home, Launch, Process, soak};

/// For what takes seconds on a machine that has some.
const LIMIT: Duration = Duration::from_secs(60);

const WEB_PROCESS: &str = "WebKitWebProcess";

/// A page that does one thing when it is loaded first, and is well behaved ever after: it calls,
/// and the broker has a setting that says that it was there.
fn page(once: &str) -> String {
    format!(
        "const call = (command, args) => sidegate.invoke(command, args);
         async function run() {{
           await call('app.info');
           const before = await call('settings.get', {{ key: 'before' }});
           if (before.value !== true) {{
             await call('settings.set', {{ key: 'before', value: true }});
             {once}
           }} else await call('settings.get', {{ key: 'after' }});
         }}
         run();"
    )
}

/// An app with a window that is held to `sandbox` and misbehaves, and one beside it that does not.
struct Staged {
    folder: tempfile::TempDir,
    home: Home,
    display: Display,
}

impl Staged {
    fn new(sandbox: &str, once: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let window = |label: &str| {
            format!("[[window]]\nlabel = \"{label}\"\ntitle = \"x\"\npage = \"{label}.html\"\n")
        };
        let head = "version = 1\nid = \"org.example.bounds\"\nname = \"Bounds\"\n";
        let manifest =
            [head, &window("bad"), "[window.sandbox]\n", sandbox, "\n", &window("good")].concat();
        write("sidegate.toml", &manifest);
        let policy = "version = 1\n[[capability]]\nid = \"all\"\ndescription = \"asks\"\n\
            windows = [\"bad\", \"good\"]\nallow = [{ commands = [\"app.info\"] },\n\
            { commands = [\"settings.*\"], key = [\"before\", \"after\"] }]\n";
        write("policies/main.toml", policy);
        for label in ["bad", "good"] {
            let html = format!("<!doctype html><script src=\"{label}.js\"></script>");
            write(&format!("ui/{label}.html"), &html);
        }
        write("ui/bad.js", &page(once));
        write("ui/good.js", "sidegate.invoke('app.info');");
        Self { folder, home: Home::temporary().unwrap(), display: Display::start().unwrap() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn start(&self) -> App {
        Launch::new(self.path(), &self.home, &self.display).unwrap().start().unwrap()
    }
}

fn is_call(record: &Value, window: &str, command: &str) -> bool {
    record["event"] == "call" && record["window"] == window && record["command"] == command
}

/// Waits until the page has done its worst once and its successor behaves.
fn recovered(app: &App) {
    app.wait_for_record("the page that misbehaves", LIMIT, |r| is_call(r, "bad", "settings.set"))
        .unwrap();
    let after = |records: &[Value]| {
        records.iter().filter(|r| is_call(r, "bad", "settings.get")).count() >= 3
    };
    let found = sidegate_tests::wait::until(LIMIT, || app.records().is_ok_and(|all| after(&all)));
    assert!(found.is_some(), "no page in its place: {:#?}\n{}", app.records(), app.errors());
}

/// The reasons for which hosts were killed.
fn killed(app: &App) -> Vec<String> {
    let all = app.records().unwrap();
    let killed = all.iter().filter(|r| r["event"] == "host" && r["state"] == "killed");
    killed.map(|record| record["why"].as_str().unwrap_or_default().to_owned()).collect()
}

fn states(app: &App, window: &str) -> Vec<String> {
    let all = app.records().unwrap();
    let own = all.iter().filter(|r| r["event"] == "window" && r["window"] == window);
    own.map(|record| record["state"].as_str().unwrap_or_default().to_owned()).collect()
}

/// What a host may hold, in megabytes, whatever its page posts.
const HOST_MEMORY: u64 = 400;

/// The most that any host of the app ever held, in megabytes.
fn most_held(app: &App) -> u64 {
    let peak = |host: &Process| {
        let status = fs::read_to_string(format!("/proc/{}/status", host.pid)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok()
    };
    app.hosts().iter().filter_map(peak).max().unwrap_or_default() >> 10
}

#[test]
fn i01_a_page_that_posts_without_end_does_not_fill_its_host() {
    let seconds = if soak() { 30 } else { 5 };
    let calls = |count: u32, args: &str| {
        format!("for (let i = 0; i < {count}; i++) call('app.info', {args}).catch(() => {{}});")
    };
    let tick = "await new Promise((next) => setTimeout(next));";
    let large = "{ large: 'x'.repeat(1000000) }";
    for (what, once) in [
        ("20,000 a tick", format!("for (;;) {{ {} {tick} }}", calls(20_000, "{}"))),
        ("large ones", format!("for (;;) {{ {} {tick} }}", calls(64, large))),
        ("too large ones", format!("for (;;) {{ {} {tick} }}", calls(4, "'x'.repeat(64 << 20)"))),
        ("without a pause", format!("for (;;) {{ {} }}", calls(1_000, "{}"))),
    ] {
        let staged = Staged::new("", &once);
        let app = staged.start();
        app.wait_for_record("the flood", LIMIT, |r| is_call(r, "bad", "settings.set")).unwrap();
        let mut most = 0;
        for _ in 0..seconds {
            thread::sleep(Duration::from_secs(1));
            most = most.max(most_held(&app));
        }
        println!("{what}: the host held {most} MB at most");
        assert!((1..HOST_MEMORY).contains(&most), "{what}: {most} MB");
    }
}

#[test]
fn i07_a_host_that_takes_too_much_memory_ends_alone_and_is_started_again() {
    let hog = "const all = [];
        for (;;) {
          all.push(new Uint8Array(16 << 20).fill(1));
          await new Promise((resolve) => setTimeout(resolve, 20));
        }";
    let staged = Staged::new("memory = \"600 MiB\"", hog);
    let app = staged.start();
    recovered(&app);
    let why = killed(&app);
    assert_eq!(why.len(), 1, "{why:?}");
    assert!(why[0].contains("MiB of memory and may take 600"), "{why:?}");
    assert_eq!(states(&app, "good").iter().filter(|state| *state == "opened").count(), 1);
}

#[test]
fn i09_a_page_that_spins_is_reported_reloaded_or_ended_as_the_manifest_says() {
    for (answer, hosts_killed, told) in [("reload", 0, true), ("kill", 1, true)] {
        let sandbox = format!("spinning = \"{answer}\"\nspinning_after = \"4s\"");
        let staged = Staged::new(&sandbox, "for (;;) {}");
        let app = staged.start();
        recovered(&app);
        let states = states(&app, "bad");
        assert_eq!(states.contains(&"unresponsive".to_owned()), told, "{answer}: {states:?}");
        let why = killed(&app);
        assert_eq!(why.len(), hosts_killed, "{answer}: {why:?}");
        assert!(why.iter().all(|why| why.contains("script of window `bad`")), "{why:?}");
    }
}

#[test]
fn i09_a_page_that_is_only_slow_is_reported_and_left_alone() {
    // Nine seconds of a script that then ends.
    let slow = "const end = Date.now() + 9000; while (Date.now() < end) {}
        await call('settings.get', { key: 'after' }); await call('settings.get', { key: 'after' });";
    let staged = Staged::new("spinning_after = \"4s\"", slow);
    let app = staged.start();
    recovered(&app);
    let answers = |record: &Value| record["event"] == "window" && record["state"] == "responsive";
    app.wait_for_record("that it answers again", LIMIT, answers).unwrap();
    let states = states(&app, "bad");
    assert_eq!(states.iter().filter(|state| *state == "unresponsive").count(), 1, "{states:?}");
    assert!(!states.contains(&"lost".to_owned()), "{states:?}");
    assert_eq!(killed(&app), [""; 0]);
}

#[test]
fn i09_a_web_process_that_is_stopped_is_reloaded() {
    let staged = Staged::new("spinning = \"reload\"\nspinning_after = \"4s\"", "");
    let app = staged.start();
    app.wait_for_record("its call", LIMIT, |r| is_call(r, "bad", "settings.set")).unwrap();
    // Of which window it is does not show; each is stopped, and those that spin are reloaded.
    let web: Vec<Process> =
        app.processes().into_iter().filter(|process| process.name == WEB_PROCESS).collect();
    assert!(!web.is_empty());
    for process in &web {
        process.signal(rustix::process::Signal::STOP).unwrap();
    }
    recovered(&app);
    assert_eq!(killed(&app), [""; 0]);
}

#[test]
fn i10_a_window_is_opened_again_where_it_was() {
    let once = "location.href = 'second.html?at=7#there';";
    let staged = Staged::new("", once);
    fs::write(
        staged.path().join("ui/second.html"),
        "<!doctype html><script src=\"s.js\"></script>",
    )
    .unwrap();
    let script = "sidegate.invoke('settings.set', { key: 'after', value: location.href });";
    fs::write(staged.path().join("ui/s.js"), script).unwrap();
    let app = staged.start();
    let seconds = |app: &App| {
        let all = app.records().unwrap();
        let told = |r: &&Value| is_call(r, "bad", "settings.set");
        all.iter().filter(told).count()
    };
    let limit = || sidegate_tests::wait::until(LIMIT, || seconds(&app) >= 2);
    assert!(limit().is_some(), "{:#?}", app.records());
    let before = app.hosts();
    let host = before.iter().rfind(|host| host.name == "sidegate-webview-host").unwrap();
    for process in &before {
        process.kill().unwrap();
    }
    assert!(sidegate_tests::wait::until(LIMIT, || seconds(&app) >= 3).is_some(), "{host:?}");
    // The first page would have asked for its setting before.
    let all = app.records().unwrap();
    let last = all.iter().rposition(|record| record["state"] == "attested").unwrap();
    let asked = |record: &&Value| is_call(record, "bad", "settings.get");
    assert_eq!(all[last..].iter().filter(asked).count(), 0, "{:#?}", &all[last..]);
}
