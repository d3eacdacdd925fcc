//! What the broker and a host say to each other, and how it is framed.
//!
//! A frame is a length (four bytes, little endian), then one message in postcard's
//! encoding. A frame is read whole or refused: a length over the bound is refused before
//! memory is taken, and trailing bytes are an error.
//!
//! This module is the only one of the broker that a host sees. It leaves the meaning of a
//! page's message to the pipeline: to the wire it is bytes with a window's number on it.

mod frame;
mod message;
mod profile;
mod shown;
mod window;

pub use frame::{
    FrameError, LENGTH_BYTES, MAX_FROM_HOST, MAX_TO_HOST, decode, encode, frame_length,
};
pub use message::{
    ASKED_WITHIN, ASSET_HEADERS, AssetReply, AssetRequest, Calls, DocumentId, FromHost, HostReport,
    OpenWindow, PROTOCOL, RequestId, SandboxLevel, ToHost, WindowId,
};
pub use profile::{HostProfile, ProfileError};
pub use window::{Menu, MenuItem, Placing, Power, Stance, WindowChange};
