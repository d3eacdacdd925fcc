//! The harness of the end-to-end suites: private displays, real input, real processes. It knows
//! how to start an app and what can be seen of it from outside; what is expected of it stands in
//! the suites.

pub mod display;
pub mod wait;
pub mod x11;

pub use self::{display::Display, x11::Desk};
