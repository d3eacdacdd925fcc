//! A Tauri app of the usual kind against what it is in our language, to the letter. To write the
//! expected files anew: `SIDEGATE_BLESS=1 cargo test -p sidegate-tools --test tauri`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

use std::fs;
use std::path::Path;

use sidegate_capabilities::{Context, Directories, Policy, Sources};
use sidegate_tools::tauri::{App, import};

#[test]
fn the_import_of_an_app_is_as_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tauri/notes");
    let found = import(&App::read(&folder).unwrap());
    let differences: String = found
        .differences
        .iter()
        .map(|found| {
            let of = found.capability.as_deref().unwrap_or("-");
            format!(
                "{} {} {of}: `{}`: {}\n",
                found.kind.word(),
                found.code,
                found.subject,
                found.message
            )
        })
        .collect();
    let directories = Directories::sample();
    let sources = Sources::from_texts([("tauri.toml", found.text.clone())]);
    let compiled = Policy::compile(&sources, &Context::new(&directories)).unwrap();
    assert!(compiled.warnings.is_empty(), "{:?}", compiled.warnings);
    for (name, text) in [("expected.toml", found.text), ("expected.txt", differences)] {
        let file = folder.join(name);
        if std::env::var_os("SIDEGATE_BLESS").is_some() {
            fs::write(&file, &text).unwrap();
        }
        assert_eq!(text, fs::read_to_string(&file).unwrap_or_default(), "{name}");
    }
}
