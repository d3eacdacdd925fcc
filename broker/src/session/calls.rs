//! The calls in flight of one session: how many there are, which token each was made with, what each
//! asked for, and how it is stopped.
//!
//! Starting a call and stopping what it is made with take the same lock, and a call runs only
//! through its [`Valve`]; so nothing starts after [`CallsInFlight::shut`] or
//! [`CallsInFlight::close`] returned, and nothing runs once [`Stopped::settle`] has. Each call has
//! one outcome, which its valve holds: it is answered, or it is stopped, whichever came first.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use sidegate_capabilities::{Args, CommandName};

use super::attenuation::Attenuation;
use super::gate::Pass;
use super::valve::{Reached, Stop, Valve};
use crate::clock::Moment;
use crate::sync::{Mutex, MutexGuard};

/// How many narrowed tokens of a session are remembered as revoked. One more, and the whole session
/// is revoked: to forget one would be to give it back. Half of them are enough for what a page takes
/// back of its delegations; one that has expired is forgotten.
pub(crate) const MAX_REVOKED: usize = 2 * super::MAX_DELEGATIONS;

/// How long an expired token is still remembered as revoked: a call that was judged just before its
/// end starts within microseconds of that.
pub(super) const STILL_STARTING: Duration = Duration::from_secs(10);

/// What a document reaches for without a call is in flight under its host's number and this bit,
/// which no number of a page's call has: a page can neither cancel it nor be in its way.
const WISH: u64 = 1 << 63;

/// How many such wishes a document may have in flight: more than the person is asked about of one
/// window, and few enough that what they hold is nothing.
pub(crate) const MAX_WISHES: usize = 8;

/// Under what a wish is in flight to which its host gave this number.
pub(crate) fn wish(number: u64) -> u64 {
    number | WISH
}

/// Which token a call was made with.
#[derive(Debug, Clone)]
pub(crate) struct Lineage {
    pub(super) generation: u32,
    pub(super) attenuation: Option<Arc<Attenuation>>,
}

/// Whose calls are meant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose<'a> {
    /// All of the session's, and the session ends.
    All,
    /// Those with this narrowed token, and with what was narrowed from it; it is then.
    Narrowed(&'a Lineage, Moment),
}

/// Why a call was not started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartError {
    /// The session, or the token, was revoked in the meantime.
    Revoked,
    /// As many calls as a document may have are in flight.
    TooMany,
    /// As many calls of this command as it may have are in flight.
    TooManyOfCommand,
    /// A wish of this number is in flight.
    Again,
}

/// Whether the person is asked about a call, or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WasAsked(pub(crate) bool);

/// A call that was stopped by a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) call: u64,
    pub(crate) command: CommandName,
    pub(crate) why: Stop,
    pub(crate) reached: Reached,
}

/// The calls of a session that have started and not ended.
#[derive(Debug, Default)]
pub(crate) struct CallsInFlight {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    revoked: Vec<Lineage>,
    /// The epoch of the last policy that the calls were held against.
    reviewed: u64,
    /// At most so many as a document may have, so that to look through them takes less than a map.
    calls: Vec<Running>,
    /// How many of them are wishes.
    wishes: usize,
}

#[derive(Debug)]
struct Running {
    id: u64,
    command: CommandName,
    /// What it asked for: for the question whether another policy allows it.
    args: Args,
    lineage: Lineage,
    valve: Arc<Valve>,
}

impl Lineage {
    /// Whether it is `other`, or was narrowed from it. What a token says is a run of whole caveats, and
    /// both have been found to be genuine: the one that begins with the other comes from it.
    pub(super) fn comes_from(&self, other: &Self) -> bool {
        let Some(theirs) = &other.attenuation else {
            // A root is renewed, and its calls stay its own.
            return true;
        };
        let Some(mine) = &self.attenuation else {
            return false;
        };
        self.generation == other.generation && mine.caveats().begins_with(theirs.caveats())
    }

    /// Whether its token has been over for so long.
    fn has_been_over(&self, long: Duration, now: Moment) -> bool {
        let ends = self.attenuation.as_ref().and_then(|attenuation| attenuation.ends());
        ends.is_some_and(|end| now >= end.after(long))
    }
}

impl Running {
    /// Stops it, unless it was stopped or answered before.
    fn stop(&self, why: Stop) -> bool {
        let stops = self.valve.shut(why);
        self.wake_if(stops)
    }

    /// The same, and what it was answered is taken back.
    fn take_back(&self, why: Stop) -> bool {
        let takes = self.valve.take_back(why);
        self.wake_if(takes)
    }

    /// The valve is shut before anybody wakes.
    fn wake_if(&self, stopped: bool) -> bool {
        if stopped {
            self.valve.end();
        }
        stopped
    }
}

impl CallsInFlight {
    /// Starts call `id` of `command` with `args`, unless the session is closed, its token revoked,
    /// `most` calls are in flight, or `most_of_command` of this command. Of a [`wish`] there are
    /// [`MAX_WISHES`] whatever `most` says, and they do not count among the calls.
    pub(crate) fn start(
        &self,
        (id, lineage, pass): (u64, Lineage, Pass),
        (command, args): (&CommandName, &Args),
        most: usize,
        most_of_command: Option<usize>,
    ) -> Result<InFlight, StartError> {
        let mut state = lock(&self.state);
        if state.forbids(&lineage) {
            return Err(StartError::Revoked);
        }
        let is_wish = id & WISH != 0;
        // A page's numbers were held against each other before; a host's were not, and one that is
        // there twice could not be stopped.
        if is_wish && state.find(id).is_some() {
            return Err(StartError::Again);
        }
        let others = state.calls.len().saturating_sub(state.wishes);
        let (mine, most) = if is_wish { (state.wishes, MAX_WISHES) } else { (others, most) };
        if mine >= most {
            return Err(StartError::TooMany);
        }
        if let Some(most) = most_of_command {
            let running = state.calls.iter().filter(|other| other.command == *command).count();
            if running >= most {
                return Err(StartError::TooManyOfCommand);
            }
        }
        let valve = Arc::new(Valve::default());
        state.calls.push(Running {
            id,
            command: command.clone(),
            args: args.clone(),
            lineage,
            valve: Arc::clone(&valve),
        });
        state.wishes = state.wishes.saturating_add(usize::from(is_wish));
        let (reviewed, state) = (state.reviewed, Arc::clone(&self.state));
        Ok(InFlight { id, reviewed, valve, state, _pass: pass })
    }

    /// Stops call `id` for its page, if it was made with the token of `by` or one narrowed from it; a
    /// call that has ended already, or never was, is no error.
    pub(crate) fn cancel(&self, id: u64, by: &Lineage) -> bool {
        let state = lock(&self.state);
        let call = state.find(id).filter(|call| call.lineage.comes_from(by));
        call.is_some_and(|call| call.stop(Stop::ByPage))
    }

    /// Stops every call that is not `allowed` under the policy of `epoch`; how many those were. A
    /// call that starts later under an older policy sees that it has to be held against this one.
    pub(crate) fn review(
        &self,
        epoch: u64,
        allowed: impl Fn(&CommandName, &Args, WasAsked) -> bool,
    ) -> usize {
        let mut state = lock(&self.state);
        state.reviewed = state.reviewed.max(epoch);
        let open = state.calls.iter().filter(|call| call.valve.is_open());
        let allowed = |call: &&Running| {
            allowed(&call.command, &call.args, WasAsked(call.valve.was_asked_about()))
        };
        let denied = open.filter(|call| !allowed(call));
        denied.filter(|call| call.stop(Stop::PolicyChanged)).count()
    }

    /// Stops every call and lets none start again. What was answered stays so.
    pub(crate) fn close(&self, why: Stop) {
        let mut state = lock(&self.state);
        state.closed = true;
        for call in &state.calls {
            call.stop(why);
        }
    }

    /// Both halves of a revocation: what the calls have come to is known by `end` at the latest.
    #[cfg(test)]
    pub(crate) fn revoke(&self, whose: Whose<'_>, end: Instant) -> Vec<Ended> {
        self.shut(whose, Stop::Revoked).settle(end)
    }

    /// Stops the calls that are meant, takes back what was answered and is not on its way yet, and
    /// lets none like them start again. They are not waited for yet.
    pub(super) fn shut(&self, whose: Whose<'_>, why: Stop) -> Stopped {
        let mut state = lock(&self.state);
        let (whose, again) = state.forbid(whose);
        let meant = state.calls.iter().filter(|call| match whose {
            Whose::All => true,
            Whose::Narrowed(from, _) => call.lineage.comes_from(from),
        });
        let mut stopped = Stopped { why, again, calls: Vec::new(), before: Vec::new() };
        for call in meant {
            let valve = Arc::clone(&call.valve);
            if call.take_back(why) {
                stopped.calls.push((call.id, call.command.clone(), valve));
            } else {
                stopped.before.push(valve);
            }
        }
        stopped
    }

    /// The valves of the calls that were stopped, by whomever, and are not off the list yet: a piece of
    /// them may be running.
    pub(super) fn stopped(&self) -> Vec<Arc<Valve>> {
        let state = lock(&self.state);
        let stopped = state.calls.iter().filter(|call| call.valve.stop().is_some());
        stopped.map(|call| Arc::clone(&call.valve)).collect()
    }

    /// Whether call `id` is in flight and was made with no token of `by`, nor one narrowed from it.
    pub(super) fn is_anothers(&self, id: u64, by: &Lineage) -> bool {
        lock(&self.state).find(id).is_some_and(|call| !call.lineage.comes_from(by))
    }

    /// Whether a token was revoked, by itself or with what it comes from.
    pub(super) fn forbids(&self, lineage: &Lineage) -> bool {
        lock(&self.state).forbids(lineage)
    }

    /// Whether the session was revoked.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }
}

/// Calls that were stopped, and may have a piece running.
#[must_use]
pub(super) struct Stopped {
    why: Stop,
    again: bool,
    calls: Vec<(u64, CommandName, Arc<Valve>)>,
    /// Those that somebody else had stopped, or answered, before.
    before: Vec<Arc<Valve>>,
}

impl Stopped {
    /// Whether all that this meant had been revoked before.
    pub(super) fn again(&self) -> bool {
        self.again
    }

    /// Waits for them, until `end` at the latest, and says what those came to that this stopped.
    /// Who had stopped the others may be waiting for them still, or never did.
    pub(super) fn settle(self, end: Instant) -> Vec<Ended> {
        let why = self.why;
        for valve in self.before {
            let _reached = valve.settle(end);
        }
        let settled = self.calls.into_iter().map(|(call, command, valve)| Ended {
            call: call & !WISH,
            command,
            why,
            reached: valve.settle(end),
        });
        settled.collect()
    }
}

impl State {
    fn find(&self, id: u64) -> Option<&Running> {
        self.calls.iter().find(|call| call.id == id)
    }

    fn forbids(&self, lineage: &Lineage) -> bool {
        self.closed || self.revoked.iter().any(|revoked| lineage.comes_from(revoked))
    }

    /// Forgets what is over by itself, and says whether there is room.
    fn remembers_less_than(&mut self, most: usize, now: Moment) -> bool {
        self.revoked.retain(|lineage| !lineage.has_been_over(STILL_STARTING, now));
        self.revoked.len() < most
    }

    /// Whose calls that comes to, and whether all of them were forbidden before.
    fn forbid<'w>(&mut self, whose: Whose<'w>) -> (Whose<'w>, bool) {
        match whose {
            Whose::Narrowed(from, _) if self.forbids(from) => (whose, true),
            Whose::Narrowed(from, now) if self.remembers_less_than(MAX_REVOKED, now) => {
                self.revoked.push(from.clone());
                (whose, false)
            }
            Whose::Narrowed(..) | Whose::All => {
                let again = std::mem::replace(&mut self.closed, true);
                self.revoked.clear();
                (Whose::All, again)
            }
        }
    }
}

/// One call in flight; it is taken off the list when this is dropped.
#[derive(Debug)]
pub(crate) struct InFlight {
    id: u64,
    reviewed: u64,
    valve: Arc<Valve>,
    state: Arc<Mutex<State>>,
    /// The broker that goes down waits for this one.
    _pass: Pass,
}

impl InFlight {
    /// Whether the session's calls were held against a later policy than that of `epoch` before
    /// this one started.
    pub(crate) fn is_behind(&self, epoch: u64) -> bool {
        self.reviewed > epoch
    }

    /// The number of the call.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Notes that the person is asked about it: a policy that has it asked does not stop it then.
    pub(crate) fn mark_asked_about(&self) {
        self.valve.ask_about();
    }

    /// What its handler runs through, and its answer.
    pub(crate) fn valve(&self) -> &Arc<Valve> {
        &self.valve
    }

    /// Waits until the call is to stop. Whoever keeps this for as long as something goes on that
    /// the call began, a stream say, learns here that it has to end.
    pub(crate) async fn stopped(&self) {
        self.valve.ended().await;
    }

    /// Why the call was stopped, if it was.
    pub(crate) fn why_stopped(&self) -> Option<Stop> {
        self.valve.stop()
    }

    /// How far its handler had come.
    pub(crate) fn reached(&self) -> Reached {
        self.valve.reached()
    }

    /// Answers the call: it cannot be stopped any more, or it was before. What it was answered can
    /// be taken back until it is handed over ([`Valve::hand_over`]).
    pub(crate) fn answer(&self) -> Result<(), Stop> {
        self.valve.answer()
    }

    /// Stops the call, since nobody waits for it any more; `Err` where it was stopped before.
    pub(crate) fn give_up(&self, why: Stop) -> Result<(), Stop> {
        if self.valve.shut(why) {
            self.valve.end();
            return Ok(());
        }
        self.why_stopped().map_or(Ok(()), Err)
    }

    /// Why the answer was taken back, if the call has one and it was.
    pub(crate) fn why_taken_back(&self) -> Option<Stop> {
        let (answered, stop) = self.valve.answered();
        stop.filter(|_| answered)
    }

    /// Ends the call, whose answer is handed over; `Err` where that was taken back. Nobody can take
    /// it back after this, so that who has it and what the log says of it are one.
    pub(crate) fn hand_over(self) -> Result<(), Stop> {
        self.valve.hand_over(|| ())
    }

    /// Over when the answer is taken back. A call that was stopped and not answered has nothing to
    /// take back: what its page is told of that, it is told.
    pub(crate) async fn taken_back(&self) -> Stop {
        if self.valve.answered().0 {
            self.stopped().await;
            if let Some(why) = self.why_taken_back() {
                return why;
            }
        }
        std::future::pending().await
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let ended = {
            let mut state = lock(&self.state);
            state.wishes = state.wishes.saturating_sub(usize::from(self.id & WISH != 0));
            let place = state.calls.iter().position(|call| call.id == self.id);
            place.map(|place| state.calls.swap_remove(place))
        };
        // What it asked for may be long, and the others need not wait until it is let go.
        drop(ended);
        // A handler that went on elsewhere, on a thread say, learns that nobody waits.
        self.valve.end();
    }
}

/// The map stays whole whatever panicked while it was held: each change of it is one step.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[cfg(feature = "models")]
mod models;
#[cfg(test)]
mod tests;
