//! Who dies takes all of theirs along: the broker, the sandbox or the host is killed while a page
//! spins, or while processes are stopped that could not even be asked. The full count is for
//! `SIDEGATE_SOAK=1`, and so is the clock: what else a machine does in an ordinary run of the tests
//! is not known.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests")]

use std::{fs, path::Path, time::Duration};

use rustix::process::Signal;
use sidegate_tests::{
    App, Display, Home, Launch, Process,
    process::{descendants, wait_until_gone},
    soak,
};

/// Deaths in full.
const FULL: usize = 1_000;

/// Deaths in an ordinary run: two of each kind.
const FEW: usize = 18;

/// Deaths between one line of progress and the next.
const TOLD: usize = 100;

/// How soon everybody is gone.
const GONE: Duration = Duration::from_millis(250);

/// For what takes no time on a machine that has some. Threads that a dying web process has at an
/// ordinary priority wait for a processor as all do.
const LIMIT: Duration = Duration::from_secs(30);

const WEB_PROCESS: &str = "WebKitWebProcess";
const HOST: &str = "sidegate-webview-host";

/// Who is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Broker,
    /// The process that the broker started: the outer one of the sandbox.
    Sandbox,
    Host,
}

/// What the others do meanwhile.
#[derive(Debug, Clone, Copy)]
enum Others {
    /// The page has taken its processor for itself.
    Spin,
    /// The web process is stopped.
    WebStopped,
    /// So is the host, unless it is the victim.
    HostStopped,
}

#[test]
fn i11_i12_who_dies_takes_all_of_theirs_along() {
    let (rounds, limit) = if soak() { (FULL, GONE) } else { (FEW, LIMIT) };
    let display = Display::start().unwrap();
    let folder = app();
    let victims = [Victim::Broker, Victim::Sandbox, Victim::Host];
    let others = [Others::Spin, Others::WebStopped, Others::HostStopped];
    let kinds: Vec<_> = victims
        .iter()
        .flat_map(|victim| others.iter().map(move |other| (*victim, *other)))
        .collect();
    let (mut worst, mut late) = ((Duration::ZERO, None), Vec::new());
    for round in 0..rounds {
        if round > 0 && round % TOLD == 0 {
            println!("{round} deaths, the slowest in {:?}: {:?}; late: {late:?}", worst.0, worst.1);
        }
        let kind = kinds[round % kinds.len()];
        let took = die(folder.path(), &display, kind);
        if took > limit {
            late.push((took, kind));
        }
        if took > worst.0 {
            worst = (took, Some(kind));
        }
    }
    let in_time = rounds - late.len();
    println!(
        "{in_time} of {rounds} were gone in time, the slowest in {:?}: {:?}",
        worst.0, worst.1
    );
    assert!(late.is_empty(), "later than {limit:?}: {late:?}");
}

/// One app, one death; how long the others outlived it.
fn die(folder: &Path, display: &Display, (victim, others): (Victim, Others)) -> Duration {
    let home = Home::temporary().unwrap();
    let mut app = Launch::new(folder, &home, display).unwrap().start().unwrap();
    app.wait_for_record("the page's call", LIMIT, |record| record["event"] == "call").unwrap();
    let host = named(&app, HOST);
    let sandbox = outermost(&app);
    match others {
        Others::Spin => {}
        Others::WebStopped => named(&app, WEB_PROCESS).signal(Signal::STOP).unwrap(),
        Others::HostStopped => {
            named(&app, WEB_PROCESS).signal(Signal::STOP).unwrap();
            host.signal(Signal::STOP).unwrap();
        }
    }
    let left = match victim {
        Victim::Broker => app.kill().unwrap(),
        Victim::Sandbox => killed(&sandbox, &sandbox),
        Victim::Host => killed(&host, &sandbox),
    };
    assert!(left.iter().any(|process| process.name == WEB_PROCESS), "{left:?}");
    wait_until_gone(&left, LIMIT)
        .unwrap_or_else(|left| panic!("{victim:?}, {others:?}: {left:?} outlive it by {LIMIT:?}"))
}

/// Kills one; all that stood in its sandbox.
fn killed(victim: &Process, sandbox: &Process) -> Vec<Process> {
    let mut left = descendants(sandbox.pid);
    left.push(sandbox.clone());
    victim.kill().unwrap();
    left
}

/// The innermost process of that name: bubblewrap bears the name of nobody else.
fn named(app: &App, name: &str) -> Process {
    let found = app.processes().into_iter().rfind(|process| process.name == name);
    found.unwrap_or_else(|| panic!("no `{name}` among {:?}", app.processes()))
}

/// The process that the broker started.
fn outermost(app: &App) -> Process {
    let all = app.processes();
    let inner: Vec<u32> =
        all.iter().flat_map(|one| descendants(one.pid)).map(|one| one.pid).collect();
    all.into_iter().find(|process| !inner.contains(&process.pid)).unwrap()
}

/// An app whose page calls once, and then does nothing but turn in circles.
fn app() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let manifest = "version = 1\nid = \"org.example.mortal\"\nname = \"Mortal\"\n\n\
        [[window]]\nlabel = \"main\"\ntitle = \"Mortal\"\npage = \"index.html\"\n";
    write("sidegate.toml", manifest);
    let policy = "version = 1\n\n[[capability]]\nid = \"main\"\ndescription = \"asks once\"\n\
        windows = [\"main\"]\nallow = [{ commands = [\"app.info\"] }]\n";
    write("policies/main.toml", policy);
    write("ui/index.html", "<!doctype html><script src=\"spin.js\"></script>");
    write("ui/spin.js", "sidegate.invoke('app.info').then(() => { for (;;) {} });");
    folder
}
