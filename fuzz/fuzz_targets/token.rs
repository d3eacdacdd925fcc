//! The text of a token: one spelling each; its caveats: one spelling each; and a narrower token
//! made from it is read as what it was made to be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidegate::token::{Caveat, MAX_TOKEN_TEXT, Token};

fuzz_target!(|bytes: &[u8]| {
    let Ok(token) = Token::parse(bytes) else { return };
    assert_eq!(token.text().as_bytes(), bytes);
    assert!(bytes.len() <= MAX_TOKEN_TEXT);
    let Ok(caveats) = token.caveats() else { return };
    assert_eq!(token.is_root(), caveats.is_empty());
    for caveat in caveats.iter().cloned().chain([Caveat::Expires { after_issue: 1 }]) {
        let Ok(narrower) = token.attenuate(&caveat) else { return };
        assert!(!narrower.is(&token) && !narrower.is_root());
        let read = Token::parse(narrower.text().as_bytes()).unwrap();
        assert!(read.is(&narrower));
        assert_eq!(read.caveats().unwrap(), [caveats.as_slice(), &[caveat]].concat());
    }
});
