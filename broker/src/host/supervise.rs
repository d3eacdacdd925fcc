//! Supervision: a host that dies is started again with its windows, after a growing pause; one
//! that dies again and again is given up, and said to be.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sidegate_capabilities::WindowLabel;
use tokio::sync::{mpsc, watch};

use super::cgroup::{self, Delegated};
use super::connection::{Connection, Ended};
use super::desk::Desk;
use super::group::Group;
use super::inspector::refuse_inspectors;
use super::life::Life;
use super::needs::Needs;
use super::output::{Output, Queued};
use super::process::{NOT_CONTAINED, Process, SpawnError, beside_this_binary};
use super::socket::{self, Pid, Socket};
use super::usage::until_over;
use crate::audit::{Event, HostState};
use crate::clock::Moment;
use crate::core::Core;
use crate::token::HostId;
use crate::wire::{SandboxLevel, ToHost};

/// The pauses before the next start, in seconds; the last one stays.
const PAUSES: [u64; 6] = [0, 1, 2, 4, 8, 30];

/// A host that ended more often than this within [`WINDOW`] is given up: what kills it that
/// often does so for a reason that another start does not mend.
const MAX_ENDS: usize = 5;

/// See [`MAX_ENDS`].
const WINDOW: Duration = Duration::from_secs(60);

/// How long a host may take to close its windows when it is asked to.
const QUIT_WITHIN: Duration = Duration::from_secs(2);

/// How long a host may take to end after it let go of its socket.
const HANG_UP_WITHIN: Duration = Duration::from_millis(100);

/// A host was given up; its windows stay closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the host of {group} was given up: {why}")]
pub(crate) struct GaveUp {
    /// Its windows.
    pub(crate) group: String,
    /// How its last try ended.
    pub(crate) why: String,
}

/// Becomes true when the app ends.
pub(crate) type Stop = watch::Receiver<bool>;

/// Keeps a host of `group` running until its windows are closed, or the app ends.
pub(crate) async fn supervise(
    core: Arc<Core>,
    mut group: Group,
    mut stop: Stop,
) -> Result<(), GaveUp> {
    let labels: Vec<_> = group.windows.iter().map(|window| window.label.clone()).collect();
    let ended = supervise_windows(&core, &mut group, &mut stop).await;
    core.windows.unmake(&labels);
    ended
}

async fn supervise_windows(
    core: &Arc<Core>,
    group: &mut Group,
    stop: &mut Stop,
) -> Result<(), GaveUp> {
    let mut ends = Ends::default();
    let mut addresses = HashMap::new();
    loop {
        let failed = match live_once(core, group, addresses, stop.clone()).await {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        let pause =
            if failed.is_final || core.once { None } else { ends.pause_after(Moment::now()) };
        let Some(pause) = pause else {
            return Err(give_up(core, group, failed.why));
        };
        // A page that takes its host along, wherever it is, is not loaded twice in a row.
        addresses = if pause.is_zero() { failed.addresses } else { HashMap::new() };
        tracing::warn!(windows = group.name, why = failed.why, ?pause, "starting a host again");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        }
    }
}

/// When a group's hosts ended, lately.
#[derive(Default)]
struct Ends(VecDeque<Moment>);

impl Ends {
    /// Notes an end; how long to wait before the next start, if there is to be one.
    fn pause_after(&mut self, now: Moment) -> Option<Duration> {
        self.0.push_back(now);
        self.0.retain(|end| now.since(*end) < WINDOW);
        let before = self.0.len().saturating_sub(1);
        let pause = PAUSES.get(before).or(PAUSES.last()).copied();
        pause.filter(|_| before < MAX_ENDS).map(Duration::from_secs)
    }
}

/// How one life of a host ended, where that was not in good order.
struct Failed {
    why: String,
    is_final: bool,
    /// Where its windows were.
    addresses: HashMap<WindowLabel, String>,
}

/// One life of a host. Windows that were closed in it are not in `group` afterwards.
async fn live_once(
    core: &Arc<Core>,
    group: &mut Group,
    addresses: HashMap<WindowLabel, String>,
    mut stop: Stop,
) -> Result<(), Failed> {
    let host = HostId(core.next_host.fetch_add(1, Ordering::Relaxed));
    // Before the first host is started: from then on this process is not alone in its group.
    let groups = cgroup::delegated().ok();
    let (socket, mut process) = start(core, &group.needs)?;
    let pid = process.pid();
    let held = groups.and_then(|groups| hold(groups, host, pid, &group.needs));
    note(core, host, pid, HostState::Started, None);
    let life = Life::default();
    let (output, queue) = Output::new(life.clone());
    let mut desk = Desk::new(Arc::clone(core), host, output.clone());
    desk.open_where_they_were(addresses);
    let mut connection = Connection::new(socket, pid, life);
    let ended = tokio::select! {
        ended = converse(core, host, &mut connection, &mut desk, group, queue) => Some(ended),
        over = until_over(pid, &group.needs) => Some(Ended::Over(over)),
        _ = stop.wait_for(|stop| *stop) => None,
    };
    group.windows.retain(|window| !desk.was_closed(&window.label));
    let why = ended.as_ref().map_or_else(|| "the app ends".to_owned(), ToString::to_string);
    let addresses = desk.addresses();
    desk.close(&why);
    let end = match &ended {
        None | Some(Ended::Done) => {
            // A host that is asked to quit closes its windows; one that does not, or cannot be
            // asked, is ended.
            let asked = output.send(&ToHost::Quit);
            process.end_within(asked.map_or(Duration::ZERO, |()| QUIT_WITHIN)).await
        }
        Some(Ended::HungUp) => process.end_within(HANG_UP_WITHIN).await,
        Some(_) => process.end_within(Duration::ZERO).await,
    };
    let said = process.last_words().map(|said| format!("; it said: {said}"));
    let why = match &ended {
        Some(Ended::HungUp) => match held.as_ref().and_then(cgroup::Group::met) {
            Some(met) => met.to_owned(),
            None => why + &said.unwrap_or_default(),
        },
        _ => why,
    };
    note(core, host, pid, end.state, Some(&why));
    match ended {
        None | Some(Ended::Done) => Ok(()),
        Some(ended) => {
            let is_final = ended.is_final() || end.code == Some(NOT_CONTAINED);
            Err(Failed { why, is_final, addresses })
        }
    }
}

fn start(core: &Core, needs: &Needs) -> Result<(Socket, Process), Failed> {
    if !core.debug {
        let names = std::env::vars_os().map(|(name, _)| name);
        refuse_inspectors(names).map_err(|inspected| Failed {
            why: inspected.to_string(),
            is_final: true,
            addresses: HashMap::new(),
        })?;
    }
    let binary = core.host_binary.clone().map_or_else(beside_this_binary, Ok)?;
    let pair = socket::pair().map_err(|error| SpawnError::Start { path: binary.clone(), error });
    let (ours, theirs) = pair?;
    let process = Process::start(&binary, theirs, core.least, &needs.profile, core.debug)?;
    Ok((ours, process))
}

impl From<SpawnError> for Failed {
    fn from(error: SpawnError) -> Self {
        let (why, is_final) = (error.to_string(), error.is_final());
        Self { why, is_final, addresses: HashMap::new() }
    }
}

/// Puts a host that was just started into a control group.
fn hold(groups: &Delegated, host: HostId, started: Pid, needs: &Needs) -> Option<cgroup::Group> {
    let held = groups.hold(host.0, started, needs);
    held.inspect_err(|error| tracing::warn!(%error, "a host has no control group")).ok()
}

/// Lets the host at the other end in, and serves it.
pub(super) async fn converse(
    core: &Arc<Core>,
    host: HostId,
    connection: &mut Connection,
    desk: &mut Desk,
    group: &Group,
    queue: mpsc::Receiver<Queued>,
) -> Ended {
    let profile = &group.needs.profile;
    let (pid, attested) = match connection.admit(core.least, profile).await {
        Ok(admitted) => admitted,
        Err(ended) => return ended,
    };
    let level = attested.level.to_string();
    if attested.level < SandboxLevel::B {
        tracing::warn!(windows = group.name, level, missing = ?attested.missing, "a degraded sandbox");
    }
    core.note(&Event::Host {
        host: host.0,
        pid: u32::try_from(pid).ok(),
        state: HostState::Attested,
        level: Some(&level),
        missing: &attested.missing,
        given: &profile.particulars(),
        why: None,
    });
    connection.serve(desk, &group.windows, queue).await
}

fn give_up(core: &Core, group: &Group, why: String) -> GaveUp {
    tracing::error!(windows = group.name, why, "a host was given up; its windows stay closed");
    core.note(&Event::Host {
        host: 0,
        pid: None,
        state: HostState::GivenUp,
        level: None,
        missing: &[],
        given: &[],
        why: Some(&why),
    });
    GaveUp { group: group.name.clone(), why }
}

fn note(core: &Core, host: HostId, pid: Pid, state: HostState, why: Option<&str>) {
    core.note(&Event::Host {
        host: host.0,
        pid: u32::try_from(pid).ok(),
        state,
        level: None,
        missing: &[],
        given: &[],
        why,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_and_then_there_is_none() {
        let mut ends = Ends::default();
        let second = |count: u64| Moment::from_nanos(count * 1_000_000_000);
        let pauses: Vec<_> = (0..6)
            .map(|count| ends.pause_after(second(count)).map(|pause| pause.as_secs()))
            .collect();
        assert_eq!(pauses, [Some(0), Some(1), Some(2), Some(4), Some(8), None]);
        assert_eq!(ends.pause_after(second(200)), Some(Duration::ZERO), "a minute of peace");
    }
}
