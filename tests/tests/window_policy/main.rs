//! Windows under the stock broker: what a capability file grants of the WebView's powers and on which
//! windows a command may act. A real broker, real hosts and WebViews, and the log they leave.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "tests")]

mod commands;
mod powers;
mod runs;
mod stage;
