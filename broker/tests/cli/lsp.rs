//! `sidegate lsp`, over pipes and from a real editor.

mod answers;
mod client;
mod editor;
mod protocol;
