//! The harness of the end-to-end suites: private displays and homes, real input, real processes.
//! It knows how to start an app and what can be seen of it from outside; what is expected of it
//! stands in the suites.

pub mod app;
pub mod binaries;
pub mod display;
pub mod fake_broker;
pub mod frames;
pub mod home;
pub mod hostile;
pub mod probe;
pub mod process;
pub mod records;
pub mod soak;
pub mod wait;
pub mod x11;

pub use self::{
    app::{App, Launch},
    binaries::Binaries,
    display::Display,
    home::Home,
    process::Process,
    soak::soak,
    x11::Desk,
};
