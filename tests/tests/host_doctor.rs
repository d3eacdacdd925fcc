//! `sidegate doctor` on this machine, whose hosts stand at level A in the other suites: as who
//! runs the tests, as a plain user, without bubblewrap, without a display.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use sidegate_tests::{
    Binaries, Display, Home,
    binaries::{HOST, SIDEGATE},
    records,
};

/// The user that owns nothing.
const NOBODY: u32 = 65534;

fn asked(mut command: Command, display: Option<&Display>) -> (Option<i32>, Value) {
    command.env_clear().args(["doctor", "--json"]);
    command.envs(display.map(Display::environment).into_iter().flatten());
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = String::from_utf8_lossy(&stderr);
    let report = serde_json::from_slice(&stdout).unwrap_or_else(|_| panic!("no report: {said}"));
    (status.code(), report)
}

fn what_is_missing(report: &Value) -> Vec<&str> {
    report["missing"].as_array().unwrap().iter().filter_map(|one| one["what"].as_str()).collect()
}

#[test]
fn level_a_is_found_and_nothing_is_missing() {
    let display = Display::start().unwrap();
    let (status, report) =
        asked(Binaries::beside_this_program().unwrap().sidegate(), Some(&display));
    assert_eq!(status, Some(0), "{report:#}");
    let found = [&report["ok"], &report["level"], &report["wanted"]];
    assert_eq!(found, [&Value::from(true), &"A".into(), &"A".into()], "{report:#}");
    assert_eq!(what_is_missing(&report), [""; 0]);
    let bounded = report["bounded_by"].as_str().unwrap();
    assert!(["the broker, which", "a control group"].iter().any(|how| bounded.starts_with(how)));
    assert!(report["warnings"].is_array(), "{report:#}");
}

#[test]
fn a_plain_user_has_what_the_superuser_has() {
    if !rustix::process::getuid().is_root() {
        return; // then the test above is this one
    }
    let display = Display::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let built = Binaries::beside_this_program().unwrap();
    for name in [SIDEGATE, HOST] {
        let copied = Command::new("install")
            .args(["-m", "755"])
            .args([built.folder().join(name), folder.path().join(name)])
            .status();
        assert!(copied.unwrap().success());
    }
    let mut command = Command::new(folder.path().join(SIDEGATE));
    command.uid(NOBODY).gid(NOBODY).current_dir("/");
    let (status, report) = asked(command, Some(&display));
    assert_eq!((status, &report["level"]), (Some(0), &"A".into()), "{report:#}");
}

#[test]
fn i14_without_bubblewrap_it_is_named_with_what_installs_it() {
    let display = Display::start().unwrap();
    let (status, report) = asked(without_bubblewrap(), Some(&display));
    assert_eq!((status, &report["level"]), (Some(1), &"C".into()), "{report:#}");
    assert_eq!(report["ok"], false);
    let missing = what_is_missing(&report);
    assert!(missing.iter().any(|line| line.contains("`bwrap`) is not installed")), "{missing:?}");
    let help = report["missing"][0]["help"].as_str().unwrap();
    assert!(help.contains("package `bubblewrap`"), "{report:#}");
}

/// The stock program on this machine as it is, but for bubblewrap.
fn without_bubblewrap() -> Command {
    let sidegate = Binaries::beside_this_program().unwrap().folder().join(SIDEGATE);
    let mut command = Command::new("bwrap");
    command.args(["--dev-bind", "/", "/"]);
    for place in ["/usr/bin/bwrap", "/usr/local/bin/bwrap"].iter().filter(|p| Path::new(p).exists())
    {
        command.args(["--ro-bind", "/dev/null", place]);
    }
    command.arg("--").arg(sidegate);
    command
}

/// An app is not run with less than it asks for, which is all there is where it does not say.
#[test]
fn i14_without_bubblewrap_an_app_is_run_only_where_it_takes_less() {
    let (display, home) = (Display::start().unwrap(), Home::temporary().unwrap());
    let app = home.path().join("app");
    let write = |name: &str, text: &str| {
        let path = app.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let policy = "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"main\"]\n\
                  allow = [{ commands = [\"app.info\", \"window.close\"] }]\n";
    write("policies/main.toml", policy);
    let page = "<!doctype html><script src=main.js></script>";
    write("ui/index.html", page);
    write("ui/main.js", "sidegate.invoke('app.info').then(() => sidegate.invoke('window.close'));");
    for (least, status) in [("", 1), ("[sandbox]\nleast = \"C\"\n", 0)] {
        let manifest = format!(
            "version = 1\nid = \"org.example.without\"\nname = \"Without\"\n{least}\
             [[window]]\nlabel = \"main\"\ntitle = \"x\"\npage = \"index.html\"\n"
        );
        write("sidegate.toml", &manifest);
        let mut command = without_bubblewrap();
        command.env_clear().envs(display.environment()).envs(home.environment());
        command.env("PATH", "/usr/bin:/bin").env("XDG_RUNTIME_DIR", home.runtime());
        let output = command.arg("run").arg(&app).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{least}: {said}");
        let records = records::read(&home.audit_log("org.example.without")).unwrap();
        let attested = records.iter().filter(|record| record["state"] == "attested").count();
        let opened = records.iter().filter(|record| record["state"] == "opened").count();
        let expected = usize::from(status == 0);
        assert_eq!((attested, opened), (expected, expected), "{least}: {records:#?}");
        if status == 1 {
            assert!(said.contains("bubblewrap"), "{said}");
        }
    }
}

#[test]
fn without_a_display_no_host_starts() {
    let (status, report) = asked(Binaries::beside_this_program().unwrap().sidegate(), None);
    assert_eq!((status, &report["level"]), (Some(1), &Value::Null), "{report:#}");
    assert!(what_is_missing(&report)[0].starts_with("no display"), "{report:#}");
}
