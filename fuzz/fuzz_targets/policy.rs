//! A capability file: compiled or refused with a place, never a panic; what compiles decides.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sidegate::capabilities::{
    Args, Color, CommandName, Context, Directories, Origin, Policy, Sources, WallTime, WindowLabel,
};

fuzz_target!(|text: &str| {
    let sources = Sources::from_texts([("fuzz.toml", text)]);
    let directories = Directories::sample();
    let context = Context::new(&directories);
    match Policy::compile(&sources, &context) {
        Ok(compiled) => {
            let window = WindowLabel::parse("editor").unwrap();
            let principal =
                compiled.policy.principal(&window, &Origin::local(), WallTime::from_unix(0));
            let command = CommandName::parse("fs.read_text").unwrap();
            let args = Args::empty();
            let explained = principal.explain(&command, &args);
            let decided = principal.decide(&command, &args);
            assert_eq!(explained.verdict.is_allowed(), decided.is_allowed());
        }
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty());
            let _shown = diagnostics.render(&sources, Color::Never);
        }
    }
});
