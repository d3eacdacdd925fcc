//! Measuring in turns: what is compared takes turns within one run, so that whatever else the machine
//! does falls on all of it.

use std::time::{Duration, Instant};

/// How many turns each side has: an odd number has a middle.
const TURNS: usize = 41;

/// The middle and the slow end of the calls of a turn; of all turns the middle one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

/// What each of `sides` takes, in microseconds, `calls` a turn.
pub(super) fn spreads<const N: usize>(
    calls: usize,
    mut sides: [&mut dyn FnMut(); N],
) -> [Spread; N] {
    let mut turns: [Vec<Spread>; N] = [const { Vec::new() }; N];
    for _ in 0..TURNS {
        for (side, turns) in sides.iter_mut().zip(&mut turns) {
            turns.push(turn(calls, side));
        }
    }
    turns.map(|turns| Spread {
        p50: middle(turns.iter().map(|turn| turn.p50).collect()),
        p99: middle(turns.iter().map(|turn| turn.p99).collect()),
    })
}

/// What one of each of `sides` takes, in nanoseconds, in the fastest of all turns of `calls`: for what
/// is too short to be timed by itself.
pub(super) fn fastest<const N: usize>(calls: u32, mut sides: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut fastest = [Duration::MAX; N];
    for _ in 0..TURNS {
        for (side, fastest) in sides.iter_mut().zip(&mut fastest) {
            let start = Instant::now();
            (0..calls).for_each(|_| side());
            *fastest = start.elapsed().min(*fastest);
        }
    }
    fastest.map(|time| time.as_secs_f64() * 1e9 / f64::from(calls))
}

fn turn(calls: usize, side: &mut dyn FnMut()) -> Spread {
    let times = (0..calls).map(|_| {
        let start = Instant::now();
        side();
        start.elapsed().as_secs_f64() * 1e6
    });
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap();
    Spread { p50: at(50), p99: at(99) }
}

fn middle(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap()
}
