//! The verbs of `sidegate` as their users have them: what each prints, answers and reports. What
//! needs a running app or a window is in the end-to-end suites.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

mod ask;
mod bundle;
mod check;
mod commands;
mod diff;
mod doctor;
mod explain;
mod export;
mod fmt;
mod harness;
mod import;
mod journal;
mod lsp;
mod manual;
mod platforms;
mod reload;
mod schema;
mod test;
mod tutorial;
mod types;
mod ui_archive;
mod who_can;
