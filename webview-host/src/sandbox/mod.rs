//! The sandbox: how a process gets into it, and what it closes behind itself.
//!
//! [`launch`] runs outside. It gives up the rights of the superuser, finds out by trial which
//! level this machine allows, and becomes bubblewrap, which starts the program anew inside.
//! [`enter`] is the first thing that the program does there: limits, Landlock, seccomp. Both
//! take any program, so that a probe can stand where a host stands.
//!
//! | level | outside | inside | WebKit's own sandbox |
//! | --- | --- | --- | --- |
//! | A | bubblewrap | Landlock (network, signals, abstract sockets), seccomp | nested |
//! | B | bubblewrap, no further user namespaces | Landlock on files too, a stricter seccomp | off |
//! | C | nothing | as B | off |
//!
//! What a host is given beyond that stands in its profile ([`HostProfile`](sidegate::wire::HostProfile)):
//! the network, whose walls are then Landlock's and the filter's alone; the graphics card.
//!
//! The report says what was set up; whoever has to rely on it reads `/proc`.

mod bubblewrap;
mod cookie;
mod display;
mod environment;
mod given;
mod landlock;
mod level;
mod limits;
mod program;
mod seccomp;
mod unprivileged;

use std::convert::Infallible;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use sidegate::wire::{HostReport, PROTOCOL, SandboxLevel};

use crate::arguments::{Arguments, Inside};
use display::Display;
use environment::Variable;
use program::Program;

pub use environment::PASSED_ON;

/// Why a process does not start.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is nothing to show windows on, and so nothing to let through.
    #[error("no display: {0}")]
    Display(String),
    /// The superuser's rights could not be given up.
    #[error("cannot give up the superuser's rights: {0}")]
    Privileges(io::Error),
    /// The program cannot be read.
    #[error("cannot open `{0}`: {1}")]
    Program(String, io::Error),
    /// This machine allows less than was asked for.
    #[error("sandbox level {least} was asked for, and {reached} is what there is: {}", why.join("; "))]
    Level {
        /// The level asked for.
        least: SandboxLevel,
        /// The level that could be reached.
        reached: SandboxLevel,
        /// What stands in the way.
        why: Vec<String>,
    },
    /// The program could not be started in the sandbox.
    #[error("cannot start `{0}`: {1}")]
    Start(String, io::Error),
    /// A part of the sandbox that every level has could not be set up.
    #[error("cannot set up {0}: {1}")]
    Part(&'static str, String),
    /// The process was not started by [`launch`].
    #[error("not inside a sandbox")]
    Outside,
}

/// Starts `program` in the strongest sandbox within the bounds. It returns only with the
/// reason why not; otherwise this process has become the sandbox.
#[must_use]
pub fn launch(program: &Path, arguments: &Arguments) -> Refused {
    match try_launch(program, arguments) {
        Ok(never) => match never {},
        Err(refused) => refused,
    }
}

fn try_launch(program: &Path, arguments: &Arguments) -> Result<Infallible, Refused> {
    close_fds::set_fds_cloexec(3, &[]);
    let profile = &arguments.profile;
    let mut display = Display::find()?;
    if profile.has_network() {
        display.hide_behind_another_name();
    }
    let program = Program::open(program)?;
    unprivileged::become_nobody().map_err(Refused::Privileges)?;
    let found = level::find(arguments.bounds, &display, profile);
    if found.level < arguments.bounds.least {
        let least = arguments.bounds.least;
        return Err(Refused::Level { least, reached: found.level, why: found.missing });
    }
    let words = arguments.inside(found.level, &found.missing);
    let mut command = match found.bubblewrap {
        Some(bubblewrap) => bubblewrap.command(&program, &display, profile, &words)?,
        None => {
            let variables = environment::bare(&display, found.level, profile);
            bare(&program, variables, &words)
        }
    };
    Err(Refused::Start(program.name(), command.exec()))
}

/// The program without bubblewrap around it.
fn bare(program: &Program, variables: Vec<Variable>, words: &[OsString]) -> Command {
    let mut command = Command::new(program.path_to_run());
    command.args(words).env_clear().envs(variables);
    command
}

/// Closes what is still open, in the process that [`launch`] started. It has to come before
/// the first thread: what it sets binds this thread and what descends from it.
///
/// # Errors
/// A part that the level rests on could not be set up, or the level is below the least one.
pub fn enter(arguments: &Arguments) -> Result<HostReport, Refused> {
    let Inside { mut level, mut missing } = arguments.inside.clone().ok_or(Refused::Outside)?;
    let profile = &arguments.profile;
    limits::set(level, profile)
        .map_err(|error| Refused::Part("resource limits", error.to_string()))?;
    if level > SandboxLevel::None {
        let landlock = landlock::restrict(level, profile)
            .map_err(|error| Refused::Part("Landlock", error.to_string()))?;
        if level == SandboxLevel::C && !landlock.files {
            level = SandboxLevel::None;
        }
        missing.extend(landlock.missing);
        seccomp::restrict(level, profile)
            .map_err(|error| Refused::Part("seccomp", error.to_string()))?;
    }
    if level < arguments.bounds.least {
        return Err(Refused::Level { least: arguments.bounds.least, reached: level, why: missing });
    }
    Ok(HostReport { protocol: PROTOCOL, level, missing })
}
