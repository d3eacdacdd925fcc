//! Questions about a policy as a whole, answered over all calls there can be: what is never allowed,
//! what two policies differ in, who may do a thing, which rules do nothing.
//!
//! A call is a point in six dimensions (command, window, origin, path, URL, key), each of them a
//! regular language, and in the values of its other arguments. A rule is a product of languages and
//! a schema. The languages are treated exactly, by finite automata; of a schema nothing is known but
//! that the same one is not satisfied and failed at once. What follows is on the safe side: "no such
//! call" is a proof, "such a call" comes with one that `decide` has confirmed, and where neither can be
//! had the answer says that it depends on a schema. What it is on the safe side *of* stands in each
//! module.
//!
//! Deciding one call is not done here: that is [`crate::Principal`]'s.

mod call;
mod cells;
mod diff;
mod dimension;
mod invent;
mod kinds;
mod named;
mod never;
mod patterns;
mod prove;
mod region;
mod who_can;
mod words;

pub use call::Call;
pub use diff::{Change, ChangeKind, Difference, diff};
pub use named::Patterns;
pub use who_can::{Exception, Grant, Holders, Inquiry, who_can};
pub use words::Shift;

#[cfg(test)]
mod tests;
