//! As a stage of the pipeline itself: even there each of them wants what only the one before makes.

use std::sync::Arc;

use super::authenticate::Authenticated;
use super::decide::{self, Granted};
use super::limit::{self, Admitted};
use super::receive::Said;
use super::record::{self, Recorded};
use super::{Pipeline, authenticate};
use crate::audit::Receipt;
use crate::clock::{Moment, Now};
use crate::ledger::Ledger;
use crate::session::InFlight;
use crate::streams::Outlet;
use crate::windows::WindowPort;

/// Values that only another module makes.
#[cfg(forbidden = "made_up")]
mod made_up {
    use super::*;

    fn admitted(call: Authenticated, in_flight: InFlight) -> Admitted {
        Admitted { call, in_flight, _limited: () } //~ E0451
    }

    fn granted(real: Granted) -> Granted {
        Granted { call: 1, _decided: (), ..real } //~ E0451
    }

    fn recorded(granted: Granted, receipt: Arc<Receipt>) -> Recorded {
        Recorded { granted, receipt } //~ E0451
    }
}

/// What is asked of values that one has.
#[cfg(forbidden = "misused")]
mod misused {
    use super::*;

    fn limited_before_it_is_known(pipeline: &Pipeline, said: Said<'_>, now: Now) {
        let _ = limit::limit(pipeline, said, now); //~ E0308
    }

    fn decided_without_a_limit(
        pipeline: &Pipeline,
        call: Authenticated,
        port: &Arc<dyn WindowPort>,
    ) {
        let _ = decide::decide(pipeline, call, port); //~ E0308
    }

    fn decided_before_it_is_known(pipeline: &Pipeline, said: Said<'_>, port: &Arc<dyn WindowPort>) {
        let _ = decide::decide(pipeline, said, port); //~ E0308
    }

    fn recorded_without_a_grant(ledger: &Ledger, admitted: Admitted, now: Moment) {
        let _ = record::record(ledger, admitted, now); //~ E0308
    }

    fn done_without_a_record(granted: Granted, ledger: &Ledger, outlet: &Arc<dyn Outlet>) {
        let _ = granted.dispatch(ledger, outlet); //~ E0599
    }

    fn done_without_a_grant(admitted: Admitted, ledger: &Ledger, outlet: &Arc<dyn Outlet>) {
        let _ = admitted.dispatch(ledger, outlet); //~ E0599
    }

    fn known_twice(pipeline: &Pipeline, said: Said<'_>, now: Now) {
        let _ = authenticate::authenticate(pipeline, said, now);
        let _ = authenticate::authenticate(pipeline, said, now); //~ E0382
    }

    fn admitted_twice(pipeline: &Pipeline, admitted: Admitted, port: &Arc<dyn WindowPort>) {
        let _ = decide::decide(pipeline, admitted, port);
        let _ = decide::decide(pipeline, admitted, port); //~ E0382
    }

    fn granted_twice(ledger: &Ledger, granted: Granted, now: Moment) {
        let _ = record::record(ledger, granted, now);
        let _ = record::record(ledger, granted, now); //~ E0382
    }

    fn a_copy(granted: &Granted) -> Granted {
        granted.clone() //~ E0308
    }
}
