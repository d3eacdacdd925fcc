//! The import of generated Tauri apps against `tauri-utils`, the crate that Tauri itself resolves
//! its capabilities with. What is allowed here is allowed there but for the rows of [`ROWS`] that
//! are wider, and what is denied here is denied there but for those that are narrower.
//!
//! Of what an app does at run time, what `tauri` (`ipc/authority.rs`) and the plugins `fs` and
//! `http` make of a resolved list is written down in [`oracle`]: neither can be had without a
//! window system.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

#[path = "tauri_oracle/apps.rs"]
mod apps;
#[path = "tauri_oracle/oracle.rs"]
mod oracle;
#[path = "tauri_oracle/ours.rs"]
mod ours;
#[path = "tauri_oracle/rows.rs"]
mod rows;

use proptest::prelude::*;

use apps::{Form, app};
use oracle::{Answer, Hidden, Oracle};
use ours::Ours;

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(48) })]

    /// Of what can be said in both languages, everything is said.
    #[test]
    fn what_can_be_said_is_the_same(app in app(Form::Sayable)) {
        let oracle = Oracle::of(&app);
        for target in apps::TARGETS {
            let ours = Ours::of(&app, target.platform);
            for call in apps::calls() {
                let here = ours.allows(&call);
                if call.page.is_some() && rows::CHANGING.contains(&call.command) {
                    continue;
                }
                let there = oracle.apart(target.theirs, &call, Hidden::Matched);
                prop_assert_eq!(there, Answer::of(here), "{:?} {}\n{}\n{:#?}", call, target.platform, ours.text, app);
            }
        }
    }

    /// Of whatever stands in an app's files, nothing is granted beyond what they grant, and whatever
    /// is not granted stands in the report.
    #[test]
    fn nothing_is_granted_that_is_not_granted_there(app in app(Form::Any)) {
        let oracle = Oracle::of(&app);
        for target in apps::TARGETS {
            let ours = Ours::of(&app, target.platform);
            for call in apps::calls() {
                let here = ours.allows(&call);
                let there = oracle.whole(target.theirs, &call);
                let apart = oracle.apart(target.theirs, &call, Hidden::Matched);
                let of = || format!("{call:?} {}\n{}\n{:#?}\n{app:#?}", target.platform, ours.text, ours.differences);
                prop_assert!(!here || apart == Answer::Allowed, "wider: {}", of());
                let row = rows::of(&ours, &call, here, there == Answer::Allowed, apart);
                prop_assert!(here == (there == Answer::Allowed) || row.is_some(), "in no row: {}", of());
            }
        }
    }
}

#[test]
fn every_row_has_an_example() {
    for row in rows::ROWS {
        let (app, call) = (row.example)();
        let target = &apps::TARGETS[0];
        let ours = Ours::of(&app, target.platform);
        let oracle = Oracle::of(&app);
        let there = oracle.whole(target.theirs, &call) == Answer::Allowed;
        let hidden = oracle.apart(target.theirs, &call, Hidden::Matched);
        let here = ours.allows(&call);
        let name = format!("{}: {}", row.name, row.why);
        assert_eq!(
            (here, there),
            (row.wider, !row.wider),
            "{name}, {}: {}\n{:#?}",
            row.why,
            ours.text,
            ours.differences
        );
        assert_eq!(
            rows::of(&ours, &call, here, there, hidden),
            Some(row.name),
            "{}\n{:#?}",
            ours.text,
            ours.differences
        );
    }
}
