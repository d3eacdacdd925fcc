//! Who said it, by numbers: windows that go from document to document by every way there is, at
//! moments drawn by chance, while their pages talk and their frames try to. Each document puts
//! its own name into all that it says; what counts is whether the host ever gave one document's
//! words to another.
//!
//! `SIDEGATE_SOAK=1` runs the full counts, `SIDEGATE_SEED=n` the choices of an earlier run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "tests"
)]

mod chance;
mod race;
mod tally;

use sidegate_tests::soak;

use crate::race::Race;

/// Messages of documents, and the replies among them that come too late.
const FULL: (usize, usize) = (100_000, 10_000);

#[test]
fn c04_c05_c06_c07_c08_c14_each_word_is_its_own_documents() {
    let part = if soak() { 1 } else { 100 };
    let (messages, late) = (FULL.0 / part, FULL.1 / part);
    let mut race = Race::start();
    race.run_until(|tally| {
        let each = [tally.loads, tally.crashes, tally.frames];
        tally.messages >= messages && tally.late >= late && !each.contains(&0)
    });
    let tally = race.end();
    println!("{tally}");
    assert_eq!(tally.faults, [] as [String; 0], "{tally}");
    assert!(tally.documents > messages / 100, "{tally}");
}
