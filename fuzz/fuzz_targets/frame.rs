//! A frame's body, from a host and to one: what is read is written back as the same bytes'
//! meaning, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidegate::wire::{
    FromHost, LENGTH_BYTES, MAX_FROM_HOST, MAX_TO_HOST, ToHost, decode, encode, frame_length,
};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = decode::<FromHost<'_>>(bytes) {
        let frame = encode(&message, MAX_FROM_HOST + bytes.len()).unwrap();
        assert_eq!(decode::<FromHost<'_>>(&frame[LENGTH_BYTES..]).unwrap(), message);
    }
    if let Ok(message) = decode::<ToHost<'_>>(bytes) {
        let frame = encode(&message, MAX_TO_HOST + bytes.len()).unwrap();
        assert_eq!(decode::<ToHost<'_>>(&frame[LENGTH_BYTES..]).unwrap(), message);
    }
    if let Some(prefix) = bytes.first_chunk()
        && let Ok(length) = frame_length(*prefix, MAX_FROM_HOST)
    {
        assert!(length <= MAX_FROM_HOST);
    }
});
