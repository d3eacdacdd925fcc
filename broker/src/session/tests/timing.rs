//! How long it takes to refuse a guess says nothing about how near it came. That the tags are compared
//! by `subtle` is seen in the source; this is the measurement.

use super::*;

use std::hint::black_box;
use std::time::Instant;

/// Welch's t over two samples of nanoseconds.
fn welch(one: &[f64], other: &[f64]) -> f64 {
    let count = |sample: &[f64]| f64::from(u32::try_from(sample.len()).unwrap());
    let mean = |sample: &[f64]| sample.iter().sum::<f64>() / count(sample);
    let variance = |sample: &[f64]| {
        let mean = mean(sample);
        sample.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count(sample) - 1.0)
    };
    let error = (variance(one) / count(one) + variance(other) / count(other)).sqrt();
    (mean(one) - mean(other)) / error
}

#[test]
fn the_statistic_sees_a_difference_where_there_is_one() {
    let sample = |base: f64| (0..1_000).map(|n| base + f64::from(n % 10)).collect::<Vec<_>>();
    assert!(welch(&sample(100.0), &sample(100.0)).abs() < 0.01);
    assert!(welch(&sample(100.0), &sample(101.0)) < -4.5);
}

/// B10: guesses that share 31 bytes of the tag with the token, against guesses that share none; 10^6
/// of them in a soak. 4.5 is the threshold of TVLA (Goodwill et al., *A testing methodology for
/// side-channel resistance validation*, 2011); the medians of a thousand measurements each keep the
/// scheduler out of it.
#[test]
fn b10_a_guess_takes_as_long_however_near_it_comes() {
    if std::env::var_os("SIDEGATE_SOAK").is_none() {
        return;
    }
    let sessions = sessions();
    let (_, root) = sessions.open(identity(1, 1, 1), nobody(), NOW).unwrap();
    let near = |text: &str, place: usize| {
        let mut text = text.to_owned().into_bytes();
        text[place] = if text[place] == b'A' { b'B' } else { b'A' };
        Token::parse(&text).unwrap()
    };
    let text = root.text();
    let guesses = [near(&text, 20), near(&text, text.len() - 1)];
    let mut medians = [Vec::new(), Vec::new()];
    for _ in 0..500 {
        for (guess, medians) in guesses.iter().zip(&mut medians) {
            let mut times: Vec<_> = (0..1_000)
                .map(|_| {
                    let began = Instant::now();
                    let found = sessions.authenticate(
                        black_box(guess),
                        HostId(1),
                        WindowId(1),
                        DocumentId(1),
                        NOW,
                    );
                    let took = began.elapsed();
                    assert!(found.is_err());
                    u32::try_from(took.as_nanos()).unwrap_or(u32::MAX)
                })
                .collect();
            times.sort_unstable();
            medians.push(f64::from(times[500]));
        }
    }
    let t = welch(&medians[0], &medians[1]);
    assert!(t.abs() < 4.5, "t = {t}");
}
