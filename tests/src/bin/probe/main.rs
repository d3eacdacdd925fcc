//! Stands where a host stands, and tries what a host that was taken over would try. Started
//! from outside it launches itself into the host's sandbox; inside it prints what it finds, then
//! makes every attempt and prints one line for each: a name, a tab, `reached` or
//! the error, by its number where it has one.
//! With `-- control` it makes them where it is started, without a sandbox.
//!
//! What is expected is for the tests to say.

mod raw_call;

use std::{
    env,
    fmt::Display,
    fs,
    io::{self, Read},
    net::{TcpStream, UdpSocket},
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixStream},
    },
    path::Path,
    process::{Command, ExitCode},
    sync::{Arc, RwLock},
    thread,
};

use rustix::{
    net::{AddressFamily, Protocol, SocketType, ipproto, netlink, socket},
    process::{Pid, Signal, kill_process},
};
use sidegate_webview_host::{arguments::Arguments, sandbox};

fn main() -> ExitCode {
    match Arguments::parse(env::args_os().skip(1)) {
        Ok(arguments) => start(&arguments),
        Err(error) => failed(&error),
    }
}

fn start(arguments: &Arguments) -> ExitCode {
    let words: Vec<String> =
        arguments.rest.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    if arguments.inside.is_some() {
        match sandbox::enter(arguments) {
            Ok(report) => {
                say("level", &report.level);
                report.missing.iter().for_each(|line| say("missing", line));
            }
            Err(refused) => return failed(&refused),
        }
    } else if !words.iter().any(|word| word == "control") {
        return match env::current_exe() {
            Ok(program) => failed(&sandbox::launch(&program, arguments)),
            Err(error) => failed(&error),
        };
    }
    what_is_there();
    words.iter().for_each(|word| try_word(word));
    sockets();
    other_processes();
    for (name, result) in raw_call::all() {
        attempt(name, result);
    }
    ExitCode::SUCCESS
}

fn failed(error: &dyn Display) -> ExitCode {
    eprintln!("probe: {error}");
    ExitCode::from(3)
}

fn say(name: &str, value: &dyn Display) {
    println!("{name}\t{value}");
}

fn attempt<T>(name: &str, result: io::Result<T>) {
    let Err(error) = result else { return say(name, &"reached") };
    match error.raw_os_error() {
        Some(number) => say(name, &format!("errno {number}")),
        None => say(name, &error),
    }
}

/// The process as it finds itself.
fn what_is_there() {
    for (name, value) in env::vars_os() {
        say("variable", &format!("{}={}", name.to_string_lossy(), value.to_string_lossy()));
    }
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let links =
        entries.filter_map(|entry| Some((entry.file_name(), fs::read_link(entry.path()).ok()?)));
    for (number, target) in links.collect::<Vec<_>>() {
        say("descriptor", &format!("{} {}", number.to_string_lossy(), target.display()));
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().for_each(|line| say("status", &line.replace('\t', " ")));
    for kind in ["user", "pid", "net", "mnt", "ipc", "uts"] {
        let link = fs::read_link(format!("/proc/self/ns/{kind}")).unwrap_or_default();
        say("namespace", &link.display());
    }
}

/// A word from the test: what to reach for.
fn try_word(word: &str) {
    let Some((kind, of)) = word.split_once(':') else { return };
    match kind {
        "read" => attempt(word, look_at(Path::new(of))),
        "write" => attempt(word, fs::write(of, "x")),
        "connect" => attempt(word, UnixStream::connect(of)),
        "abstract" => attempt(word, connect_abstract(of)),
        "tcp" => attempt(word, TcpStream::connect(of)),
        "run" => attempt(word, Command::new(of).arg("--version").output()),
        "threads" => say(word, &threads(of.parse().unwrap_or(0))),
        "trace" => on_process(word, of, raw_call::trace),
        "read-memory" => on_process(word, of, raw_call::read_memory),
        "write-memory" => on_process(word, of, raw_call::write_memory),
        "take-descriptor" => on_process(word, of, raw_call::take_descriptor),
        "wait" => attempt(word, io::stdin().read(&mut [0])),
        _ => say(word, &"no such attempt"),
    }
}

/// What is done to the process with this number.
fn on_process(word: &str, number: &str, done: impl Fn(u32) -> io::Result<()>) {
    match number.parse() {
        Ok(pid) => attempt(word, done(pid)),
        Err(error) => say(word, &error),
    }
}

/// How many threads there can be at once, up to `wanted`.
fn threads(wanted: usize) -> usize {
    let end = Arc::new(RwLock::new(()));
    let held = end.write();
    let waiting = |_: &usize| {
        let end = Arc::clone(&end);
        let thread = thread::Builder::new().stack_size(64 << 10);
        thread.spawn(move || drop(end.read())).is_ok()
    };
    let made = (0..wanted).take_while(waiting).count();
    drop(held);
    made
}

fn look_at(path: &Path) -> io::Result<()> {
    if path.is_dir() { fs::read_dir(path).map(drop) } else { fs::File::open(path).map(drop) }
}

fn connect_abstract(name: &str) -> io::Result<UnixStream> {
    UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?)
}

fn sockets() {
    attempt("udp", UdpSocket::bind("127.0.0.1:0"));
    let families: [(&str, AddressFamily, SocketType, Option<Protocol>); 10] = [
        ("AF_INET", AddressFamily::INET, SocketType::STREAM, None),
        ("AF_INET6", AddressFamily::INET6, SocketType::STREAM, None),
        ("raw", AddressFamily::INET, SocketType::RAW, Some(ipproto::ICMP)),
        ("MPTCP", AddressFamily::INET, SocketType::STREAM, Some(ipproto::MPTCP)),
        ("SCTP", AddressFamily::INET6, SocketType::STREAM, Some(ipproto::SCTP)),
        ("AF_PACKET", AddressFamily::PACKET, SocketType::RAW, None),
        ("AF_VSOCK", AddressFamily::from_raw(40), SocketType::STREAM, None),
        ("AF_ALG", AddressFamily::from_raw(38), SocketType::SEQPACKET, None),
        ("netlink audit", AddressFamily::NETLINK, SocketType::RAW, Some(netlink::AUDIT)),
        ("netlink route", AddressFamily::NETLINK, SocketType::RAW, None),
    ];
    for (name, family, kind, protocol) in families {
        attempt(name, socket(family, kind, protocol).map_err(Into::into));
    }
}

fn other_processes() {
    let numbers =
        fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
            entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok())
        });
    say("processes", &numbers.count());
    attempt("memory of its parent", fs::File::open("/proc/1/mem"));
    if let Some(init) = Pid::from_raw(1) {
        attempt("signal to its parent", kill_process(init, Signal::CONT).map_err(Into::into));
    }
}
