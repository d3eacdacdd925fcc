//! As the rest of the broker: hosts, peers, sessions.

use std::sync::Arc;

use crate::audit::Receipt;
use crate::handler::{Job, Service};
use crate::ledger::Ledger;
use crate::pipeline::{Due, Frame, Pipeline};
use crate::streams::Outlet;

/// Values that only another module makes.
#[cfg(forbidden = "made_up")]
mod made_up {
    use super::*;

    fn a_receipt() -> Receipt {
        Receipt { seq: 7 } //~ E0451
    }
}

/// What is asked of values that one has.
#[cfg(forbidden = "misused")]
mod misused {
    use super::*;

    /// Nobody else sees the stages at all.
    fn stages() {
        let _ = crate::pipeline::authenticate::authenticate; //~ E0603
        let _ = crate::pipeline::limit::limit; //~ E0603
        let _ = crate::pipeline::decide::decide; //~ E0603
        let _ = crate::pipeline::ask::ask; //~ E0603
        let _ = crate::pipeline::record::record; //~ E0603
    }

    fn a_handler_without_a_receipt(service: Service, job: Job) {
        let _ = service.run(job); //~ E0061
    }

    fn a_record_in_its_place(service: Service, job: Job, seq: u64) {
        let _ = service.run(job, &seq); //~ E0308
    }

    fn what_was_never_recorded(frame: Frame<'_>, ledger: &Ledger, outlet: &Arc<dyn Outlet>) {
        let _ = frame.dispatch(ledger, outlet); //~ E0599
    }

    fn taken_apart(due: Due) {
        if let Due::Recorded(recorded) = due {
            let _ = recorded.take(); //~ E0624
        }
    }

    fn answered_by_somebody_else(due: Due, pipeline: &Pipeline) {
        if let Due::Asked(unanswered) = due {
            let _ = unanswered.answered(pipeline); //~ E0624
        }
    }

    fn used_twice(due: Due, pipeline: &Pipeline, outlet: &Arc<dyn Outlet>) {
        let _ = due.dispatch(pipeline, outlet);
        let _ = due.dispatch(pipeline, outlet); //~ E0382
    }

    fn the_inside_of_the_pipeline(pipeline: &Pipeline, frame: Frame<'_>) {
        let _ = pipeline.walk(frame); //~ E0624
    }
}
