//! Signed policy bundles: the capability files of an app as one text, with an Ed25519 signature over
//! all of it, so that a broker can be told whose policies it takes, and which are too old.
//!
//! Three lines of ASCII, each ended by `\n`:
//!
//! ```text
//! sidegate-bundle 1
//! ed25519 KEY SIGNATURE
//! {"app":"org.example.notes","version":7,"files":{"policies/notes.toml":"version = 1\n…"}}
//! ```
//!
//! `KEY` is the signer's public key (64 hexadecimal digits), `SIGNATURE` the signature (128) over the
//! bytes `sidegate policy bundle 1`, a zero byte, and the third line without its `\n`. The third line is
//! read only once the signature was found good. `version` counts up with each release; the broker
//! remembers the highest it ran ([`Floor`]) and takes no lower one.
//!
//! Where the key comes from is the caller's affair: one that lies beside the bundle proves nothing.

mod floor;
mod key;
mod text;

pub use floor::{Floor, FloorError};
pub use key::{KeyError, PublicKey, SecretKey};
pub use text::{Bundle, BundleError, Release};
