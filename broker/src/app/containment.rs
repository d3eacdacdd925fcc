//! The sections `[window.sandbox]` and `[template.sandbox]` of the manifest: what a window needs of its host's sandbox, how
//! much of the machine it may take up, and what becomes of a page that spins. What its pages may
//! ask for is the policy's.

use std::time::Duration;

use serde::Deserialize;

use crate::wire::HostProfile;

/// Bytes that a host may have in memory. One with a window takes about 250 MiB with its web
/// process, a heavy page a GiB; on the smallest machines sold this leaves room for the others.
const MEMORY: u64 = 2 << 30;

/// Less memory than this, and no host comes up; more, and it is no bound.
const MEMORY_RANGE: std::ops::RangeInclusive<u64> = 256 << 20..=1 << 40;

/// Fewer tasks than this, and no web process comes up; more are more than the kernel counts.
const TASKS_RANGE: std::ops::RangeInclusive<u32> = 100..=32_768;

/// How long a script may keep its web process before that is said. Browsers ask their users after
/// ten seconds; a page that computes for less is only slow.
const SPINNING_AFTER: Duration = Duration::from_secs(10);

/// Shorter, and a busy machine is taken for a page that spins; longer, and nobody waits for it.
const SPINNING_RANGE: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(4)..=Duration::from_secs(3_600);

/// What a window needs, and what it is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Containment {
    /// Whether its host gets the devices of the graphics card.
    pub gpu: bool,
    /// Whether its scripts may be compiled to machine code. Without they run several times
    /// slower, and no memory of its host is ever both written and run.
    pub jit: bool,
    /// Bytes of memory that its host may take up, with all its processes. A host with more is
    /// ended, and started again.
    pub memory: u64,
    /// Processes that its host may have at once, each of their threads counted.
    pub tasks: u32,
    /// What becomes of a page that spins.
    pub spinning: Spinning,
}

impl Default for Containment {
    /// No graphics card, compiled scripts, 2 GiB, 1,024 tasks; of a page that spins it is said
    /// that it does, after ten seconds.
    fn default() -> Self {
        Self {
            gpu: false,
            jit: true,
            memory: MEMORY,
            tasks: HostProfile::TASKS,
            spinning: Spinning { answer: Answer::Report, after: SPINNING_AFTER },
        }
    }
}

/// What becomes of a page whose script does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spinning {
    /// What is done.
    pub answer: Answer,
    /// After how long.
    pub after: Duration,
}

/// What is done about a page that spins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// It is written into the log, and nothing else: a page that computes may be meant to, and
    /// one with an open dialog looks the same. The person can close the window.
    Report,
    /// Its web process is ended and the page loaded anew; its siblings notice nothing.
    Reload,
    /// Its host is ended, and with it all windows of the group; they are opened again after the
    /// pause that a host has which ended.
    Kill,
}

/// The section as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    gpu: Option<bool>,
    jit: Option<bool>,
    memory: Option<String>,
    tasks: Option<u32>,
    spinning: Option<Answer>,
    spinning_after: Option<String>,
}

impl Written {
    /// # Errors
    /// The key within the section, and what is wrong with its value.
    pub(super) fn read(self) -> Result<Containment, (&'static str, String)> {
        let usual = Containment::default();
        let memory = match self.memory {
            None => usual.memory,
            Some(text) => bytes(&text)
                .filter(|bytes| MEMORY_RANGE.contains(bytes))
                .ok_or_else(|| wrong("memory", &text, "a size from `256 MiB` to `1024 GiB`"))?,
        };
        let tasks = self.tasks.unwrap_or(usual.tasks);
        if !TASKS_RANGE.contains(&tasks) {
            let range = format!("a number from {} to {}", TASKS_RANGE.start(), TASKS_RANGE.end());
            return Err(wrong("tasks", &tasks.to_string(), &range));
        }
        let after = match self.spinning_after {
            None => usual.spinning.after,
            Some(text) => seconds(&text)
                .filter(|t| SPINNING_RANGE.contains(t))
                .ok_or_else(|| wrong("spinning_after", &text, "a time from `4s` to `3600s`"))?,
        };
        let answer = self.spinning.unwrap_or(usual.spinning.answer);
        let (gpu, jit) = (self.gpu.unwrap_or(usual.gpu), self.jit.unwrap_or(usual.jit));
        Ok(Containment { gpu, jit, memory, tasks, spinning: Spinning { answer, after } })
    }
}

fn wrong(key: &'static str, value: &str, expected: &str) -> (&'static str, String) {
    (key, format!("`{value}` is not {expected}"))
}

/// `512 MiB`, `2 GiB`.
fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = text.split_once(' ')?;
    let shift = match unit {
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    plain(number)?.checked_mul(1 << shift)
}

/// `10s`.
fn seconds(text: &str) -> Option<Duration> {
    Some(Duration::from_secs(plain(text.strip_suffix('s')?)?))
}

/// Digits, and nothing before them.
fn plain(number: &str) -> Option<u64> {
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Containment, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.to_string())?;
        written.read().map_err(|(key, problem)| format!("{key}: {problem}"))
    }

    #[test]
    fn who_writes_nothing_has_the_usual() {
        assert_eq!(read("").unwrap(), Containment::default());
    }

    #[test]
    fn each_key_is_read() {
        let text = "gpu = true\njit = false\nmemory = \"512 MiB\"\ntasks = 200\n\
            spinning = \"reload\"\nspinning_after = \"30s\"";
        let spinning = Spinning { answer: Answer::Reload, after: Duration::from_secs(30) };
        let expected =
            Containment { gpu: true, jit: false, memory: 512 << 20, tasks: 200, spinning };
        assert_eq!(read(text).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_key() {
        for (text, said) in [
            ("memory = \"1 MiB\"", "memory: `1 MiB` is not a size from"),
            ("memory = \"2 GB\"", "memory: `2 GB`"),
            ("memory = \"+512 MiB\"", "memory: `+512 MiB`"),
            ("memory = \"99999999999999999999 MiB\"", "memory"),
            ("memory = 512", "expected a string"),
            ("tasks = 5", "tasks: `5` is not a number from 100"),
            ("spinning_after = \"1s\"", "spinning_after: `1s` is not a time from `4s`"),
            ("spinning_after = \"10\"", "spinning_after: `10`"),
            ("spinning = \"ask\"", "unknown variant `ask`"),
            ("network = true", "unknown field `network`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
