//! The program `probe`, which stands where a host stands and tries to get out, as a test runs it; and
//! what it printed.

use std::{
    collections::BTreeMap,
    io,
    process::{Command, Output, Stdio},
};

use crate::{Display, fake_broker::host};

/// `EPERM`, as the probe says it.
pub const REFUSED: &str = "errno 1";
/// `ENOENT`.
pub const ABSENT: &str = "errno 2";
/// `ESRCH`.
pub const NO_PROCESS: &str = "errno 3";
/// `EACCES`.
pub const FORBIDDEN: &str = "errno 13";
/// What the probe says of an attempt that got through.
pub const REACHED: &str = "reached";

/// What the probe printed: for each name all of its values.
#[derive(Debug)]
pub struct Seen(BTreeMap<String, Vec<String>>);

impl Seen {
    /// What a run of the probe has seen.
    ///
    /// # Errors
    /// Where it printed nothing, with what it said in its place.
    pub fn of(output: &Output) -> io::Result<Self> {
        let text = String::from_utf8_lossy(&output.stdout);
        let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in text.lines().filter_map(|line| line.split_once('\t')) {
            seen.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        if seen.is_empty() { Err(io::Error::other(format!("{output:?}"))) } else { Ok(Self(seen)) }
    }

    /// All that was said of `name`.
    #[must_use]
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// What was said of `name`, once.
    ///
    /// # Panics
    /// Where it was said another number of times: a test that compares for what must not be would take
    /// silence for it.
    #[must_use]
    #[expect(clippy::panic, reason = "a part of the test")]
    pub fn one(&self, name: &str) -> &str {
        match self.all(name) {
            [value] => value,
            values => panic!("`{name}` was said {} times", values.len()),
        }
    }

    /// A line of `/proc/self/status`.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    #[expect(clippy::panic, reason = "a part of the test")]
    pub fn status(&self, field: &str) -> &str {
        let prefix = format!("{field}: ");
        let found = self.all("status").iter().find_map(|line| line.strip_prefix(&prefix));
        found.unwrap_or_else(|| panic!("no `{field}` in the status")).trim()
    }
}

/// The probe, with no environment and nothing to read.
///
/// # Errors
/// Where the programs are not found.
pub fn probe() -> io::Result<Command> {
    let mut command = Command::new(host()?.with_file_name("probe"));
    command.env_clear().stdin(Stdio::null());
    Ok(command)
}

/// What it sees and reaches at a level of the sandbox, with the least profile.
///
/// # Errors
/// Where it cannot be run.
pub fn at_level(level: &str, words: &[String]) -> io::Result<Seen> {
    with_profile(level, "", words)
}

/// The same with another profile.
///
/// # Errors
/// Where it cannot be run.
pub fn with_profile(level: &str, profile: &str, words: &[String]) -> io::Result<Seen> {
    let display = Display::start().map_err(io::Error::other)?;
    let mut command = probe()?;
    command.envs(display.environment()).args(["--least", level, "--most", level]);
    command.args(["--profile", profile, "--"]).args(words);
    Seen::of(&command.output()?)
}

/// What it reaches without a sandbox: an attempt that fails here shows nothing there.
///
/// # Errors
/// Where it cannot be run.
pub fn without(words: &[String]) -> io::Result<Seen> {
    Seen::of(&probe()?.args(["--", "control"]).args(words).output()?)
}
