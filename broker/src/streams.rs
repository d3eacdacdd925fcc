//! Calls that are more than one question and one answer: answers that come item by item, and calls
//! that bring a body chunk by chunk. Either direction has credit: nobody sends what the other end
//! has not said that it has room for, so that an end that does not read costs a bounded number
//! of bytes, and the other end waits.
//!
//! A stream is a call: it was judged once, as every call is, it is in flight until it ends, and
//! whatever stops calls stops it. What is in an item, and who may have it, is the command's and
//! the policy's business.

mod answer;
mod body;
mod flow;
mod outlet;
mod shape;
#[cfg(test)]
mod tests;

pub(crate) use answer::{Answer, Patience, Piece, Pieces};
pub use body::Body;
pub(crate) use body::IDLE;
pub(crate) use flow::{Flow, Flows, Forged, Open, Step};
pub(crate) use outlet::{Exit, Outlet, Unsent};
pub use shape::Answers;
pub(crate) use shape::Shape;

use crate::wire::{Calls, MAX_FROM_HOST};

/// Bytes of bodies that are held for a host at once, those for which its pages have credit
/// included: 16 bodies that are sent as fast as they may be.
pub(crate) const ROOM: usize = 16 * Calls::WINDOW * Calls::MAX_CHUNK;

// A chunk and its head fit a message of a page.
const _: () = assert!(Calls::MAX_CHUNK < Calls::MAX_MESSAGE && Calls::MAX_CHUNK < MAX_FROM_HOST);
