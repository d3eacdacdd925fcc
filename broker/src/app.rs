//! The app as its developer describes it: `sidegate.toml`, the directories it has on this
//! machine, and the pages it shows. What its windows may do stands in its policy instead.

mod containment;
mod directories;
mod manifest;

pub use containment::{Answer, Containment, Spinning};
pub use directories::{AppDirectories, NoHome};
pub use manifest::{AppId, Manifest, ManifestError, Window};
