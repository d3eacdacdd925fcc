//! Files, reached only through handles beneath an allowed directory.
//!
//! A [`Directory`] is opened once and pinned; a [`Relative`] is a path that has been parsed
//! and can only lead downwards; a [`ConfinedPath`] is the two together, and all that a handler
//! gets. The kernel resolves the path in the same step that opens the file, so that there is no
//! gap between a check and a use for a rename to fall into.
//!
//! | platform | how | what holds |
//! | --- | --- | --- |
//! | Linux 5.6 and later | `openat2` | no link of any kind, no mount point, nothing outside |
//! | other Unixes | one `openat` a component, `O_NOFOLLOW` | the same, but a mount is told by its device number alone |
//! | Windows | nothing yet | every call is refused with [`FileError::Unsupported`] |
//!
//! Two things no path can tell, and so neither can this module: a hard link is the file itself,
//! wherever its other names are; and whoever may rename directories on both sides of the boundary
//! can carry one across it while it is open.
//!
//! Who may reach which path is left to the policy, and so is the matching of patterns. Calls
//! here block: callers on an async runtime put them on a thread that may wait.

mod error;
mod relative;

#[cfg(unix)]
mod directory;
#[cfg(unix)]
mod listing;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod openat2;
#[cfg(unix)]
mod path;
#[cfg(unix)]
mod replace;
#[cfg(not(unix))]
mod unsupported;
#[cfg(all(unix, any(test, not(any(target_os = "linux", target_os = "android")))))]
mod walk;

mod entry;

pub use entry::{Entry, Kind, Listing};
pub use error::FileError;
pub use relative::{Relative, RelativeError};

#[cfg(unix)]
pub use {directory::Directory, path::ConfinedPath};

#[cfg(not(unix))]
pub use unsupported::{ConfinedPath, Directory};
