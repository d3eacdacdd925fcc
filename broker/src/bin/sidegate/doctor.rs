//! `sidegate doctor`: which sandbox this machine has for a host, and what to do about what is
//! missing. What is found is found by starting one; the advice is for people.

use std::fmt::Write;

use serde_json::json;

use crate::report::{self, Outcome, Unusable};

/// The level that an app gets unless it asks for less.
const WANTED: &str = "A";

/// How the words begin that say that there is no control group, and what gives one.
const BROKER: &str = "the broker";
const DELEGATE: &str =
    "start the app in a group of its own: `systemd-run --user --scope -p Delegate=yes …`";

/// Says which sandbox level the hosts of an app reach on this machine, and what is missing
#[derive(clap::Args)]
#[command(after_help = "\
Levels: A, namespaces and filters around the host and WebKit's own sandbox within; B, the same \
without WebKit's own; C, filters alone, which leaves other programs' sockets in reach.

Exit status: 0 when hosts reach level A, 1 when they reach less or do not start, 2 when no host \
can be tried.

Examples:
  sidegate doctor
  sidegate doctor --json")]
pub(crate) struct Doctor {
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// What was found.
struct Found {
    level: Option<String>,
    missing: Vec<String>,
    /// What bounds a host's memory and processes.
    bounded_by: String,
    warnings: Vec<String>,
}

impl Doctor {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let found = look()?;
        let holds = found.level.as_deref() == Some(WANTED);
        let text = if self.json { found.report(holds) } else { found.in_words() };
        report::print(text)?;
        Ok(Outcome::of(holds))
    }
}

impl Found {
    fn report(&self, ok: bool) -> String {
        let missing: Vec<_> =
            self.missing.iter().map(|what| json!({ "what": what, "help": advice(what) })).collect();
        let report = json!({
            "ok": ok, "level": self.level, "wanted": WANTED, "missing": missing,
            "bounded_by": self.bounded_by, "warnings": self.warnings,
        });
        format!("{report}\n")
    }

    fn in_words(&self) -> String {
        let mut text = String::new();
        let said = match self.level.as_deref() {
            Some("A") => "sandbox level A: all of it stands",
            Some("B") => "sandbox level B: WebKit's own sandbox does not stand inside",
            Some("C") => "sandbox level C: filters without namespaces, degraded",
            Some(_) => "no sandbox: a host is a process like any other",
            None => "no host starts",
        };
        let _infallible = writeln!(text, "{said}");
        for what in &self.missing {
            let _infallible = writeln!(text, "  missing: {what}");
            if let Some(help) = advice(what) {
                let _infallible = writeln!(text, "     help: {help}");
            }
        }
        let _infallible = writeln!(text, "memory and processes are bounded by {}", self.bounded_by);
        if self.bounded_by.starts_with(BROKER) {
            let _infallible = writeln!(text, "     help: {DELEGATE}");
        }
        for warning in &self.warnings {
            let _infallible = writeln!(text, "warning: {warning}");
        }
        text
    }
}

#[cfg(target_os = "linux")]
fn look() -> Result<Found, Unusable> {
    // A host ends with the thread that started it: one thread for all.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(sidegate::examine()).map_err(Unusable::new)?;
    let sidegate::Examination { missing, bounded_by, warnings, .. } = found;
    let level = found.level.map(|level| level.to_string());
    Ok(Found { level, missing, bounded_by, warnings })
}

#[cfg(not(target_os = "linux"))]
fn look() -> Result<Found, Unusable> {
    let missing = vec!["this platform has no sandbox that a host could stand in".to_owned()];
    let bounded_by = "nobody".to_owned();
    Ok(Found { level: None, missing, bounded_by, warnings: Vec::new() })
}

/// What helps, by the words of what is missing: bubblewrap's, Landlock's and the host's own.
fn advice(missing: &str) -> Option<&'static str> {
    let table = [
        ("is not installed", "install the package `bubblewrap`, which puts `bwrap` into /usr/bin"),
        (
            "no display",
            "run it in a desktop session, or under a private server: `xvfb-run sidegate doctor`",
        ),
        (
            "Landlock",
            "a kernel of 6.12 or later, with `landlock` in the list of `/sys/kernel/security/lsm`",
        ),
        (
            "namespace",
            "allow user namespaces: `sysctl user.max_user_namespaces` above 0, \
             `kernel.unprivileged_userns_clone` 1 (Debian), \
             `kernel.apparmor_restrict_unprivileged_userns` 0 or a profile for bwrap (Ubuntu); \
             in a container, a profile that lets `unshare` and `mount` pass",
        ),
        (
            "Operation not permitted",
            "something around this process forbids mounts or namespaces: in a container, a \
             profile that lets `unshare` and `mount` pass, and a /proc that is not masked",
        ),
    ];
    table.into_iter().find(|(words, _)| missing.contains(words)).map(|(_, help)| help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_has_its_remedy() {
        for (missing, begins) in [
            ("level A: bubblewrap (`bwrap`) is not installed", Some("install")),
            ("no display: neither WAYLAND_DISPLAY nor DISPLAY names a server", Some("run it in")),
            ("bwrap: Creating new namespace failed: Operation not permitted", Some("allow user")),
            ("bwrap: Can't mount proc: Operation not permitted", Some("something around")),
            ("Landlock is NotEnforced on files: a newer kernel is needed", Some("a kernel")),
            ("the dog ate it", None),
        ] {
            let help = advice(missing);
            assert_eq!(help.is_some(), begins.is_some(), "{missing}");
            assert!(help.unwrap_or_default().starts_with(begins.unwrap_or_default()), "{missing}");
        }
    }

    #[test]
    fn each_level_is_said_in_words() {
        for (level, words) in [
            (Some("A"), "sandbox level A"),
            (Some("B"), "sandbox level B"),
            (Some("C"), "degraded"),
            (Some("none"), "no sandbox"),
            (None, "no host starts"),
        ] {
            let missing = vec!["`bwrap` is not installed".to_owned()];
            let level = level.map(String::from);
            let bounded_by = "the broker, which looks on".to_owned();
            let warnings = vec!["bubblewrap is old".to_owned()];
            let text = Found { level, missing, bounded_by, warnings }.in_words();
            assert!(text.contains(words), "{text}");
            assert!(text.contains("Delegate=yes") && text.ends_with("is old\n"), "{text}");
            assert_eq!(text.lines().count(), 6, "{text}");
        }
    }
}
