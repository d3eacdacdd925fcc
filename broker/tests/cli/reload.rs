//! `sidegate run` while its policy changes under it, and while it is told to end: a real process, real
//! files, real signals.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sidegate::audit::{Reader, verify};

use crate::harness::Home;

/// For the day when something hangs.
const LIMIT: Duration = Duration::from_secs(60);

const MANIFEST: &str = "version = 1\nid = \"org.example.live\"\nname = \"Live\"\n\
    [[window]]\nlabel = \"main\"\ntitle = \"Main\"\npage = \"index.html\"\n";

fn allowing(commands: &str) -> String {
    format!(
        "version = 1\n[[capability]]\nid = \"main\"\nwindows = [\"main\"]\n\
         allow = [{{ commands = [{commands}] }}]\n"
    )
}

/// A run whose script is written as it goes on.
struct Run {
    home: Home,
    child: Child,
    script: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    said: Receiver<String>,
}

impl Run {
    fn start(policy: &str, more: &[&str]) -> Self {
        let home = Home::new();
        home.write("app/sidegate.toml", MANIFEST);
        home.write("app/policies/main.toml", policy);
        home.write("app/ui/index.html", "");
        Self::start_in(home, more)
    }

    fn start_in(home: Home, more: &[&str]) -> Self {
        let words = ["run", "app", "--headless", "--script", "-", "--audit", "log"];
        let mut command = home.sidegate();
        command.args(words).args(more).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, said) = channel();
        let errors = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let _over = sender.send(line);
            }
        });
        let (script, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut run = Self { home, child, script, answers, said };
        // It runs once it answers.
        run.ask("app.name");
        run
    }

    /// Whether the window may call `command`.
    fn may(&mut self, command: &str) -> bool {
        let answer = self.ask(command);
        answer["error"]["code"] != "denied"
    }

    fn ask(&mut self, command: &str) -> Value {
        let script = self.script.as_mut().unwrap();
        writeln!(script, r#"{{"window":"main","command":"{command}"}}"#).unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        self.home.write(&format!("app/policies/{name}"), text);
    }

    /// Waits until a line on standard error has `part`.
    fn hears(&self, part: &str) -> String {
        let end = Instant::now() + LIMIT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.said.recv_timeout(left).unwrap_or_else(|_| panic!("no `{part}`"));
            if line.contains(part) {
                return line;
            }
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends the script.
    fn end(mut self) -> (Option<i32>, Vec<String>) {
        drop(self.script.take());
        self.ended()
    }

    /// The exit status, and the events of the log, which is whole.
    fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let status = self.child.wait().unwrap();
        let log = self.home.path().join("log");
        assert!(verify(&log).unwrap().is_good());
        let events = Reader::open(&log).unwrap().map(|entry| entry.unwrap().event().to_owned());
        (status.code(), events.collect())
    }
}

#[test]
fn g02_an_edited_policy_is_followed_and_a_broken_one_is_shown_and_not_taken() {
    let mut run = Run::start(&allowing(r#""app.info""#), &[]);
    assert!(run.may("app.info"));
    assert!(!run.may("window.set_title"));

    // Saved as an editor saves: beside it, and renamed into its place.
    let file = run.home.path().join("app/policies/main.toml");
    let beside = run.home.write("app/policies/.main.toml.swp", &allowing(r#""window.set_title""#));
    fs::rename(beside, &file).unwrap();
    run.hears("is in force");
    assert!(!run.may("app.info"));
    assert!(run.may("window.set_title"));

    // Broken: the diagnostics of `check`, and everything as before.
    run.write("main.toml", &allowing(r#""app.inof""#));
    run.hears("error[unknown-command]: there is no command `app.inof`");
    run.hears("--> policies/main.toml:5:24");
    run.hears("the policy before stays in force");
    assert!(run.may("window.set_title"));

    // Mended, in place; and then by a file in a new directory, which is included nowhere.
    run.write("main.toml", &allowing(r#""app.info""#));
    run.hears("is in force");
    assert!(run.may("app.info"));
    run.write(
        "more/title.toml",
        &allowing(r#""window.*""#).replace("id = \"main\"", "id = \"more\""),
    );
    run.hears("is in force");
    assert!(run.may("window.set_title"));
    fs::remove_dir_all(run.home.path().join("app/policies/more")).unwrap();
    run.hears("is in force");
    assert!(!run.may("window.set_title"));

    let (status, events) = run.end();
    assert_eq!(status, Some(1), "calls failed");
    let count = |name: &str| events.iter().filter(|event| *event == name).count();
    assert_eq!((count("start"), count("policy"), count("stop")), (1, 5, 1));
    assert_eq!(count("policy_refused"), 1);
    assert_eq!(events.last().unwrap(), "stop");
}

#[test]
fn i13_a_hangup_reads_the_policy_again_and_nothing_else_does_where_it_is_not_followed() {
    let mut run = Run::start(&allowing(r#""app.info""#), &["--no-watch"]);
    run.signal(Signal::HUP);
    run.hears("stays in force; its files say nothing else");
    run.write("main.toml", &allowing(r#""window.set_title""#));
    assert!(run.may("app.info"));
    run.signal(Signal::HUP);
    run.hears("is in force");
    assert!(!run.may("app.info"));
    // A pipe that nobody reads is no end.
    run.signal(Signal::PIPE);
    assert!(run.may("window.set_title"));
    let (_, events) = run.end();
    assert_eq!(events.iter().filter(|event| *event == "policy").count(), 2);
}

#[test]
fn i13_a_run_that_is_told_to_end_closes_its_log() {
    for signals in [&[Signal::TERM][..], &[Signal::INT], &[Signal::TERM, Signal::TERM]] {
        let run = Run::start(&allowing(r#""app.info""#), &[]);
        for signal in signals {
            run.signal(*signal);
        }
        let (status, events) = run.ended();
        assert_eq!(status, Some(0), "{signals:?}");
        let [.., draining, stop] = &events[..] else { panic!("{events:?}") };
        assert_eq!([draining, stop], ["draining", "stop"], "{signals:?}");
    }
}

#[test]
fn g10_a_bundle_is_followed_with_its_key_and_its_floor() {
    let home = Home::new();
    home.write("app/sidegate.toml", MANIFEST);
    home.write("app/ui/index.html", "");
    home.write("app/policies/main.toml", &allowing(r#""app.info""#));
    let key = home.ask(&["bundle", "key", "--out", "key.pem"]);
    assert_eq!(key.status, 0, "{}", key.err);
    let sign = |version: &str, to: &str| {
        let words =
            ["bundle", "sign", "app", "--key", "key.pem", "--release", version, "--out", to];
        let signed = home.ask(&words);
        assert_eq!(signed.status, 0, "{}", signed.err);
    };
    sign("3", "policy.bundle");
    home.write("app/policies/main.toml", &allowing(r#""window.set_title""#));
    sign("2", "older.bundle");
    sign("4", "newer.bundle");
    let (older, newer) = (home.path().join("older.bundle"), home.path().join("newer.bundle"));
    let bundle = home.path().join("policy.bundle");
    let mut run = Run::start_in(home, &["--bundle", "policy.bundle", "--key", key.out.trim()]);
    assert!(run.may("app.info"));
    fs::rename(older, &bundle).unwrap();
    run.hears("its version 2 is older than 3, which has run here");
    assert!(run.may("app.info"));
    fs::rename(newer, &bundle).unwrap();
    run.hears("is in force");
    assert!(!run.may("app.info"));
    // What is not signed is not taken.
    fs::write(&bundle, "version = 1\n").unwrap();
    run.hears("the policy before stays in force");
    assert!(run.may("window.set_title"));
    let (_, events) = run.end();
    assert_eq!(events.iter().filter(|event| *event == "policy_refused").count(), 2);
}
