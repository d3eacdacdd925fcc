//! An app's manifest: read or refused, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidegate::app::Manifest;

fuzz_target!(|text: &str| {
    if let Ok(manifest) = Manifest::parse(text) {
        assert!(!manifest.windows.is_empty());
        assert!(!manifest.id.as_str().contains('/'));
    }
});
