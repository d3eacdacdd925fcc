//! How much a host and all that descends from it take up, read from `/proc` once a second: the
//! bound on memory wherever there is no control group, and on tasks wherever the host has no
//! namespace of users that counts them.
//!
//! Counted is what is not a file's: private memory, and shared memory for each process that has it
//! mapped. Libraries are the same pages for all. Memory that nobody has mapped is not seen here.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::needs::Needs;
use super::socket::Pid;

/// How often it is looked at: as long as it takes to fill a few hundred MiB, at some three
/// milliseconds of a look on a desktop.
const EVERY: Duration = Duration::from_secs(1);

/// What a host took when it was over its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Over {
    /// Of memory.
    #[error("it takes {} MiB of memory and may take {}", taken >> 20, most >> 20)]
    Memory {
        /// Bytes.
        taken: u64,
        /// Bytes.
        most: u64,
    },
    /// Of processes.
    #[error("it has {taken} processes and threads and may have {most}")]
    Tasks {
        /// How many.
        taken: u64,
        /// How many.
        most: u64,
    },
}

/// Looks again and again at what descends from `started`, until that is over what it needs.
pub(crate) async fn until_over(started: Pid, needs: &Needs) -> Over {
    let bounds = (needs.memory, u64::from(needs.profile.tasks));
    loop {
        tokio::time::sleep(EVERY).await;
        // Of its own thread: a look takes milliseconds, and calls are waiting.
        let look = tokio::task::spawn_blocking(move || Usage::of(started)).await;
        if let Some(over) = look.ok().and_then(|usage| usage.over(bounds)) {
            return over;
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Usage {
    memory: u64,
    tasks: u64,
}

impl Usage {
    fn of(started: Pid) -> Self {
        let mut usage = Self::default();
        for pid in everybody(started) {
            // One that ended meanwhile takes nothing.
            if let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) {
                usage.add(&status);
            }
        }
        usage
    }

    /// Adds one process, by its `/proc/…/status`.
    fn add(&mut self, status: &str) {
        let field = |name: &str| -> u64 {
            let found = status.lines().find_map(|line| line.strip_prefix(name));
            let number = found.and_then(|value| value.split_whitespace().next());
            number.and_then(|number| number.parse().ok()).unwrap_or(0)
        };
        let kibibytes = field("RssAnon:").saturating_add(field("RssShmem:"));
        self.memory = self.memory.saturating_add(kibibytes.saturating_mul(1 << 10));
        self.tasks = self.tasks.saturating_add(field("Threads:"));
    }

    fn over(self, (memory, tasks): (u64, u64)) -> Option<Over> {
        if self.memory > memory {
            return Some(Over::Memory { taken: self.memory, most: memory });
        }
        (self.tasks > tasks).then_some(Over::Tasks { taken: self.tasks, most: tasks })
    }
}

/// A process and all that descend from it, by what this kernel has to offer.
fn everybody(started: Pid) -> Vec<Pid> {
    if Path::new("/proc/thread-self/children").exists() {
        return family(started, children);
    }
    let all = children_by_parent();
    family(started, |pid| all.get(&pid).cloned().unwrap_or_default())
}

/// A process and all that descend from it.
fn family(started: Pid, children: impl Fn(Pid) -> Vec<Pid>) -> Vec<Pid> {
    let mut found = vec![started];
    let mut next = 0;
    while let Some(one) = found.get(next) {
        found.extend(children(*one));
        next = next.saturating_add(1);
    }
    found
}

/// The children of a process, by each of its threads; who ended meanwhile has none.
fn children(pid: Pid) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.map(|thread| fs::read_to_string(thread.path().join("children")));
    let numbers = |list: String| -> Vec<Pid> {
        list.split_whitespace().filter_map(|number| number.parse().ok()).collect()
    };
    lists.flat_map(|list| list.map(numbers).unwrap_or_default()).collect()
}

/// The same where the kernel keeps no lists: everybody's parents are looked at, once.
fn children_by_parent() -> HashMap<Pid, Vec<Pid>> {
    let mut children: HashMap<Pid, Vec<Pid>> = HashMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if let Some(parent) = parent(&stat) {
            children.entry(parent).or_default().push(pid);
        }
    }
    children
}

/// The parent in a line of `/proc/…/stat`. The name of the program, in brackets, may hold any.
fn parent(stat: &str) -> Option<Pid> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_all_that_descends() {
        let all = HashMap::from([(1, vec![2, 9]), (2, vec![3, 4]), (4, vec![5])]);
        let children = |pid: Pid| all.get(&pid).cloned().unwrap_or_default();
        assert_eq!(family(2, children), [2, 3, 4, 5]);
        assert_eq!(family(7, children), [7]);
    }

    #[test]
    fn both_ways_of_finding_a_child_find_it() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = Pid::try_from(child.id()).unwrap();
        let myself = rustix::process::getpid().as_raw_nonzero().get();
        assert!(children_by_parent().get(&myself).is_some_and(|found| found.contains(&pid)));
        assert!(everybody(myself).contains(&pid));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_parent_is_found_behind_any_name() {
        assert_eq!(parent("7 (web) S 3 7 7"), Some(3));
        assert_eq!(parent("7 (a) S 9) S 3 7 7"), Some(3));
        assert_eq!(parent(""), None);
    }

    #[test]
    fn a_bound_is_met_by_what_is_over_it() {
        let mut usage = Usage::default();
        usage.add("VmRSS:\t900 kB\nRssAnon:\t 100 kB\nRssFile:\t 700 kB\nRssShmem:\t 100 kB\nThreads:\t3\n");
        usage.add("Name:\tzombie\n");
        assert_eq!(usage, Usage { memory: 200 << 10, tasks: 3 });
        assert_eq!(usage.over((200 << 10, 3)), None);
        assert!(matches!(usage.over((199 << 10, 3)), Some(Over::Memory { .. })));
        assert_eq!(usage.over((200 << 10, 2)), Some(Over::Tasks { taken: 3, most: 2 }));
    }

    #[test]
    fn this_process_is_somebody() {
        let usage = Usage::of(rustix::process::getpid().as_raw_nonzero().get());
        assert!(usage.memory > 1 << 16 && usage.tasks >= 1, "{usage:?}");
    }
}
