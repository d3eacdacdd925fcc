//! Sidegate: a least-privilege broker between WebView windows and the powers of an app.
//!
//! A page calls a command; the broker knows which document of which window on which host asks,
//! looks up what its capability files allow that principal, checks the arguments, opens the
//! resource that they name, writes the decision down, and only then runs the handler.
//!
//! What a window may do is handed to it as a [`token`], which it can narrow and hand on, and which
//! [`Broker::revoke`] takes back.
//!
//! [`Broker::builder`] is where an app begins; [`Command`] is a handler of its own; the [`audit`]
//! log says what was refused and why. Hosts see [`wire`] alone, which is all that there is
//! without the feature `core`.

// Elsewhere there are no hosts yet, and what serves them is idle.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

// It is asked of what the app is built with: a handler that panics would end the broker, and all
// windows with it.
#[cfg(all(feature = "core", panic = "abort"))]
compile_error!(
    "the broker catches the panics of handlers: build it with `panic = \"unwind\"`, and leave \
     `panic = \"abort\"` out of the app's profile"
);

pub mod wire;

#[cfg(feature = "core")]
pub mod app;
#[cfg(feature = "core")]
mod assets;
#[cfg(feature = "core")]
pub mod audit;
#[cfg(feature = "core")]
mod broker;
#[cfg(feature = "core")]
pub mod bundle;
#[cfg(feature = "core")]
mod clock;
#[cfg(feature = "core")]
pub mod confined;
#[cfg(feature = "core")]
pub mod confirm;
#[cfg(feature = "core")]
mod core;
#[cfg(feature = "core")]
pub mod events;
#[cfg(any(forbidden = "made_up", forbidden = "misused"))]
#[path = "../tests/forbidden/inside.rs"]
mod forbidden;
#[cfg(feature = "core")]
mod handler;
#[cfg(feature = "core")]
mod handlers;
#[cfg(feature = "core")]
mod harden;
#[cfg(feature = "core")]
mod host;
#[cfg(feature = "core")]
mod json_text;
#[cfg(feature = "core")]
mod ledger;
#[cfg(feature = "core")]
mod limits;
#[cfg(test)]
#[cfg(feature = "models")]
mod models;
#[cfg(feature = "core")]
mod pipeline;
#[cfg(feature = "core")]
mod question_window;
#[cfg(feature = "core")]
mod reload;
#[cfg(feature = "core")]
mod revocation;
#[cfg(feature = "core")]
mod session;
#[cfg(feature = "core")]
pub mod settings;
#[cfg(feature = "core")]
pub mod state;
#[cfg(feature = "core")]
mod streams;
#[cfg(feature = "core")]
mod sync;
#[cfg(feature = "core")]
pub mod token;
#[cfg(feature = "core")]
mod windows;

#[cfg(feature = "core")]
pub use {
    assets::{
        ArchiveError, ContentSecurity, ContentSecurityError, DevServer, DevServerError, PackError,
        UiArchive,
    },
    broker::{Broker, BuildError, Builder, Heard, Peer, PeerCall, RunError},
    bytes::Bytes,
    clock::Moment,
    handler::{
        Around, Call, Cancellation, Command, CommandManifest, Handler, HandlerError, Job, NoArgs,
        RegistryError, Resource, Response, Signature,
    },
    handlers::{AppInfo, COMMANDS, POWERS, describe},
    harden::harden_process,
    pipeline::PageError,
    reload::{PolicyStatus, PolicyWatch, ReloadError, Reloaded, Trigger},
    revocation::{Revoke, Revoked},
    session::Commitment,
    sidegate_capabilities as capabilities,
    streams::{Answers, Body},
    windows::{WindowEvent, WindowEvents},
};

#[cfg(feature = "stages")]
pub use pipeline::Stage;

#[cfg(all(feature = "core", target_os = "linux"))]
pub use host::{AttachError, Attachment, Examination, ExamineError, examine};
