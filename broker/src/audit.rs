//! The audit log: what was decided, in the order of decision, one JSON object a line.
//!
//! [`AuditLog`] writes, [`Reader`] reads, [`verify`] checks, [`Table`], [`Stats`] and [`Observed`] show. Which
//! events there are, and whether a call waits for its record, is the business of the pipeline.
//!
//! # The form of a record
//!
//! ```text
//! {"seq":7,"time":"2026-11-23T06:54:26.123456Z","policy":"…","event":"call",…,"prev":"…","hash":"…"}
//! ```
//!
//! Every byte is printable ASCII, every record ends with one newline, `seq` counts from 1 without
//! gaps. `hash` is the SHA-256 of the bytes of the line before `,"hash":`; `prev` is the hash of
//! the record before (of a fixed text for the first). So every byte of a line is either hashed,
//! or the hash itself, or one of the fixed characters round it, and is compared.
//!
//! # What the chain shows, and what it cannot
//!
//! A byte that was changed, cut or inserted is found, and so is a record that was removed,
//! repeated or moved. Records cut off the end leave a chain that is good in itself: they are found
//! against the *head*, the file `<log>.head` that names the last record as of the last sync. A log
//! ahead of its head is what a crash leaves; a log behind its head was cut.
//!
//! The chain has no key: whoever may write both files can make up a whole new pair of them. It is
//! evidence against such a writer only if a hash was kept out of reach: an [`Anchor`], noted
//! elsewhere, is checked by [`verify_against`]. A key would not help here, since it would have to
//! lie where the broker, and so the same writer, can read it.

mod ascii;
mod call;
mod chain;
mod clip;
mod error;
mod event;
mod filter;
mod hash;
mod head;
mod line;
mod lines;
mod log;
mod observed;
mod read;
mod recover;
mod repeats;
mod stats;
#[cfg(unix)]
mod store;
#[cfg(not(unix))]
#[path = "audit/store_elsewhere.rs"]
mod store;
mod strict;
mod tallies;
mod time;
mod verify;
mod view;
mod walk;

pub use call::Call;
pub use chain::{Damage, Finding};
pub use error::AuditError;
pub use event::{
    Answered, Cancelled, Counted, Ended, Event, HostState, Outcome, Repeated, Shadow, StopOutcome,
    TokenState, Verdict, WindowState,
};
pub use filter::{Filter, Pattern, since};
pub use hash::Digest;
pub use log::{AuditLog, Durability, Receipt};
pub use observed::{Change, Difference, Observed};
pub use read::{Entry, ReadError, Reader, to_ascii_json};
pub use repeats::{Repeats, Telling, Told};
pub use stats::{Count, Stats};
pub(crate) use tallies::{Kind, Tallies};
pub use time::{Clock, Timestamp};
pub use verify::{Anchor, NotAnAnchor, Verification, verify, verify_against};
pub use view::{Colour, Table, render_table};
