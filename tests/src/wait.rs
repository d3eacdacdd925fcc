//! Waiting for what other processes do. Everything that is waited for here shows itself within
//! milliseconds; a deadline is for the day when it does not.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How often a condition is looked at: often enough to measure tens of milliseconds.
const STEP: Duration = Duration::from_millis(5);

/// Looks at `condition` until it holds; says how long that took, or nothing where `limit` passed
/// before.
pub fn until(limit: Duration, mut condition: impl FnMut() -> bool) -> Option<Duration> {
    until_some(limit, || condition().then_some(())).map(|((), elapsed)| elapsed)
}

/// Looks for a value until there is one; says how long that took too, or nothing where `limit`
/// passed before.
pub fn until_some<T>(
    limit: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> Option<(T, Duration)> {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return Some((found, start.elapsed()));
        }
        if start.elapsed() >= limit {
            return None;
        }
        thread::sleep(STEP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_looked_at_once_even_without_time() {
        assert!(until(Duration::ZERO, || true).is_some());
        assert!(until(Duration::ZERO, || false).is_none());
    }

    #[test]
    fn a_value_is_returned_as_soon_as_there_is_one() {
        let mut looks = 0;
        let (found, elapsed) = until_some(Duration::from_secs(10), || {
            looks += 1;
            (looks == 3).then_some("here")
        })
        .unwrap();
        assert_eq!((found, looks), ("here", 3));
        assert!(elapsed >= STEP * 2 && elapsed < Duration::from_secs(10));
    }
}
