//! Stages: a call taken along its way to one stage and no further, for the bench that says what each
//! of them takes. Nothing is dispatched here: what was not recorded has no way to a handler, and what
//! was recorded is dropped.

use std::sync::Arc;

use super::ask::{self, Asked};
use super::authenticate::{self, Known};
use super::{Frame, Pipeline, Stopped, Trail, decide, limit, receive, record};
use crate::clock::{Moment, Now};
use crate::windows::WindowPort;

/// How far a call is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is taken apart.
    Receive,
    /// Its sender is known, and its text is read.
    Authenticate,
    /// It is within its limits.
    Limit,
    /// It was decided.
    Decide,
    /// It is in the log.
    Record,
}

/// Takes one call as far as `last`; whether it came so far.
pub(crate) fn walk_to(
    pipeline: &Pipeline,
    frame: Frame<'_>,
    port: &Arc<dyn WindowPort>,
    last: Stage,
) -> bool {
    let now = Now::read();
    let trail = Trail::of(&frame, now.moment, pipeline.force.load());
    walk(pipeline, (frame, trail), port, now, last).is_ok_and(|came| came)
}

fn walk(
    pipeline: &Pipeline,
    (frame, trail): (Frame<'_>, Trail),
    port: &Arc<dyn WindowPort>,
    now: Now,
    last: Stage,
) -> Result<bool, Box<Stopped>> {
    let said = receive::receive(frame, trail)?;
    if last == Stage::Receive {
        return Ok(true);
    }
    let Known::Call(call) = authenticate::authenticate(pipeline, said, now)? else {
        return Ok(false);
    };
    if last == Stage::Authenticate {
        return Ok(true);
    }
    let admitted = limit::limit(pipeline, call, now)?;
    if last == Stage::Limit {
        return Ok(true);
    }
    let granted = decide::decide(pipeline, admitted, port)?;
    if last == Stage::Decide {
        return Ok(true);
    }
    // A call that the person has to be asked about goes no further here.
    let Asked::Confirmed(confirmed) = ask::ask(pipeline, granted)? else {
        return Ok(false);
    };
    let recorded = record::record(&pipeline.ledger, confirmed, Moment::now());
    recorded.map(|_recorded| true).map_err(|(stopped, _in_flight)| stopped)
}
