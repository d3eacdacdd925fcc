//! Tauri v2 apps: their capability and permission files, turned into a capability file of ours.
//!
//! What is imported grants no call that the app's own files do not, but for the differences that the
//! report calls [`Kind::Wider`]; what cannot be said in our language is left out and reported. What
//! a pattern of ours is, is asked of the compiler, so what comes out passes `sidegate check`.
//!
//! What is deliberately not here: the code of the app and of its plugins. A scope is a matter of the
//! plugin that reads it, so only those of the plugins in `plugin` are understood.

mod audience;
mod entries;
mod form;
mod granted;
mod import;
mod json5;
mod names;
mod patterns;
mod permissions;
mod plugin;
mod read;
mod report;
mod write;

pub use form::{Capability, Manifest, Permission, PermissionFile, PermissionSet, Scopes, Use};
pub use import::import;
pub use read::{App, TauriError, parse_capabilities, parse_permissions};
pub use report::{Difference, Import, Kind};
