//! The app as its developer describes it: `sidegate.toml`, the directories it has on this
//! machine, and the pages it shows. What its windows may do stands in its policy instead.

mod directories;
mod manifest;

pub use directories::{AppDirectories, NoHome};
pub use manifest::{AppId, Manifest, ManifestError, Window};
