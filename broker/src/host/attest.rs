//! Attestation: what `/proc` says of a host's containment, before it gets a token. A host is not
//! asked; what it reports can only make the verdict worse.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::socket::Pid;
use crate::wire::{HostProfile, HostReport, PROTOCOL, SandboxLevel};

/// The namespaces that levels A and B have of their own, and the one that a host with a network
/// has not.
const NAMESPACES: [&str; 6] = ["user", "pid", "mnt", "net", "ipc", "uts"];
const NETWORK: &str = "net";

/// How many parents may stand between a host and the process that the broker started: the
/// sandbox's own two, and room for a wrapper of the distribution.
const MAX_ANCESTORS: usize = 8;

/// Why a host is not let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttestError {
    /// It speaks another protocol, so it is of another build.
    #[error("the host speaks version {0} of the protocol, and the broker {PROTOCOL}")]
    Protocol(u16),
    /// The process that sent the first frame does not descend from the one that was started.
    #[error("process {0} is not a descendant of the process that was started")]
    Stranger(i32),
    /// `/proc` could not be read.
    #[error("cannot read `{path}`: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why not.
        error: io::Error,
    },
    /// It is contained less than the app asks for.
    #[error("the host reaches sandbox level {reached} and the app asks for {least}: {}", missing.join("; "))]
    TooWeak {
        /// The level that was found.
        reached: SandboxLevel,
        /// The level that the app asks for.
        least: SandboxLevel,
        /// What is missing, a line each.
        missing: Vec<String>,
    },
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attested {
    pub(crate) level: SandboxLevel,
    /// What keeps it from a higher level, a line each.
    pub(crate) missing: Vec<String>,
}

/// Attests process `pid`, which sent `report` and should descend from `started`.
pub(crate) fn attest(
    pid: Pid,
    started: Pid,
    report: &HostReport,
    least: SandboxLevel,
    profile: &HostProfile,
) -> Result<Attested, AttestError> {
    if report.protocol != PROTOCOL {
        return Err(AttestError::Protocol(report.protocol));
    }
    if !descends(pid, started)? {
        return Err(AttestError::Stranger(pid));
    }
    let mut missing = report.missing.clone();
    let faults = faults(pid, profile)?;
    let level = level(report.level, &faults);
    missing.extend(faults.into_iter().map(|fault| fault.text));
    if level < least {
        return Err(AttestError::TooWeak { reached: level, least, missing });
    }
    Ok(Attested { level, missing })
}

/// Something that `/proc` shows to be absent, and the best level without it.
struct Fault {
    leaves: SandboxLevel,
    text: String,
}

fn level(claimed: SandboxLevel, faults: &[Fault]) -> SandboxLevel {
    faults.iter().map(|fault| fault.leaves).fold(claimed, Ord::min)
}

fn faults(pid: Pid, profile: &HostProfile) -> Result<Vec<Fault>, AttestError> {
    let status = read(pid, "status")?;
    let mut faults = Vec::new();
    for (field, wanted, text) in [
        ("Seccomp", "2", "there is no system call filter"),
        ("NoNewPrivs", "1", "it could gain privileges by running a program"),
        ("CapEff", "0000000000000000", "it has capabilities of the kernel's kind"),
        ("CapPrm", "0000000000000000", "it could take capabilities of the kernel's kind"),
    ] {
        if field_of(&status, field) != Some(wanted) {
            faults.push(Fault { leaves: SandboxLevel::None, text: text.to_owned() });
        }
    }
    if field_of(&status, "Uid").is_none_or(|uids| uids.split('\t').any(|uid| uid == "0")) {
        faults.push(Fault { leaves: SandboxLevel::None, text: "it runs as root".to_owned() });
    }
    let shared = |namespace: &str| namespace == NETWORK && profile.has_network();
    for namespace in NAMESPACES.into_iter().filter(|namespace| !shared(namespace)) {
        if link(pid, namespace)? == link(Pid::from(0), namespace)? {
            let text = format!("it shares the broker's {namespace} namespace");
            faults.push(Fault { leaves: SandboxLevel::C, text });
        }
    }
    Ok(faults)
}

fn descends(pid: Pid, started: Pid) -> Result<bool, AttestError> {
    let mut at = pid;
    for _ in 0..MAX_ANCESTORS {
        if at == started {
            return Ok(true);
        }
        let status = read(at, "status")?;
        match field_of(&status, "PPid").and_then(|parent| parent.parse().ok()) {
            Some(parent) if parent > 1 => at = parent,
            _ => return Ok(false),
        }
    }
    Ok(false)
}

/// The value of a field of `/proc/…/status`, tabs between its parts.
fn field_of<'a>(status: &'a str, field: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(":\t"))
}

fn read(pid: Pid, file: &str) -> Result<String, AttestError> {
    let path = path(pid, file);
    fs::read_to_string(&path)
        .map_err(|error| AttestError::Unreadable { path: path.display().to_string(), error })
}

fn link(pid: Pid, namespace: &str) -> Result<PathBuf, AttestError> {
    let path = path(pid, &format!("ns/{namespace}"));
    fs::read_link(&path)
        .map_err(|error| AttestError::Unreadable { path: path.display().to_string(), error })
}

/// Below `/proc/self` for 0.
fn path(pid: Pid, file: &str) -> PathBuf {
    let process = if pid == 0 { "self".to_owned() } else { pid.to_string() };
    PathBuf::from("/proc").join(process).join(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> HostProfile {
        HostProfile::default()
    }

    fn report(level: SandboxLevel) -> HostReport {
        HostReport { protocol: PROTOCOL, level, missing: Vec::new() }
    }

    #[test]
    fn k08_a_process_that_only_claims_to_be_contained_is_not_believed() {
        let myself = rustix::process::getpid().as_raw_nonzero().get();
        let error = attest(myself, myself, &report(SandboxLevel::A), SandboxLevel::C, &plain())
            .unwrap_err();
        let AttestError::TooWeak { reached, missing, .. } = error else { panic!("{error}") };
        assert_eq!(reached, SandboxLevel::None);
        assert!(missing.iter().any(|line| line.contains("system call filter")), "{missing:?}");
        assert!(missing.iter().any(|line| line.contains("net namespace")), "{missing:?}");
    }

    #[test]
    fn k08_only_who_was_given_the_network_may_share_it() {
        let myself = rustix::process::getpid().as_raw_nonzero().get();
        let with = HostProfile { ports: [443].into(), ..plain() };
        for (profile, told) in [(plain(), true), (with, false)] {
            let faults = faults(myself, &profile).unwrap();
            let net = faults.iter().any(|fault| fault.text.contains("net namespace"));
            let pid = faults.iter().any(|fault| fault.text.contains("pid namespace"));
            assert!(net == told && pid, "{profile}");
        }
    }

    #[test]
    fn a_stranger_is_not_attested() {
        let error = attest(1, 999_999_999, &report(SandboxLevel::A), SandboxLevel::None, &plain());
        assert!(matches!(error.unwrap_err(), AttestError::Stranger(1)));
    }

    #[test]
    fn another_protocol_is_another_build() {
        let mut report = report(SandboxLevel::A);
        report.protocol = 0;
        let error = attest(1, 1, &report, SandboxLevel::None, &plain()).unwrap_err();
        assert!(matches!(error, AttestError::Protocol(0)));
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let status = "Name:\tx\nSeccomp_filters:\t1\nSeccomp:\t2\nUid:\t5\t5\t5\t5\n";
        assert_eq!(field_of(status, "Seccomp"), Some("2"));
        assert_eq!(field_of(status, "Uid"), Some("5\t5\t5\t5"));
        assert_eq!(field_of(status, "CapEff"), None);
    }
}
