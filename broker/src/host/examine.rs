//! What a machine has to offer a host: found by starting one, as an app would, and reading from
//! `/proc` how it stands. It gets no window and no token, and is ended at once.

use std::time::Duration;

use super::connection::{Connection, Ended};
use super::process::{Process, beside_this_binary};
use super::socket;
use crate::wire::SandboxLevel;

/// How long a host that hung up may take to have ended, for its last words to be whole.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(2);

/// How long until it is asked again what was heard.
const LISTEN_AGAIN: Duration = Duration::from_millis(5);

/// How far a host is contained on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Examination {
    /// The level reached; nothing where no host starts.
    pub level: Option<SandboxLevel>,
    /// Why it is not a higher one, a line each.
    pub missing: Vec<String>,
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
    let binary = beside_this_binary().map_err(|error| failed(&error))?;
    let (ours, theirs) = socket::pair().map_err(|error| failed(&error))?;
    let process = Process::start(&binary, theirs, SandboxLevel::None, false);
    let mut process = process.map_err(|error| failed(&error))?;
    let admitted = Connection::new(ours, process.pid()).admit(SandboxLevel::None).await;
    let grace = match &admitted {
        Err(Ended::HungUp) => LAST_WORDS_WITHIN,
        _ => Duration::ZERO,
    };
    process.end_within(grace).await;
    Ok(match admitted {
        Ok((_, attested)) => Examination { level: Some(attested.level), missing: attested.missing },
        Err(ended) => {
            let why = last_words(&process, grace).await.unwrap_or_else(|| ended.to_string());
            Examination { level: None, missing: vec![without_name(&why)] }
        }
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
