//! Landlock, by the kernel's leave. At level A it closes TCP, signals and abstract sockets;
//! files it must leave alone, since mounting is forbidden to whoever it binds and WebKit's own
//! sandbox mounts. Below A it names the files too.

use ::landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use sidegate::wire::SandboxLevel;

use super::display::RUNTIME;
use super::environment::HOME;

/// What may be read, and run where it is marked so. Paths that do not exist are left out.
const READ: [&str; 12] = [
    "/etc/fonts",
    "/etc/gtk-3.0",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share",
    "/var/cache/fontconfig",
    "/proc",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/sys/devices/system/cpu",
    "/tmp/.X11-unix",
];

/// Libraries and WebKit's own processes.
const RUN: [&str; 6] = ["/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/lib", "/lib64"];

/// What may be written; the folders exist, in memory, inside bubblewrap alone.
const WRITE_INSIDE: [&str; 4] = [HOME, RUNTIME, "/dev/shm", "/dev/null"];
const WRITE_BARE: [&str; 1] = ["/dev/null"];

/// What Landlock does for us from here on.
#[derive(Debug)]
pub(super) struct Enforced {
    /// Whether files are restricted.
    pub(super) files: bool,
    /// What this kernel does not know, a line each.
    pub(super) missing: Vec<String>,
}

/// Binds this thread and what descends from it, for good.
///
/// # Errors
/// The kernel knows Landlock and refuses it.
pub(super) fn restrict(level: SandboxLevel) -> Result<Enforced, RulesetError> {
    let mut missing = Vec::new();
    let mut note = |status: RulesetStatus, what: &str| {
        let full = status == RulesetStatus::FullyEnforced;
        if !full {
            missing.push(format!("Landlock is {status:?} on {what}: a newer kernel is needed"));
        }
        full
    };
    note(network_and_scopes(level)?, "TCP, signals and abstract sockets");
    let files = level < SandboxLevel::A && note(files(level)?, "files");
    if level == SandboxLevel::C {
        missing.push("no namespaces: sockets of other programs can be connected to".into());
    }
    Ok(Enforced { files, missing })
}

/// At level C abstract sockets stay open: the X server's is one, in the network that the host
/// shares there, and the X library takes a refusal of that one for an answer.
fn network_and_scopes(level: SandboxLevel) -> Result<RulesetStatus, RulesetError> {
    let mut scopes = Scope::from_all(ABI::V6);
    if level == SandboxLevel::C {
        scopes.remove(Scope::AbstractUnixSocket);
    }
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessNet::from_all(ABI::V4))?
        .scope(scopes)?;
    Ok(ruleset.create()?.restrict_self()?.ruleset)
}

fn files(level: SandboxLevel) -> Result<RulesetStatus, RulesetError> {
    let all = AccessFs::from_all(ABI::V5);
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write: &[&str] = if level == SandboxLevel::B { &WRITE_INSIDE } else { &WRITE_BARE };
    let program = std::env::current_exe().ok();
    let cookie = std::env::var_os("XAUTHORITY");
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .create()?
        .add_rules(path_beneath_rules(READ, read))?
        .add_rules(path_beneath_rules(cookie, read))?
        .add_rules(path_beneath_rules(RUN, read | AccessFs::Execute))?
        .add_rules(path_beneath_rules(program, read | AccessFs::Execute))?
        .add_rules(path_beneath_rules(
            write,
            all & !AccessFs::Execute & !AccessFs::MakeBlock & !AccessFs::MakeChar,
        ))?;
    Ok(ruleset.restrict_self()?.ruleset)
}
