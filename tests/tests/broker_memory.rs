//! The broker's own process as something to be read and traced: from within a host's sandbox, and by
//! another process of the same user. The broker is the stock one, run by somebody without rights.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{BufRead, BufReader, Write},
    os::{
        fd::AsRawFd,
        unix::{
            fs::{MetadataExt, PermissionsExt, chown},
            process::CommandExt,
        },
    },
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::{
    fs::{CWD, FileType, Mode, mknodat},
    io::{FdFlags, fcntl_setfd},
    process::getuid,
};
use sidegate_tests::{
    Binaries,
    fake_broker::host,
    probe::{ABSENT, FORBIDDEN, NO_PROCESS, REACHED, REFUSED, Seen, at_level},
};

/// `nobody`, by convention everywhere.
const NOBODY: u32 = 65534;

/// A program, to be started by a user who may not go where it lies: by a descriptor of it that is
/// inherited.
struct Program(File);

impl Program {
    fn open(path: &Path) -> Self {
        let file = File::open(path).unwrap();
        fcntl_setfd(&file, FdFlags::empty()).unwrap();
        Self(file)
    }

    /// The program with an empty environment, as a user without rights.
    fn command(&self) -> Command {
        let mut command = Command::new(format!("/proc/self/fd/{}", self.0.as_raw_fd()));
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if getuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

/// A process that is ended with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// The stock broker, run by a user without rights and without windows, at work.
struct Broker {
    process: Ended,
    // Open for as long as there may be another call.
    _calls: File,
    _home: tempfile::TempDir,
}

impl Broker {
    fn start() -> Self {
        let home = tempfile::Builder::new().prefix("sidegate-read-").tempdir().unwrap();
        let app = home.path().join("app");
        let write = |name: &str, text: &str| {
            let path = app.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "sidegate.toml",
            "version = 1\nid = \"org.example.read\"\nname = \"Read\"\n\
             [[window]]\nlabel = \"main\"\ntitle = \"x\"\npage = \"index.html\"\n",
        );
        write(
            "policies/main.toml",
            "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"main\"]\n\
             allow = [{ commands = [\"app.info\"] }]\n",
        );
        write("ui/index.html", "<!doctype html>");
        let calls = home.path().join("calls");
        mknodat(CWD, &calls, FileType::Fifo, Mode::from_raw_mode(0o666), 0).unwrap();
        if getuid().is_root() {
            give_away(home.path());
        }
        let binaries = Binaries::beside_this_program().unwrap();
        // Open until it is started.
        let program = Program::open(Path::new(binaries.sidegate().get_program()));
        let mut command = program.command();
        command.current_dir(home.path()).env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
        command.arg("run").arg(&app).args(["--headless", "--script"]).arg(&calls);
        let mut process = Ended(command.spawn().unwrap());
        // Both ends, so that it does not wait for a reader.
        let mut to_it = OpenOptions::new().read(true).write(true).open(&calls).unwrap();
        writeln!(to_it, "{{\"window\": \"main\", \"command\": \"app.info\"}}").unwrap();
        let mut answer = String::new();
        let answers = process.0.stdout.take().unwrap();
        BufReader::new(answers).read_line(&mut answer).unwrap();
        if !answer.contains("\"ok\"") {
            process.0.kill().unwrap();
            panic!("`{answer}`: {:?}", std::io::read_to_string(process.0.stderr.take().unwrap()));
        }
        Self { process, _calls: to_it, _home: home }
    }

    fn pid(&self) -> u32 {
        self.process.0.id()
    }
}

/// Makes all of a folder the property of a user without rights.
fn give_away(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        fs::read_dir(path).unwrap().for_each(|entry| give_away(&entry.unwrap().path()));
    }
}

/// What a process tries on another one to be it, or to know what it knows.
fn attempts(pid: u32) -> Vec<String> {
    let calls = ["trace", "read-memory", "write-memory", "take-descriptor"];
    let files = ["fd", "fd/0", "mem", "environ", "maps", "root", "cwd", "task", "exe"];
    let calls = calls.map(|call| format!("{call}:{pid}"));
    calls.into_iter().chain(files.map(|file| format!("read:/proc/{pid}/{file}"))).collect()
}

/// Without a sandbox, as the same user: there it is the broker alone that keeps it out.
#[test]
fn a09_a10_another_process_of_the_user_neither_traces_nor_reads_the_broker() {
    let broker = Broker::start();
    let sleep = Program::open(Path::new("/bin/sleep"));
    let unguarded = Ended(sleep.command().arg("1000").spawn().unwrap());
    let probe = Program::open(&host().unwrap().with_file_name("probe"));
    let tries = |pid: u32| {
        let words = attempts(pid);
        let output = probe.command().args(["--", "control"]).args(&words).output().unwrap();
        let seen = Seen::of(&output).unwrap();
        words.into_iter().map(|word| (seen.one(&word).to_owned(), word)).collect::<Vec<_>>()
    };
    for (found, word) in tries(unguarded.0.id()) {
        // It may; that there is nothing at that address is another matter.
        let may = ["read-memory", "write-memory"].iter().any(|call| word.starts_with(call));
        let expected = if may { "errno 14" } else { REACHED };
        let is_locked_down = found == REFUSED && fs::exists("/proc/sys/kernel/yama").unwrap();
        assert!(found == expected || is_locked_down, "{word}, of a process like any: {found}");
    }
    for (found, word) in tries(broker.pid()) {
        let is_open = word.ends_with("/task");
        let expected: &[&str] = if is_open { &[REACHED] } else { &[REFUSED, FORBIDDEN] };
        assert!(expected.contains(&found.as_str()), "{word}, of the broker: {found}");
    }
    let owner = fs::metadata(format!("/proc/{}/environ", broker.pid())).unwrap().uid();
    assert_eq!(owner, 0, "the broker can be dumped");
    let limits = fs::read_to_string(format!("/proc/{}/limits", broker.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let core: Vec<_> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(core, ["0", "0"]);
}

/// From within the sandbox, where the broker is no process that there is (A, B), and where it is one that
/// may not be touched (C).
#[test]
fn a09_a10_a_host_neither_traces_nor_sees_the_broker() {
    let broker = Broker::start();
    let words = attempts(broker.pid());
    for level in ["A", "B", "C"] {
        let inside = at_level(level, &words).unwrap();
        for word in &words {
            let found = inside.one(word);
            let expected: &[&str] = match (level, word.split(':').next()) {
                // There is a list of its threads, and nothing in it that it may read.
                ("C", Some("read")) if word.ends_with("/task") => &[REACHED, FORBIDDEN],
                ("C", Some("read")) => &[FORBIDDEN],
                (_, Some("read")) => &[ABSENT],
                ("A" | "B", Some("take-descriptor")) => &[NO_PROCESS],
                _ => &[REFUSED],
            };
            assert!(expected.contains(&found), "level {level}, {word}: {found}");
        }
    }
}
