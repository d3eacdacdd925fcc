//! B11: where a token lies that nobody was to find. The stock broker has a host that tells the test what it was
//! given; all that it and the broker leave about is then searched, whole and in part: what `/proc` shows of
//! both, what the broker writes at its most talkative, the log, and what the kernel keeps of a broker that
//! crashes. A real host is searched in the same way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

mod broker_stage;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::{fs::symlink, net::UnixListener, process::ExitStatusExt},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use sidegate::wire::DocumentId;
use sidegate_tests::{
    Binaries, Display,
    binaries::{HOST, SIDEGATE},
    fake_broker::{Asset, FakeBroker, echo, host},
    hostile::CONTROL,
    process::descendants,
    records, wait,
};

use broker_stage::{LIMIT, Puppet, accept, kill};

/// A shell that lets its program leave as large a core file as it likes, if it may say so.
const WITH_CORES: [&str; 2] = ["-c", "ulimit -c unlimited 2>/dev/null; exec \"$0\" \"$@\""];

/// A process that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// The stock broker, the host that it started, and the folder that all of it lies in.
struct Run {
    broker: Ended,
    host: Puppet,
    folder: tempfile::TempDir,
}

impl Run {
    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("sidegate-tokens-").tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["programs", "app/policies", "app/ui", "home", "cores"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        fs::write(
            at("app/sidegate.toml"),
            "version = 1\nid = \"org.example.tokens\"\nname = \"Tokens\"\n\
             [sandbox]\nleast = \"none\"\n\
             [[window]]\nlabel = \"main\"\ntitle = \"x\"\npage = \"index.html\"\n",
        )
        .unwrap();
        fs::write(
            at("app/policies/main.toml"),
            "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"main\"]\n\
             allow = [{ commands = [\"app.info\"] }]\n",
        )
        .unwrap();
        fs::write(at("app/ui/index.html"), "<!doctype html>").unwrap();
        // A broker starts the host that lies beside it.
        let programs = Binaries::beside_this_program().unwrap();
        let broker = at("programs").join(SIDEGATE);
        fs::copy(programs.folder().join(SIDEGATE), &broker).unwrap();
        symlink(env!("CARGO_BIN_EXE_hostile_host"), at("programs").join(HOST)).unwrap();
        let listener = UnixListener::bind(at("programs").join(CONTROL)).unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(WITH_CORES).arg(&broker).arg("run").arg(at("app"));
        command.env_clear().env("HOME", at("home")).env("PATH", "/usr/bin:/bin");
        command.env("SIDEGATE_LOG", "trace").current_dir(at("cores")).stdin(Stdio::null());
        command.stdout(fs::File::create(at("said")).unwrap());
        command.stderr(fs::File::create(at("errors")).unwrap());
        let broker = Ended(command.spawn().unwrap());
        let mut host = accept(listener).recv_timeout(LIMIT).expect("the broker starts a host");
        host.be_ready();
        host.hear_a_window();
        Self { broker, host, folder }
    }

    /// Has tokens minted, narrowed, and used in every way that is answered; these tokens.
    fn tokens(&mut self) -> Vec<String> {
        let host = &mut self.host;
        let window = host.window();
        let root = host.commits(window, 1);
        let told = json!({ "token": root });
        assert!(host.asks((window, 1), &root, 1, "app.info", &json!({}))["ok"].is_object());
        for (id, command) in [(2, "app.info"), (3, "fs.read_text"), (4, "No such command")] {
            assert!(host.asks((window, 1), &root, id, command, &told)["error"].is_object());
        }
        host.says(window, 1, format!("d{root} 5\n{}", json!({ "commands": ["app.*"] })).as_bytes());
        let narrowed = host.reply(window, 5)["ok"]["token"].as_str().unwrap().to_owned();
        assert!(host.asks((window, 1), &narrowed, 6, "app.info", &json!({}))["ok"].is_object());
        // No token is answered with nothing, and another one as nobody's.
        host.says(window, 1, format!("c{root}A 7\n{told}").as_bytes());
        let mut other = narrowed.clone();
        let last = other.pop();
        other.push(if last == Some('A') { 'Q' } else { 'A' });
        assert!(host.asks((window, 1), &other, 8, "app.info", &told)["error"].is_object());
        host.says(window, 1, format!("c{root} 9\n{root}").as_bytes());
        assert!(host.reply(window, 9)["error"].is_object());
        // The next document's, and a number that was used.
        let next = host.commits(window, 2);
        assert!(host.asks((window, 2), &root, 10, "app.info", &told)["error"].is_object());
        for _ in 0..2 {
            host.asks((window, 2), &next, 11, "app.info", &json!({}));
        }
        vec![root, narrowed, next]
    }

    fn search(&self, needles: &Needles) {
        for pid in [self.broker.0.id(), self.host.pid] {
            needles.are_not_shown_of(pid);
        }
        self.search_files(needles);
    }

    /// All that is written, by anybody.
    fn search_files(&self, needles: &Needles) {
        let mut folders = vec![self.folder.path().to_owned()];
        let mut searched = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.is_file() && !path.starts_with(self.folder.path().join("programs")) {
                    needles.are_not_in(&path, &fs::read(&path).unwrap());
                    searched += 1;
                }
            }
        }
        assert!(searched > 5, "{searched}");
    }

    /// Sends `signal` until the broker has ended; once is enough but for what Rust takes a look at first.
    fn crash(&mut self, signal: Signal) -> ExitStatus {
        let pid = Pid::from_child(&self.broker.0);
        let ended = wait::until_some(LIMIT, || {
            let status = self.broker.0.try_wait().unwrap();
            if status.is_none() {
                kill_process(pid, signal).unwrap();
            }
            status
        });
        ended.expect("the broker ends").0
    }
}

/// What of a token is too much to find: any third of its tag, as it is spelt, in hexadecimal, and as it is.
struct Needles(Vec<Vec<u8>>);

impl Needles {
    /// Those of the broker's tokens.
    fn of(tokens: &[String]) -> Self {
        let needles = tokens.iter().flat_map(|token| {
            let tag = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap();
            let tag = &tag[tag.len() - 32..];
            let spelt = token.as_bytes()[token.len() - 42..].chunks(14).map(<[u8]>::to_vec);
            let bytes = tag.chunks(8).map(<[u8]>::to_vec);
            let hex = |byte: &u8| format!("{byte:02x}");
            let lower = tag.chunks(8).map(move |some| some.iter().map(hex).collect::<String>());
            let upper = lower.clone().map(|hex| hex.to_uppercase().into_bytes());
            // As `Debug` has it of bytes.
            let listed =
                |some: &[u8]| format!("{some:?}").trim_matches(['[', ']']).as_bytes().to_vec();
            let listed = [listed(&tag[..8]), listed(&token.as_bytes()[token.len() - 14..])];
            let lower = lower.map(String::into_bytes);
            spelt.chain(bytes).chain(lower).chain(upper).chain(listed).collect::<Vec<_>>()
        });
        Self(needles.collect())
    }

    fn found_in(&self, bytes: &[u8]) -> bool {
        let is_there = |needle: &Vec<u8>| bytes.windows(needle.len()).any(|some| some == needle);
        self.0.iter().any(is_there)
    }

    fn are_not_in(&self, place: &Path, bytes: &[u8]) {
        assert!(!self.found_in(bytes), "a token, or some of one, is in {}", place.display());
    }

    /// Neither in its environment nor in its arguments, as far as anybody may look into them.
    fn are_not_shown_of(&self, pid: u32) {
        for file in ["environ", "cmdline"] {
            let path = format!("/proc/{pid}/{file}");
            match fs::read(&path) {
                Ok(bytes) => self.are_not_in(Path::new(&path), &bytes),
                Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied),
            }
        }
    }

    /// Whether each place is one where they would be found.
    fn would_be_found(&self, token: &str) -> bool {
        let mut sleep = Command::new("/bin/sh");
        sleep.args(["-c", "read x; exit $x", token]).env("TOKEN", token).stdin(Stdio::piped());
        let sleep = Ended(sleep.spawn().unwrap());
        let places = ["environ", "cmdline"].map(|file| format!("/proc/{}/{file}", sleep.0.id()));
        // It is this process, with its arguments, until it has become the other one.
        let found = || places.iter().all(|place| self.found_in(&fs::read(place).unwrap()));
        wait::until(LIMIT, found).is_some()
    }
}

/// The number of a window that is found nowhere else, and the token that its document is given.
const WINDOW: u32 = 3_141_592_653;
const TOKEN: &str = "t3141592653.1";

/// Whether a process that crashes here leaves a core file in the folder where it is; it is removed.
fn cores_are_left_in(folder: &Path) -> bool {
    let mut crash = Command::new("/bin/sh");
    crash.args(WITH_CORES).args(["/bin/sh", "-c", "kill -ABRT $$"]).current_dir(folder);
    let status = crash.status().unwrap();
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.iter().for_each(|file| fs::remove_file(file).unwrap());
    status.core_dumped() && !files.is_empty()
}

#[test]
fn b11_no_token_is_about_while_the_broker_runs_or_after_it_crashed() {
    for signal in [Signal::ABORT, Signal::SEGV] {
        let mut run = Run::start();
        let tokens = run.tokens();
        let needles = Needles::of(&tokens);
        assert!(
            tokens.iter().all(|token| needles.would_be_found(token)),
            "the search finds nothing"
        );
        run.search(&needles);
        let cores = run.folder.path().join("cores");
        let would = cores_are_left_in(&cores);
        if !would {
            println!(
                "this machine leaves no core files in the folder of who crashes; none is looked for"
            );
        }
        let status = run.crash(signal);
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
        assert!(!status.core_dumped(), "{signal:?} left a core");
        assert_eq!(fs::read_dir(&cores).unwrap().count(), 0, "{signal:?} left a core");
        // A real host would have ended with it; this one does as it is told.
        kill(run.host.pid);
        run.search_files(&needles);
        let log = run.folder.path().join("home/.local/state/org.example.tokens/audit.jsonl");
        let refused =
            records::read(&log).unwrap().iter().filter(|it| it["verdict"] == "deny").count();
        assert!(refused >= 7, "{refused}: what was shown is in the log, and its tokens are not");
    }
}

#[test]
fn b11_no_process_of_a_real_host_shows_a_token_or_may_leave_a_core() {
    for level in ["A", "C"] {
        let display = Display::start().unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(WITH_CORES).arg(host().unwrap()).args(["--least", level, "--most", level]);
        command.env_clear().env("PATH", "/usr/bin:/bin").envs(display.environment());
        let page = "<!doctype html><script>sidegate.invoke('report', 1)</script>".to_owned();
        let assets = BTreeMap::from([("app://localhost/".to_owned(), Asset::Html(page))]);
        let mut broker = FakeBroker::start_by(command, assets, echo).unwrap();
        broker.open(WINDOW, &[]).unwrap();
        let call = broker.wait_for_call("report");
        assert_eq!((call.document, call.token.as_str()), (DocumentId(1), TOKEN));
        let needles = Needles(vec![TOKEN.as_bytes().to_vec()]);
        assert!(needles.would_be_found(TOKEN));
        let mut inside = 0;
        let pids = descendants(broker.host_pid()).into_iter().map(|process| process.pid);
        for pid in pids.chain([broker.host_pid()]) {
            needles.are_not_shown_of(pid);
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
            // What stands outside of the sandbox, and starts it, has no token.
            if !["sidegate-webvie", "WebKit"].iter().any(|known| name.starts_with(known)) {
                continue;
            }
            inside += 1;
            let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
            let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
            let core: Vec<_> = core.split_whitespace().skip(4).take(2).collect();
            assert_eq!(core, ["0", "0"], "{name}");
        }
        assert!(inside >= 3, "{inside}: the host, and WebKit's two");
    }
}
