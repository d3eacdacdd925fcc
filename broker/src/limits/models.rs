//! Buckets that several calls take from at once: see `crate::models`.

use std::sync::Arc;

use sidegate_capabilities::PerSecond;

use shuttle::thread;

use super::*;
use crate::models::{exhaust, explore};

const NOW: Moment = Moment::from_nanos(1_000_000_000_000);

fn rate(seconds: u32, burst: u32) -> Rate {
    Rate { per_second: PerSecond::new(1, seconds).unwrap(), burst }
}

/// Falsified by a `take` that loads and stores.
#[test]
fn a_bucket_admits_its_burst_and_no_more() {
    exhaust(|| {
        let bucket = Arc::new(Bucket::default());
        let calls = [(); 2].map(|()| {
            let bucket = bucket.clone();
            thread::spawn(move || bucket.take(rate(3600, 2), NOW))
        });
        let mine = bucket.take(rate(3600, 2), NOW);
        let admitted = calls.into_iter().map(|call| call.join().unwrap()).chain([mine]);
        assert_eq!(admitted.filter(|admitted| *admitted).count(), 2);
    });
}

/// Falsified by taking from the bucket once the lock of all is let go, as was done: the successor of
/// one that is replaced just then does not know of it.
#[test]
fn a_change_of_the_rate_gives_no_burst_back() {
    explore(|| {
        let buckets = Arc::new(Buckets::default());
        let calls = [60, 3600, 60].map(|seconds| {
            let buckets = buckets.clone();
            thread::spawn(move || {
                let window = WindowLabel::parse("a").unwrap();
                let command = CommandName::parse("fs.list").unwrap();
                buckets.take(&window, &command, rate(seconds, 2), NOW)
            })
        });
        let admitted = calls.into_iter().map(|call| call.join().unwrap());
        assert_eq!(admitted.filter(|admitted| *admitted).count(), 2);
    });
}
