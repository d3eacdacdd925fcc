//! The text of a token: one spelling each.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidegate::token::Token;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(token) = Token::parse(bytes) {
        assert_eq!(token.text().as_bytes(), bytes);
    }
});
