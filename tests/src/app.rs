//! An app under the stock broker, as a test has it: started in a home and on a display of its
//! own, looked at from outside, ended one way or another. Its windows are [`crate::x11`]'s.

mod launch;
mod output;

use std::{
    io,
    path::{Path, PathBuf},
    process::{Child, ExitStatus},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

pub use self::launch::Launch;
use self::output::Output;
use crate::{
    binaries::{BinariesError, HOST},
    process::{Process, descendants, wait_until_gone},
    records::{self, RecordsError},
    wait::until_some,
};

/// How long a broker that was asked to end may take.
const STOP: Duration = Duration::from_secs(10);

/// How long what a test leaves behind may take to go by itself before it is killed.
const LEFTOVERS: Duration = Duration::from_secs(2);

/// Why an app cannot be started or looked at.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The programs are missing.
    #[error(transparent)]
    Binaries(#[from] BinariesError),
    /// The system refuses something.
    #[error("{what}: {why}")]
    System {
        /// What was tried.
        what: String,
        /// What the system says.
        why: io::Error,
    },
    /// The app folder has no manifest with an identifier.
    #[error("`{}` has no `id`: {why}", manifest.display())]
    Manifest {
        /// The manifest.
        manifest: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The audit log cannot be read.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// Something did not happen in time.
    #[error("{what} did not happen within {limit:?}; the broker said:\n{said}")]
    Late {
        /// What was waited for.
        what: String,
        /// How long.
        limit: Duration,
        /// What the broker wrote on its standard error.
        said: String,
    },
}

/// A running app. When it is dropped it is killed, with all its processes.
#[derive(Debug)]
pub struct App {
    broker: Child,
    log: PathBuf,
    output: Output,
    errors: Output,
}

impl App {
    /// The number of the broker's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.broker.id()
    }

    /// The processes that the broker started, and all that they started.
    #[must_use]
    pub fn processes(&self) -> Vec<Process> {
        descendants(self.broker.id())
    }

    /// Those of them that hold windows.
    #[must_use]
    pub fn hosts(&self) -> Vec<Process> {
        self.processes().into_iter().filter(|process| process.name == HOST).collect()
    }

    /// What the broker wrote on its standard output until now.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// What the broker wrote on its standard error until now.
    #[must_use]
    pub fn errors(&self) -> String {
        self.errors.text()
    }

    /// Where its audit log is.
    #[must_use]
    pub fn audit_log(&self) -> &Path {
        &self.log
    }

    /// The records of its audit log, those of earlier runs among them: see [`records::read`].
    ///
    /// # Errors
    /// As [`records::read`].
    pub fn records(&self) -> Result<Vec<Value>, RecordsError> {
        records::read(&self.log)
    }

    /// Waits for a record, and hands it over.
    ///
    /// # Errors
    /// [`AppError::Late`], with what the broker said; as [`App::records`] else.
    pub fn wait_for_record(
        &self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Value, AppError> {
        let look = || match self.records() {
            Ok(records) => records.into_iter().find(|record| wanted(record)).map(Ok),
            Err(error) => Some(Err(error.into())),
        };
        match until_some(limit, look) {
            Some((found, _)) => found,
            None => Err(self.late(what, limit)),
        }
    }

    /// Asks the app to end (SIGTERM) and waits until it has, and every process of it.
    ///
    /// # Errors
    /// [`AppError::Late`] where it does not; it is killed then.
    pub fn stop(mut self) -> Result<ExitStatus, AppError> {
        let unasked = |why| AppError::System { what: "the broker cannot be asked".into(), why };
        let processes = self.processes();
        // Its number is its own until its end was taken notice of.
        if self.broker.try_wait().map_err(unasked)?.is_none() {
            kill_process(Pid::from_child(&self.broker), Signal::TERM)
                .map_err(|error| unasked(error.into()))?;
        }
        let look = || self.broker.try_wait().ok().flatten();
        let Some((status, _)) = until_some(STOP, look) else {
            return Err(self.late("the end of the broker", STOP));
        };
        let left = wait_until_gone(&processes, LEFTOVERS).err().unwrap_or_default();
        if left.is_empty() {
            return Ok(status);
        }
        kill_all(&left);
        Err(self.late(&format!("the end of {left:?}"), LEFTOVERS))
    }

    /// Ends the broker at once (SIGKILL), and it alone; hands over the processes that it had,
    /// whose end [`wait_until_gone`] measures.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn kill(&mut self) -> io::Result<Vec<Process>> {
        let processes = self.processes();
        self.broker.kill()?;
        self.broker.wait()?;
        Ok(processes)
    }

    /// Waits until the broker ends by itself.
    ///
    /// # Errors
    /// [`AppError::Late`] where it does not.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus, AppError> {
        match until_some(limit, || self.broker.try_wait().ok().flatten()) {
            Some((status, _)) => Ok(status),
            None => Err(self.late("the end of the broker", limit)),
        }
    }

    fn late(&self, what: &str, limit: Duration) -> AppError {
        AppError::Late { what: what.to_owned(), limit, said: self.errors() }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let left = self.kill().unwrap_or_default();
        kill_all(&wait_until_gone(&left, LEFTOVERS).err().unwrap_or_default());
    }
}

/// Nothing is to be done about one that the system does not let us kill.
fn kill_all(processes: &[Process]) {
    for process in processes {
        let _ = process.kill();
    }
}

#[cfg(test)]
mod tests;
