//! Bundles: whatever the bytes, nothing that the key did not sign is read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidegate::bundle::{Bundle, PublicKey};

/// A key that nobody has the other half of.
const KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

fuzz_target!(|bytes: &[u8]| {
    if let (Ok(text), Ok(key)) = (std::str::from_utf8(bytes), PublicKey::parse(KEY)) {
        assert!(Bundle::verify(text, &key).is_err());
    }
});
