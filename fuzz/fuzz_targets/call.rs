//! The JSON of a call: what the strict reader takes, the lenient one reads as the same value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sidegate::capabilities::parse_object;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(object) = parse_object(bytes) {
        let lenient: Value = serde_json::from_slice(bytes).unwrap();
        assert_eq!(Value::Object(object), lenient);
    }
});
