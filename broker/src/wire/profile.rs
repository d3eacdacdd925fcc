//! What one host is given beyond what every host has, and how much of the machine it may take up.
//! The broker derives it from the windows that are to be in the host; the host's launcher reads
//! it from its command line and builds the sandbox by it. In words, so that it reads well where
//! it is seen: in a list of processes, in the audit log.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// The profile of one host. By default it is given nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostProfile {
    /// The TCP ports of the remote origins that its windows have. Without one there is no network
    /// at all; with one there is the machine's own, TCP to these ports alone.
    pub ports: BTreeSet<u16>,
    /// Whether it gets the devices of the graphics card.
    pub gpu: bool,
    /// Whether its pages' scripts may be compiled to machine code. Without, no memory in it is
    /// ever both written and run.
    pub jit: bool,
    /// Processes, each of their threads counted, that it may have at once.
    pub tasks: u32,
}

impl HostProfile {
    /// See [`tasks`](Self::tasks). A window takes about sixty, its web process' threads most of
    /// them; a dozen windows find room in this, and a fork bomb is nothing that one would notice.
    pub const TASKS: u32 = 1_024;

    /// Whether it has a network.
    #[must_use]
    pub fn has_network(&self) -> bool {
        !self.ports.is_empty()
    }

    /// What it is given that not every host is, and what is taken from it, for people.
    #[must_use]
    pub fn particulars(&self) -> Vec<String> {
        let ports: Vec<_> = self.ports.iter().map(ToString::to_string).collect();
        let network = format!("the network: TCP to port {}, UDP", ports.join(", "));
        [
            self.has_network().then_some(network),
            self.gpu.then(|| "the graphics card".to_owned()),
            (!self.jit).then(|| "no compiled scripts".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Default for HostProfile {
    fn default() -> Self {
        Self { ports: BTreeSet::new(), gpu: false, jit: true, tasks: Self::TASKS }
    }
}

/// Words with spaces between them: `ports=443,8443 gpu no-jit tasks=1024`.
impl fmt::Display for HostProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.has_network() {
            let ports: Vec<_> = self.ports.iter().map(ToString::to_string).collect();
            write!(f, "ports={} ", ports.join(","))?;
        }
        f.write_str(if self.gpu { "gpu " } else { "" })?;
        f.write_str(if self.jit { "" } else { "no-jit " })?;
        write!(f, "tasks={}", self.tasks)
    }
}

/// A word that is none of a profile's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no word of a profile")]
pub struct ProfileError(String);

impl FromStr for HostProfile {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        let mut profile = Self::default();
        for word in text.split_whitespace() {
            let wrong = |_| ProfileError(word.to_owned());
            match word.split_once('=') {
                None if word == "gpu" => profile.gpu = true,
                None if word == "no-jit" => profile.jit = false,
                Some(("ports", list)) => {
                    let ports = list.split(',').map(str::parse);
                    profile.ports = ports.collect::<Result<_, _>>().map_err(wrong)?;
                }
                Some(("tasks", number)) => profile.tasks = number.parse().map_err(wrong)?,
                _ => return Err(ProfileError(word.to_owned())),
            }
        }
        Ok(profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for (text, profile) in [
            ("tasks=1024", HostProfile::default()),
            (
                "ports=443,8443 gpu no-jit tasks=9",
                HostProfile { ports: [8443, 443].into(), gpu: true, jit: false, tasks: 9 },
            ),
        ] {
            assert_eq!(profile.to_string(), text);
            assert_eq!(text.parse(), Ok(profile));
        }
    }

    #[test]
    fn a_word_that_is_none_is_refused() {
        for text in ["cpu", "ports=", "ports=70000", "ports=443,", "tasks=-1", "tasks", "gpu=1"] {
            assert_eq!(text.parse::<HostProfile>(), Err(ProfileError(text.to_owned())));
        }
    }
}
