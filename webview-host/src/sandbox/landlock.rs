//! Landlock, by the kernel's leave. At level A it closes TCP (but for the ports of the profile),
//! signals and abstract sockets; files it must leave alone, since mounting is forbidden to whoever it binds and WebKit's own
//! sandbox mounts. Below A it names the files too.

use ::landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use sidegate::wire::{HostProfile, SandboxLevel};

use super::display::RUNTIME;
use super::environment::HOME;
use super::given::{GPU, READ_FOR_GPU, READ_FOR_NETWORK};

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

/// The port of the servers that know names.
const NAMES: u16 = 53;

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
pub(super) fn restrict(
    level: SandboxLevel,
    profile: &HostProfile,
) -> Result<Enforced, RulesetError> {
    let mut missing = Vec::new();
    let mut note = |status: RulesetStatus, what: &str| {
        let full = status == RulesetStatus::FullyEnforced;
        if !full {
            missing.push(format!("Landlock is {status:?} on {what}: a newer kernel is needed"));
        }
        full
    };
    note(network_and_scopes(level, profile)?, "TCP, signals and abstract sockets");
    let files = level < SandboxLevel::A && note(files(level, profile)?, "files");
    if level == SandboxLevel::C {
        missing.push("no namespaces: sockets of other programs can be connected to".into());
    }
    Ok(Enforced { files, missing })
}

/// At level C abstract sockets stay open: the X server's is one, in the network that the host
/// shares there, and the X library takes a refusal of that one for an answer.
///
/// A name whose answer is too long for a datagram is asked for over TCP: the port of that is open
/// where any is.
fn network_and_scopes(
    level: SandboxLevel,
    profile: &HostProfile,
) -> Result<RulesetStatus, RulesetError> {
    let mut scopes = Scope::from_all(ABI::V6);
    if level == SandboxLevel::C {
        scopes.remove(Scope::AbstractUnixSocket);
    }
    let names = profile.has_network().then_some(NAMES);
    let ports = profile.ports.iter().copied().chain(names);
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessNet::from_all(ABI::V4))?
        .scope(scopes)?
        .create()?
        .add_rules(
            ports.map(|port| Ok::<_, RulesetError>(NetPort::new(port, AccessNet::ConnectTcp))),
        )?;
    Ok(ruleset.restrict_self()?.ruleset)
}

fn files(level: SandboxLevel, profile: &HostProfile) -> Result<RulesetStatus, RulesetError> {
    let all = AccessFs::from_all(ABI::V5);
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write: &[&str] = if level == SandboxLevel::B { &WRITE_INSIDE } else { &WRITE_BARE };
    let network = READ_FOR_NETWORK.iter().filter(|_| profile.has_network());
    let gpu = READ_FOR_GPU.iter().filter(|_| profile.gpu);
    let devices = GPU.iter().filter(|_| profile.gpu);
    let program = std::env::current_exe().ok();
    let cookie = std::env::var_os("XAUTHORITY");
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .create()?
        .add_rules(path_beneath_rules(READ, read))?
        .add_rules(path_beneath_rules(network.chain(gpu), read))?
        .add_rules(path_beneath_rules(devices, read | AccessFs::WriteFile | AccessFs::IoctlDev))?
        .add_rules(path_beneath_rules(cookie, read))?
        .add_rules(path_beneath_rules(RUN, read | AccessFs::Execute))?
        .add_rules(path_beneath_rules(program, read | AccessFs::Execute))?
        .add_rules(path_beneath_rules(
            write,
            all & !AccessFs::Execute & !AccessFs::MakeBlock & !AccessFs::MakeChar,
        ))?;
    Ok(ruleset.restrict_self()?.ruleset)
}
