//! Which level this machine allows: found by trying it, each time anew. A kernel setting, a
//! security module, a container around us: what forbids a namespace has many names, and a
//! trial asks all of them.

use std::process::{Command, Stdio};

use sidegate::wire::{HostProfile, SandboxLevel};

use super::bubblewrap::Bubblewrap;
use super::display::Display;
use crate::arguments::Bounds;

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    /// The strongest level whose outer part can stand.
    pub(super) level: SandboxLevel,
    /// What builds it; nothing at the levels below B.
    pub(super) bubblewrap: Option<Bubblewrap>,
    /// Why it is not a higher level, a line each.
    pub(super) missing: Vec<String>,
}

/// Tries the levels from the strongest downwards.
pub(super) fn find(bounds: Bounds, display: &Display, profile: &HostProfile) -> Found {
    let mut missing = Vec::new();
    for level in [SandboxLevel::A, SandboxLevel::B] {
        if level > bounds.most {
            missing.push(format!("level {level} was not asked for"));
            continue;
        }
        match try_bubblewrap(level, display, profile) {
            Ok(bubblewrap) => {
                return Found { level, bubblewrap: Some(bubblewrap), missing };
            }
            Err(why) => missing.push(format!("level {level}: {why}")),
        }
    }
    let level = bounds.most.min(SandboxLevel::C);
    Found { level, bubblewrap: None, missing }
}

fn try_bubblewrap(
    level: SandboxLevel,
    display: &Display,
    profile: &HostProfile,
) -> Result<Bubblewrap, String> {
    let bubblewrap = Bubblewrap::find(level).ok_or("bubblewrap (`bwrap`) is not installed")?;
    succeeds(bubblewrap.trial(display, profile))?;
    Ok(bubblewrap)
}

fn succeeds(mut command: Command) -> Result<(), String> {
    let ended = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let line = said.lines().last().unwrap_or("no reason given");
    Err(format!("{line} ({})", ended.status))
}
