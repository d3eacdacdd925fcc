//! The window in which the person is asked: `sidegate run`, real hosts, and a person with a mouse and a
//! keyboard. What runs after which answer is looked up in the log; pictures of what they see are kept.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

mod answers;
mod gone;
mod powers;
mod stage;
