//! The app as its developer describes it: `sidegate.toml`, the directories it has on this
//! machine, and the pages it shows. What its windows may do stands in its policy instead.

mod containment;
mod directories;
mod manifest;

pub use containment::{Answer, Containment, Spinning};
pub use directories::{AppDirectories, NoHome};
pub(crate) use manifest::CORE;
pub(crate) use manifest::SIZE;
pub use manifest::{
    AppId, Chosen, Manifest, ManifestError, Menu, MenuEntry, Menus, Template, Window,
};
