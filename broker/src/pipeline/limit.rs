//! Limit: how much of it at once. Counted in calls and bytes, never in time that the machine's
//! load could stretch; the tightest of the rules that name the command holds.

use sidegate_capabilities::Limits;

use super::authenticate::Authenticated;
use super::refusal::Limited;
use super::{Pipeline, Refusal, Stopped};
use crate::clock::{Moment, Now};
use crate::session::{Impostor, InFlight, StartError};
use crate::wire::Calls;

/// A call within its limits; it counts as in flight from here to its reply.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(super) call: Box<Authenticated>,
    pub(super) in_flight: InFlight,
    /// No other stage can name it, so none can make one.
    _limited: (),
}

pub(super) fn limit(
    pipeline: &Pipeline,
    call: Box<Authenticated>,
    now: Now,
) -> Result<Admitted, Box<Stopped>> {
    let limits = call.standing.limits(&call.command);
    let in_flight = match check(pipeline, &call, &limits, now.moment) {
        Ok(in_flight) => in_flight,
        Err(refusal) => return Err(Stopped::new(call.trail, refusal)),
    };
    if in_flight.is_behind(call.standing.epoch()) {
        // Another policy came into force since this call took its own, and nobody will hold it
        // against that one any more. It is decided as it began, and may be stopped like any other.
        call.bearer.review(&pipeline.force.load().policies, now);
    }
    Ok(Admitted { call, in_flight, _limited: () })
}

fn check(
    pipeline: &Pipeline,
    call: &Authenticated,
    limits: &Limits,
    now: Moment,
) -> Result<InFlight, Refusal> {
    // What a call has said counts for its host as long as it goes on, and a stream may go on for
    // ever.
    let most = limits.bytes.unwrap_or(u64::MAX);
    let most = if call.shape.stream { most.min(Calls::MAX_STREAM_CALL) } else { most };
    if call.bytes > most {
        return Err(Limited::Bytes.into());
    }
    let in_flight = start(pipeline, call, limits)?;
    // The rate goes last, so that a call refused for another reason costs none of it.
    rate(pipeline, call, limits, now)?;
    Ok(in_flight)
}

/// Takes the call off its rate, where it has one.
fn rate(
    pipeline: &Pipeline,
    call: &Authenticated,
    limits: &Limits,
    now: Moment,
) -> Result<(), Refusal> {
    let Some(rate) = limits.rate else { return Ok(()) };
    let label = &call.bearer.identity().label;
    let has_room = pipeline.buckets.take(label, &call.command, rate, now);
    if has_room { Ok(()) } else { Err(Limited::Rate.into()) }
}

fn start(pipeline: &Pipeline, call: &Authenticated, limits: &Limits) -> Result<InFlight, Refusal> {
    let pass = pipeline.gate.enter().ok_or(Refusal::Closing)?;
    let Authenticated { bearer, command, args, .. } = call;
    let most = limits.in_flight.and_then(|most| usize::try_from(most).ok());
    let started = bearer.start((call.call, pass), (command, args), Calls::MAX_IN_FLIGHT, most);
    started.map_err(|error| match error {
        StartError::Revoked => Refusal::Revoked,
        StartError::TooMany => Limited::DocumentInFlight.into(),
        StartError::TooManyOfCommand => Limited::CommandInFlight.into(),
        StartError::Again => Impostor::Replayed.into(),
    })
}
