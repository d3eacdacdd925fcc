//! A policy file as written: tables turned into values that remember their places, nothing unknown
//! accepted, nothing judged yet. What the words mean is [`crate::compile`]'s business.

mod entry;
mod file;
mod limit;
mod reader;
mod suggest;

pub(crate) use entry::{WrittenEntry, WrittenSchema, escape};
pub(crate) use file::{WrittenCapability, WrittenFile, WrittenPermission, read_file};
pub(crate) use suggest::{did_you_mean, nearest};

use crate::diagnostics::Span;

/// A value, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}
