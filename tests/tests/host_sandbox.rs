//! The sandbox from inside: a probe stands where a host stands and tries to get out.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test's helpers are part of the test"
)]

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read,
    net::TcpListener,
    os::{
        fd::{AsRawFd, OwnedFd},
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener, UnixStream},
    },
    path::PathBuf,
    process::{Command, Stdio},
};

use rustix::io::{FdFlags, fcntl_setfd};
use sidegate::wire::{MAX_TO_HOST, ToHost, encode};
use sidegate_tests::{
    Display,
    fake_broker::{FakeBroker, Said, echo, host},
    probe::{ABSENT, FORBIDDEN, REFUSED, Seen, at_level, probe, with_profile, without},
    process::descendants,
    wait::until_some,
};

/// What can be reached here by whoever is not in the sandbox.
struct Outside {
    words: Vec<String>,
    held: (tempfile::TempDir, UnixListener, UnixListener, TcpListener),
}

impl Outside {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::Builder::new().prefix("outside-").tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let secret = folder.path().join("id_ed25519");
        fs::write(&secret, "a secret").unwrap();
        let socket = folder.path().join("agent");
        let agent = UnixListener::bind(&socket).unwrap();
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).unwrap();
        // As much its own as the folder: two of them may stand in one process.
        let name = folder.path().to_str().unwrap().trim_start_matches('/').replace('/', "-");
        let bus = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        let web = TcpListener::bind("127.0.0.1:0").unwrap();
        let words = vec![
            format!("read:{}", secret.display()),
            format!("write:{}", folder.path().join("new").display()),
            format!("connect:{}", socket.display()),
            format!("abstract:{name}"),
            format!("tcp:{}", web.local_addr().unwrap()),
            "read:/etc/passwd".into(),
            "read:/usr/bin".into(),
            "run:/bin/sh".into(),
        ];
        Self { words, held: (folder, agent, bus, web) }
    }

    /// The port of the web server.
    fn port(&self) -> u16 {
        self.held.3.local_addr().unwrap().port()
    }
}

#[test]
fn k01_k02_k03_k05_what_is_outside_is_out_of_reach() {
    let outside = Outside::new();
    let control = without(&outside.words).unwrap();
    for word in &outside.words {
        assert_eq!(control.one(word), "reached", "{word}");
    }
    for level in ["A", "B"] {
        let inside = at_level(level, &outside.words).unwrap();
        for word in &outside.words {
            let found = inside.one(word);
            let expected: &[&str] = match word.split_once(':').unwrap() {
                ("tcp", _) => &[REFUSED],
                // In another network there is no such name; Landlock may speak first.
                ("abstract", _) => &[REFUSED, "errno 111"],
                ("read", "/usr/bin") if level == "A" => &["reached"],
                ("read", "/usr/bin") => &[FORBIDDEN],
                _ => &[ABSENT, FORBIDDEN, "errno 30"],
            };
            assert!(expected.contains(&found), "level {level}, {word}: {found}");
        }
    }
    let inside = at_level("C", &outside.words).unwrap();
    for word in &outside.words {
        let open = ["connect", "abstract"].contains(&word.split_once(':').unwrap().0);
        let found = inside.one(word);
        // Level C says of itself that it does not close these.
        assert!(open || [REFUSED, FORBIDDEN].contains(&found), "level C, {word}: {found}");
    }
    assert!(inside.all("missing").iter().any(|line| line.contains("sockets of other programs")));
}

#[test]
fn k01_home_directories_are_out_of_reach() {
    let homes = ["/root", "/home", "/etc/shadow", "/root/.ssh", "/var/lib", "/boot", "/opt"];
    let homes = homes.into_iter().chain(["/run/.containerenv", "/.flatpak-info", "/.dockerenv"]);
    let words: Vec<String> = homes.map(|path| format!("read:{path}")).collect();
    for level in ["A", "B", "C"] {
        let inside = at_level(level, &words).unwrap();
        for word in words.iter().filter(|word| *word != "read:/home" || level == "C") {
            let found = inside.one(word);
            assert!([ABSENT, FORBIDDEN].contains(&found), "level {level}, {word}: {found}");
        }
    }
}

#[test]
fn k03_k04_the_kernels_doors_are_shut() {
    let sockets = [
        "udp",
        "AF_INET",
        "AF_INET6",
        "raw",
        "MPTCP",
        "SCTP",
        "AF_PACKET",
        "AF_VSOCK",
        "AF_ALG",
        "netlink audit",
    ];
    let calls = [
        "ptrace",
        "process_vm_readv",
        "process_vm_writev",
        "pidfd_getfd",
        "kcmp",
        "bpf",
        "perf_event_open",
        "io_uring_setup",
        "userfaultfd",
        "keyctl",
        "add_key",
        "request_key",
        "kexec_load",
        "init_module",
        "open_by_handle_at",
        "signal to its parent",
    ];
    let building = ["unshare", "mount", "setns", "netlink route"];
    // Without a sandbox none of the calls that any user may make is refused for its own sake.
    let control = without(&[]).unwrap();
    for name in ["udp", "AF_INET", "ptrace", "io_uring_setup", "keyctl", "process_vm_readv"] {
        assert_ne!(control.one(name), REFUSED, "{name} without a sandbox");
    }
    for level in ["A", "B", "C"] {
        let inside = at_level(level, &[]).unwrap();
        assert_eq!(inside.one("level"), level);
        assert_eq!(inside.one("sched_yield"), "reached");
        for name in sockets.iter().chain(&calls) {
            assert_eq!(inside.one(name), REFUSED, "level {level}, {name}");
        }
        for name in building {
            assert_eq!(inside.one(name) == REFUSED, level != "A", "level {level}, {name}");
        }
    }
}

#[test]
fn k02_k03_with_a_network_only_tcp_to_its_ports_is_open() {
    let outside = Outside::new();
    let port = outside.port();
    let others = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut words = outside.words.clone();
    words.push(format!("tcp:{}", others.local_addr().unwrap()));
    words.extend(["read:/etc/ssl/certs".into(), "read:/etc/nsswitch.conf".into()]);
    for level in ["A", "B", "C"] {
        let inside = with_profile(level, &format!("ports={port}"), &words).unwrap();
        for name in ["AF_INET", "AF_INET6", "sched_yield"] {
            assert_eq!(inside.one(name), "reached", "level {level}, {name}");
        }
        // At level A a socket may be bound, since WebKit's own sandbox does it.
        assert_eq!(inside.one("udp") == "reached", level == "A", "level {level}");
        for name in ["raw", "MPTCP", "SCTP", "AF_PACKET", "AF_VSOCK", "AF_ALG", "netlink audit"] {
            assert_eq!(inside.one(name), REFUSED, "level {level}, {name}");
        }
        assert_eq!(inside.one(&format!("tcp:127.0.0.1:{port}")), "reached", "level {level}");
        let other = format!("tcp:{}", others.local_addr().unwrap());
        assert_eq!(inside.one(&other), FORBIDDEN, "level {level}, {other}");
        assert_eq!(inside.one("read:/etc/ssl/certs"), "reached", "level {level}");
        for word in outside.words.iter().filter(|word| !word.starts_with("tcp:")) {
            let found = inside.one(word);
            let c =
                level == "C" && ["connect", "abstract"].contains(&word.split_once(':').unwrap().0);
            let a = level == "A" && word == "read:/usr/bin";
            let refused = [REFUSED, ABSENT, FORBIDDEN, "errno 30"].contains(&found);
            assert!(refused || c || a, "level {level}, {word}: {found}");
        }
    }
}

#[test]
fn k12_without_compiled_scripts_no_memory_is_written_and_run() {
    let run = ["memory to write and run", "memory to run", "memory to run, by key"];
    for level in ["A", "B", "C"] {
        for (profile, refused) in [("", false), ("no-jit", true)] {
            let inside = with_profile(level, profile, &[]).unwrap();
            for name in run {
                let found = inside.one(name);
                assert_eq!(
                    found == REFUSED,
                    refused,
                    "level {level}, `{profile}`, {name}: {found}"
                );
            }
            assert_eq!(inside.one("memory to read"), "reached", "level {level}, `{profile}`");
            let told = inside.all("variable").contains(&"JSC_useJIT=0".to_owned());
            assert_eq!(told, refused, "level {level}, `{profile}`");
        }
    }
}

#[test]
fn i08_a_fork_bomb_ends_where_the_profile_says() {
    for level in ["A", "B"] {
        let inside = with_profile(level, "tasks=50", &["threads:2000".into()]).unwrap();
        let made: usize = inside.one("threads:2000").parse().unwrap();
        assert!((30..50).contains(&made), "level {level}: {made}");
    }
    let control = without(&["threads:2000".into()]).unwrap();
    assert_eq!(control.one("threads:2000"), "2000");
}

#[test]
fn k06_only_the_three_first_descriptors_are_inherited() {
    let display = Display::start().unwrap();
    let leak = File::open("/etc/passwd").unwrap();
    fcntl_setfd(&leak, FdFlags::empty()).unwrap();
    for level in ["A", "B", "C"] {
        let mut command = probe().unwrap();
        command.envs(display.environment()).args(["--least", level, "--most", level]);
        let seen = Seen::of(&command.output().unwrap()).unwrap();
        let found = seen.all("descriptor");
        let own = |line: &&String| !line.ends_with("/fd");
        let numbers: Vec<_> =
            found.iter().filter(own).map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(numbers, ["0", "1", "2"], "level {level}: {found:?}");
    }
    assert!(leak.as_raw_fd() > 2);
}

#[test]
fn k06_the_line_to_the_broker_is_not_handed_on() {
    let display = Display::start().unwrap();
    let assets = BTreeMap::new();
    let mut broker = FakeBroker::start(&display, &["--least", "A"], assets, echo).unwrap();
    broker.open(1, &[]).unwrap();
    let started = until_some(std::time::Duration::from_secs(20), || {
        let family = descendants(broker.host_pid());
        family.iter().any(|process| process.name == "WebKitWebProcess").then_some(family)
    });
    let family = started.unwrap().0;
    let sockets = |pid: u32| -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
        entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok()).collect()
    };
    let line = broker.line_of_the_host();
    let holders: Vec<_> = family
        .iter()
        .filter(|process| sockets(process.pid).contains(&line))
        .map(|process| process.name.as_str())
        .collect();
    let webkit = ["WebKitWebProcess", "WebKitNetworkProcess"];
    assert!(holders.contains(&"sidegate-webview-host"), "{holders:?}");
    assert!(!holders.iter().any(|name| webkit.contains(name)), "{holders:?}");
    // What WebKit's processes have besides is between themselves and the host, of the system (a library
    // or a font that is being loaded as well), or memory; or what this test writes to, which is the
    // host's standard output here.
    #[rustfmt::skip]
    let harmless = [
        "socket:", "pipe:", "anon_inode:", "/memfd:", "/dev/null", "/dev/urandom", "/usr/", "/lib",
        "/etc/ld.so.cache", "/etc/fonts/", "/var/cache/fontconfig/",
    ];
    let own = [1, 2].map(|number| fs::read_link(format!("/proc/self/fd/{number}")).unwrap());
    for process in family.iter().filter(|process| webkit.contains(&process.name.as_str())) {
        let held = sockets(process.pid);
        assert!(!held.is_empty(), "{}: nothing can be seen of it", process.name);
        let shown = |path: &&PathBuf| {
            let path = path.to_string_lossy();
            !harmless.iter().any(|begin| path.starts_with(begin))
        };
        let others: Vec<_> = held.iter().filter(shown).filter(|it| !own.contains(it)).collect();
        assert!(others.is_empty(), "{}: {others:?}", process.name);
    }
}

#[test]
fn k07_the_environment_is_written_anew() {
    let display = Display::start().unwrap();
    let poison = [
        ("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1"),
        ("WEBKIT_INJECTED_BUNDLE_PATH", "/tmp/x"),
        ("WEBKIT_INSPECTOR_SERVER", "127.0.0.1:9222"),
        ("WEBKIT_INSPECTOR_HTTP_SERVER", "127.0.0.1:9223"),
        ("JSC_useJIT", "0"),
        ("JSC_dumpOptions", "2"),
        ("GTK_MODULES", "x"),
        ("GTK_PATH", "/tmp"),
        ("GIO_EXTRA_MODULES", "/tmp"),
        ("GST_PLUGIN_PATH", "/tmp"),
        ("GDK_PIXBUF_MODULE_FILE", "/tmp/x"),
        ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent"),
        ("XDG_DATA_DIRS", "/tmp"),
        ("LD_LIBRARY_PATH", "/tmp"),
        ("LANG", "/tmp/locale"),
        ("LC_ALL", "C.UTF-8"),
        ("SSH_AUTH_SOCK", "/tmp/agent"),
        ("SECRET", "s3cret"),
        // What tells WebKit that it is in a sandbox already, and needs none of its own.
        ("container", "podman"),
        ("FLATPAK_ID", "org.example.app"),
        ("SNAP", "/snap/example/1"),
        ("SNAP_NAME", "example"),
    ];
    let expected = [
        "DISPLAY",
        "GDK_BACKEND",
        "GIO_USE_VFS",
        "GSETTINGS_BACKEND",
        "GTK_USE_PORTAL",
        "HOME",
        "LC_ALL",
        "NO_AT_BRIDGE",
        "PATH",
        "PWD",
        "WEBKIT_FORCE_SANDBOX",
        "XDG_RUNTIME_DIR",
    ];
    for level in ["A", "B", "C"] {
        let mut command = probe().unwrap();
        command.envs(poison).envs(display.environment());
        let seen =
            Seen::of(&command.args(["--least", level, "--most", level]).output().unwrap()).unwrap();
        for variable in seen.all("variable") {
            let (name, value) = variable.split_once('=').unwrap();
            assert!(expected.contains(&name), "level {level}: {variable}");
            assert!(!["/tmp/locale", "s3cret"].contains(&value), "level {level}: {variable}");
        }
        let forced = seen.all("variable").contains(&"WEBKIT_FORCE_SANDBOX=1".to_owned());
        assert_eq!(forced, level == "A", "level {level}");
    }
}

#[test]
fn k08_k10_the_attestation_holds() {
    let ours: Vec<String> = ["user", "pid", "net", "mnt", "ipc", "uts"]
        .map(|kind| fs::read_link(format!("/proc/self/ns/{kind}")).unwrap().display().to_string())
        .into();
    for level in ["A", "B", "C"] {
        let seen = at_level(level, &[]).unwrap();
        let fields = ["Seccomp", "NoNewPrivs", "CapEff", "CapPrm", "CapBnd", "CapAmb"];
        let expected = ["2", "1", "0000000000000000", "0000000000000000"];
        let found: Vec<_> = fields.iter().map(|field| seen.status(field)).collect();
        assert_eq!(found[..4], expected, "level {level}");
        if level != "C" {
            assert_eq!(found[4..], ["0000000000000000"; 2], "level {level}");
        }
        let user = seen.status("Uid").split(' ').next().unwrap();
        assert_ne!(user, "0", "level {level}");
        // Only the superuser can give groups up; what theirs are good for is not inside.
        if rustix::process::getuid().is_root() {
            assert_eq!(seen.status("Groups"), "", "level {level}");
        }
        let same = seen.all("namespace").iter().filter(|link| ours.contains(link)).count();
        assert_eq!(same, if level == "C" { 6 } else { 0 }, "level {level}");
    }
}

#[test]
fn k11_less_than_was_asked_for_is_refused() {
    let display = Display::start().unwrap();
    for (least, most) in [("A", "B"), ("A", "C"), ("B", "C"), ("A", "none"), ("C", "none")] {
        let mut command = probe().unwrap();
        command.envs(display.environment()).args(["--least", least, "--most", most]);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{least} {most}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(&format!("sandbox level {least} was asked for")), "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn without_a_display_there_is_no_host() {
    for (variable, value) in [("DISPLAY", "evil.example:0"), ("DISPLAY", ":4242"), ("LANG", "C")] {
        let mut command = Command::new(host().unwrap());
        command.env_clear().env(variable, value).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("no display"), "{output:?}");
    }
}

#[test]
fn a_host_lies_where_nobody_can_go_and_reads_a_cookie_that_nobody_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let display = Display::start_for(sidegate_tests::display::Access::Cookie).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let hidden = folder.path().join("sidegate-webview-host");
    fs::copy(host().unwrap(), &hidden).unwrap();
    let mut command = Command::new(hidden);
    command.env_clear().envs(display.environment()).args(["--least", "A"]);
    let mut broker = FakeBroker::start_by(command, BTreeMap::new(), echo).unwrap();
    broker.open(1, &[]).unwrap();
    broker.wait_for("its first request", |said| matches!(said, Said::Asset(_)).then_some(()));
}

#[test]
fn a_host_ends_when_it_is_told_to() {
    let display = Display::start().unwrap();
    let mut broker = FakeBroker::start(&display, &[], BTreeMap::new(), echo).unwrap();
    broker.send(&ToHost::Quit).unwrap();
    assert_eq!(broker.wait().unwrap(), Some(0));
}

#[test]
fn a_broken_frame_ends_the_host() {
    use std::io::Write;
    let mut trailing = encode(&ToHost::Quit, MAX_TO_HOST).unwrap();
    trailing[0] += 1;
    trailing.push(7);
    for frame in [&[0, 0, 0, 0][..], &[255, 255, 255, 255], &[1, 0, 0, 0, 99], &trailing] {
        let display = Display::start().unwrap();
        let (mut line, theirs) = UnixStream::pair().unwrap();
        let mut command = Command::new(host().unwrap());
        command.env_clear().envs(display.environment());
        let mut child = command
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        drop(command);
        line.write_all(frame).unwrap();
        let mut rest = Vec::new();
        line.read_to_end(&mut rest).unwrap(); // ends because the host did
        assert!(!child.wait().unwrap().success(), "{frame:?}");
    }
}
