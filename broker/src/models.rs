//! What all models share: how a model is run. A model is a few threads over the real structures,
//! and what must hold of them in whatever order their steps come; where all of them wait, one has
//! missed its wake-up, and the model has failed.
//!
//! Shuttle's orders are those of sequential consistency, which is all that the structures rely on:
//! what is not behind a lock is one atomic number, or (the gate) `SeqCst`. A failure prints its
//! schedule, and `shuttle::replay` runs that again.

mod broker;
pub(crate) mod watch;

use std::env;

use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

/// Orders of each kind that a model is run in by `make test`.
const ORDERS: usize = 1_000;

/// The same for `make soak`.
const SOAK_ORDERS: usize = 100_000;

/// How many changes of thread, at the worst places, it takes to find a fault (PCT's depth): most
/// faults that were ever found in such code take two.
const DEPTH: usize = 3;

/// What a thread of a model has as its stack: a whole broker is built on one. Shuttle's own is smaller.
const STACK: usize = 4 << 20;

/// Runs a model in orders drawn at random and in those that PCT picks.
pub(crate) fn explore(model: fn()) {
    explore_some(model, 1);
}

/// The same for a model that takes so many times as long as the small ones.
pub(crate) fn explore_some(model: fn(), slow: usize) {
    let orders = (if soaks() { SOAK_ORDERS } else { ORDERS }).div_ceil(slow);
    run(RandomScheduler::new(orders), model);
    run(PctScheduler::new(DEPTH, orders), model);
}

/// Runs a small model in all of its orders in `make soak`, and as the others else.
pub(crate) fn exhaust(model: fn()) {
    if soaks() {
        run(DfsScheduler::new(None, false), model);
    } else {
        explore(model);
    }
}

fn run(scheduler: impl Scheduler + 'static, model: fn()) {
    let mut config = Config::new();
    config.stack_size = STACK;
    Runner::new(scheduler, config).run(model);
}

fn soaks() -> bool {
    env::var_os("SIDEGATE_SOAK").is_some()
}
