//! Hosts: the processes that show windows. One inherited socketpair each; who is at the other
//! end is known by the channel and by the credentials that the kernel puts on each piece of it,
//! and how it is contained is read from `/proc`.
//!
//! A host that breaks the protocol is ended; one that dies is started again. What its pages say
//! is the pipeline's business.

mod attached;
mod attest;
mod connection;
mod desk;
mod group;
mod output;
mod process;
mod socket;
mod supervise;

pub use attached::{AttachError, Attachment};
pub(crate) use group::group;
pub(crate) use supervise::{GaveUp, supervise};
