//! Hosts that do what no honest host does, over the real socket and from real processes: what
//! becomes of them, and that nobody else has to suffer for it. Each test is named after the row
//! of the table of adversaries that it is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

#[path = "../broker_stage/mod.rs"]
mod broker_stage;

mod asking;
mod breaches;
mod callers;
mod decoding;
mod gone;
mod handlers;
mod streams;
mod supervision;
mod tokens;
mod transport;
