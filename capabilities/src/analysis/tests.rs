//! The proofs against brute force: on a small world of texts every call is tried one by one.

mod differences;
mod holders;
mod patterns;
mod proofs;
mod remarks;
mod world;
