//! Processes as `/proc` shows them: who descends from whom, who still lives, and an end for them.
//! A number alone is no process, since numbers are used again: each is known by its number and
//! the moment it started.

use std::{fs, io, time::Duration};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::wait::until;

/// A process that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number, as this process sees it.
    pub pid: u32,
    /// The file name of the program, by its first argument.
    pub name: String,
    parent: u32,
    /// Clock ticks since the machine started.
    started: u64,
}

impl Process {
    /// The process with this number, where it lives.
    #[must_use]
    pub fn seen(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let living = Stat::parse(&stat)?;
        let name = name_of(pid).unwrap_or_else(|| living.command.to_owned());
        Some(Self { pid, name, parent: living.parent, started: living.started })
    }

    /// Whether it still runs. One that ended and waits for its parent to take notice does not.
    #[must_use]
    pub fn lives(&self) -> bool {
        Self::seen(self.pid).is_some_and(|now| now.started == self.started)
    }

    /// Ends it at once, with SIGKILL.
    ///
    /// # Errors
    /// Where this is not allowed. One that is gone already is none.
    pub fn kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL)
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// Where this is not allowed. A process that is gone already is none.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else {
            return Ok(());
        };
        let sent = pidfd_open(pid, PidfdFlags::empty()).and_then(|held| {
            // Once it is held, its number goes to no other.
            if self.lives() { pidfd_send_signal(held, signal) } else { Ok(()) }
        });
        match sent {
            Err(rustix::io::Errno::SRCH) => Ok(()),
            sent => Ok(sent?),
        }
    }
}

/// All that descend from a process, whatever namespace they are in; not the process itself. Who
/// was handed to another parent because its own died is not among them.
#[must_use]
pub fn descendants(of: u32) -> Vec<Process> {
    let mut others = all();
    let mut found: Vec<Process> = Vec::new();
    loop {
        let is_child = |other: &mut Process| {
            other.parent == of || found.iter().any(|known| known.pid == other.parent)
        };
        let children: Vec<_> = others.extract_if(.., is_child).collect();
        if children.is_empty() {
            return found;
        }
        found.extend(children);
    }
}

/// Waits until none of them lives; says how long that took.
///
/// # Errors
/// Those that still live when `limit` has passed.
pub fn wait_until_gone(them: &[Process], limit: Duration) -> Result<Duration, Vec<Process>> {
    let gone = until(limit, || !them.iter().any(Process::lives));
    gone.ok_or_else(|| them.iter().filter(|process| process.lives()).cloned().collect())
}

fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names.filter_map(|name| Process::seen(name.parse().ok()?)).collect()
}

/// `/proc/PID/comm` has but fifteen letters.
fn name_of(pid: u32) -> Option<String> {
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let program = String::from_utf8_lossy(arguments.split(|byte| *byte == 0).next()?).into_owned();
    let name = program.rsplit('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// What is needed of a line of `/proc/PID/stat` (see proc(5)).
#[derive(Debug, PartialEq, Eq)]
struct Stat<'a> {
    command: &'a str,
    parent: u32,
    started: u64,
}

impl<'a> Stat<'a> {
    /// None for a process that has ended. The command may hold spaces and brackets of its own.
    fn parse(line: &'a str) -> Option<Self> {
        let (head, tail) = line.rsplit_once(')')?;
        let (_, command) = head.split_once('(')?;
        let mut fields = tail.split_whitespace();
        let state = fields.next()?;
        let parent = fields.next()?.parse().ok()?;
        // The start is field 22; the parent was field 4.
        let started = fields.nth(17)?.parse().ok()?;
        (!matches!(state, "Z" | "X")).then_some(Self { command, parent, started })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{self, Child, Command, Stdio};

    const LIMIT: Duration = Duration::from_secs(10);

    /// A shell with two children, one of them a shell with a child of its own.
    fn family() -> (Child, Vec<Process>) {
        let script = "sleep 1000 & sh -c 'sleep 1001; true' & wait";
        let parent = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).spawn().unwrap();
        let complete = || {
            let found = descendants(parent.id());
            (found.iter().filter(|process| process.name == "sleep").count() == 2).then_some(found)
        };
        let (found, _) = crate::wait::until_some(LIMIT, complete).unwrap();
        (parent, found)
    }

    #[test]
    fn descendants_are_all_of_them_and_nobody_else() {
        let (mut parent, mut found) = family();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<_> = found.iter().map(|process| process.name.as_str()).collect();
        assert_eq!(names, ["sh", "sleep", "sleep"]);
        assert!(found.iter().all(|process| process.pid != parent.id()));
        assert!(descendants(process::id()).iter().any(|process| process.pid == parent.id()));

        assert!(wait_until_gone(&found, Duration::ZERO).is_err());
        for process in &found {
            process.kill().unwrap();
            process.kill().unwrap();
        }
        assert!(wait_until_gone(&found, LIMIT).unwrap() < LIMIT);
        parent.wait().unwrap();
    }

    #[test]
    fn a_number_that_was_used_again_is_another_process() {
        let me = Process::seen(process::id()).unwrap();
        assert!(me.lives());
        let before_me = Process { started: me.started.wrapping_sub(1), ..me };
        assert!(!before_me.lives());
        before_me.kill().unwrap();
    }

    #[test]
    fn one_that_ended_is_gone_before_its_parent_takes_notice() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let process = Process::seen(child.id()).unwrap();
        process.kill().unwrap();
        wait_until_gone(&[process], LIMIT).unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_line_of_stat_is_read_from_its_last_bracket() {
        let tail = "S 7 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 99 99";
        for (line, expected) in [
            (format!("12 (sh) {tail}"), Some(("sh", 7, 4711))),
            (format!("12 (a) Z 1 (b) {tail}"), Some(("a) Z 1 (b", 7, 4711))),
            (format!("12 (sh) {}", tail.replacen('S', "Z", 1)), None),
            ("12 (sh) S 7 1".to_owned(), None),
            (String::new(), None),
        ] {
            let seen = Stat::parse(&line).map(|stat| (stat.command, stat.parent, stat.started));
            assert_eq!(seen, expected, "{line}");
        }
    }
}
