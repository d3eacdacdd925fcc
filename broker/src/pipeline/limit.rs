//! Limit: how much of it at once. Counted in calls and bytes, never in time that the machine's
//! load could stretch; the tightest of the rules that name the command holds.

use sidegate_capabilities::{CommandName, Limits};

use super::authenticate::Authenticated;
use super::refusal::Limited;
use super::{Refusal, Stopped};
use crate::clock::Moment;
use crate::limits::Buckets;
use crate::session::{Bearer, InFlight, StartError};
use crate::wire::Calls;

/// A call within its limits; it counts as in flight from here to its reply.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(super) call: Authenticated,
    pub(super) in_flight: InFlight,
}

pub(super) fn limit(
    buckets: &Buckets,
    call: Authenticated,
    now: Moment,
) -> Result<Admitted, Box<Stopped>> {
    let limits = call.standing.limits(&call.command);
    match check(buckets, &call, &limits, now) {
        Ok(in_flight) => Ok(Admitted { call, in_flight }),
        Err(refusal) => Err(Stopped::new(call.trail, refusal)),
    }
}

fn check(
    buckets: &Buckets,
    call: &Authenticated,
    limits: &Limits,
    now: Moment,
) -> Result<InFlight, Refusal> {
    if limits.bytes.is_some_and(|most| call.bytes > most) {
        return Err(Limited::Bytes.into());
    }
    let in_flight = start(&call.bearer, call.call, &call.command, limits)?;
    // The rate goes last, so that a call refused for another reason costs none of it.
    if let Some(rate) = limits.rate {
        let label = &call.bearer.identity().label;
        let bucket = buckets.of(label, &call.command);
        if !bucket.is_some_and(|bucket| bucket.take(rate, now)) {
            return Err(Limited::Rate.into());
        }
    }
    Ok(in_flight)
}

fn start(
    bearer: &Bearer,
    call: u64,
    command: &CommandName,
    limits: &Limits,
) -> Result<InFlight, Refusal> {
    let most = limits.in_flight.and_then(|most| usize::try_from(most).ok());
    bearer.start(call, command, Calls::MAX_IN_FLIGHT, most).map_err(|error| match error {
        StartError::Revoked => Refusal::Revoked,
        StartError::TooMany => Limited::DocumentInFlight.into(),
        StartError::TooManyOfCommand => Limited::CommandInFlight.into(),
    })
}
