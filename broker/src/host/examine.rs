//! What a machine has to offer a host: found by starting one, as an app would, and reading from
//! `/proc` how it stands. It gets no window and no token, and is ended at once.

use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use super::cgroup;
use super::connection::{Connection, Ended};
use super::life::Life;
use super::process::{Process, beside_this_binary};
use super::socket;
use crate::wire::{HostProfile, SandboxLevel};

/// How long a host that hung up may take to have ended, for its last words to be whole.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(2);

/// How long until it is asked again what was heard.
const LISTEN_AGAIN: Duration = Duration::from_millis(5);

/// Where the host looks for bubblewrap.
const BUBBLEWRAP: [&str; 2] = ["/usr/bin/bwrap", "/usr/local/bin/bwrap"];

/// The first bubblewrap that opens the place of a mount without following links.
const FOLLOWS_NO_LINK: (u32, u32) = (0, 12);

/// How far a host is contained on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Examination {
    /// The level reached; nothing where no host starts.
    pub level: Option<SandboxLevel>,
    /// Why it is not a higher one, a line each.
    pub missing: Vec<String>,
    /// What bounds a host's memory and processes, in words.
    pub bounded_by: String,
    /// What is known to be wrong with what there is, a line each.
    pub warnings: Vec<String>,
}

/// Why a machine could not be examined.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ExamineError(String);

/// Starts the host beside this program, in the strongest sandbox there is, and looks at it. It
/// needs a display, as every host does, and the clock and sockets of a Tokio runtime.
///
/// # Errors
/// There is no host to start, or the system does not start it.
pub async fn examine() -> Result<Examination, ExamineError> {
    let failed = |error: &dyn std::fmt::Display| ExamineError(error.to_string());
    // Before the host is started: after that this process is not alone in its group.
    let bounded_by = bounded_by();
    let binary = beside_this_binary().map_err(|error| failed(&error))?;
    let profile = HostProfile::default();
    let (ours, theirs) = socket::pair().map_err(|error| failed(&error))?;
    let process = Process::start(&binary, theirs, SandboxLevel::None, &profile, false);
    let mut process = process.map_err(|error| failed(&error))?;
    let mut connection = Connection::new(ours, process.pid(), Life::default());
    let admitted = connection.admit(SandboxLevel::None, &profile).await;
    let grace = match &admitted {
        Err(Ended::HungUp) => LAST_WORDS_WITHIN,
        _ => Duration::ZERO,
    };
    process.end_within(grace).await;
    let (level, missing) = match admitted {
        Ok((_, attested)) => (Some(attested.level), attested.missing),
        Err(ended) => {
            let why = last_words(&process, grace).await.unwrap_or_else(|| ended.to_string());
            (None, vec![without_name(&why)])
        }
    };
    let warnings = bubblewrap_version().await.as_deref().and_then(too_old).into_iter().collect();
    Ok(Examination { level, missing, bounded_by, warnings })
}

fn bounded_by() -> String {
    match cgroup::delegated() {
        Ok(_) => "a control group for each host, by the kernel".to_owned(),
        Err(why) => format!("the broker, which looks at each host once a second: {why}"),
    }
}

/// Of the bubblewrap that a host would take.
async fn bubblewrap_version() -> Option<String> {
    let path = BUBBLEWRAP.into_iter().find(|path| Path::new(path).is_file())?;
    let said = Command::new(path).env_clear().arg("--version").output().await.ok()?;
    String::from_utf8(said.stdout).ok()
}

/// What is wrong with a bubblewrap that says this of itself.
fn too_old(said: &str) -> Option<String> {
    let version = said.trim().strip_prefix("bubblewrap ")?;
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next()?, numbers.next()?);
    ((major, minor) < FOLLOWS_NO_LINK).then(|| {
        format!(
            "bubblewrap is {version}: before 0.12 it follows a link that was planted where it \
             mounts something; a host has no mount where anybody could plant one"
        )
    })
}

/// What the host said last. It has ended by now, but whoever listens to it may not have heard all.
async fn last_words(process: &Process, within: Duration) -> Option<String> {
    let heard = async {
        loop {
            match process.last_words() {
                Some(words) => return words,
                None => tokio::time::sleep(LISTEN_AGAIN).await,
            }
        }
    };
    tokio::time::timeout(within, heard).await.ok()
}

/// What a program says of itself on its standard error begins with its name.
fn without_name(said: &str) -> String {
    said.strip_prefix("sidegate-webview-host: ").unwrap_or(said).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k13_a_bubblewrap_that_follows_links_is_warned_of() {
        for (said, warned) in [
            ("bubblewrap 0.8.0\n", true),
            ("bubblewrap 0.11.1", true),
            ("bubblewrap 0.12.0", false),
            ("bubblewrap 1.0", false),
            ("something else", false),
        ] {
            assert_eq!(too_old(said).is_some(), warned, "{said}");
        }
    }
}
