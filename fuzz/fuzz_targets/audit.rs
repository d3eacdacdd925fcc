//! A line of an audit log: what is read can be shown, in printable ASCII.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidegate::audit::{Colour, Entry, render_table};

fuzz_target!(|line: &[u8]| {
    if let Some(entry) = Entry::parse(line) {
        let shown = render_table(&[entry], Some(80), Colour::Never);
        assert!(shown.chars().all(|c| c == '\n' || c == '×' || !c.is_control()));
    }
});
