//! As a stage of the pipeline itself: even there each of them wants what only the one before makes.

use std::sync::Arc;

use super::ask::{self, Confirmed, Unanswered, Yes};
use super::authenticate::Authenticated;
use super::decide::{self, Granted};
use super::limit::{self, Admitted};
use super::receive::Said;
use super::record::{self, Recorded};
use super::{Pipeline, authenticate};
use crate::clock::{Moment, Now};
use crate::ledger::{Basis, Ledger};
use crate::session::{InFlight, Spent};
use crate::streams::Outlet;
use crate::windows::WindowPort;

/// Values that only another module makes.
#[cfg(forbidden = "made_up")]
mod made_up {
    use super::*;

    fn admitted(call: Box<Authenticated>, in_flight: InFlight) -> Admitted {
        Admitted { call, in_flight, _limited: () } //~ E0451
    }

    fn granted(real: Granted) -> Granted {
        Granted { call: 1, _decided: (), ..real } //~ E0451
    }

    fn confirmed(granted: Box<Granted>, yes: Yes) -> Confirmed {
        Confirmed { granted, _yes: yes } //~ E0451
    }

    fn yes(spent: Spent) -> Yes {
        Yes { _spent: spent } //~ E0451
    }

    fn recorded(granted: Box<Granted>, basis: Basis, at: Moment) -> Recorded {
        Recorded { granted, basis, at } //~ E0451
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
        call: Box<Authenticated>,
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

    fn done_without_a_record(granted: Box<Granted>, ledger: &Ledger, outlet: &Arc<dyn Outlet>) {
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

    fn recorded_without_asking(ledger: &Ledger, granted: Box<Granted>, now: Moment) {
        let _ = record::record(ledger, granted, now); //~ E0308
    }

    fn recorded_without_an_answer(ledger: &Ledger, unanswered: Unanswered, now: Moment) {
        let _ = record::record(ledger, unanswered, now); //~ E0308
    }

    fn confirmed_without_asking() {
        let _ = ask::yes; //~ E0603
    }

    fn asked_twice(pipeline: &Pipeline, granted: Box<Granted>) {
        let _ = ask::ask(pipeline, granted);
        let _ = ask::ask(pipeline, granted); //~ E0382
    }

    async fn one_answer_for_two(pipeline: &Pipeline, unanswered: Unanswered) {
        let _ = unanswered.answered(pipeline).await;
        let _ = unanswered.answered(pipeline).await; //~ E0382
    }

    fn confirmed_twice(ledger: &Ledger, confirmed: Confirmed, now: Moment) {
        let _ = record::record(ledger, confirmed, now);
        let _ = record::record(ledger, confirmed, now); //~ E0382
    }

    fn a_copy(granted: &Granted) -> Granted {
        granted.clone() //~ E0308
    }
}
