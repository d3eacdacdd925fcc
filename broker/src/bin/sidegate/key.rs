//! A public key as somebody gives one on the command line.

use std::fs;
use std::path::Path;

use sidegate::bundle::PublicKey;

use crate::report::{self, Unusable};

/// A public key as it is written, or in a file.
pub(crate) fn public_key(text: &str) -> Result<PublicKey, Unusable> {
    if let Ok(key) = PublicKey::parse(text) {
        return Ok(key);
    }
    let path = Path::new(text);
    let text = fs::read_to_string(path);
    let text = text.map_err(|error| Unusable::of_file("read", path, &error))?;
    PublicKey::parse(&text)
        .map_err(|error| Unusable::new(format!("`{}`: {error}", report::shown(path))))
}
