//! Hosts: the processes that show windows. One inherited socketpair each; who is at the other
//! end is known by the channel and by the credentials that the kernel puts on each piece of it,
//! and how it is contained is read from `/proc`.
//!
//! A host that breaks the protocol is ended; one that dies is started again. What its pages say
//! is the pipeline's business.

mod group;
mod needs;

#[cfg(target_os = "linux")]
mod ahead;
#[cfg(target_os = "linux")]
mod attached;
#[cfg(target_os = "linux")]
mod attest;
#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(target_os = "linux")]
mod connection;
#[cfg(target_os = "linux")]
mod desk;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod examine;
#[cfg(target_os = "linux")]
mod inspector;
#[cfg(target_os = "linux")]
mod life;
#[cfg(target_os = "linux")]
mod output;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod socket;
#[cfg(target_os = "linux")]
mod supervise;
#[cfg(target_os = "linux")]
mod usage;
#[cfg(target_os = "linux")]
mod watchdog;

pub(crate) use group::{Group, group};

#[cfg(target_os = "linux")]
pub use attached::{AttachError, Attachment};
#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{GaveUp, supervise};
#[cfg(target_os = "linux")]
pub use examine::{Examination, ExamineError, examine};
#[cfg(target_os = "linux")]
pub(crate) use supervise::{GaveUp, supervise};
