//! A policy file as written: tables turned into values that remember their places, nothing unknown
//! accepted, nothing judged yet. What the words mean is [`crate::compile`]'s business.

mod ask;
mod audit;
mod capability;
mod date;
mod entry;
mod file;
mod limit;
mod permission;
mod reader;
mod statement;
mod suggest;
mod uses;

pub(crate) use capability::WrittenCapability;
pub(crate) use entry::{WrittenEntry, WrittenSchema, escape};
pub(crate) use file::{WrittenFile, read_file};
pub(crate) use permission::WrittenPermission;
pub(crate) use statement::{WrittenNever, WrittenTest};
pub(crate) use suggest::{did_you_mean, nearest};
pub(crate) use uses::{Value, WrittenUse};

use crate::diagnostics::Span;

/// A value, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}
