//! Sidegate's tools for policy authors: they read policies, logs and other people's formats, and
//! write text. None of them decides a call: whoever wants a verdict asks `sidegate-capabilities`.
//!
//! What is deliberately not here: no process, no window, no network, and no printing. Files are
//! read where a tool is about files; the command line is another crate.

pub mod calls;
pub mod cedar;
pub mod commands;
pub mod drift;
pub mod fmt;
pub mod learn;
pub mod lsp;
pub mod minimize;
pub mod reach;
pub mod replay;
pub mod tauri;
pub mod types;

mod scopes;
