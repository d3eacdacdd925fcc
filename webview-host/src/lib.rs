//! Sidegate's WebView host: the process that shows the windows of one trust group.
//!
//! It holds no power of its own. It sits in a sandbox without network, home directory or
//! session bus, draws what the broker hands it, and passes on what pages say, unread, with the
//! window and document it came from. What a page may do is for the broker to decide; nothing
//! here knows a capability file.
//!
//! On Linux the identity of a document rests on an isolated script world and a challenge
//! (see [`host`]). Other platforms have no such means here yet, and the host says so and does
//! not start.

pub mod arguments;
#[cfg(target_os = "linux")]
mod assets;
#[cfg(target_os = "linux")]
mod bridge;
#[cfg(target_os = "linux")]
mod document;
#[cfg(target_os = "linux")]
pub mod host;
#[cfg(target_os = "linux")]
mod link;
#[cfg(target_os = "linux")]
mod origin;
#[cfg(target_os = "linux")]
mod origins;
#[cfg(target_os = "linux")]
pub mod sandbox;
#[cfg(target_os = "linux")]
mod window;
